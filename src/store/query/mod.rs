//! The query language of `get_all` and `get_all_ex`, once for all collections (protocol: spec/protocol.md 5).
//!
//! [`parse()`] reads a request object against a [`Collection`]'s description into a typed [`ast::Query`], which knows
//! neither JSON nor SQL. `compile` turns that into one SELECT: every value is bound, every name comes from the
//! static descriptions, and every statement passes through `visible`. What never lives here: reading documents
//! (`store::documents`), rules.

pub mod ast;
mod bind;
mod collation;
mod collections;
mod compile;
mod list;
mod operand;
mod order;
mod parse;
mod path;
mod pattern;
mod range;
mod schema;
mod scroll;
pub(crate) mod segments;
mod tags;
mod text;
mod visible;
mod window;

#[cfg(test)]
mod oracle;

pub(crate) use bind::build;
pub(crate) use collections::TASK_COUNT;
pub use collections::{COMPANY, MODEL, PROJECT, QUEUE, TASK, USER};
pub(crate) use compile::{distinct, matching, with_descendants};
pub(crate) use operand::listed;
pub(crate) use order::ordered;
pub use parse::{PAGE_SIZE, Public, QueryOptions, parse, truthy};
pub(crate) use parse::{names, unknown};
pub use path::parse as parse_path;
pub(crate) use pattern::failed;
pub use schema::{Collection, Entity, Field, Hidden, Missing, Shape, Stored, TextIndex};
pub use scroll::Scrolls;
pub use tags::modern as split_old_tags;
pub(crate) use visible::{DOCUMENT, visible, writable};

/// Makes the functions and collations of the query language known to a connection.
pub(crate) fn register(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    pattern::register(conn)?;
    conn.create_collation(order::NATURAL, collation::natural)
}
