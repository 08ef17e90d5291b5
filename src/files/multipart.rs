//! Reading `multipart/form-data` piece by piece (RFC 7578, RFC 2046 5.1).
//!
//! Knows neither sockets nor disks: bytes go in as they come, parts come out at a [`Sink`]. Never holds more than one
//! piece and the length of a delimiter. What a part's name means is spec/files.md 2.2: the text between the quotes, with
//! percent signs kept as they are.

use memchr::memmem::Finder;

use crate::types::{ApiError, ErrorKind, Result};

/// The headers of one part may have this many bytes.
const LONGEST_HEAD: usize = 32 * 1024;
/// RFC 2046 allows 70; some encoders use more.
const LONGEST_BOUNDARY: usize = 256;

/// What a part's headers say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The field's name.
    pub(super) name: Option<String>,
    /// There is a `filename` parameter: the part is a file.
    pub(super) is_file: bool,
}

/// Where parts go.
pub(super) trait Sink {
    /// A part begins.
    fn begin(&mut self, head: Head) -> Result<()>;
    /// Some bytes of it.
    fn data(&mut self, bytes: &[u8]) -> Result<()>;
    /// It ends.
    fn end(&mut self) -> Result<()>;
}

/// The reader.
pub(super) struct Multipart {
    delimiter: Finder<'static>,
    buffer: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    AfterDelimiter,
    Head,
    Body,
    Done,
}

impl Multipart {
    /// A reader for the body that `content_type` announces.
    ///
    /// Errors: 400/0 when that is no multipart form.
    pub(super) fn new(content_type: &str) -> Result<Self> {
        let boundary = boundary(content_type).filter(|text| (1..=LONGEST_BOUNDARY).contains(&text.len()));
        let boundary = boundary.ok_or_else(|| {
            let text = "upload files as multipart/form-data: each part's name is the path to store it at";
            ApiError::new(ErrorKind::BadRequest, text)
        })?;
        let delimiter = Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        // The first delimiter stands at the very start, as if after a line break.
        Ok(Multipart { delimiter, buffer: b"\r\n".to_vec(), state: State::Preamble })
    }

    /// Takes in some bytes.
    ///
    /// Errors: 400/0 when they make no sense; what the sink answers.
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        if self.state == State::Done {
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(used) = self.step(at, sink)? {
            at += used;
        }
        self.buffer.drain(..at.min(self.buffer.len()));
        Ok(())
    }

    /// Says that there is no more.
    ///
    /// Errors: 400/0 when the closing delimiter did not come.
    pub(super) fn finish(&self) -> Result<()> {
        match self.state {
            State::Done => Ok(()),
            _ => Err(broken("it ends before its closing delimiter, and nothing was stored; send it again")),
        }
    }

    /// Reads what stands at `at`; how many bytes that used up, `None` when more must come first.
    fn step(&mut self, at: usize, sink: &mut impl Sink) -> Result<Option<usize>> {
        let rest = self.buffer.get(at..).unwrap_or_default();
        let delimiter = self.delimiter.needle().len();
        match self.state {
            State::Preamble | State::Body => {
                let inside = self.state == State::Body;
                let found = self.delimiter.find(rest);
                // The end may be the beginning of a delimiter.
                let data = found.unwrap_or((rest.len() + 1).saturating_sub(delimiter));
                if inside && data > 0 {
                    sink.data(rest.get(..data).unwrap_or_default())?;
                }
                match found {
                    Some(_) => {
                        if inside {
                            sink.end()?;
                        }
                        self.state = State::AfterDelimiter;
                        Ok(Some(data + delimiter))
                    }
                    None => Ok((data > 0).then_some(data)),
                }
            }
            State::AfterDelimiter => {
                let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                match rest.get(padding..padding + 2) {
                    Some(b"--") => {
                        self.state = State::Done;
                        Ok(Some(rest.len()))
                    }
                    // The line break stays: together with the head's last one it makes the empty line.
                    Some(b"\r\n") => {
                        self.state = State::Head;
                        Ok(Some(padding))
                    }
                    None if padding < LONGEST_BOUNDARY => Ok(None),
                    _ => Err(broken("a delimiter is followed by something else than a line break")),
                }
            }
            State::Head => match Finder::new(b"\r\n\r\n").find(rest) {
                Some(end) if end <= LONGEST_HEAD => {
                    sink.begin(head(rest.get(..end).unwrap_or_default())?)?;
                    self.state = State::Body;
                    Ok(Some(end + 4))
                }
                None if rest.len() <= LONGEST_HEAD => Ok(None),
                _ => Err(broken("the headers of a part are too long")),
            },
            State::Done => Ok(None),
        }
    }
}

fn broken(text: &str) -> ApiError {
    ApiError::new(ErrorKind::BadRequest, format!("the multipart body can't be read: {text}"))
}

/// The boundary of a `multipart/…` content type.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    Parameters(parameters).find(|(key, _)| key == "boundary").map(|(_, value)| value)
}

/// Reads the headers of a part.
fn head(bytes: &[u8]) -> Result<Head> {
    let text = std::str::from_utf8(bytes).map_err(|_| broken("names must be UTF-8"))?;
    let mut head = Head::default();
    let headers = text.split("\r\n").filter_map(|line| line.split_once(':'));
    for (_, value) in headers.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition")) {
        let Some((_, parameters)) = value.split_once(';') else { continue };
        for (key, value) in Parameters(parameters) {
            match key.as_str() {
                "name" => head.name = Some(value),
                "name*" if head.name.is_none() => head.name = extended(&value),
                "filename" | "filename*" => head.is_file = true,
                _ => {}
            }
        }
    }
    Ok(head)
}

/// The value of an extended parameter: `UTF-8''percent%20encoded` (RFC 5987), which older encoders use for names beyond
/// ASCII.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    charset.eq_ignore_ascii_case("utf-8").then(|| decoded.into_owned())
}

/// `key=value; key="quoted"`, with keys in lower case.
struct Parameters<'a>(&'a str);

impl Iterator for Parameters<'_> {
    type Item = (String, String);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start_matches([' ', '\t', ';']);
        let (key, rest) = rest.split_once('=')?;
        let rest = rest.trim_start();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (value, rest) = rest.split_once(';').unwrap_or((rest, ""));
                (value.trim_end().to_owned(), rest)
            }
        };
        self.0 = rest;
        Some((key.trim().to_ascii_lowercase(), value))
    }
}

/// The text up to the closing quote, and what follows it. Only quotes and backslashes are escaped: a lone backslash, as
/// in a name from Windows, is itself.
fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' if chars.peek().is_some_and(|(_, next)| matches!(next, '"' | '\\')) => {
                value.extend(chars.next().map(|(_, next)| next));
            }
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
