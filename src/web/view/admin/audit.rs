//! `/admin/audit`: filters, calls over time, the list, one entry in full.

use std::fmt::Write as _;

use askama::Template;

use crate::web::{
    render::{Markup, escape, time::When},
    view::{
        address::join,
        kit::{self, Person},
        shell::Shell,
    },
};

const PATH: &str = "/admin/audit";

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Value in the address.
    pub key: String,
    /// What people read.
    pub word: String,
}

/// What the address asks for; empty texts ask for everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// Text.
    pub q: String,
    /// Key of the span of time.
    pub span: String,
    /// Not before; wins over the span.
    pub from: Option<When>,
    /// Not after.
    pub to: Option<When>,
    /// User id.
    pub user: String,
    /// User id of who acted.
    pub actor: String,
    /// Patterns of calls.
    pub call: String,
    /// Key of the result.
    pub result: String,
    /// Address.
    pub ip: String,
    /// Id of a task or another object.
    pub task: String,
    /// Where the page begins.
    pub after: String,
}

impl Chosen {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let time = |at: Option<When>| at.map(When::iso).unwrap_or_default();
        let span = if self.span == "24h" || self.from.is_some() { String::new() } else { self.span.clone() };
        vec![
            ("q", self.q.clone()),
            ("span", span),
            ("from", time(self.from)),
            ("to", time(self.to)),
            ("user", self.user.clone()),
            ("actor", self.actor.clone()),
            ("call", self.call.clone()),
            ("result", self.result.clone()),
            ("ip", self.ip.clone()),
            ("task", self.task.clone()),
            ("after", self.after.clone()),
        ]
    }

    fn address(&self) -> String {
        join(PATH, &self.pairs())
    }

    /// Address of everything that these filters let through.
    pub fn exported(&self) -> String {
        let all = Chosen { after: String::new(), ..self.clone() };
        join("/admin/audit.jsonl", &all.pairs())
    }

    /// Whether anything but the time is asked for.
    pub fn is_filtered(&self) -> bool {
        let texts = [&self.q, &self.user, &self.actor, &self.call, &self.result, &self.ip, &self.task];
        texts.iter().any(|text| !text.is_empty())
    }

    /// Whether a time was chosen by hand.
    pub fn has_time(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Without the time chosen by hand.
    pub fn without_time(&self) -> String {
        Chosen { from: None, to: None, after: String::new(), ..self.clone() }.address()
    }

    /// Without any filter.
    pub fn unfiltered(&self) -> String {
        Chosen { span: self.span.clone(), from: self.from, to: self.to, ..Chosen::default() }.address()
    }

    fn within(&self, from: When, to: When) -> String {
        Chosen { from: Some(from), to: Some(to), after: String::new(), ..self.clone() }.address()
    }
}

/// A fact of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Name.
    pub name: &'static str,
    /// Value.
    pub value: String,
    /// Whether it is a code.
    pub is_code: bool,
}

/// An entry in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Facts in order.
    pub facts: Vec<Fact>,
    /// Kind and id of what the call touched.
    pub objects: Vec<(String, String)>,
    /// What was recorded of the request, as JSON; may be empty.
    pub recorded: String,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Names it on the page.
    pub key: String,
    /// When.
    pub at: When,
    /// Whom it ran as; nobody when the caller was not known.
    pub who: Option<Person>,
    /// Who really acted; may be empty.
    pub actor: String,
    /// Endpoint or operation.
    pub call: String,
    /// Kind and id of the first object.
    pub object: Option<(String, String)>,
    /// How many more there are.
    pub more_objects: usize,
    /// Name or key that a failed sign-in tried; may be empty.
    pub tried: String,
    /// A word of the server; may be empty.
    pub remark: String,
    /// Result code.
    pub code: u16,
    /// Result subcode.
    pub subcode: u16,
    /// Milliseconds.
    pub took: Option<u64>,
    /// Address; may be empty.
    pub ip: String,
    /// In full, when it is open.
    pub reading: Option<Reading>,
}

impl AuditRow {
    fn is_refused(&self) -> bool {
        self.code >= 400
    }

    fn result(&self) -> String {
        if self.subcode == 0 { self.code.to_string() } else { format!("{}/{}", self.code, self.subcode) }
    }

    fn object_tag(&self) -> Markup {
        let Some((kind, id)) = &self.object else {
            return match (self.tried.as_str(), self.remark.as_str()) {
                ("", "") => kit::nil(),
                ("", remark) => askama::filters::Safe(escape(remark).to_string()),
                (tried, _) => askama::filters::Safe(format!("tried as {}", escape(tried))),
            };
        };
        let mut text = object(kind, id);
        if self.more_objects > 0 {
            let _ = write!(text, " and {} more", self.more_objects);
        }
        askama::filters::Safe(text)
    }
}

