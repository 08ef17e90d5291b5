//! Containers that serve models: registrations that last as long as reports keep arriving, and what they report
//! (spec/queues_workers.md 4).

mod containers;
mod endpoints;
mod history;

pub use super::steps::Range;
pub use crate::store::serving::{About, Container, Reference};
pub use containers::{MachineStats, Numbers, Registration, Report, register, report, unregister};
pub use endpoints::{Endpoint, details, endpoints, loading};
pub use history::{Chart, History, Metric, history};
