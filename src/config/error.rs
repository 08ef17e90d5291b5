//! What is wrong with a configuration, and what a person should look at.

use std::fmt;

use super::hocon::{HoconError, Place};

/// One thing that is wrong: a sentence that says what happened and what to do. Never carries the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key, where one is concerned.
    pub key: Option<String>,
    /// File, line and column, or the environment variable.
    pub place: Option<Place>,
    /// The sentence, without a final full stop.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key} ")?;
        }
        write!(f, "{}", self.message)
    }
}

/// The configuration cannot be used. Holds every problem found, so that all can be mended in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self::from(Problem { key: None, place: None, message: message.into() })
    }

    /// `Ok` when there is no problem.
    pub(super) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// The problems, at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl From<HoconError> for ConfigError {
    fn from(error: HoconError) -> Self {
        Self::from(Problem { key: None, place: Some(error.place), message: error.message })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}.")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// A key that nothing reads.
    UnknownKey,
    /// A setting that is ignored or only partly honoured.
    Ignored,
    /// Something that does not look as intended.
    Suspicious,
    /// The server runs with secrets that anybody may know. To be shown loudly.
    Insecure,
}

/// Something that does not stop the server but that its operator should read at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// What and where, shown in the same way as an error.
    pub problem: Problem,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.problem)
    }
}
