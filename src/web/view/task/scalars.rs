//! `/tasks/{id}/scalars`: the metric tree and the charts.

use askama::Template;
use serde::Serialize;

use super::{TaskHead, TaskTab};
use crate::web::render::chart::{self, Curve, Style, XAxis};
use crate::web::render::number::{Digits, metric};
use crate::web::render::{Markup, chart::slot_class};
use crate::web::view::address::{ChartView, axis_key, encode};
use crate::web::view::kit;
use crate::web::view::shell::Shell;

/// Charts that are drawn on the server; the others appear as one scrolls, with script.
pub const DRAWN: usize = 6;

/// One series of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesEntry {
    /// Variant.
    pub name: String,
    /// Colour slot, stored with the metric so that a later variant never recolours an earlier one.
    pub slot: u8,
    /// Newest value.
    pub last: f64,
}

/// One metric: a branch of the tree and a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name.
    pub name: String,
    /// Its series.
    pub series: Vec<SeriesEntry>,
    /// Points for the server's drawing, thinned; empty for charts after the first [`DRAWN`].
    pub curves: Vec<Curve>,
    /// Reports, for the table: count, least and largest of each series, in the order of `series`.
    pub ranges: Vec<SeriesRange>,
}

/// Numbers of one series for the table below its chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesRange {
    /// Reported points.
    pub count: u64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "task/scalars.html", blocks = ["main"])]
pub struct Scalars {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// How charts are shown.
    pub view: ChartView,
    /// Metrics in order of first report.
    pub metrics: Vec<Metric>,
    /// Values that were reported once, without an iteration: name and value.
    pub singles: Vec<(String, f64)>,
}

impl Scalars {
    fn tab(&self) -> TaskTab {
        TaskTab::Scalars
    }

    fn series(&self) -> usize {
        self.metrics.iter().map(|metric| metric.series.len()).sum()
    }

    fn is_hidden(&self, metric: &str) -> bool {
        self.view.hide.iter().any(|hidden| hidden == metric)
    }

    fn is_log(&self, metric: &Metric) -> bool {
        let positive = metric.ranges.iter().all(|range| range.min > 0.0);
        let widest = metric.ranges.iter().map(|range| range.max / range.min).fold(0.0, f64::max);
        positive && self.view.log.unwrap_or(widest > 1_000.0)
    }

    fn drawing(&self, metric: &Metric) -> Markup {
        let smoothing = f64::from(self.view.smoothing) / 100.0;
        let style =
            Style { x: self.view.x, log: self.is_log(metric), smoothing, ahead: self.shell.clock.ahead() };
        chart::line_chart(&metric.name, &metric.curves, style)
    }

    fn data_href(&self, metric: &Metric) -> String {
        format!("/tasks/{}/scalars/data?m={}&x={}", self.head.id, encode(&metric.name), axis_key(self.view.x))
    }

    fn axis(&self) -> &'static str {
        axis_key(self.view.x)
    }

    fn is_axis(&self, key: &str) -> bool {
        self.axis() == key
    }

    /// Choices for the number of charts in a row: address, number, chosen? Three unless said otherwise.
    fn rows(&self) -> [(String, u8, bool); 4] {
        let chosen = if self.view.columns == 0 { 3 } else { self.view.columns };
        [1, 2, 3, 4].map(|columns| (self.view.with_columns(columns), columns, columns == chosen))
    }

    fn axes(&self) -> [(&'static str, &'static str); 3] {
        [("iter", "Iteration"), ("rel", "Relative"), ("wall", "Wall time")]
    }
}

impl Metric {
    /// Rows of the table: name, numbers, last value.
    fn rows(&self) -> impl Iterator<Item = (&SeriesEntry, Option<&SeriesRange>)> {
        self.series.iter().enumerate().map(|(nth, series)| (series, self.ranges.get(nth)))
    }
}

impl SeriesEntry {
    fn shown(&self) -> String {
        metric(self.last, Digits::for_value(self.last))
    }

    /// Sample of the line for the legend.
    fn swatch(&self) -> Markup {
        askama::filters::Safe(format!(
            "<svg class=\"sw-l\" viewBox=\"0 0 14 8\" aria-hidden=\"true\"><path class=\"{}\" d=\"M0 4H14\"/></svg>",
            slot_class(self.slot)
        ))
    }
}

/// `GET /tasks/{id}/scalars/data?m={metric}&x={iter|rel|wall}[&from=&to=][&points=]`: the points of one chart as JSON,
/// columns per series. `from` and `to` are x values, `points` the wanted number of pixel columns. Answers carry an
/// entity tag, so that a chart without news costs a 304.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChartData {
    /// The metric.
    pub metric: String,
    /// `iter`, `rel` (seconds) or `wall` (milliseconds since 1970).
    pub x: &'static str,
    /// Its series.
    pub series: Vec<SeriesData>,
}

/// Points of one series, thinned to the smallest and the largest of each pixel column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesData {
    /// Variant.
    pub name: String,
    /// Colour slot.
    pub slot: u8,
    /// Ascending.
    pub x: Vec<f64>,
    /// As many; `null` stands for a value that is not finite.
    pub y: Vec<Option<f64>>,
    /// Values that are not finite: x and `NaN`, `inf` or `-inf`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub odd: Vec<(f64, &'static str)>,
}

impl ChartData {
    /// From curves, thinned to `columns` pixel columns.
    pub fn new(metric: impl Into<String>, x: XAxis, curves: &[Curve], columns: usize) -> Self {
        let series = curves.iter().map(|curve| SeriesData::new(curve, columns)).collect();
        Self { metric: metric.into(), x: axis_key(x), series }
    }
}

impl SeriesData {
    fn new(curve: &Curve, columns: usize) -> Self {
        let points = chart::thinned(&curve.points, columns);
        let odd = points.iter().filter(|(_, y)| !y.is_finite()).map(|&(x, y)| (x, odd_name(y))).collect();
        Self {
            name: curve.name.clone(),
            slot: curve.slot,
            x: points.iter().map(|(x, _)| *x).collect(),
            y: points.iter().map(|(_, y)| y.is_finite().then_some(*y)).collect(),
            odd,
        }
    }
}

fn odd_name(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "inf",
        _ => "-inf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chart_data_is_plain_json() {
        let points = vec![(0.0, 1.5), (1.0, f64::NAN), (2.0, f64::NEG_INFINITY)];
        let curve = Curve { name: "train".into(), slot: 1, points };
        let json = serde_json::to_string(&ChartData::new("loss", XAxis::Iteration, &[curve], 300))
            .unwrap_or_default();
        assert_eq!(
            json,
            r#"{"metric":"loss","x":"iter","series":[{"name":"train","slot":1,"x":[0.0,1.0,2.0],"y":[1.5,null,null],"odd":[[1.0,"NaN"],[2.0,"-inf"]]}]}"#
        );
    }
}
