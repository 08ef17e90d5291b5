//! Compressing answers. Both faces do it; neither may import the other.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

/// Whether an `Accept-Encoding` header allows gzip.
pub fn accepts_gzip(header: Option<&str>) -> bool {
    let Some(header) = header else { return false };
    header.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        matches!(name.trim(), "gzip" | "*") && !refused
    })
}

/// The bytes as gzip, at a level that costs less time than it saves on a local network.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::new(3));
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_it_is_accepted() {
        for header in ["gzip, deflate", "br;q=1.0, gzip;q=0.5", "*"] {
            assert!(accepts_gzip(Some(header)), "{header}");
        }
        for header in ["br", "gzip;q=0", "identity", ""] {
            assert!(!accepts_gzip(Some(header)), "{header}");
        }
        assert!(!accepts_gzip(None));
        let text = "curve ".repeat(1000);
        let mut plain = String::new();
        let packed = gzip(text.as_bytes());
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut plain).unwrap();
        assert_eq!(plain, text);
        assert!(packed.len() < 200);
    }
}
