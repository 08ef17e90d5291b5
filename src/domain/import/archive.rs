//! Reading an archive: a file of lines, read once from front to back, whatever its size (docs/import.md).

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use rustix::fs::{self as sys, Mode, OFlags};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Stopped;
use crate::store::files::FilePath;

/// The name of the lines in a directory.
const LINES: &str = "archive.jsonl";
/// The directory beside them with the content of files.
const FILES: &str = "files";
/// The longest line in bytes: a plot, or a task with everything that it holds.
const LONGEST_LINE: u64 = 64 << 20;
/// Where the last record is looked for: more than it ever takes.
const TAIL: u64 = 64 << 10;
/// What `format` in the first line says.
const FORMAT: &str = "roundhouse-archive";
/// The version of the format that this program reads.
const VERSION: u64 = 1;

/// What the first line tells about the archive.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Header {
    format: String,
    version: u64,
    /// Tells archives apart.
    pub(super) archive: String,
    /// The tenant that was exported, by the other server's id.
    #[serde(default)]
    pub(super) company: Option<String>,
    #[serde(default)]
    pub(super) files: Files,
}

/// What the first line tells about files.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Files {
    /// Address of the other server's file server.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// Their content is in the archive.
    #[serde(default)]
    pub(super) included: bool,
}

#[derive(Deserialize)]
struct FirstLine {
    kind: String,
    data: Header,
}

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it begins, in bytes.
    pub(super) start: u64,
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its end; `None`: too long.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Line {
    /// Tells whether an archive is still the one that a mark was set in.
    pub(super) fn hash(&self) -> String {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An opened archive.
pub(super) struct Archive {
    reader: BufReader<File>,
    directory: PathBuf,
    peeked: Option<Line>,
    next: (u64, u64),
    /// Its length in bytes.
    pub(super) length: u64,
}

impl Archive {
    /// Opens a file of lines, or a directory with one, and reads its header.
    ///
    /// Errors: it can't be read, is something else, comes from a newer version, or was not written to its end.
    pub(super) fn open(path: &Path) -> Result<(Archive, Header), Stopped> {
        let lines = if path.is_dir() { path.join(LINES) } else { path.to_owned() };
        let unreadable =
            |error: io::Error| Stopped::Archive(format!("can't read {}: {error}", lines.display()));
        let file = File::open(&lines).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let directory = lines.parent().map(Path::to_owned).unwrap_or_default();
        let mut archive =
            Archive { reader: BufReader::new(file), directory, peeked: None, next: (0, 1), length };
        let first = archive.next().map_err(unreadable)?.and_then(|line| line.bytes).unwrap_or_default();
        let first: FirstLine = serde_json::from_slice(&first).map_err(|_| {
            Stopped::Archive(format!(
                "{} is no archive: its first line must be a header (docs/import.md describes the format)",
                lines.display()
            ))
        })?;
        let header = first.data;
        if first.kind != "header" || header.format != FORMAT || header.archive.is_empty() {
            return Err(Stopped::Archive(format!(
                "{} is no archive: its first line must be a header with format {FORMAT:?} and an archive id",
                lines.display()
            )));
        }
        if header.version != VERSION {
            return Err(Stopped::Archive(format!(
                "the archive has version {} of the format; this program reads version {VERSION}. Use the exporter and \
                 the server of one release",
                header.version
            )));
        }
        if !archive.has_end().map_err(unreadable)? {
            return Err(Stopped::Archive(
                "the archive does not end with an end record: it was not written to its end, or cut off. Run the \
                 exporter again, which goes on where it stopped, then import the whole archive"
                    .to_owned(),
            ));
        }
        Ok((archive, header))
    }

    /// Whether the last line is the end record. Leaves the place where it was.
    fn has_end(&mut self) -> io::Result<bool> {
        let (at, _) = self.next;
        self.reader.seek(SeekFrom::Start(self.length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        (&mut self.reader).take(TAIL).read_to_end(&mut tail)?;
        self.reader.seek(SeekFrom::Start(at))?;
        #[derive(Deserialize)]
        struct Kind {
            kind: String,
        }
        let last = tail.split(|byte| *byte == b'\n').rfind(|line| !line.trim_ascii().is_empty());
        let kind = last.and_then(|last| serde_json::from_slice::<Kind>(last).ok());
        Ok(kind.is_some_and(|kind| kind.kind == "end"))
    }

    /// Where the next line begins, and its number.
    pub(super) fn place(&self) -> (u64, u64) {
        self.peeked.as_ref().map_or(self.next, |line| (line.start, line.number))
    }

    /// Goes to a place that [`Archive::place`] told.
    pub(super) fn go_to(&mut self, place: (u64, u64)) -> io::Result<()> {
        self.peeked = None;
        self.reader.seek(SeekFrom::Start(place.0))?;
        self.next = place;
        Ok(())
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.peeked.take() {
            return Ok(Some(line));
        }
        let (start, number) = self.next;
        let mut bytes = Vec::new();
        let mut read = (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut bytes)? as u64;
        if read == 0 {
            return Ok(None);
        }
        let is_whole = bytes.last() == Some(&b'\n') || read < LONGEST_LINE;
        if !is_whole {
            bytes = Vec::new();
            read += self.skip_line()?;
        }
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        self.next = (start + read, number + 1);
        Ok(Some(Line { start, number, bytes: is_whole.then_some(bytes) }))
    }

    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = memchr::memchr(b'\n', buffer);
            let length = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(length);
            skipped += length as u64;
            if end.is_some() || length == 0 {
                return Ok(skipped);
            }
        }
    }

    /// Gives a line back, to be read next.
    pub(super) fn give_back(&mut self, line: Line) {
        self.peeked = Some(line);
    }

    /// Opens the content of a file beside the lines. A link anywhere below the directory of files is not followed: an
    /// archive from elsewhere must not reach other files of this machine.
    pub(super) fn content(&self, path: &FilePath) -> io::Result<File> {
        let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut current = sys::open(self.directory.join(FILES), directory, Mode::empty())?;
        let mut segments = path.segments().peekable();
        while let Some(segment) = segments.next() {
            // Not blocking, so that a pipe that somebody put there can't hold us.
            let flags = match segments.peek() {
                Some(_) => directory,
                None => OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
            };
            current = sys::openat(&current, segment, flags, Mode::empty())?;
        }
        let file = File::from(current);
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEADER: &str =
        r#"{"kind":"header","data":{"format":"roundhouse-archive","version":1,"archive":"a"}}"#;

    fn archive(text: &str) -> (tempfile::TempDir, Result<Archive, String>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(LINES), text).unwrap();
        let opened = Archive::open(dir.path()).map(|(archive, _)| archive).map_err(|error| error.to_string());
        (dir, opened)
    }

    #[test]
    fn lines_are_numbered_and_places_are_found_again() {
        let (_dir, archive) = archive(&format!("{HEADER}\n{{\"x\":1}}\r\n\n{{\"kind\":\"end\"}}"));
        let mut archive = archive.unwrap();
        let first = archive.next().unwrap().unwrap();
        assert_eq!((first.number, first.bytes.as_deref()), (2, Some(&b"{\"x\":1}"[..])));
        let place = archive.place();
        let blank = archive.next().unwrap().unwrap();
        assert_eq!((blank.number, blank.bytes.as_deref()), (3, Some(&b""[..])));
        let end = archive.next().unwrap().unwrap();
        assert!(archive.next().unwrap().is_none());
        archive.give_back(end);
        assert_eq!(archive.place().1, 4);
        archive.go_to(place).unwrap();
        assert_eq!(archive.next().unwrap().unwrap().number, 3);
        archive.go_to((first.start, first.number)).unwrap();
        assert_eq!(archive.next().unwrap().unwrap().hash(), first.hash());
    }

    #[test]
    fn what_is_no_whole_archive_is_refused() {
        for (text, said) in [
            (String::new(), "no archive"),
            ("{\"kind\":\"task\"}\n".to_owned(), "no archive"),
            (format!("{HEADER}\n{{\"kind\":\"task\"}}\n"), "end record"),
            (HEADER.replace("\"version\":1", "\"version\":2"), "version 2"),
            (HEADER.replace("roundhouse-archive", "zip"), "no archive"),
        ] {
            let error = archive(&text).1.err().unwrap();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn content_behind_a_link_is_not_reached() {
        let (dir, archive) = archive(&format!("{HEADER}\n{{\"kind\":\"end\"}}\n"));
        let archive = archive.unwrap();
        let files = dir.path().join(FILES);
        std::fs::create_dir_all(files.join("a")).unwrap();
        std::fs::write(files.join("a/real"), "x").unwrap();
        std::fs::write(dir.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), files.join("a/link")).unwrap();
        std::os::unix::fs::symlink(dir.path(), files.join("b")).unwrap();
        let open = |path: &str| archive.content(&FilePath::parse(path).unwrap());
        assert!(open("a/real").is_ok());
        for bad in ["a/link", "b/secret", "a", "a/none"] {
            assert!(open(bad).is_err(), "{bad}");
        }
    }
}
