//! Small parts that many templates print: status, person, tags, form guards, places of files.

use askama::filters::Safe;

use super::shell::Shell;
use super::status::Status;
use crate::web::render::time::When;
use crate::web::render::{Markup, escape, number, text};

pub use crate::web::assets::asset;
pub use crate::web::render::icon::{icon, small, symbols};

/// A small value, however many references a template's loops have put before it.
pub trait Plain<T> {
    /// The value itself.
    fn plain(&self) -> T;
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Plain<$kind> for $kind {
            fn plain(&self) -> $kind {
                *self
            }
        }
    )*};
}

plain!(u8, u64, f64, Status, When);

impl<T, P: Plain<T>> Plain<T> for &P {
    fn plain(&self) -> T {
        (**self).plain()
    }
}

/// Somebody who owns or did something.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// Service accounts have a square mark.
    pub is_service: bool,
}

impl Person {
    /// A person of flesh and blood.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_service: false }
    }
}

/// One step of the path above a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// Name of the step.
    pub name: String,
    /// Address.
    pub href: String,
}

/// One tab below a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Word.
    pub label: &'static str,
    /// Address.
    pub href: String,
    /// How many things are behind it, when that is known.
    pub count: Option<u64>,
    /// Whether it is open.
    pub current: bool,
}

/// Where a file is and whether a page may link to it (security_rules S19).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this server's file store, as an address of our own host.
    Own(String),
    /// On another host. A person may follow the link; the page never fetches it.
    Web(String),
    /// In a store that a browser cannot open: shown as text.
    Text(String),
}

impl Place {
    /// Sorts an address. `own` are the prefixes under which clients see our file store, for example
    /// `https://roundhouse.yard.lan:8081/`; what follows one becomes `/files/…` on the page's own host.
    pub fn of(uri: &str, own: &[String]) -> Self {
        for prefix in own {
            let prefix = prefix.trim_end_matches('/');
            if let Some(path) = uri.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) {
                return Self::Own(format!("/files/{path}"));
            }
        }
        let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Self::Web(uri.to_owned()),
            _ => Self::Text(uri.to_owned()),
        }
    }

    /// Our own address, when the file is here.
    pub fn own(&self) -> Option<&str> {
        match self {
            Self::Own(href) => Some(href),
            _ => None,
        }
    }

    /// Link or text, cut in the middle to `room` characters.
    pub fn tag(&self, room: usize) -> Markup {
        Safe(match self {
            Self::Own(href) => {
                let shown = href.rsplit('/').next().unwrap_or(href);
                let shown = percent_encoding::percent_decode_str(shown).decode_utf8_lossy();
                format!("<a href=\"{}\">{}</a>", escape(href), escape(&text::cut_middle(&shown, room)))
            }
            Self::Web(href) => {
                let host = href.split('/').nth(2).unwrap_or_default();
                format!(
                    "<a href=\"{0}\" title=\"{0}\" rel=\"noreferrer noopener nofollow\" target=\"_blank\">{1}</a> \
                     <span class=\"tag\">{2}</span>",
                    escape(href),
                    escape(&text::cut_middle(href.rsplit('/').next().unwrap_or(href), room)),
                    escape(host)
                )
            }
            Self::Text(uri) => {
                format!("<code title=\"{}\">{}</code>", escape(uri), escape(&text::cut_middle(uri, room)))
            }
        })
    }
}

/// Glyph and word.
pub fn status(status: impl Plain<Status>) -> Markup {
    status_with(status.plain(), "")
}

/// The same on its wash, for titles.
pub fn pill(status: impl Plain<Status>) -> Markup {
    status_with(status.plain(), " pill")
}

fn status_with(status: Status, extra: &str) -> Markup {
    let class = status.class();
    let glyph = icon(status_icon(status)).0;
    Safe(format!("<span class=\"st {class}{extra}\">{glyph}{}</span>", status.word()))
}

