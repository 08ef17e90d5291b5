//! Projects: rows of the tree, their place in it, and what they hold.

mod contents;
mod facets;
mod statistics;
mod tree;
mod usage;

pub use contents::Contents;
pub use facets::{Paged, Slice, Variant};
pub use statistics::{StatusCount, TaskStatistics};
pub(crate) use tree::json_list;
pub use tree::{NewProject, Project};
pub use usage::{DayUsage, Days, OTHERS, UsageBy};
