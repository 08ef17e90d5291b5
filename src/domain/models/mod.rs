//! Models: metadata about files of weights, and their life with the tasks that make and use them (spec/models.md).

mod access;
mod change;
mod content;
mod create;
mod delete;
mod legacy;
mod list;
mod place;
mod publish;
mod urls;

pub use access::{readable_task, writable, writable_task};
pub use change::{Changed, add_or_update_metadata, delete_metadata, edit, update};
pub(crate) use content::{metadata_items, metadata_keys, metadata_of};
pub use create::{NewModel, create};
pub use delete::{delete, delete_many};
pub use legacy::{ForTask, Registered, by_task, register_for_task};
pub use list::{by_id, frameworks, list, list_expanded};
pub use place::{Target, archive_many, make_private, make_public, move_to, update_tags};
pub use publish::{PublishedTask, publish_many, set_ready};
pub use urls::{Cause, doom_files, own_path};

use crate::types::{ApiError, Result};

/// What a call on several models did to each of them.
pub type Each<T> = Vec<(String, Result<T>)>;

/// Keeps what went wrong with one model of many apart from what went wrong with the server.
fn or_abort<T>(id: &str, result: Result<T>) -> Result<(String, Result<T>)> {
    match result {
        Err(error) if error.kind().code() >= 500 => Err(error),
        result => Ok((id.to_owned(), result)),
    }
}

fn wrong(field: &str, text: &str) -> ApiError {
    ApiError::new(crate::types::ErrorKind::ValidationError, text.to_owned()).with("field", field)
}
