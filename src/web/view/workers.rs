//! Workers: rows of a table, and one worker in full.

use std::fmt::Write;

use askama::Template;

use super::kit::{self, Person};
use super::shell::Shell;
use crate::web::render::chart::{Curve, Style, XAxis, line_chart};
use crate::web::render::time::{When, duration};
use crate::web::render::{Markup, escape};

/// One worker.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WorkerRow {
    /// Key, as clients address it.
    pub key: String,
    /// As it calls itself.
    pub name: String,
    /// Load of each graphics processor, percent.
    pub gpus: Vec<f64>,
    /// Used and all memory of the graphics processors, bytes.
    pub gpu_memory: Option<(u64, u64)>,
    /// Used and all memory, bytes.
    pub memory: Option<(u64, u64)>,
    /// What it works on: id, and name where the reader may see it.
    pub task: Option<(String, Option<String>)>,
    /// Path of the task's project.
    pub project: String,
    /// Id of the queue that its task came from.
    pub from: Option<String>,
    /// Ids and names of the queues it listens to.
    pub queues: Vec<(String, String)>,
    /// Whose credentials it uses.
    pub identity: Option<Person>,
    /// Where it calls from.
    pub ip: String,
    /// When it was last heard of.
    pub seen: When,
    /// Whether it should have been heard of meanwhile.
    pub is_lost: bool,
    /// When it disappears from the list, unless it is heard of.
    pub until: When,
}

impl WorkerRow {
    /// A column for each graphics processor, 18 pixels high.
    pub fn gpu_bars(&self) -> Markup {
        let width = self.gpus.len() * 9;
        if width == 0 {
            return kit::nil();
        }
        let loads: Vec<String> = self.gpus.iter().map(|load| format!("{load:.0}")).collect();
        let mut svg = format!(
            "<svg class=\"bars\" width=\"{width}\" height=\"18\" viewBox=\"0 0 {width} 18\" role=\"img\" \
             aria-label=\"GPU use {} percent\">",
            loads.join(", ")
        );
        for (at, load) in self.gpus.iter().enumerate() {
            let (x, height) = (at * 9, load.clamp(0.0, 100.0) * 0.18);
            // Writing to a String cannot fail.
            let _ = write!(
                svg,
                "<rect class=\"z\" x=\"{x}\" y=\"0\" width=\"6\" height=\"18\"/><rect class=\"a\" x=\"{x}\" y=\"{:.1}\" width=\"6\" height=\"{height:.1}\"/>",
                18.0 - height
            );
        }
        svg.push_str("</svg>");
        askama::filters::Safe(svg)
    }

    /// Graphics memory where it has any, else its own.
    pub fn memory_bar(&self) -> Markup {
        let Some((used, all)) = self.gpu_memory.or(self.memory) else { return kit::nil() };
        let width = 64.0 * used as f64 / (all.max(1)) as f64;
        askama::filters::Safe(format!(
            "<span class=\"row\"><svg class=\"bars\" width=\"64\" height=\"6\" viewBox=\"0 0 64 6\" aria-hidden=\"true\"><rect \
             class=\"z\" width=\"64\" height=\"6\"/><rect width=\"{width:.1}\" height=\"6\"/></svg>{} / {}\u{202f}GB</span>",
            gigabytes(used),
            gigabytes(all)
        ))
    }

    /// Names of the queues it listens to, that of its task first.
    pub fn queue_names(&self) -> String {
        let (own, others): (Vec<_>, Vec<_>) =
            self.queues.iter().partition(|(id, _)| Some(id) == self.from.as_ref());
        let names = own.into_iter().chain(others).map(|(_, name)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether it takes tasks from that queue.
    pub fn listens_to(&self, queue: &str) -> bool {
        self.queues.iter().any(|(id, _)| id == queue)
    }

    /// What a silent worker means: `No report for 11 min; removed from the list in 49 min`.
    pub fn lost_text(&self, shell: &Shell) -> String {
        let span = |from: When, to: When| duration(jiff::SignedDuration::from_millis((to.0 - from.0).max(0)));
        let now = shell.clock.now;
        format!("No report for {}; removed from the list in {}", span(self.seen, now), span(now, self.until))
    }

    /// Address of its page.
    pub fn href(&self) -> String {
        format!("/workers/{}", super::address::encode(&self.key))
    }

    /// The task as a link, or what stands for one that the reader may not see.
    pub fn task_tag(&self) -> Markup {
        askama::filters::Safe(match &self.task {
            Some((id, Some(name))) => {
                format!("<a class=\"cut\" href=\"/tasks/{}\">{}</a>", escape(id), escape(name))
            }
            Some((_, None)) => "<span class=\"dim\">a task you cannot see</span>".to_owned(),
            None => "<span class=\"nil\">Idle</span>".to_owned(),
        })
    }
}

/// Memory in the units it is sold in: 2³⁰ bytes, with a decimal below ten.
fn gigabytes(bytes: u64) -> String {
    let value = bytes as f64 / f64::from(1 << 30);
    if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// `/workers/{key}`.
#[derive(Debug, Clone, Template)]
#[template(path = "worker.html", blocks = ["main"])]
pub struct Worker {
    /// Frame.
    pub shell: Shell,
    /// What it is and does.
    pub row: WorkerRow,
    /// When it registered.
    pub registered: When,
    /// Tags.
    pub tags: Vec<String>,
    /// How long a time is drawn: key, word, chosen?
    pub spans: Vec<(&'static str, &'static str, bool)>,
    /// Title and curves.
    pub charts: Vec<(&'static str, Vec<Curve>)>,
}

impl Worker {
    fn drawing(&self, title: &str, curves: &[Curve]) -> Markup {
        over_time(&self.shell, title, curves)
    }
}

/// Curves over the time of day.
pub(super) fn over_time(shell: &Shell, title: &str, curves: &[Curve]) -> Markup {
    line_chart(title, curves, Style { x: XAxis::Wall, ahead: shell.clock.ahead(), ..Style::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_and_memory_are_drawn_to_scale() {
        let row = WorkerRow {
            gpus: vec![0.0, 50.0, 140.0],
            gpu_memory: Some((3 << 30, 12 << 30)),
            ..WorkerRow::default()
        };
        let bars = row.gpu_bars().0;
        assert_eq!(bars.matches("<rect").count(), 6);
        assert!(bars.contains("aria-label=\"GPU use 0, 50, 140 percent\""), "{bars}");
        assert!(bars.contains("height=\"9.0\"") && bars.contains("y=\"0.0\" width=\"6\" height=\"18.0\""));
        assert!(row.memory_bar().0.contains("<rect width=\"16.0\""));
        assert!(row.memory_bar().0.ends_with("3.0 / 12\u{202f}GB</span>"));
        assert!(WorkerRow::default().gpu_bars().0.contains("nil"));
    }

    #[test]
    fn a_task_that_may_not_be_seen_still_shows() {
        let row = WorkerRow { task: Some(("t1".into(), None)), ..WorkerRow::default() };
        assert!(row.task_tag().0.contains("a task you cannot see") && !row.task_tag().0.contains("t1"));
    }
}
