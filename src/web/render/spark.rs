//! Word-sized drawings in table cells.

use std::fmt::Write;

use super::Markup;

/// A trend of 72 × 18 pixels with a dot on the newest value. Nothing for fewer than two finite values.
///
/// Steps are whole half pixels relative to the point before: a table of 100 trends is 100 of these, and they must
/// compress well.
pub fn sparkline(values: &[f64]) -> Option<Markup> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let (first, rest) = finite.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let (low, high) = finite.iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(*y), high.max(*y)));
    let height =
        |y: f64| if high > low { (32.0 - (y - low) / (high - low) * 28.0).round() as i64 } else { 18 };
    let step = 140.0 / rest.len() as f64;
    let (mut x, mut y) = (0, height(*first));
    let mut path = format!("M0 {y}l");
    for (at, value) in rest.iter().enumerate() {
        let (to_x, to_y) = ((step * (at + 1) as f64).round() as i64, height(*value));
        let gap = if at == 0 { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(path, "{gap}{} {}", to_x - x, to_y - y);
        (x, y) = (to_x, to_y);
    }
    Some(askama::filters::Safe(format!(
        "<svg class=\"spark\" viewBox=\"0 0 144 36\" aria-hidden=\"true\"><path d=\"{path}\"/>\
         <circle cx=\"{x}\" cy=\"{y}\" r=\"3.6\"/></svg>"
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
        assert!(flat.contains("M0 18l140 0"), "{flat}");
        let rise = sparkline(&[0.0, 0.5, 1.0]).map(|markup| markup.0).unwrap_or_default();
        assert!(rise.contains("M0 32l70 -14 70 -14\"") && rise.contains("cx=\"140\" cy=\"4\""), "{rise}");
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
