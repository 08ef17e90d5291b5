//! Models: rows, their links to tasks, and files that outlive them.

mod files;
mod links;
mod rows;

pub use files::Doomed;
pub use rows::{Change, Model, NewModel};
