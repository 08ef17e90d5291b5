//! Word-sized drawings in table cells.

use std::fmt::Write;

use super::Markup;

/// A trend of 72 × 18 pixels with a dot on the newest value. Nothing for fewer than two finite values.
pub fn sparkline(values: &[f64]) -> Option<Markup> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if finite.len() < 2 {
        return None;
    }
    let (low, high) = finite.iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(*y), high.max(*y)));
    let step = 70.0 / (finite.len() - 1) as f64;
    let height = |y: f64| if high > low { 16.0 - (y - low) / (high - low) * 14.0 } else { 9.0 };
    let mut path = String::new();
    let mut end = (70.0, 9.0);
    for (at, y) in finite.iter().enumerate() {
        end = (at as f64 * step, height(*y));
        // Writing to a String cannot fail.
        let _ = write!(path, "{}{:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, end.0, end.1);
    }
    Some(askama::filters::Safe(format!(
        "<svg class=\"spark\" viewBox=\"0 0 72 18\" aria-hidden=\"true\"><path d=\"{path}\"/>\
         <circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"1.8\"/></svg>",
        end.0, end.1
    )))
}

/// Bars of 118 × 18 pixels, one a day; a day without any is a thin line.
pub fn day_bars(days: &[u32]) -> Markup {
    let most = f64::from(days.iter().copied().max().unwrap_or(0).max(1));
    let step = 119.0 / days.len().max(1) as f64;
    let mut svg = String::from(
        "<svg class=\"bars\" width=\"118\" height=\"18\" viewBox=\"0 0 118 18\" aria-hidden=\"true\">",
    );
    for (at, day) in days.iter().enumerate() {
        let x = at as f64 * step;
        let width = (step - 1.0).max(0.5);
        let _ = match day {
            0 => write!(svg, "<rect class=\"z\" x=\"{x:.1}\" y=\"17\" width=\"{width:.1}\" height=\"1\"/>"),
            _ => {
                let height = (f64::from(*day) / most * 18.0).max(1.5);
                write!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
                    18.0 - height
                )
            }
        };
    }
    svg.push_str("</svg>");
    askama::filters::Safe(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trends_need_two_values() {
        assert!(sparkline(&[1.0]).is_none());
        assert!(sparkline(&[f64::NAN, 1.0, f64::INFINITY]).is_none());
        let flat = sparkline(&[2.0, 2.0]).map(|markup| markup.0).unwrap_or_default();
        assert!(flat.contains("M0.0 9.0L70.0 9.0"), "{flat}");
    }

    #[test]
    fn every_day_has_its_bar() {
        let svg = day_bars(&[0, 1, 1_000, 3]).0;
        assert_eq!(svg.matches("<rect").count(), 4);
        assert_eq!(svg.matches("class=\"z\"").count(), 1);
        assert!(svg.contains("height=\"18.0\"") && svg.contains("height=\"1.5\""));
        assert!(day_bars(&[]).0.ends_with("</svg>"));
    }
}
