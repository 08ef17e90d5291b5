//! Plots and debug samples.

use askama::Template;

use super::{TaskHead, TaskTab};
use crate::web::view::address::{encode, join};
use crate::web::view::kit::{self, Place};
use crate::web::view::shell::Shell;

/// One figure: metric, variant, and the iterations it was reported at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plot {
    /// Metric.
    pub metric: String,
    /// Variant.
    pub variant: String,
    /// Iteration that is shown.
    pub iteration: i64,
    /// Iteration before it that has the figure too.
    pub older: Option<i64>,
    /// Iteration after it.
    pub newer: Option<i64>,
}

/// `/tasks/{id}/plots`.
#[derive(Debug, Clone, Template)]
#[template(path = "task/plots.html", blocks = ["main"])]
pub struct Plots {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Metric contains this.
    pub q: String,
    /// Figures without the filter.
    pub unfiltered: u64,
    /// Latest of each figure.
    pub plots: Vec<Plot>,
    /// More figures: address of the next page.
    pub next: Option<String>,
}

impl Plots {
    fn tab(&self) -> TaskTab {
        TaskTab::Plots
    }

    fn frame(&self, plot: &Plot) -> String {
        let path = format!("/tasks/{}/plots/frame", self.head.id);
        let pairs =
            [("m", plot.metric.clone()), ("v", plot.variant.clone()), ("iter", plot.iteration.to_string())];
        join(&path, &pairs)
    }

    fn at(&self, plot: &Plot, iteration: &i64) -> String {
        format!(
            "/tasks/{}/plots?m={}&v={}&iter={iteration}",
            self.head.id,
            encode(&plot.metric),
            encode(&plot.variant)
        )
    }
}

/// `/tasks/{id}/plots/frame?m=&v=&iter=&theme=`: the document inside a figure's frame. Send it with
/// [`crate::web::view::policy::PLOT_FRAME`].
#[derive(Debug, Clone, Template)]
#[template(path = "task/plot_frame.html")]
pub struct PlotFrame {
    /// `light`, `dark` or `auto`.
    pub theme: &'static str,
    /// Name for screen readers.
    pub title: String,
    /// The figure as it was reported (`plot_str`).
    pub figure: String,
}

impl PlotFrame {
    /// The figure inside a `<script type="application/json">`: no `<` can end the element, and none is needed in JSON
    /// outside of texts, where the escape means the same.
    fn data(&self) -> askama::filters::Safe<String> {
        let data =
            self.figure.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        askama::filters::Safe(data)
    }
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Anything else: a link.
    Other,
}

impl SampleKind {
    /// From the ending of an address.
    pub fn of(uri: &str) -> Self {
        let path = uri.split(['?', '#']).next().unwrap_or(uri);
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        match ending.as_str() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" | "svg" | "avif" => Self::Image,
            "wav" | "mp3" | "ogg" | "flac" | "m4a" => Self::Audio,
            "mp4" | "webm" | "mov" | "m4v" => Self::Video,
            _ => Self::Other,
        }
    }
}

/// One sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Iteration.
    pub iteration: i64,
    /// What it is.
    pub kind: SampleKind,
    /// Where it is; pages show what is on our own host and only name the rest.
    pub place: Place,
}

/// The samples of one variant, newest iteration first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSeries {
    /// Variant.
    pub variant: String,
    /// Samples.
    pub samples: Vec<Sample>,
}

/// The samples of one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleGroup {
    /// Metric.
    pub metric: String,
    /// Its variants.
    pub series: Vec<SampleSeries>,
}

/// `/tasks/{id}/samples`.
#[derive(Debug, Clone, Template)]
#[template(path = "task/samples.html", blocks = ["main"])]
pub struct Samples {
    /// Frame.
    pub shell: Shell,
    /// Title and tabs.
    pub head: TaskHead,
    /// Metrics to choose from.
    pub metrics: Vec<String>,
    /// Chosen metric; empty is all.
    pub metric: String,
    /// Groups.
    pub groups: Vec<SampleGroup>,
    /// Address of older iterations.
    pub older: Option<String>,
    /// Address of newer iterations.
    pub newer: Option<String>,
}

impl Samples {
    fn is_chosen(&self, metric: &str) -> bool {
        self.metric == metric
    }

    fn tab(&self) -> TaskTab {
        TaskTab::Samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_cannot_leave_its_element() {
        let figure = r#"{"layout":{"title":"</script><script>alert(1)</script><!--"}}"#;
        let frame = PlotFrame { theme: "light", title: "</title><b>".into(), figure: figure.into() };
        let html = frame.render().unwrap_or_default();
        assert_eq!(html.matches("</script>").count(), 3, "plotly, ours and the data's own end: {html}");
        assert!(!html.contains("<!--") && !html.contains("<b>"));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&frame.data().0).ok(),
            serde_json::from_str::<serde_json::Value>(figure).ok()
        );
    }

    #[test]
    fn kinds_follow_endings() {
        assert_eq!(SampleKind::of("https://h/a.PNG?x=1.mp3"), SampleKind::Image);
        assert_eq!(SampleKind::of("/files/a.wav"), SampleKind::Audio);
        assert_eq!(SampleKind::of("/files/a.html"), SampleKind::Other);
        assert_eq!(SampleKind::of("/files/png"), SampleKind::Other);
    }
}
