//! Projects: a tree of names that tasks and models point into (spec/projects.md).
//!
//! Hierarchy is held by `name`, `parent` and `path`; every change of the tree keeps the three in step within one
//! transaction, and every check comes before the first change or undoes it by failing.

mod access;
mod delete;
mod edit;
mod facets;
mod list;
mod name;
mod place;
mod selection;
mod statistics;

pub use access::{find_or_create, readable, writable};
pub use delete::{DeleteRequest, Deleted, Urls, Validated, delete, validate_delete};
pub use edit::{NewProject, create, make_private, make_public, update};
pub(in crate::domain) use facets::tags_of;
pub use facets::{
    Owners, Tags, TagsRequest, hyperparam_names, hyperparam_values, metadata_keys, metadata_values,
    metric_variants, model_tags, project_tags, task_parents, task_tags, user_names,
};
pub use list::{by_id, list, list_expanded};
pub use name::ProjectName;
pub(in crate::domain) use place::max_depth;
pub(super) use place::{Blank, ensure_as};
pub use place::{Merged, ensure, merge, move_to};
pub(in crate::domain) use selection::touched_by;
