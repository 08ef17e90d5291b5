//! What a row of the endpoint table is made of.

use std::io::Read;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    domain::{Ctx, Operation, identity::Presented, operations},
    types::{ApiError, ErrorKind, Json, Result, Version},
};

/// How the input is read before the handler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Checked and converted by the endpoint's schema; nulls are dropped.
    Typed,
    /// The merged object as sent: the handler has its own rules (queries, documents).
    Raw,
    /// JSON lines, or one object as a batch of one.
    Lines,
}

/// One row of the endpoint table: the wire of an operation.
pub struct Endpoint {
    /// `service.action`, also the name of the operation.
    pub name: &'static str,
    /// Smallest version that reaches this implementation.
    pub min: Version,
    /// How the input is read.
    pub input: Input,
    /// Keys that must be present (400/11), before the schema is looked at.
    pub required: &'static [&'static str],
    /// The cookie suffices for a GET (spec/security_rules.md S20).
    pub download: bool,
    /// The handler.
    pub run: Handler,
}

/// A handler: decode, one use-case, shape the answer.
pub(super) type Handler = fn(&Ctx<'_>, Request) -> Result<Reply>;

impl Endpoint {
    /// A row for `name` answering from version 1.0 on.
    pub const fn new(name: &'static str, input: Input, run: Handler) -> Self {
        Endpoint { name, min: Version::FIRST, input, required: &[], download: false, run }
    }

    /// Sets the smallest version.
    #[must_use]
    pub const fn since(mut self, major: u32, minor: u32) -> Self {
        self.min = Version::new(major, minor);
        self
    }

    /// Sets the keys that must be present.
    #[must_use]
    pub const fn requires(mut self, keys: &'static [&'static str]) -> Self {
        self.required = keys;
        self
    }

    /// Marks a download.
    #[must_use]
    pub const fn download(mut self) -> Self {
        self.download = true;
        self
    }

    /// The operation that gates this endpoint. A test holds that every row has one.
    pub fn operation(&self) -> Result<&'static Operation> {
        operations::find(self.name).ok_or_else(|| {
            tracing::error!(endpoint = self.name, "an endpoint without an operation");
            ErrorKind::InternalError.into()
        })
    }
}

/// What a handler gets.
pub struct Request {
    /// The merged object; empty for batches.
    pub body: Json,
    /// The raw bytes of a batch.
    pub lines: Bytes,
    /// Whether `lines` really is JSON lines (else one JSON object).
    pub is_lines: bool,
    /// What was presented as credentials.
    pub presented: Presented,
}

impl Request {
    /// Decodes the object into the handler's own type.
    ///
    /// Errors: 400/12.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_value(Value::Object(self.body))
            .map_err(|error| ApiError::new(ErrorKind::ValidationError, error.to_string()))
    }
}

/// What a handler answers.
pub struct Reply {
    /// The content.
    pub body: ReplyBody,
    /// What happens to the session cookie.
    pub cookie: Option<CookieEffect>,
}

/// Content of a reply.
pub enum ReplyBody {
    /// `data` of the envelope, serialised.
    Data(String),
    /// A file to save instead of the envelope.
    Download(Download),
}

/// A streamed download.
pub struct Download {
    /// Name offered for saving.
    pub filename: String,
    /// MIME type.
    pub content_type: &'static str,
    /// Where the bytes come from; read on a blocking thread, chunk by chunk.
    pub content: Box<dyn Read + Send>,
}

/// What happens to the session cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieEffect {
    /// Keep this token.
    Set(String),
    /// Forget the token.
    Delete,
}

impl Reply {
    /// An answer from anything that serialises.
    ///
    /// Errors: 500/0 when it does not.
    pub fn data(data: &impl Serialize) -> Result<Reply> {
        let text = serde_json::to_string(data).map_err(|error| {
            tracing::error!(error = %error, "a reply does not serialise");
            ApiError::from(ErrorKind::GeneralError)
        })?;
        Ok(Reply { body: ReplyBody::Data(text), cookie: None })
    }

    /// `{}`.
    pub fn empty() -> Reply {
        Reply { body: ReplyBody::Data("{}".to_owned()), cookie: None }
    }

    /// Adds an effect on the session cookie.
    #[must_use]
    pub fn with_cookie(mut self, effect: Option<CookieEffect>) -> Self {
        self.cookie = effect;
        self
    }
}
