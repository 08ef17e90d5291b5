//! Pipelines: runs of a controller with their steps (spec/projects.md 5, 7.3). A run is a task of type controller in the
//! pipeline's project; its steps are the tasks whose parent it is. What a run is otherwise, `tasks` knows.

mod delete;
mod start;

pub use delete::delete_runs;
pub use start::{NewRun, StartedRun, start};
