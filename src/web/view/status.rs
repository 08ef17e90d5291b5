//! Task status as people see it.

/// The seven states of a task. Each has a word, a shape and a hue, so that none speaks alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not started.
    Draft,
    /// Waiting in a queue.
    Queued,
    /// In progress.
    Running,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Stopped by a person or a rule.
    Aborted,
    /// Closed for changes.
    Published,
}

impl Status {
    /// In the order of a task's life.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Queued,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Aborted,
        Self::Published,
    ];

    /// From the wire's word (protocol: spec/tasks.md, section 3); words of later versions show as drafts.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "queued" => Self::Queued,
            "in_progress" => Self::Running,
            "completed" | "closed" => Self::Completed,
            "failed" => Self::Failed,
            "stopped" => Self::Aborted,
            "published" | "publishing" => Self::Published,
            _ => Self::Draft,
        }
    }

    /// Words of the wire that this state stands for.
    pub fn wire(self) -> &'static [&'static str] {
        match self {
            Self::Draft => &["created", "unknown"],
            Self::Queued => &["queued"],
            Self::Running => &["in_progress"],
            Self::Completed => &["completed", "closed"],
            Self::Failed => &["failed"],
            Self::Aborted => &["stopped"],
            Self::Published => &["published", "publishing"],
        }
    }

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
            Self::Published => "Published",
        }
    }

    /// Key in addresses: `status=run,ok`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "wait",
            Self::Running => "run",
            Self::Completed => "ok",
            Self::Failed => "bad",
            Self::Aborted => "still",
            Self::Published => "pub",
        }
    }

    /// From the key in an address.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.key() == key)
    }

    /// Class of the hue: a draft is as calm as an aborted task.
    pub fn class(self) -> &'static str {
        if self == Self::Draft { "still" } else { self.key() }
    }

    /// Whether its numbers still change.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn words_keys_and_wire_agree() {
        for status in Status::ALL {
            assert_eq!(Status::from_key(status.key()), Some(status));
            for word in status.wire() {
                assert_eq!(Status::from_wire(word), status);
            }
        }
        assert_eq!(Status::from_key("nonsense"), None);
    }
}
