//! Workers: registrations that expire, what they report, and what they remember here.

mod properties;
mod reports;
mod rows;

pub use properties::Property;
pub use reports::{Activity, Bucket, NewReport};
pub use rows::{QueueHead, Worker};