/// Kind and short id, as a link where there is a page.
fn object(kind: &str, id: &str) -> String {
    let short: String = id.chars().take(12).collect();
    let mark = if id.chars().count() > 12 { "…" } else { "" };
    let shown = format!("{} <code>{}{mark}</code>", escape(kind), escape(&short));
    match kind {
        "task" => {
            let href = format!("/tasks/{}/trail", super::super::address::encode(id));
            format!("<a href=\"{}\" title=\"{}\">{shown}</a>", escape(&href), escape(id))
        }
        _ => format!("<span title=\"{}\">{shown}</span>", escape(id)),
    }
}

/// What the last verification of the chains found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// When it ended.
    pub at: When,
    /// Rows looked at.
    pub rows: u64,
    /// The first flaw; empty when there is none.
    pub flaw: String,
}

/// Where the next page of a list begins. The times keep it the same list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Behind which entry.
    pub after: String,
    /// Where the list begins.
    pub from: Option<When>,
    /// Where it ends.
    pub to: Option<When>,
}

/// `/admin/audit`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/audit.html", blocks = ["main"])]
pub struct AuditLog {
    /// Frame.
    pub shell: Shell,
    /// What the address asks for.
    pub chosen: Chosen,
    /// Users that occur.
    pub users: Vec<Choice>,
    /// Calls that occur.
    pub calls: Vec<Choice>,
    /// Spans of time.
    pub spans: Vec<Choice>,
    /// Results.
    pub results: Vec<Choice>,
    /// Entries, newest first.
    pub rows: Vec<AuditRow>,
    /// How many there are.
    pub total: u64,
    /// The next page.
    pub next: Option<Next>,
    /// Where the strip begins.
    pub from: When,
    /// Where it ends.
    pub to: When,
    /// Calls, and how many of them were refused, in spans of equal length.
    pub bars: Vec<(u64, u64)>,
    /// The last verification.
    pub verified: Option<Verified>,
    /// Entries that were lost because too many waited.
    pub dropped: u64,
    /// How long calls are kept, days; 0: for ever.
    pub kept_days: u64,
    /// Whether calls are logged.
    pub is_on: bool,
}

impl AuditLog {
    fn older(&self) -> Option<String> {
        let Next { after, from, to } = self.next.clone()?;
        Some(Chosen { from, to, after, ..self.chosen.clone() }.address())
    }

    /// Address of the page with a row open, or closed again.
    fn toggled(&self, row: &AuditRow) -> String {
        let mut pairs = self.chosen.pairs();
        if row.reading.is_none() {
            pairs.push(("open", row.key.clone()));
        }
        format!("{}#{}", join(PATH, &pairs), row.key)
    }

    /// What a bar stands for.
    fn step(&self) -> String {
        let seconds =
            (self.to.0 - self.from.0).max(0) / 1000 / i64::try_from(self.bars.len().max(1)).unwrap_or(1);
        crate::web::render::time::duration(jiff::SignedDuration::from_secs(seconds.max(1)))
    }

    fn refused(&self) -> u64 {
        self.bars.iter().map(|bar| bar.1).sum()
    }

    /// Bars, each a link to its time.
    fn strip(&self) -> Markup {
        const HEIGHT: f64 = 44.0;
        let count = self.bars.len().max(1);
        let width = 1180.0 / count as f64;
        let most = self.bars.iter().map(|bar| bar.0).max().unwrap_or_default().max(1) as f64;
        let span = (self.to.0 - self.from.0).max(1) / i64::try_from(count).unwrap_or(1);
        let mut svg = format!(
            "<svg class=\"bars\" viewBox=\"0 0 1180 44\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Calls per {}: {} in all, {} refused\">",
            self.step(),
            self.bars.iter().map(|bar| bar.0).sum::<u64>(),
            self.refused()
        );
        for (nth, (calls, refused)) in self.bars.iter().enumerate().filter(|(_, bar)| bar.0 > 0) {
            let x = nth as f64 * width;
            let height = |count: u64| (count as f64 / most * HEIGHT).max(2.0);
            let from = When(self.from.0 + span * i64::try_from(nth).unwrap_or_default());
            let href = self.chosen.within(from, When(from.0 + span - 1));
            // Writing to a String cannot fail.
            let _ = write!(
                svg,
                "<a href=\"{}\" tabindex=\"-1\"><title>{}: {calls}, refused {refused}</title><rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                escape(&href),
                escape(&self.shell.clock.absolute(from)),
                HEIGHT - height(*calls),
                width - 2.0,
                height(*calls)
            );
            if *refused > 0 {
                let _ = write!(
                    svg,
                    "<rect class=\"x\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                    HEIGHT - height(*refused),
                    width - 2.0,
                    height(*refused)
                );
            }
            svg.push_str("</a>");
        }
        svg.push_str("</svg>");
        askama::filters::Safe(svg)
    }

    fn objects(&self, reading: &Reading) -> Markup {
        let objects: Vec<String> = reading.objects.iter().map(|(kind, id)| object(kind, id)).collect();
        askama::filters::Safe(objects.join("<br>"))
    }
}
