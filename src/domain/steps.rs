//! A time cut into steps of equal width, for charts of what machines report.

use crate::types::{ApiError, ErrorKind, Millis, Result};

/// A time and the width of its steps.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Seconds since the epoch.
    pub from: f64,
    /// Seconds since the epoch.
    pub to: f64,
    /// Seconds; at least the configured minimum is used.
    pub interval: i64,
}

/// Most steps that one chart may have.
const MOST_STEPS: i64 = 100_000;

impl Range {
    /// Whole seconds, and steps that are at least `minimum` seconds wide.
    ///
    /// Errors: 400/16 an empty range, or one with too many steps.
    pub(super) fn checked(self, minimum: i64) -> Result<Steps> {
        let refused = |text: &str| {
            Err(ApiError::new(ErrorKind::FieldsValueError, text.to_owned())
                .with("from_date", self.from)
                .with("to_date", self.to))
        };
        if self.from >= self.to {
            return refused("from_date must lie before to_date");
        }
        // The casts saturate; a request may send any number.
        let (from, to) = (self.from.floor() as i64, self.to.floor() as i64);
        let interval = self.interval.max(minimum).max(1);
        if to.saturating_sub(from) / interval > MOST_STEPS {
            return refused("the range has too many steps; send a greater interval");
        }
        Ok(Steps { from, to, interval, end: self.to })
    }
}

/// A checked range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    from: i64,
    to: i64,
    /// Seconds.
    pub interval: i64,
    end: f64,
}

impl Steps {
    /// The first moment.
    pub(super) fn start(&self) -> Millis {
        Millis(self.from.saturating_mul(1000))
    }

    /// The last moment.
    pub(super) fn stop(&self) -> Millis {
        Millis(self.to.saturating_mul(1000).saturating_add(999))
    }

    /// Starts of all steps, seconds, without gaps.
    pub(super) fn starts(&self) -> Vec<i64> {
        let first = self.from.div_euclid(self.interval);
        let last = self.to.div_euclid(self.interval);
        (first..=last).map(|step| step.saturating_mul(self.interval)).collect()
    }

    /// Whether a step that starts then is over, or nearly.
    pub(super) fn is_finished(&self, start: i64) -> bool {
        (start as f64) < self.end - 0.9 * self.interval as f64
    }

    /// Starts of the steps that are over, or nearly.
    pub(super) fn finished(&self) -> Vec<i64> {
        let mut starts = self.starts();
        starts.retain(|start| self.is_finished(*start));
        starts
    }
}
