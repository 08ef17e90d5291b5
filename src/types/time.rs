//! Time on the wire and in the store: UTC milliseconds.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Milliseconds since the epoch, UTC. The store's precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// The present moment.
    pub fn now() -> Self {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment plus whole seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Millis(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// As [`Millis::parse_lenient`], with the offset from UTC that the text names, in seconds; none counts as UTC.
    pub fn parse_with_offset(text: &str) -> Option<(Self, i64)> {
        let text = text.trim();
        let offset = match text.rfind(['+', '-']).filter(|at| *at > 10) {
            Some(at) => offset_seconds(text.get(at..)?)?,
            None => 0,
        };
        (offset.abs() < 86_400).then_some((Self::parse_lenient(text)?, offset))
    }

    fn civil(self) -> DateTime {
        let stamp = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        TimeZone::UTC.to_datetime(stamp)
    }

    /// `2024-05-06T07:08:09.123000+00:00`; the fraction is six digits and absent when zero
    /// (protocol: spec/protocol.md 1.8).
    pub fn to_wire(self) -> String {
        let t = self.civil();
        let (y, mo, d, h, mi, s) = (t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second());
        match self.0.rem_euclid(1000) {
            0 => format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}+00:00"),
            ms => format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{ms:03}000+00:00"),
        }
    }

    /// `2024-05-06T07:08:09.123Z`, the form of event times (spec/events.md 1.1).
    pub fn to_zulu(self) -> String {
        let t = self.civil();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second(),
            self.0.rem_euclid(1000)
        )
    }

    /// Reads ISO-like text leniently: a bare date, a blank or `T` between date and time, optional seconds
    /// and fraction, `Z`, an offset, or none (then UTC). `None` when it can't be read (spec/protocol.md 5.7).
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(stamp) = text.parse::<Timestamp>() {
            return Some(Millis(stamp.as_millisecond()));
        }
        // Split a trailing offset such as +02:00, +0200 or Z from the civil part.
        let (civil, offset) = match text.strip_suffix(['Z', 'z']) {
            Some(rest) => (rest, 0),
            None => match text.rfind(['+', '-']).filter(|at| *at > 10) {
                Some(at) => (text.get(..at)?, offset_seconds(text.get(at..)?)?),
                None => (text, 0),
            },
        };
        let civil = civil.trim().replacen(' ', "T", 1);
        let civil: DateTime = civil.parse().ok()?;
        let stamp = TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Millis(stamp.as_millisecond() - offset * 1000))
    }
}

fn offset_seconds(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    if text.chars().skip(1).any(|c| !(c.is_ascii_digit() || c == ':')) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i64>().ok()?, 0),
        4 => (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..)?.parse::<i64>().ok()?),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60))
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_wire())
    }
}

impl From<Millis> for serde_json::Value {
    fn from(time: Millis) -> Self {
        serde_json::Value::String(time.to_wire())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_form_drops_a_zero_fraction() {
        assert_eq!(Millis(1_714_979_289_123).to_wire(), "2024-05-06T07:08:09.123000+00:00");
        assert_eq!(Millis(1_714_979_289_000).to_wire(), "2024-05-06T07:08:09+00:00");
        assert_eq!(Millis(-1).to_zulu(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_offset_can_be_read_too() {
        let read = Millis::parse_with_offset;
        assert_eq!(read("2024-05-06T09:08:09.123+02:00"), Some((Millis(1_714_979_289_123), 7_200)));
        assert_eq!(read("2024-05-06T01:38:09-05:30"), Some((Millis(1_714_979_289_000), -19_800)));
        for utc in ["2024-05-06T07:08:09Z", "2024-05-06T07:08:09"] {
            assert_eq!(read(utc), Some((Millis(1_714_979_289_000), 0)));
        }
        for bad in ["garbage", "2024-05-06T07:08:09+xx:00", "2024-05-06T07:08:09+99:00", ""] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn reading_is_lenient() {
        let expected = Some(Millis(1_714_979_289_123));
        for text in [
            "2024-05-06T07:08:09.123Z",
            "2024-05-06 07:08:09.123",
            "2024-05-06T07:08:09.123000+00:00",
            "2024-05-06T09:08:09.123+0200",
            "2024-05-06T07:08:09.123",
        ] {
            assert_eq!(Millis::parse_lenient(text), expected, "{text}");
        }
        assert_eq!(Millis::parse_lenient("2024-05-06"), Some(Millis(1_714_953_600_000)));
        assert_eq!(Millis::parse_lenient("2024-05-06T07:08"), Some(Millis(1_714_979_280_000)));
        assert_eq!(Millis::parse_lenient("garbage"), None);
        assert_eq!(Millis::parse_lenient(""), None);
    }
}
