//! Ids: 32 lower-case hex digits for everything that the server makes; other texts where clients bring their own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A fresh id: a random UUID as 32 lower-case hex digits.
pub fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// What all ids have in common.
pub trait EntityId: AsRef<str> + From<String> {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A fresh random id.
            pub fn fresh() -> Self {
                $name(new_id())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl EntityId for $name {}
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.to_owned())
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl From<$name> for serde_json::Value {
            fn from(id: $name) -> serde_json::Value {
                serde_json::Value::String(id.0)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A tenant (on the wire: company). The empty text means public.
    CompanyId;
    /// A person, service account or system identity.
    UserId;
    /// A task.
    TaskId;
    /// A project.
    ProjectId;
    /// A model.
    ModelId;
    /// A queue.
    QueueId;
    /// A signed-in session: the unit of revocation.
    SessionId;
}
