//! Numbers in people's form (UX section 6): narrow no-break spaces, true minus, as many digits as needed.

/// Narrow no-break space between groups of three digits and before units.
const THIN: char = '\u{202f}';

/// An exact count: `1 204`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// A count for a tight place: exact below 10 000, then `12.4 k`. Give the exact value as title.
pub fn tight_count(n: u64) -> String {
    match n {
        0..10_000 => count(n),
        _ => scaled(n as f64, &["k", "M", "G", "T"]),
    }
}

/// Bytes in SI units: `51.3 MB`. Never rounded to nothing: one byte is `1 B`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes}{THIN}B"),
        _ => scaled(bytes as f64, &["kB", "MB", "GB", "TB", "PB", "EB"]),
    }
}

/// `value` over the first power of 1000 that leaves it below 999.5, with three significant digits.
fn scaled(value: f64, units: &[&str]) -> String {
    let mut scaled = value / 1000.0;
    let mut units = units.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if scaled < 999.5 {
            break;
        }
        scaled /= 1000.0;
        unit = next;
    }
    match scaled < 99.95 {
        true => format!("{scaled:.1}{THIN}{unit}"),
        false => format!("{scaled:.0}{THIN}{unit}"),
    }
}

/// Digits after the point for values that stand together, so that points align and rows stay apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits(usize);

impl Digits {
    /// Digits that a lone value gets: 4, fewer for large values, none for whole numbers.
    pub fn for_value(value: f64) -> Self {
        Self::for_column(&[value])
    }

    /// The fewest digits, from the default up to 8, that keep different values different.
    pub fn for_column(values: &[f64]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        if finite().all(|value| value.fract() == 0.0) {
            return Self(0);
        }
        let largest = finite().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let default = match largest {
            _ if largest < 10.0 => 4,
            _ if largest < 100.0 => 3,
            _ if largest < 1_000.0 => 2,
            _ => 1,
        };
        let mut sorted: Vec<f64> = finite().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let digits = (default..8).find(|&digits| {
            let shown: Vec<String> = sorted.iter().map(|&value| plain(value, digits)).collect();
            shown.windows(2).all(|pair| pair.first() != pair.last())
        });
        Self(digits.unwrap_or(8))
    }
}

/// A metric's value: `0.9077`, `3.2e−4`, `−1.25`, `NaN`, `inf`.
pub fn metric(value: f64, Digits(digits): Digits) -> String {
    plain(value, digits)
}

/// The raw form of a value, for copying: the shortest text that reads back as the same number. What was reported as
/// `float32` is written as one, `0.1` and not `0.10000000149011612`.
pub fn raw(value: f64) -> String {
    let short = value as f32;
    if f64::from(short) == value { short.to_string() } else { value.to_string() }
}

fn plain(value: f64, digits: usize) -> String {
    let magnitude = value.abs();
    let text = if value.is_nan() {
        return "NaN".to_owned();
    } else if magnitude.is_infinite() {
        "inf".to_owned()
    } else if magnitude == 0.0 {
        "0".to_owned()
    } else if !(0.001..1e9).contains(&magnitude) {
        exponent(magnitude)
    } else if magnitude >= 10_000.0 {
        let fixed = format!("{magnitude:.digits$}");
        let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
        let whole = count(whole.parse().unwrap_or_default());
        if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
    } else {
        format!("{magnitude:.digits$}")
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

/// `3.2e−4`: up to three significant digits.
fn exponent(magnitude: f64) -> String {
    let text = format!("{magnitude:.2e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    format!("{mantissa}e{}", exponent.replace('-', "−"))
}

/// A label on an axis: no needless zeros, `0.05`, `4e−4`, `20 k`.
pub fn axis_label(value: f64) -> String {
    let magnitude = value.abs();
    let text = if magnitude == 0.0 {
        "0".to_owned()
    } else if !(0.001..1e15).contains(&magnitude) {
        exponent(magnitude)
    } else if magnitude >= 10_000.0 {
        let (scaled, unit) = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
            .into_iter()
            .find(|(power, _)| magnitude >= *power)
            .map_or((magnitude, ""), |(power, unit)| (magnitude / power, unit));
        format!("{}{THIN}{unit}", trimmed(scaled, 2))
    } else {
        trimmed(magnitude, 6)
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaced(text: String) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn counts_group_by_three() {
        assert_eq!(count(0), "0");
        assert_eq!(spaced(count(1_204)), "1 204");
        assert_eq!(spaced(count(12_345_678)), "12 345 678");
        assert_eq!(spaced(tight_count(9_999)), "9 999");
        assert_eq!(spaced(tight_count(12_400)), "12.4 k");
        assert_eq!(spaced(tight_count(999_999)), "1.0 M");
        assert_eq!(spaced(tight_count(u64::MAX)), "18446744 T");
    }

    #[test]
    fn sizes_are_si() {
        assert_eq!(spaced(size(0)), "0 B");
        assert_eq!(spaced(size(999)), "999 B");
        assert_eq!(spaced(size(1_000)), "1.0 kB");
        assert_eq!(spaced(size(51_300_000)), "51.3 MB");
        assert_eq!(spaced(size(412_000_000)), "412 MB");
        assert_eq!(spaced(size(999_600_000)), "1.0 GB");
    }

    #[test]
    fn metrics_have_the_digits_they_need() {
        let alone = |value: f64| spaced(metric(value, Digits::for_value(value)));
        assert_eq!(alone(0.9077), "0.9077");
        assert_eq!(alone(3.871), "3.8710");
        assert_eq!(alone(0.00032), "3.2e−4");
        assert_eq!(alone(-1.25), "−1.2500");
        assert_eq!(alone(94.0), "94");
        assert_eq!(alone(71.23), "71.230");
        assert_eq!(alone(123_456.78), "123 456.8");
        assert_eq!(alone(f64::NAN), "NaN");
        assert_eq!(alone(f64::NEG_INFINITY), "−inf");
        assert_eq!(alone(0.0), "0");
    }

    #[test]
    fn a_column_tells_its_rows_apart() {
        let close = [0.912_341, 0.912_342, 0.5];
        let digits = Digits::for_column(&close);
        assert_eq!(metric(0.912_341, digits), "0.912341");
        assert_eq!(metric(0.5, digits), "0.500000");
        assert_eq!(Digits::for_column(&[1.0, 120.0]), Digits(0));
        assert_eq!(Digits::for_column(&[f64::NAN]), Digits(0));
        assert_eq!(Digits::for_column(&[0.1, 0.1 + 1e-15]), Digits(8), "indistinguishable in 8 digits");
    }

    #[test]
    fn raw_values_read_back_exactly() {
        assert_eq!(raw(f64::from(0.1_f32)), "0.1");
        assert_eq!(raw(0.1), "0.1");
        assert_eq!(raw(1.0 / 3.0), "0.3333333333333333");
        assert_eq!(raw(f64::NAN), "NaN");
        assert_eq!(raw(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn axis_labels_are_short() {
        let label = |value| spaced(axis_label(value));
        assert_eq!(label(0.25), "0.25");
        assert_eq!(label(4e-4), "4e−4");
        assert_eq!(label(20_000.0), "20 k");
        assert_eq!(label(-2.0), "−2");
        assert_eq!(label(1_500_000.0), "1.5 M");
    }
}
