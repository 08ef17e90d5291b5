//! The one error of the HOCON reader.

use std::fmt;

use super::value::{Origin, Place, Position};

/// Why a text is not acceptable HOCON: where, what, and what to do about it. Never carries a value of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoconError {
    /// Where the problem is.
    pub place: Place,
    /// A sentence without a final full stop.
    pub message: String,
}

impl HoconError {
    pub(super) fn new(origin: &Origin, position: Position, message: impl Into<String>) -> Self {
        Self { place: Place { origin: origin.clone(), position }, message: message.into() }
    }

    /// Line and column, both counted from 1.
    #[must_use]
    pub fn position(&self) -> Position {
        self.place.position
    }
}

impl fmt::Display for HoconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for HoconError {}
