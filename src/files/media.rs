//! What a file is called on the wire: content type, disposition, and whether a browser may trust it
//! (spec/files.md 2.3 and 7.1, spec/security_rules.md S19).

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Types that the registry behind `mime_guess` lacks or names oddly.
const TYPES: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("yaml", "text/plain"),
    ("yml", "text/plain"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("xml", "text/xml"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("pt", "application/octet-stream"),
    ("pth", "application/octet-stream"),
    ("pkl", "application/octet-stream"),
    ("npy", "application/octet-stream"),
    ("npz", "application/octet-stream"),
    ("onnx", "application/octet-stream"),
    ("h5", "application/octet-stream"),
    ("bin", "application/octet-stream"),
];

/// The outer encoding is gzip: clients want the bytes as they are, so nothing may look like a transfer encoding.
const COMPRESSED: &[&str] = &["gz", "tgz", "svgz", "taz", "emz", "wmz"];

/// The content type of a file called `name`.
pub(super) fn content_type(name: &str) -> String {
    const UNKNOWN: &str = "application/octet-stream";
    let Some((stem, extension)) = name.rsplit_once('.') else { return UNKNOWN.to_owned() };
    let extension = extension.to_ascii_lowercase();
    if stem.is_empty() || COMPRESSED.contains(&extension.as_str()) {
        return UNKNOWN.to_owned();
    }
    let known = TYPES.iter().find(|(known, _)| *known == extension).map(|(_, kind)| (*kind).to_owned());
    let kind = known.or_else(|| mime_guess::from_ext(&extension).first_raw().map(str::to_owned));
    match kind {
        Some(text) if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        Some(other) => other,
        None => UNKNOWN.to_owned(),
    }
}

/// Whether a browser may show the type without a sandbox: it can't run anything.
pub(super) fn is_passive(content_type: &str) -> bool {
    const IMAGES: &[&str] = &[
        "png",
        "jpeg",
        "gif",
        "bmp",
        "webp",
        "tiff",
        "avif",
        "apng",
        "heic",
        "heif",
        "x-icon",
        "vnd.microsoft.icon",
    ];
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        Some(("image", kind)) => IMAGES.contains(&kind),
        Some(("audio" | "video", _)) => true,
        _ => matches!(essence, "application/pdf" | "text/plain"),
    }
}

/// `Content-Disposition` with the file's name; names beyond plain ASCII get the RFC 5987 form besides a folded one.
pub(super) fn disposition(kind: &str, name: &str) -> String {
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !name.is_empty() && name.chars().all(token) {
        return format!("{kind}; filename={name}");
    }
    let quotable = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%');
    let folded: String = name.chars().map(|c| if quotable(c) { c } else { '_' }).collect();
    if folded == name {
        return format!("{kind}; filename=\"{name}\"");
    }
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("{kind}; filename=\"{folded}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_outer_extension() {
        for (name, kind) in [
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.LOG", "text/plain; charset=utf-8"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("a.html", "text/html; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.png", "image/png"),
            ("a.jpg", "image/jpeg"),
            ("a.webp", "image/webp"),
            ("a.svg", "image/svg+xml"),
            ("a.mp4", "video/mp4"),
            ("a.wav", "audio/wav"),
            ("a.pdf", "application/pdf"),
            ("a.zip", "application/zip"),
            ("a.json", "application/json"),
            ("x.csv.gz", "application/octet-stream"),
            ("x.tgz", "application/octet-stream"),
            ("x.svgz", "application/octet-stream"),
            ("x.pkl", "application/octet-stream"),
            ("x.pt", "application/octet-stream"),
            ("x.h5", "application/octet-stream"),
            ("none", "application/octet-stream"),
            (".html", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }

    #[test]
    fn only_what_runs_nothing_is_passive() {
        for passive in ["image/png", "audio/wav", "video/mp4", "application/pdf", "text/plain; charset=utf-8"]
        {
            assert!(is_passive(passive), "{passive}");
        }
        for active in [
            "image/svg+xml",
            "text/html; charset=utf-8",
            "text/xml",
            "application/xhtml+xml",
            "text/javascript",
            "application/octet-stream",
            "text/csv; charset=utf-8",
            "",
        ] {
            assert!(!is_passive(active), "{active}");
        }
    }

    #[test]
    fn names_can_not_break_out_of_the_header() {
        assert_eq!(disposition("inline", "a_1.txt"), "inline; filename=a_1.txt");
        assert_eq!(disposition("inline", "a b.txt"), "inline; filename=\"a b.txt\"");
        assert_eq!(
            disposition("attachment", "ü\"\r\n%.txt"),
            "attachment; filename=\"_____.txt\"; filename*=UTF-8''%C3%BC%22%0D%0A%25%2Etxt"
        );
    }
}
