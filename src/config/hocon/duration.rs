//! Durations with a unit.

use std::time::Duration;

/// `10s`, `1.5 hours`. None without a unit, with an unknown one, or beyond what [`Duration`] holds.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let nanos_per_unit: u64 = match unit.trim() {
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1,
        "us" | "micro" | "micros" | "microsecond" | "microseconds" => 1_000,
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1_000_000,
        "s" | "second" | "seconds" => 1_000_000_000,
        "m" | "minute" | "minutes" => 60 * 1_000_000_000,
        "h" | "hour" | "hours" => 3_600 * 1_000_000_000,
        "d" | "day" | "days" => 86_400 * 1_000_000_000,
        "w" | "week" | "weeks" => 7 * 86_400 * 1_000_000_000,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        let nanos = u128::from(whole).checked_mul(u128::from(nanos_per_unit))?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
        return Some(Duration::new(seconds, rest));
    }
    let number: f64 = number.parse().ok()?;
    #[allow(clippy::cast_precision_loss)] // the units are exact in a double
    Duration::try_from_secs_f64(number * (nanos_per_unit as f64 / 1e9)).ok()
}
