//! Tasks as writers see them: the small columns that decide what may happen, and statements that change only the
//! columns they name. Reading whole documents is `store::documents`.
//!
//! Every function that finds a task goes through the scope; every function that changes one takes a [`TaskHead`],
//! which only the scope hands out. What never lives here: rules of the status machine, names of requests.

mod attempt;
mod fields;
mod head;
mod held;
mod models;
mod queues;
mod references;
mod write;

pub use fields::{Cell, TaskField, TaskUpdate};
pub use head::TaskHead;
pub use held::HeldTask;
pub use models::LinkedModel;
pub use references::Found;
pub use write::NewTask;
