//! Compressing and streaming answers. The faces do it alike, and none may import another.
//! Files that are written as they are read come from [`Pages`].

use std::io::{self, Read, Write as _};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::{Stream, stream};

use crate::types::Result;

/// Where a file that is written as it is read comes from.
pub trait Pages {
    /// Adds the next page; false when nothing follows.
    fn write_next(&mut self, page: &mut String) -> Result<bool>;
}

/// A file of [`Pages`]; holds one page at a time, and drops its source at the end or at the first failure.
pub struct PagedFile<P> {
    pages: Option<P>,
    page: String,
    read: usize,
}

impl<P: Pages> PagedFile<P> {
    /// Nothing of it is read yet.
    pub fn new(pages: P) -> Self {
        PagedFile { pages: Some(pages), page: String::new(), read: 0 }
    }
}

impl<P: Pages> Read for PagedFile<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read >= self.page.len() {
            let Some(mut pages) = self.pages.take() else { return Ok(0) };
            self.page.clear();
            self.read = 0;
            let more = pages.write_next(&mut self.page).map_err(|error| {
                tracing::warn!(%error, "a download ended early");
                io::Error::other(error.to_string())
            })?;
            self.pages = more.then_some(pages);
        }
        let rest = self.page.as_bytes().get(self.read..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(into), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            into.copy_from_slice(from);
        }
        self.read += length;
        Ok(length)
    }
}

/// Reads a source chunk by chunk, each on a thread that may block. Ends with the source or at its first failure.
pub fn chunks(source: Box<dyn Read + Send>) -> impl Stream<Item = io::Result<Bytes>> {
    const CHUNK: usize = 64 * 1024;
    stream::unfold(Some(source), |source| async move {
        let mut source = source?;
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let length = source.read(&mut chunk)?;
            chunk.truncate(length);
            Ok::<_, io::Error>((chunk, source))
        })
        .await;
        match read {
            Ok(Ok((chunk, _))) if chunk.is_empty() => None,
            Ok(Ok((chunk, source))) => Some((Ok(Bytes::from(chunk)), Some(source))),
            Ok(Err(error)) => Some((Err(error), None)),
            Err(_) => Some((Err(io::Error::other("the reader ended early")), None)),
        }
    })
}

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
