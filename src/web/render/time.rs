//! Times and durations in people's form (UX section 6).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Markup, escape};

/// A moment: milliseconds since 1970-01-01 UTC, as the store and the wire have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct When(pub i64);

impl When {
    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// ISO 8601 in UTC, for `<time datetime>`.
    pub fn iso(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }
}

/// What "now" and "here" mean on one page. One per request, so that all times of a page agree.
#[derive(Debug, Clone)]
pub struct Clock {
    /// When the page was made.
    pub now: When,
    /// The person's zone, else the browser's, else the server's.
    pub zone: TimeZone,
}

impl Clock {
    /// A clock that shows UTC.
    pub fn utc(now: When) -> Self {
        Self { now, zone: TimeZone::UTC }
    }

    /// Milliseconds that this clock is ahead of UTC now.
    pub fn ahead(&self) -> i64 {
        let offset = self.zone.to_offset(self.now.timestamp());
        i64::from(offset.seconds()) * 1000
    }

    /// Under an hour `4 min ago`, today `14:02`, this year `20 Nov 09:40`, else `2025-11-20`.
    pub fn short(&self, when: When) -> String {
        let age = self.now.0.saturating_sub(when.0);
        if (0..60_000).contains(&age) {
            return "just now".to_owned();
        }
        if (0..3_600_000).contains(&age) {
            return format!("{}\u{202f}min ago", age / 60_000);
        }
        self.absolute(when)
    }

    /// Like [`Clock::short`] without the relative form.
    pub fn absolute(&self, when: When) -> String {
        let there = when.timestamp().to_zoned_datetime(self.zone.clone());
        let here = self.now.timestamp().to_zoned_datetime(self.zone.clone());
        let format = match (there.date() == here.date(), there.year() == here.year()) {
            (true, _) => "%H:%M",
            (false, true) => "%-d %b %H:%M",
            (false, false) => "%Y-%m-%d",
        };
        there.strftime(format).to_string()
    }

    /// Both zones in full: `Tue 24 Nov 2026 14:02:11 +01:00 (Tue 13:02:11 UTC)`.
    pub fn full(&self, when: When) -> String {
        let there = when.timestamp().to_zoned_datetime(self.zone.clone());
        let local = there.strftime("%a %-d %b %Y %H:%M:%S %:z");
        // In UTC both would say the same, and a table has hundreds of these.
        match there.offset() == jiff::tz::Offset::UTC {
            true => local.to_string(),
            false => format!("{local} ({})", when.timestamp().strftime("%a %H:%M:%S UTC")),
        }
    }

    /// Always absolute with milliseconds and zone, for audit and trail.
    pub fn exact(&self, when: When) -> String {
        when.timestamp()
            .to_zoned_datetime(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S.%3f %:z")
            .to_string()
    }

    /// `<time>` with the short form; `live.js` keeps the relative form right as time passes.
    pub fn tag(&self, when: When) -> Markup {
        self.time(when, &self.short(when), " data-ago")
    }

    /// `<time>` with the exact form.
    pub fn exact_tag(&self, when: When) -> Markup {
        self.time(when, &self.exact(when), "")
    }

    /// `<time>` with the time of day, for log lines: the date is in the title, and short.
    pub fn line_tag(&self, when: When) -> Markup {
        let there = when.timestamp().to_zoned_datetime(self.zone.clone());
        let title = there.strftime("%Y-%m-%d %H:%M:%S.%3f");
        askama::filters::Safe(format!("<time title=\"{title}\">{}</time>", there.strftime("%H:%M:%S")))
    }

    fn time(&self, when: When, text: &str, extra: &str) -> Markup {
        let (iso, full) = (when.iso(), escape(&self.full(when)));
        askama::filters::Safe(format!(
            "<time datetime=\"{iso}\" title=\"{full}\"{extra}>{}</time>",
            escape(text)
        ))
    }

    /// A duration that still grows: `live.js` advances it from `since`.
    pub fn running(&self, since: When) -> Markup {
        let elapsed = self.now.0.saturating_sub(since.0).max(0);
        let text = duration(SignedDuration::from_millis(elapsed));
        askama::filters::Safe(format!("<span data-since=\"{}\">{text}</span>", since.0))
    }
}

/// `48 s`, `11 min`, `2 h 20 min`, `3 d 4 h`: two units at most. Negative durations count as none.
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let pair = |large: i64, large_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large}\u{202f}{large_unit}"),
        _ => format!("{large}\u{202f}{large_unit} {small}\u{202f}{small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds}\u{202f}s"),
        60..3_600 => format!("{minutes}\u{202f}min"),
        3_600..86_400 => pair(hours, "h", minutes % 60, "min"),
        _ => pair(days, "d", hours % 24, "h"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        let now = "2026-11-24T14:10:00Z".parse::<Timestamp>().unwrap();
        Clock { now: When(now.as_millisecond()), zone: TimeZone::fixed(jiff::tz::offset(1)) }
    }

    fn at(text: &str) -> When {
        When(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn spaced(text: &str) -> String {
        text.replace('\u{202f}', " ")
    }

    #[test]
    fn short_times_depend_on_age() {
        let clock = clock();
        assert_eq!(clock.short(at("2026-11-24T14:09:30Z")), "just now");
        assert_eq!(spaced(&clock.short(at("2026-11-24T14:06:00Z"))), "4 min ago");
        assert_eq!(clock.short(at("2026-11-24T13:02:11Z")), "14:02");
        assert_eq!(clock.short(at("2026-11-23T23:30:00Z")), "00:30", "the day is the reader's, not UTC's");
        assert_eq!(clock.short(at("2026-11-20T08:40:00Z")), "20 Nov 09:40");
        assert_eq!(clock.short(at("2025-11-20T08:40:00Z")), "2025-11-20");
        assert_eq!(clock.short(at("2026-11-24T14:20:00Z")), "15:20", "the future is never relative");
    }

    #[test]
    fn exact_times_carry_their_zone() {
        let clock = clock();
        let when = When(at("2026-11-24T13:02:11Z").0 + 250);
        assert_eq!(clock.exact(when), "2026-11-24 14:02:11.250 +01:00");
        assert_eq!(clock.full(when), "Tue 24 Nov 2026 14:02:11 +01:00 (Tue 13:02:11 UTC)");
        assert_eq!(clock.line_tag(when).0, "<time title=\"2026-11-24 14:02:11.250\">14:02:11</time>");
        assert!(clock.tag(when).0.contains("datetime=\"2026-11-24T13:02:11.250Z\""));
    }

    #[test]
    fn impossible_times_do_not_panic() {
        let clock = clock();
        for when in [When(i64::MAX), When(i64::MIN), When(0)] {
            assert!(!clock.full(when).is_empty());
            assert!(!clock.short(when).is_empty());
        }
        assert!(spaced(&clock.running(When(i64::MIN)).0).contains(" d "));
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let text = |seconds| spaced(&duration(SignedDuration::from_secs(seconds)));
        assert_eq!(text(48), "48 s");
        assert_eq!(text(11 * 60 + 5), "11 min");
        assert_eq!(text(3_600), "1 h");
        assert_eq!(text(2 * 3_600 + 20 * 60), "2 h 20 min");
        assert_eq!(text(3 * 86_400 + 4 * 3_600 + 59), "3 d 4 h");
        assert_eq!(text(-5), "0 s");
    }
}
