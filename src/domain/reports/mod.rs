//! Reports: markdown documents that live as tasks of type report in projects called `.reports` (spec/projects.md 6).
//! What such a task shares with other tasks (archiving, publishing, deleting) `tasks` does.

mod access;
mod container;
mod data;
mod excerpt;
mod life;
mod list;
mod place;
mod write;

pub use data::{ChartsWanted, ImagesWanted, PlotsWanted, TaskData, Wanted, task_data};
pub use life::{archive, delete, publish, unarchive};
pub use list::{list, tags};
pub use place::{Target, move_to};
pub use write::{NewReport, ReportChange, create, update};

/// Type of a report, and nothing else's.
const KIND: &str = "report";
