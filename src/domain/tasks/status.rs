//! The status machine: which status may follow which (protocol: spec/tasks.md 3.1). Pure.

use std::{fmt, str::FromStr};

use crate::types::{ApiError, ErrorKind, Result};

/// Where a task stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Status {
    Created,
    Queued,
    InProgress,
    Stopped,
    Closed,
    Failed,
    Completed,
    Publishing,
    Published,
    /// From imports only: nothing leads here, and only force leads away.
    Unknown,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 10] = [
        Status::Created,
        Status::Queued,
        Status::InProgress,
        Status::Stopped,
        Status::Closed,
        Status::Failed,
        Status::Completed,
        Status::Publishing,
        Status::Published,
        Status::Unknown,
    ];

    /// The status's name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Queued => "queued",
            Status::InProgress => "in_progress",
            Status::Stopped => "stopped",
            Status::Closed => "closed",
            Status::Failed => "failed",
            Status::Completed => "completed",
            Status::Publishing => "publishing",
            Status::Published => "published",
            Status::Unknown => "unknown",
        }
    }

    /// A stored status. What nobody knows is [`Status::Unknown`].
    pub fn stored(text: &str) -> Status {
        text.parse().unwrap_or(Status::Unknown)
    }

    /// What may follow without force, besides the status itself.
    const fn followers(self) -> &'static [Status] {
        use Status::*;
        match self {
            Created => &[Queued, InProgress],
            Queued => &[Created, InProgress, Stopped],
            InProgress => &[Stopped, Failed, Created, Completed],
            Stopped => &[Closed, Created, Failed, Queued, InProgress, Published, Publishing, Completed],
            Closed => &[Created, Failed, Published, Publishing, Stopped],
            Failed => &[Created, Stopped, Published, Queued],
            Completed => &[Published, InProgress, Created],
            Publishing => &[Published],
            Published | Unknown => &[],
        }
    }

    /// Whether code of the task runs or waits to run.
    pub const fn is_active(self) -> bool {
        matches!(self, Status::Queued | Status::InProgress)
    }

    /// Checks a step to another status, or to the same one.
    ///
    /// Errors: 400/110. That holds for an unknown status too, which is nobody's mistake but an import's.
    pub fn check_step(self, to: Status) -> Result<()> {
        if self == to { Ok(()) } else { self.check_strict_step(to) }
    }

    /// As [`Status::check_step`], but a step to the same status is no step.
    pub fn check_strict_step(self, to: Status) -> Result<()> {
        if self.followers().contains(&to) {
            return Ok(());
        }
        let text = format!("it is {self}, so it can't become {to}; send force where the call allows it");
        Err(ApiError::new(ErrorKind::InvalidTaskStatus, text)
            .with("current_status", self.as_str())
            .with("new_status", to.as_str()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = ApiError;

    /// Errors: 400/12.
    fn from_str(text: &str) -> Result<Self> {
        Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
            ApiError::new(ErrorKind::ValidationError, format!("status must be one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Status::*, *};

    /// The table of spec/tasks.md 3.1, written out once more as a matrix: rows are "from", in the order of `ALL`.
    const MATRIX: [&str; 10] = [
        //cqisCfxpPu
        "=xx.......", // created
        "x=xx......", // queued
        "x.=x.xx...", // in_progress
        "xxx=xxxxx.", // stopped
        "x..x=x.xx.", // closed
        "xx.x.=..x.", // failed
        "x.x...=.x.", // completed
        ".......=x.", // publishing
        "........=.", // published
        ".........=", // unknown
    ];

    #[test]
    fn the_table_is_the_protocols() {
        for (from, row) in Status::ALL.into_iter().zip(MATRIX) {
            for (to, mark) in Status::ALL.into_iter().zip(row.chars()) {
                let step = from.check_step(to).map_err(|error| error.kind());
                match mark {
                    '=' | 'x' => assert_eq!(step, Ok(()), "{from} to {to}"),
                    _ => assert_eq!(step, Err(ErrorKind::InvalidTaskStatus), "{from} to {to}"),
                }
                if mark == '=' {
                    assert!(from.check_strict_step(to).is_err(), "{from} to itself");
                }
            }
        }
    }

    #[test]
    fn names_round_trip() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse::<Status>().unwrap(), status);
        }
        assert_eq!("zz".parse::<Status>().unwrap_err().kind(), ErrorKind::ValidationError);
        assert_eq!(Status::stored("zz"), Unknown);
        assert!(Queued.is_active() && InProgress.is_active() && !Created.is_active());
    }
}
