//! Workers: registrations that last as long as reports keep arriving, and what they report
//! (spec/queues_workers.md 3).

mod list;
mod overseen;
mod properties;
mod registration;
mod statistics;

pub use super::steps::Range;
pub use list::{Filter, Listening, count, list, listening};
pub use properties::{NewProperty, properties, set_properties};
pub use registration::{Registration, Report, register, report, unregister};
pub use statistics::{Aggregation, Item, Series, WorkerStats, activity, latest, metric_keys, statistics};