/// Name of the symbol of a status.
pub fn status_icon(status: Status) -> &'static str {
    match status {
        Status::Draft => "s-draft",
        Status::Queued => "s-wait",
        Status::Running => "s-run",
        Status::Completed => "s-ok",
        Status::Failed => "s-bad",
        Status::Aborted => "s-still",
        Status::Published => "s-pub",
    }
}

/// The round or square mark of a person; the name beside it speaks.
pub fn face(person: &Person, class: &str) -> Markup {
    let square = if person.is_service { " sq" } else { "" };
    let letters = escape(&text::initials(&person.name));
    Safe(format!("<span class=\"face{square} {class}\" aria-hidden=\"true\">{letters}</span>"))
}

/// Mark and name.
pub fn person(who: &Option<Person>) -> Markup {
    match who {
        Some(who) => Safe(format!(
            "<span class=\"who-p\">{}<span class=\"cut\">{}</span></span>",
            face(who, "s").0,
            escape(&who.name)
        )),
        None => nil(),
    }
}

/// Stands for a missing value.
pub fn nil() -> Markup {
    Safe("<span class=\"nil\">–</span>".to_owned())
}

/// A count with its exact value for copying.
pub fn count(n: impl Plain<u64>) -> Markup {
    let n = n.plain();
    Safe(format!("<data value=\"{n}\">{}</data>", number::count(n)))
}

/// A count with its noun: `1 line`, `79 lines`.
pub fn counted(n: impl Plain<u64>, one: &str, many: &str) -> Markup {
    let n = n.plain();
    Safe(format!("{} {}", count(n).0, if n == 1 { one } else { many }))
}

/// A count, or nothing to see when it is zero.
pub fn count_or_nil(n: impl Plain<u64>) -> Markup {
    let n = n.plain();
    if n == 0 { nil() } else { count(n) }
}

/// A count for a tab or another tight place.
pub fn small_count(n: impl Plain<u64>) -> Markup {
    let n = n.plain();
    Safe(format!("<span class=\"n\" title=\"{n}\">{}</span>", number::tight_count(n)))
}

/// Bytes with the exact number as title.
pub fn size(bytes: impl Plain<u64>) -> Markup {
    let bytes = bytes.plain();
    Safe(format!(
        "<data value=\"{bytes}\" title=\"{} bytes\">{}</data>",
        number::count(bytes),
        number::size(bytes)
    ))
}

/// A lone metric value with its raw form.
pub fn value(value: impl Plain<f64>) -> Markup {
    let value = value.plain();
    let shown = number::metric(value, number::Digits::for_value(value));
    Safe(format!("<data value=\"{}\">{shown}</data>", number::raw(value)))
}

/// A time, or nothing to see.
pub fn time(shell: &Shell, when: &Option<When>) -> Markup {
    when.map_or_else(nil, |when| shell.clock.tag(when))
}

/// A time that is there.
pub fn at(shell: &Shell, when: impl Plain<When>) -> Markup {
    shell.clock.tag(when.plain())
}

/// How long ago that was, growing.
pub fn running(shell: &Shell, since: impl Plain<When>) -> Markup {
    shell.clock.running(since.plain())
}

/// The arrow in the head of the column that orders a list.
pub fn sort_mark(list: &super::address::TaskList, key: &str) -> Markup {
    match list.aria_sort(key) {
        "descending" => icon("down"),
        "ascending" => icon("up"),
        _ => Safe(String::new()),
    }
}

/// A time as text, for a place that repeats one.
pub fn short_time(shell: &Shell, when: impl Plain<When>) -> String {
    shell.clock.short(when.plain())
}

/// The time of a log line.
pub fn line_time(shell: &Shell, when: impl Plain<When>) -> Markup {
    shell.clock.line_tag(when.plain())
}

/// A time with milliseconds and zone.
pub fn exactly(shell: &Shell, when: impl Plain<When>) -> Markup {
    shell.clock.exact_tag(when.plain())
}

