//! The icons: our own set, 16 px grid, 1.5 px line. A page carries the symbols it uses once and refers to them.

use super::{Markup, escape};

/// Name and drawing, sorted by name.
#[rustfmt::skip]
const SYMBOLS: &[(&str, &str)] = &[
    ("box", r#"<path d="M2.5 5h11v8h-11zM2 2.5h12V5H2zM6.5 8h3"/>"#),
    ("cert", r#"<rect x="2.5" y="3" width="11" height="8" rx="1.5"/><path d="M5 6h6M5 8.3h3"/><circle cx="10.8" cy="10.8" r="1.6"/><path d="m10 12.2-.5 2 1.3-.6 1.3.6-.5-2"/>"#),
    ("check", r#"<path d="m3 8.5 3.2 3.2L13 4.8"/>"#),
    ("clone", r#"<rect x="2.5" y="2.5" width="7" height="7" rx="1.5"/><path d="M12 6.5h.5A1.5 1.5 0 0 1 14 8v4.5a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 12.5V12"/>"#),
    ("cmp", r#"<path d="M3 12.5 6.5 6l3 3.5L13 3.5M3 9l3-1.5 4 5L13 10"/>"#),
    ("cols", r#"<rect x="2.5" y="3" width="11" height="10" rx="1.5"/><path d="M6.2 3v10M9.8 3v10"/>"#),
    ("copy", r#"<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5"/>"#),
    ("disk", r#"<path d="M3 4.5C3 3.4 5.2 2.5 8 2.5s5 .9 5 2-2.2 2-5 2-5-.9-5-2zM3 4.5v7c0 1.1 2.2 2 5 2s5-.9 5-2v-7M3 8c0 1.1 2.2 2 5 2s5-.9 5-2"/>"#),
    ("dl", r#"<path d="M8 2.5v7.5m-3-3 3 3 3-3M3 13.5h10"/>"#),
    ("down", r#"<path d="m4 6 4 4 4-4"/>"#),
    ("eye", r#"<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z"/><circle cx="8" cy="8" r="1.8"/>"#),
    ("file", r#"<path d="M4 2.5h5.2L12.5 6v7.5H4zM9 2.5V6h3.5"/>"#),
    ("flag", r#"<path d="M3.5 14V2.5h8.2L10 5.5l1.7 3H3.5"/>"#),
    ("folder", r#"<path d="M2 12.5v-9h4l1.5 2H14v7z"/>"#),
    ("hist", r#"<path d="M2.5 8A5.5 5.5 0 1 1 4.2 12M2.5 8.2V11h2.8M8 5v3.2l2.2 1.3"/>"#),
    ("house", r#"<path d="M2.5 13.5V6.8L8 2.5l5.5 4.3v6.7zM6.3 13.5V9.5h3.4v4"/>"#),
    ("image", r#"<rect x="2.5" y="3" width="11" height="10" rx="1.5"/><circle cx="6" cy="6.5" r="1.2"/><path d="m3 12 3.5-3.5 2 2L11 8l2.5 2.5"/>"#),
    ("in", r#"<path d="M9 3h3.5v10H9M2.5 8H9M6.5 5.2 9.3 8l-2.8 2.8"/>"#),
    ("info", r#"<circle cx="8" cy="8" r="5.8"/><path d="M8 7.5v3.3M8 5.2h.01"/>"#),
    ("key", r#"<circle cx="5.2" cy="10.8" r="2.7"/><path d="m7.2 8.8 6-6M10.6 5.4l2.2 2.2"/>"#),
    ("left", r#"<path d="m10 4-4 4 4 4"/>"#),
    ("list", r#"<path d="M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01"/>"#),
    ("lock", r#"<rect x="3.5" y="7" width="9" height="6.5" rx="1.5"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>"#),
    ("more", r#"<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.2"/>"#),
    ("out", r#"<path d="M7 3H3.5v10H7M6.5 8h7M10.7 5.2 13.5 8l-2.8 2.8"/>"#),
    ("pen", r#"<path d="m10.5 3 2.5 2.5L6 12.5l-3 .5.5-3z"/>"#),
    ("play", r#"<path d="M5 3.5v9l7-4.5z"/>"#),
    ("plus", r#"<path d="M8 3v10M3 8h10"/>"#),
    ("pulse", r#"<path d="M1.5 8.5H5l1.8-5 2.6 9L11 8.5h3.5"/>"#),
    ("reset", r#"<path d="M13.5 8A5.5 5.5 0 1 1 11.8 4M13.5 2v2.8h-2.8"/>"#),
    ("right", r#"<path d="m6 4 4 4-4 4"/>"#),
    ("robot", r#"<rect x="3" y="5.5" width="10" height="7.5" rx="2"/><path d="M8 5.5V3M6 9h.01M10 9h.01" /><path d="M1.5 8.5v2M14.5 8.5v2"/>"#),
    ("s-bad", r#"<path class="solid" d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z"/><path class="cutout" d="m5.7 5.7 4.6 4.6M10.3 5.7l-4.6 4.6"/>"#),
    ("s-draft", r#"<circle cx="8" cy="8" r="5.7" stroke-dasharray="2.2 2.28"/>"#),
    ("s-ok", r#"<circle class="solid" cx="8" cy="8" r="6.5"/><path class="cutout" d="m5 8.3 2.1 2.1L11 6"/>"#),
    ("s-pub", r#"<rect class="solid" x="2" y="2" width="12" height="12" rx="2.5"/><path class="cutout" d="M8 11.3V5M5.2 7.6 8 4.8l2.8 2.8"/>"#),
    ("s-run", r#"<circle cx="8" cy="8" r="5.7" opacity=".25"/><path class="turn" d="M8 2.3A5.7 5.7 0 0 1 13.7 8"/><circle class="solid" cx="8" cy="8" r="2"/>"#),
    ("s-still", r#"<circle cx="8" cy="8" r="5.7"/><rect class="solid" x="5.7" y="5.7" width="4.6" height="4.6" rx=".6"/>"#),
    ("s-wait", r#"<circle cx="8" cy="8" r="5.7"/><path d="M8 5v3l2 1.4"/>"#),
    ("search", r#"<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3 3"/>"#),
    ("shield", r#"<path d="M8 2 3 4v4c0 3.2 2.1 5.2 5 6 2.9-.8 5-2.8 5-6V4z"/>"#),
    ("star", r#"<path d="m8 2.3 1.8 3.6 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z"/>"#),
    ("stop", r#"<rect x="4" y="4" width="8" height="8" rx="1"/>"#),
    ("table", r#"<rect x="2.5" y="3" width="11" height="10" rx="1.5"/><path d="M2.5 6.3h11M2.5 9.7h11M6.5 6.3V13"/>"#),
    ("tag", r#"<path d="M2.5 2.5h5.3l5.7 5.7-5.3 5.3-5.7-5.7zM5.3 5.3h.01"/>"#),
    ("trash", r#"<path d="M3 4.5h10M6.2 4.5v-2h3.6v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4"/>"#),
    ("up", r#"<path d="m4 10 4-4 4 4"/>"#),
    ("user", r#"<circle cx="8" cy="5.2" r="2.7"/><path d="M2.8 13.5a5.3 5.3 0 0 1 10.4 0"/>"#),
    ("users", r#"<circle cx="6" cy="5.5" r="2.4"/><path d="M1.6 13a4.5 4.5 0 0 1 8.8 0M10.5 3.3a2.4 2.4 0 0 1 0 4.4M12 9.4a4.5 4.5 0 0 1 2.4 3.6"/>"#),
    ("vault", r#"<rect x="2.5" y="2.5" width="11" height="10.5" rx="1.5"/><circle cx="8" cy="7.7" r="2.3"/><path d="M8 5.4v-1M8 11v-1M5.7 7.7h-1M11.3 7.7h-1M4.5 13v1.2M11.5 13v1.2"/>"#),
    ("warn", r#"<path d="M8 2.5 1.8 13.2h12.4zM8 6.5v3.2M8 11.6h.01"/>"#),
    ("x", r#"<path d="m4 4 8 8M12 4l-8 8"/>"#),
];

/// `<symbol>` elements for a list of names separated by spaces. A name that is no icon draws nothing; a test over all
/// templates finds it.
pub fn symbols(names: &str) -> Markup {
    let mut used: Vec<&str> = names.split_whitespace().collect();
    used.sort_unstable();
    used.dedup();
    let mut markup = String::new();
    for (name, drawing) in SYMBOLS.iter().filter(|(name, _)| used.contains(name)) {
        markup.push_str(&format!("<symbol id=\"i-{name}\" viewBox=\"0 0 16 16\">{drawing}</symbol>"));
    }
    askama::filters::Safe(markup)
}

/// A reference to a symbol, hidden from screen readers: the text beside it speaks.
pub fn icon(name: &str) -> Markup {
    sized(name, "i")
}

/// A small one, 12 px.
pub fn small(name: &str) -> Markup {
    sized(name, "i s12")
}

fn sized(name: &str, class: &str) -> Markup {
    let name = escape(name);
    askama::filters::Safe(format!(
        "<svg class=\"{class}\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><use href=\"#i-{name}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_come_once_and_sorted() {
        assert!(SYMBOLS.is_sorted_by(|a, b| a.0 < b.0));
        let markup = symbols("x plus x").0;
        assert_eq!(markup.matches("<symbol").count(), 2);
        assert!(markup.find("i-plus") < markup.find("i-x"));
        assert!(icon("x").0.contains("href=\"#i-x\""));
    }
}
