//! Cells and rows of a CSV file (spec/projects.md 4.5).

/// Tells a spreadsheet that the text is UTF-8.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// When a cell stands in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Always,
    /// Only when it holds a comma, a quote or the end of a line.
    WhereNeeded,
}

/// Adds one row with its line end.
pub(super) fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>, quotes: Quotes, out: &mut String) {
    for (n, text) in cells.into_iter().enumerate() {
        out.push_str(if n > 0 { "," } else { "" });
        cell(text.as_ref(), quotes, out);
    }
    out.push_str("\r\n");
}

fn cell(text: &str, quotes: Quotes, out: &mut String) {
    let needed = quotes == Quotes::Always || text.contains([',', '"', '\r', '\n']);
    out.push_str(if needed { "\"" } else { "" });
    // A spreadsheet would compute what starts like this: names of tasks are other people's text.
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push('\'');
    }
    match needed {
        true => {
            for (n, part) in text.split('"').enumerate() {
                out.push_str(if n > 0 { "\"\"" } else { "" });
                out.push_str(part);
            }
            out.push('"');
        }
        false => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[&str], quotes: Quotes) -> String {
        let mut out = String::new();
        row(cells, quotes, &mut out);
        out
    }

    #[test]
    fn quotes_are_doubled_and_rows_end_in_two_characters() {
        assert_eq!(
            written(&["a", "", "say \"hi\"", "x,y\r\nz"], Quotes::Always),
            "\"a\",\"\",\"say \"\"hi\"\"\",\"x,y\r\nz\"\r\n"
        );
        assert_eq!(written(&["a b", "x,y", "\""], Quotes::WhereNeeded), "a b,\"x,y\",\"\"\"\"\r\n");
    }

    #[test]
    fn nothing_starts_like_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let text = format!("{start}cmd|' /C calc'!A0");
            assert_eq!(written(&[&text], Quotes::Always), format!("\"'{text}\"\r\n"));
            assert!(written(&[&text], Quotes::WhereNeeded).trim_start_matches('"').starts_with('\''));
        }
        for harmless in ["a=b", "'=x", " x", "5"] {
            assert_eq!(written(&[harmless], Quotes::Always), format!("\"{harmless}\"\r\n"));
        }
    }
}
