//! POST /: bytes from the socket into files (spec/files.md 2.2).
//!
//! While one batch is hashed and written on a blocking thread, the next one is read from the socket: memory holds two
//! batches per upload, whatever its length, and a slow client holds no thread.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use futures_util::{StreamExt as _, future::try_join};
use tokio::time::timeout;

use super::{
    FilesState,
    http::blocking,
    multipart::{Head, Multipart, Sink},
    reply,
};
use crate::{
    domain::{Call, Caller, files::Upload},
    types::{ApiError, ErrorKind, Result},
};

/// So many bytes are written at once.
const BATCH: usize = 512 * 1024;
/// A client that sends nothing for this long has gone.
const IDLE: Duration = Duration::from_secs(120);
/// What delimiters and headers may add to the files of a request, in bytes.
const FRAMING: u64 = 64 * 1024;
/// How much of an unwanted body is read, so that the client gets to see the answer.
const DISCARDED: usize = 8 << 20;
const DISCARDING: Duration = Duration::from_secs(2);

/// Stores the files of a multipart body; the answer lists their names as sent.
pub(super) async fn serve(
    request: &HttpRequest,
    payload: &mut Option<web::Payload>,
    state: &FilesState,
    caller: Caller,
    call: Call,
) -> Result<HttpResponse> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let parser = Multipart::new(text(header::CONTENT_TYPE).unwrap_or_default())?;
    let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let announced = announced.map(|length| length.saturating_sub(FRAMING));
    let (app, files) = (Arc::clone(&state.app), Arc::clone(&state.files));
    let upload = blocking(move || Upload::begin(files, app, caller, call, announced)).await?;
    let mut receiving = Receiving { parser, into: Storing { upload, wanted: false } };
    if let Some(payload) = payload {
        let mut batch = next_batch(payload).await?;
        while !batch.is_empty() {
            let written = blocking(move || {
                receiving.take(&batch)?;
                Ok(receiving)
            });
            (receiving, batch) = try_join(written, next_batch(payload)).await?;
        }
    }
    *payload = None;
    let names = blocking(move || receiving.finish()).await?;
    Ok(reply::json(&names))
}

/// Reads until a batch is full or the body ends.
async fn next_batch(payload: &mut web::Payload) -> Result<Vec<Bytes>> {
    let (mut batch, mut size) = (Vec::new(), 0);
    while size < BATCH {
        match next(payload).await? {
            Some(piece) => {
                size += piece.len();
                batch.push(piece);
            }
            None => break,
        }
    }
    Ok(batch)
}

async fn next(payload: &mut web::Payload) -> Result<Option<Bytes>> {
    let cut_off = |why: &str| {
        ApiError::new(ErrorKind::BadRequest, format!("{why}, and nothing was stored; send it again"))
    };
    match timeout(IDLE, payload.next()).await {
        Ok(Some(Ok(piece))) => Ok(Some(piece)),
        Ok(Some(Err(_))) => Err(cut_off("the body ended early")),
        Ok(None) => Ok(None),
        Err(_) => Err(cut_off(&format!("nothing came for {} s", IDLE.as_secs()))),
    }
}

/// Reads a whole body into memory.
///
/// Errors: 413/0 when it is longer than `most` bytes.
pub(super) async fn read_all(payload: &mut Option<web::Payload>, most: usize) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(payload) = payload {
        while let Some(piece) = next(payload).await? {
            if body.len() + piece.len() > most {
                let text = format!("such a request may have at most {most} bytes; send smaller ones");
                return Err(ApiError::new(ErrorKind::UploadTooLarge, text));
            }
            body.extend_from_slice(&piece);
        }
    }
    *payload = None;
    Ok(body)
}

/// Reads on for a while without keeping anything.
pub(super) async fn discard(mut payload: web::Payload) {
    let reading = async {
        let mut size = 0;
        while let Some(Ok(piece)) = payload.next().await {
            size += piece.len();
            if size > DISCARDED {
                return;
            }
        }
    };
    let _ = timeout(DISCARDING, reading).await;
}

/// A body on its way into files.
struct Receiving {
    parser: Multipart,
    into: Storing,
}

struct Storing {
    upload: Upload,
    /// The bytes that come now belong to a file that is stored.
    wanted: bool,
}

impl Receiving {
    fn take(&mut self, batch: &[Bytes]) -> Result<()> {
        batch.iter().try_for_each(|piece| self.parser.feed(piece, &mut self.into))
    }

    fn finish(self) -> Result<Vec<String>> {
        self.parser.finish()?;
        self.into.upload.commit()
    }
}

impl Sink for Storing {
    fn begin(&mut self, head: Head) -> Result<()> {
        self.wanted = match head.name {
            Some(name) if head.is_file => self.upload.file(&name)?,
            _ => false,
        };
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        if self.wanted { self.upload.write(bytes) } else { self.upload.skip(bytes) }
    }

    fn end(&mut self) -> Result<()> {
        if self.wanted { self.upload.end_file() } else { Ok(()) }
    }
}
