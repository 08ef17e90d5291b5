//! Ids, time, versions, texts and the error type that every floor shares. Knows no other floor.

mod error;
mod exact_sum;
mod id;
mod python;
mod time;
mod version;

pub use error::{ApiError, ErrorKind, Result};
pub use exact_sum::ExactSum;
pub use id::{CompanyId, EntityId, ModelId, ProjectId, QueueId, SessionId, TaskId, UserId, new_id};
pub use python::as_python;
pub use time::Millis;
pub use version::Version;

/// A JSON object as it stands on the wire.
pub type Json = serde_json::Map<String, serde_json::Value>;
