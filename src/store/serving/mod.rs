//! Containers that serve models: registrations that expire, and samples of what they report
//! (spec/queues_workers.md 1.5).

mod containers;
mod samples;

pub use containers::{About, Container, Reference, Usage};
pub use samples::{Column, Sample, Step};
