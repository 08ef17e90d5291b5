//! GET and HEAD of a file (spec/files.md 2.3).

use std::{io, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue, HttpDate},
    },
    web,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

use super::{
    FilesState,
    conditions::{self, Wanted},
    http::blocking,
    media, reply,
};
use crate::{
    domain::{
        Call, Caller, Ctx,
        files::{Blob, FilePath},
    },
    types::Result,
};

/// A file is read in pieces of this many bytes.
const PIECE: u64 = 256 * 1024;
/// How many pieces are read at once for a download.
const READ_AHEAD: usize = 2;

/// Sends a file, or the part of it that was asked for.
pub(super) async fn serve(
    request: &HttpRequest,
    state: &FilesState,
    caller: Caller,
    call: Call,
    path: FilePath,
) -> Result<HttpResponse> {
    let (app, files, wanted) = (Arc::clone(&state.app), Arc::clone(&state.files), path.clone());
    let blob = blocking(move || files.download(&Ctx::new(&app, caller, call), &wanted)).await?;
    let info = blob.info().clone();
    let (status, first, length) = match conditions::wanted(request.headers(), &info) {
        Wanted::Whole => (StatusCode::OK, 0, info.size),
        Wanted::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::NotModified => (StatusCode::NOT_MODIFIED, 0, 0),
        Wanted::Unsatisfiable => {
            let text = format!("The file has {} bytes; the range asks for others.\n", info.size);
            let mut response = reply::text(StatusCode::RANGE_NOT_SATISFIABLE, text);
            let total = format!("bytes */{}", info.size);
            if let Ok(total) = HeaderValue::from_str(&total) {
                response.headers_mut().insert(header::CONTENT_RANGE, total);
            }
            return Ok(response);
        }
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((header::ETAG, conditions::etag(&info)));
    response.insert_header((header::LAST_MODIFIED, HttpDate::from(info.modified).to_string()));
    // The same address gets new content again and again, and the content is for the caller only.
    if state.app.settings.fileserver.download.disable_browser_caching {
        response.insert_header((header::CACHE_CONTROL, "private, no-store"));
        response.insert_header((header::PRAGMA, "no-cache"));
        response.insert_header((header::EXPIRES, "0"));
    } else {
        response.insert_header((header::CACHE_CONTROL, "private, max-age=0, must-revalidate"));
    }
    if status == StatusCode::NOT_MODIFIED {
        return Ok(response.finish());
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", first + length - 1, info.size);
        response.insert_header((header::CONTENT_RANGE, range));
    }
    let content_type = media::content_type(path.name());
    if !media::is_passive(&content_type) {
        // Whatever somebody uploaded may run in a frame of its own, but never as one of our pages (S19).
        response.insert_header((header::CONTENT_SECURITY_POLICY, "sandbox allow-scripts allow-popups"));
    }
    let save = request.query_string().split('&').any(|pair| pair.split('=').next() == Some("download"));
    let disposition = media::disposition(if save { "attachment" } else { "inline" }, path.name());
    response
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::ACCEPT_RANGES, "bytes"));
    if request.method() == Method::HEAD {
        return Ok(response.body(SizedStream::new(length, stream::empty::<io::Result<Bytes>>())));
    }
    Ok(response.body(SizedStream::new(length, pieces(Arc::from(blob), first, length))))
}

/// The bytes from `first` on. While one piece is sent, the next is read on a blocking thread; no more is read than the
/// client takes.
fn pieces(blob: Arc<dyn Blob>, first: u64, length: u64) -> impl Stream<Item = io::Result<Bytes>> + 'static {
    let end = first + length;
    let starts = stream::iter((first..end).step_by(PIECE as usize));
    let reads = starts.map(move |at| read_piece(Arc::clone(&blob), at, PIECE.min(end - at)));
    // Once the promised length can't be kept the connection is cut, so that the client notices.
    reads.buffered(READ_AHEAD)
}

async fn read_piece(blob: Arc<dyn Blob>, at: u64, length: u64) -> io::Result<Bytes> {
    let read = web::block(move || {
        let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        let mut filled = 0;
        while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match blob.read_at(rest, at + filled as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(Bytes::from(piece))
    });
    read.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
