//! The path of a stored file: relative, normalised, safe to hand to the disk.

use std::fmt;

use percent_encoding::percent_decode_str;

/// Longest name of one path segment, in bytes: what file systems take.
const LONGEST_SEGMENT: usize = 255;
/// Longest path in bytes. Room is left for the tree's own directory below the system's 4,096.
const LONGEST_PATH: usize = 3_800;

/// Where a file stands below its tree: segments joined by `/`, none of them empty, `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);

/// Why a text names no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPath {
    /// Nothing is left after normalisation: it names the root.
    Root,
    /// It leaves the root.
    Outside,
    /// No file system takes such a name: too long, or with a NUL.
    Impossible,
}

impl FilePath {
    /// Normalises a literal text: leading, double and trailing slashes and `.` vanish, `..` takes one segment away.
    pub fn parse(text: &str) -> Result<FilePath, BadPath> {
        let mut kept: Vec<&str> = Vec::new();
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    kept.pop().ok_or(BadPath::Outside)?;
                }
                name => kept.push(name),
            }
        }
        if kept.is_empty() {
            return Err(BadPath::Root);
        }
        let path = kept.join("/");
        let impossible = path.len() > LONGEST_PATH
            || path.contains('\0')
            || kept.iter().any(|segment| segment.len() > LONGEST_SEGMENT);
        if impossible { Err(BadPath::Impossible) } else { Ok(FilePath(path)) }
    }

    /// Reads the path of a URL, percent-decoding it once. A trailing slash names a directory, so never a file
    /// (spec/files.md 2.3).
    pub fn from_url(encoded: &str) -> Option<FilePath> {
        let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
        if decoded.ends_with('/') {
            return None;
        }
        Self::parse(&decoded).ok()
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path above the last segment; none at the top.
    pub fn parent(&self) -> Option<FilePath> {
        self.0.rsplit_once('/').map(|(parent, _)| FilePath(parent.to_owned()))
    }

    /// The segments from the top.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The entry `name` of a directory, or of the top; none when the name is not one segment that a path may hold.
    pub fn entry(directory: Option<&FilePath>, name: &str) -> Option<FilePath> {
        if name.contains('/') || matches!(name, "" | "." | "..") {
            return None;
        }
        match directory {
            Some(directory) => Self::parse(&format!("{directory}/{name}")).ok(),
            None => Self::parse(name).ok(),
        }
    }

    /// A path that was normalised before it was stored.
    pub(super) fn stored(text: String) -> Self {
        FilePath(text)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_normalised_and_never_leave_the_root() {
        let path = |text: &str| FilePath::parse(text).map(|path| path.0);
        assert_eq!(path("/p//a.txt").unwrap(), "p/a.txt");
        assert_eq!(path("x/../ok.txt").unwrap(), "ok.txt");
        assert_eq!(path("./a/./b").unwrap(), "a/b");
        assert_eq!(path("q%2Fr").unwrap(), "q%2Fr", "a literal name is not decoded");
        assert_eq!(path("../e.txt"), Err(BadPath::Outside));
        assert_eq!(path("a/../../e.txt"), Err(BadPath::Outside));
        for root in ["", "/", ".", "x/..", "a/b/../.."] {
            assert_eq!(path(root), Err(BadPath::Root), "{root}");
        }
        assert_eq!(path("a\0b"), Err(BadPath::Impossible));
        assert_eq!(path(&"n".repeat(256)), Err(BadPath::Impossible));
        assert_eq!(path(&"n/".repeat(3_000)), Err(BadPath::Impossible));
    }

    #[test]
    fn urls_are_decoded_once() {
        let path = |text: &str| FilePath::from_url(text).map(|path| path.0);
        assert_eq!(path("/sp%20ace/%C3%BC.txt").unwrap(), "sp ace/ü.txt");
        assert_eq!(path("/q%252Fr.txt").unwrap(), "q%2Fr.txt");
        assert_eq!(path("/a+b").unwrap(), "a+b");
        for none in ["/", "/d/", "/d%2F", "/..%2f..%2fetc/passwd", "/%ff", "/a%00"] {
            assert_eq!(path(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn whatever_parses_is_clean(text in "[a./%\\x00ü]{0,24}") {
            if let Ok(path) = FilePath::parse(&text) {
                prop_assert!(path.segments().all(|s| !matches!(s, "" | "." | "..") && !s.contains('\0')));
                prop_assert_eq!(FilePath::parse(path.as_str()).unwrap(), path);
            }
        }
    }
}
