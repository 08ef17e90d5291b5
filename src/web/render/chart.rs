//! Line charts as SVG, drawn on the server: they show before any script runs and without it.

use std::fmt::Write;

use super::number::{Digits, axis_label, metric};
use super::scale::Scale;
use super::{Markup, escape};

/// Outer size and the frame of the curves, in pixels of the drawing. Labels never move the frame.
const WIDTH: f64 = 372.0;
const HEIGHT: f64 = 226.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 360.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 204.0;

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Name of the variant.
    pub name: String,
    /// Colour slot, from 1; slots above 8 repeat the colours with dashes.
    pub slot: u8,
    /// Points in ascending order of x. Values that are not finite interrupt the line and are marked at the edge.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// The newest value.
    pub fn last(&self) -> Option<f64> {
        self.points.last().map(|(_, y)| *y)
    }
}

/// What the horizontal axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum XAxis {
    /// Iterations.
    #[default]
    Iteration,
    /// Seconds since the first point.
    Relative,
    /// Milliseconds since 1970, shown as date and time.
    Wall,
}

/// How curves are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Style {
    /// What x means.
    pub x: XAxis,
    /// Logarithmic y axis.
    pub log: bool,
    /// Weight of the past in the exponential mean, 0 (off) to below 1.
    pub smoothing: f64,
    /// Milliseconds that the reader's clock is ahead of UTC; for wall time.
    pub ahead: i64,
}

/// Whether a logarithmic axis serves these values better: all positive, over more than three decades.
pub fn suggests_log(curves: &[Curve]) -> bool {
    let (low, high) = range(curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y)));
    low > 0.0 && high / low > 1_000.0
}

/// Bias-corrected exponential mean: early points are not pulled towards zero. Values that are not finite pass through
/// and leave the mean alone.
pub fn smoothed(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let weight = weight.clamp(0.0, 0.999);
    let (mut mean, mut seen) = (0.0, 0);
    points
        .iter()
        .map(|&(x, y)| {
            if !y.is_finite() {
                return (x, y);
            }
            seen += 1;
            mean = mean * weight + (1.0 - weight) * y;
            (x, mean / (1.0 - weight.powi(seen)))
        })
        .collect()
}

/// At most two points per pixel column, the smallest and the largest, so that a spike never vanishes. `columns` are
/// pixels over the whole x range.
pub fn thinned(points: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    let columns = columns.max(1);
    if points.len() <= columns * 2 {
        return points.to_vec();
    }
    let (low, high) = range(points.iter().map(|(x, _)| *x));
    let width = (high - low) / columns as f64;
    let column = |x: f64| if width > 0.0 { (((x - low) / width) as usize).min(columns - 1) } else { 0 };
    let same_column = |a: &(f64, f64), b: &(f64, f64)| column(a.0) == column(b.0);
    let mut kept = Vec::with_capacity(columns * 3);
    for bucket in points.chunk_by(same_column) {
        let finite = || bucket.iter().enumerate().filter(|(_, (_, y))| y.is_finite());
        let least = finite().min_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(at, _)| at);
        let most = finite().max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(at, _)| at);
        let odd = bucket.iter().position(|(_, y)| !y.is_finite());
        let mut chosen: Vec<usize> = [least, most, odd].into_iter().flatten().collect();
        chosen.sort_unstable();
        chosen.dedup();
        kept.extend(chosen.into_iter().filter_map(|at| bucket.get(at)));
    }
    kept
}

/// The drawing: grid, labels, raw lines behind smoothed ones.
pub fn line_chart(title: &str, curves: &[Curve], style: Style) -> Markup {
    let x = x_scale(curves, style.x);
    let (low, high) = range(curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y)));
    let y = if style.log { Scale::log(low, high) } else { Scale::rounded(low, high) };
    let label = escape(&format!("{title}: {}", summary(curves)));
    let mut svg =
        format!("<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">");
    // Writing to a String cannot fail.
    let _ = grid(&mut svg, &x, &y, style);
    for curve in curves {
        let class = slot_class(curve.slot);
        let _ = match style.smoothing > 0.0 {
            true => line(&mut svg, &curve.points, &x, &y, &format!("l raw {class}")).and_then(|()| {
                line(&mut svg, &smoothed(&curve.points, style.smoothing), &x, &y, &format!("l {class}"))
            }),
            false => line(&mut svg, &curve.points, &x, &y, &format!("l {class}")),
        };
        let _ = odd_values(&mut svg, curve, &x);
    }
    svg.push_str("</svg>");
    askama::filters::Safe(svg)
}

