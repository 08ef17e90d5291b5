//! Queues: rows, what waits in them, and samples of how long.

mod entries;
mod metrics;
mod rows;
mod tasks;

pub use entries::{Entry, Waits};
pub use metrics::{QueueState, Sample};
pub use rows::{NewQueue, QueueChange};
pub use tasks::WaitingTask;
