//! Queues: ordered lists of tasks that agents pull from (spec/queues_workers.md 2).
//!
//! Every entry remembers who submitted it: code never runs as somebody who did not (spec/security_rules.md S1).

mod access;
mod entries;
mod list;
mod manage;
mod metrics;
mod pull;

pub use crate::store::queues::Waits;
pub use access::{may_manage, readable, writable};
pub use entries::{Step, add_task, clear, move_task, move_to_queue, num_entries, queue_of_task, remove_task};
pub use list::{by_id, default_queue, list, list_expanded, waits};
pub use manage::{NewQueue, add_or_update_metadata, create, delete, delete_metadata, ensure_default, update};
pub(in crate::domain) use metrics::sample;
pub use metrics::{MetricsRequest, Series, metrics, sample_idle_queues};
pub use pull::{Pulled, peek, pull};
