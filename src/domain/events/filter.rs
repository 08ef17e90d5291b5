//! What every console line passes before it is stored.

use std::borrow::Cow;

/// Changes console lines on their way in: redaction has its place here.
pub trait LogFilter: Send + Sync {
    /// The text to store for what `task` wrote.
    fn filter<'a>(&self, task: &str, text: Cow<'a, str>) -> Cow<'a, str>;
}

/// Changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unfiltered;

impl LogFilter for Unfiltered {
    fn filter<'a>(&self, _: &str, text: Cow<'a, str>) -> Cow<'a, str> {
        text
    }
}