/// One sentence for those who do not see the drawing: `train falls from 3.1 to 0.063 over 61 points`.
pub fn summary(curves: &[Curve]) -> String {
    let sentences = curves.iter().take(8).filter_map(|curve| {
        let finite = || curve.points.iter().map(|(_, y)| *y).filter(|y| y.is_finite());
        let (first, last) = (finite().next()?, finite().next_back()?);
        let verb = match last.total_cmp(&first) {
            std::cmp::Ordering::Less => "falls from",
            std::cmp::Ordering::Greater => "rises from",
            std::cmp::Ordering::Equal => "stays between",
        };
        let joint = if verb.starts_with("stays") { "and" } else { "to" };
        let show = |value| metric(value, Digits::for_value(value));
        let points = curve.points.len();
        Some(format!("{} {verb} {} {joint} {} over {points} points", curve.name, show(first), show(last)))
    });
    let text = sentences.collect::<Vec<_>>().join("; ");
    if text.is_empty() { "no finite values".to_owned() } else { text }
}

/// Classes of a colour slot: `c1` to `c8`, with `d1` to `d3` for the dashed repeats.
pub fn slot_class(slot: u8) -> String {
    let index = slot.max(1) - 1;
    match index / 8 {
        0 => format!("c{}", index % 8 + 1),
        repeat => format!("c{} d{}", index % 8 + 1, repeat.min(3)),
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

fn x_scale(curves: &[Curve], axis: XAxis) -> Scale {
    let (low, high) = range(curves.iter().flat_map(|curve| curve.points.iter().map(|(x, _)| *x)));
    match axis {
        XAxis::Wall => Scale::linear(low, high),
        _ => Scale::linear(low.min(0.0), high),
    }
}

fn grid(svg: &mut String, x: &Scale, y: &Scale, style: Style) -> std::fmt::Result {
    for tick in y.ticks(4) {
        let Some(at) = y.position(tick).map(|position| BOTTOM - position * (BOTTOM - TOP)) else { continue };
        let line = at.floor() + 0.5;
        if at < BOTTOM - 1.0 {
            write!(svg, "<path class=\"g\" d=\"M{LEFT} {line}H{RIGHT}\"/>")?;
        }
        write!(
            svg,
            "<text x=\"34\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            line + 3.5,
            axis_label(tick)
        )?;
    }
    let ticks: Vec<(f64, String)> = match style.x {
        XAxis::Wall => time_ticks(x.range(), style.ahead),
        axis => x.ticks(6).into_iter().map(|tick| (tick, x_label(tick, axis))).collect(),
    };
    for (tick, text) in ticks {
        let Some(position) = x.position(tick) else { continue };
        let at = LEFT + position * (RIGHT - LEFT);
        let anchor = match position {
            _ if position < 0.02 => "start",
            _ if position > 0.98 => "end",
            _ => "middle",
        };
        write!(svg, "<text x=\"{at:.1}\" y=\"220\" text-anchor=\"{anchor}\">{text}</text>")?;
    }
    write!(svg, "<path class=\"ax\" d=\"M{LEFT} {}H{RIGHT}\"/>", BOTTOM + 0.5)
}

fn x_label(tick: f64, axis: XAxis) -> String {
    match axis {
        XAxis::Iteration => axis_label(tick),
        XAxis::Relative => super::time::duration(jiff::SignedDuration::from_secs(tick as i64)),
        XAxis::Wall => String::new(),
    }
}

/// Round times of the reader's clock with their labels, at most six: times of day, and dates at midnight.
fn time_ticks((low, high): (f64, f64), ahead: i64) -> Vec<(f64, String)> {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 1440 * MINUTE;
    const STEPS: [i64; 13] = [
        MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        60 * MINUTE,
        180 * MINUTE,
        360 * MINUTE,
        720 * MINUTE,
        DAY,
        2 * DAY,
        7 * DAY,
        30 * DAY,
    ];
    // The casts saturate; drawings are of finite points.
    let (low, high) = ((low as i64).saturating_add(ahead), (high as i64).saturating_add(ahead));
    let span = high.saturating_sub(low).max(1);
    let step = STEPS.into_iter().find(|step| span / step < 6).unwrap_or_else(|| (span / (5 * DAY) + 1) * DAY);
    let first = low.div_euclid(step) + i64::from(low.rem_euclid(step) > 0);
    (first..=high.div_euclid(step))
        .filter_map(|nth| {
            let tick = nth.checked_mul(step)?;
            let moment = jiff::Timestamp::from_millisecond(tick).ok()?;
            let format = if tick.rem_euclid(DAY) == 0 { "%-d %b" } else { "%H:%M" };
            Some((tick.checked_sub(ahead)? as f64, moment.strftime(format).to_string()))
        })
        .collect()
}

fn line(svg: &mut String, points: &[(f64, f64)], x: &Scale, y: &Scale, class: &str) -> std::fmt::Result {
    write!(svg, "<path class=\"{class}\" d=\"")?;
    let mut pen_down = false;
    for (px, py) in thinned(points, (RIGHT - LEFT) as usize) {
        match (x.position(px), y.position(py)) {
            (Some(along), Some(up)) => {
                let command = if pen_down { 'L' } else { 'M' };
                let (at_x, at_y) = (LEFT + along * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP));
                write!(svg, "{command}{at_x:.1} {at_y:.1}")?;
                // A point between two gaps would draw nothing: a stroke of no length with round caps is a dot.
                if !pen_down {
                    svg.push_str("h0");
                }
                pen_down = true;
            }
            _ => pen_down = false,
        }
    }
    svg.push_str("\"/>");
    Ok(())
}

/// Marks of NaN and infinities on the lower edge, at most 50 a curve.
fn odd_values(svg: &mut String, curve: &Curve, x: &Scale) -> std::fmt::Result {
    for (px, py) in curve.points.iter().filter(|(_, y)| !y.is_finite()).take(50) {
        let Some(along) = x.position(*px) else { continue };
        let at = LEFT + along * (RIGHT - LEFT);
        let value = metric(*py, Digits::for_value(*py));
        let name = escape(&format!("{}: {value} at {}", curve.name, axis_label(*px)));
        let (left, right, bottom, top) = (at - 3.0, at + 3.0, BOTTOM, BOTTOM - 6.0);
        write!(svg, "<path class=\"odd\" d=\"M{left:.1} {bottom}L{at:.1} {top}L{right:.1} {bottom}z\">")?;
        write!(svg, "<title>{name}</title></path>")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[f64]) -> Curve {
        let points = values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
        Curve { name: "train".into(), slot: 1, points }
    }

    #[test]
    fn a_spike_survives_thinning() {
        let mut values = vec![1.0; 100_000];
        values[54_321] = 9.0;
        values[54_399] = -9.0;
        let kept = thinned(&curve(&values).points, 320);
        assert!(kept.len() <= 640, "{}", kept.len());
        assert!(kept.iter().any(|(x, y)| (*x, *y) == (54_321.0, 9.0)));
        assert!(kept.iter().any(|(x, y)| (*x, *y) == (54_399.0, -9.0)));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn smoothing_is_not_biased_towards_zero() {
        let flat = smoothed(&curve(&[5.0; 10]).points, 0.9);
        assert!(flat.iter().all(|(_, y)| (y - 5.0).abs() < 1e-9));
        let gap = smoothed(&curve(&[1.0, f64::NAN, 3.0]).points, 0.5);
        assert!(gap.iter().map(|(_, y)| y.is_nan()).eq([false, true, false]));
        assert_eq!(smoothed(&curve(&[1.0, 2.0]).points, 0.0).last(), Some(&(1.0, 2.0)));
    }

    #[test]
    fn the_chart_has_its_parts() {
        let svg = line_chart(
            "<loss>",
            &[curve(&[3.0, 2.0, f64::NAN, 1.0])],
            Style { smoothing: 0.6, ..Style::default() },
        )
        .0;
        assert!(
            svg.contains("aria-label=\"&#60;loss&#62;: train falls from 3 to 1 over 4 points\""),
            "{svg}"
        );
        assert_eq!(svg.matches("class=\"l raw c1\"").count(), 1);
        assert_eq!(svg.matches("class=\"l c1\"").count(), 1);
        assert_eq!(svg.matches("class=\"odd\"").count(), 1);
        let raw = svg.split("class=\"l raw c1\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(raw.map(|path| path.matches('M').count()), Some(2), "NaN interrupts the line");
        assert!(!svg.contains("NaN NaN") && !svg.contains("inf"), "no coordinate is unfinite");
        assert!(!svg.contains("style="), "the content policy forbids style attributes");
    }

    #[test]
    fn times_are_round_where_the_reader_is() {
        let hour = 3_600_000;
        let labels = |from: i64, hours: i64, ahead: i64| {
            let ticks = time_ticks((from as f64, (from + hours * hour) as f64), ahead);
            ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
        };
        // 2026-11-24 19:20 UTC.
        let from = 1_795_548_000_000 / (24 * hour) * 24 * hour + 19 * hour + hour / 3;
        assert_eq!(labels(from, 1, 0), "19:30 19:45 20:00 20:15");
        assert_eq!(labels(from, 24, hour / 2).split(' ').count(), 5);
        assert_eq!(labels(from, 24, 0), "25 Nov 06:00 12:00 18:00");
        assert_eq!(labels(from, 0, 0), "19:20");
        assert!(time_ticks((f64::MIN, f64::MAX), 0).len() < 10);
    }

    #[test]
    fn odd_inputs_draw_something() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![f64::MAX, f64::MIN], vec![1e-300, 1e300]] {
            for log in [false, true] {
                let svg = line_chart("m", &[curve(&values)], Style { log, ..Style::default() }).0;
                assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"), "{values:?}");
            }
        }
    }

    #[test]
    fn log_axes_are_suggested_for_wide_positive_ranges() {
        assert!(suggests_log(&[curve(&[3.0, 0.001])]));
        assert!(!suggests_log(&[curve(&[3.0, 0.01])]));
        assert!(!suggests_log(&[curve(&[3.0, 0.0])]));
    }

    #[test]
    fn slots_repeat_with_dashes() {
        assert_eq!(slot_class(1), "c1");
        assert_eq!(slot_class(8), "c8");
        assert_eq!(slot_class(9), "c1 d1");
        assert_eq!(slot_class(32), "c8 d3");
        assert_eq!(slot_class(0), "c1");
    }
}