/// The two hidden fields of every form that changes something. `form` tells the forms of one page apart, so that one of
/// them sent does not spend the key of another.
pub fn guard(shell: &Shell, form: &str) -> Markup {
    Safe(format!(
        "<input type=\"hidden\" name=\"csrf\" value=\"{}\"><input type=\"hidden\" name=\"once\" value=\"{}.{}\">",
        escape(&shell.csrf),
        escape(&shell.once),
        escape(form)
    ))
}

/// A button that copies the text of `value`; hidden until the script that does it is there.
pub fn copy(value: impl AsRef<str>, label: &str) -> Markup {
    Safe(format!(
        "<button type=\"button\" class=\"b quiet tiny\" data-js data-copy=\"{}\" aria-label=\"{}\" title=\"{1}\">{}</button>",
        escape(value.as_ref()),
        escape(label),
        small("copy").0
    ))
}

/// A shell block of one line or more that can be copied whole.
pub fn command(lines: impl AsRef<str>) -> Markup {
    Safe(format!(
        "<div class=\"cmd\"><pre class=\"code\">{0}</pre><button type=\"button\" class=\"b quiet\" data-js \
         data-copy=\"{0}\">{1}Copy</button></div>",
        escape(lines.as_ref()),
        icon("copy").0
    ))
}

/// HOCON with its keys, texts, numbers and comments in the code colours.
pub fn hocon(source: &str) -> Markup {
    let mut markup = String::with_capacity(source.len() * 2);
    for line in source.lines() {
        let body = line.trim_start();
        markup.push_str(line.get(..line.len() - body.len()).unwrap_or_default());
        if body.starts_with('#') || body.starts_with("//") {
            markup.push_str(&format!("<span class=\"cc\">{}</span>", escape(body)));
        } else {
            let name =
                body.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(0);
            let (key, rest) = body.split_at(name);
            if !key.is_empty() {
                markup.push_str(&format!("<span class=\"ck\">{}</span>", escape(key)));
            }
            for (nth, part) in rest.split('"').enumerate() {
                match nth % 2 {
                    0 => markup.push_str(&escape(part)),
                    _ => markup.push_str(&format!("<span class=\"cs\">\"{}\"</span>", escape(part))),
                }
            }
        }
        markup.push('\n');
    }
    Safe(markup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_schemes_become_links() {
        let own = ["https://yard.lan:8081".to_owned(), "http://localhost:8081/".to_owned()];
        assert_eq!(
            Place::of("https://yard.lan:8081/p/t/a%20b.pt", &own),
            Place::Own("/files/p/t/a%20b.pt".into())
        );
        assert_eq!(Place::of("http://localhost:8081/x", &own), Place::Own("/files/x".into()));
        assert!(
            matches!(Place::of("https://yard.lan:80811/x", &own), Place::Web(_)),
            "another port is another host"
        );
        for uri in
            ["javascript:alert(1)", "JavaScript://%0aalert(1)", "data:text/html,x", "s3://b/k", "file:///etc"]
        {
            assert!(matches!(Place::of(uri, &own), Place::Text(_)), "{uri}");
            assert!(!Place::of(uri, &own).tag(40).0.contains("href"), "{uri}");
        }
        assert_eq!(
            Place::Own("/files/p/a%20b.pt".into()).tag(40).0,
            "<a href=\"/files/p/a%20b.pt\">a b.pt</a>"
        );
    }

    #[test]
    fn configuration_keeps_its_text() {
        let source = "api {\n  # who\n  web_server: \"https://a\"\n  verify: true\n}\n";
        let markup = hocon(source).0;
        let stripped: String =
            markup.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
        assert_eq!(stripped.replace("&#34;", "\""), source);
        assert!(markup.contains("<span class=\"cs\">\"https://a\"</span>"));
    }
}
