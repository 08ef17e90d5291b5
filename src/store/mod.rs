//! The only SQL in the program: pools, the writer, migrations, one module per entity, the query builder, the event store.

pub mod documents;
pub mod query;
mod scope;
mod sql;

pub use scope::{Readable, Scope, Sets, Writable};
pub(crate) use sql::failed;

use crate::types::Millis;

/// A consistent view of the data within a scope.
pub struct Snapshot<'a> {
    pub(crate) conn: &'a rusqlite::Connection,
    /// Whose data may be seen.
    pub scope: &'a Scope,
    /// The moment at which the snapshot was taken; one request sees one "now".
    pub now: Millis,
}
