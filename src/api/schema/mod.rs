//! Request schemas: what each endpoint takes, as the protocol lists it. Requests are checked and converted against
//! them; the OpenAPI document is made from them.
//!
//! A schema is compiled at its first use: most processes never need most of them.

mod check;
mod source;

pub(crate) use check::integer;
pub use check::{Schema, check};
#[cfg(test)]
pub(crate) use source::names;
pub use source::{request, request_json, response_json, versions};
