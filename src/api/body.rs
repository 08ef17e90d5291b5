//! Reading request bodies in bounded memory.
//!
//! A large body counts against one budget with its whole announced length, before anything of it is read: of bodies that
//! are half read, none might ever get the rest of its room. Where clients send faster than the disk takes, the budget runs
//! out: the next body then waits, which slows its sender through its socket; after [`WAIT`] it is thrown away and
//! answered 503 with `Retry-After`. Clients of this protocol repeat such calls by themselves, and since nothing of the
//! call was done, nothing is stored twice. Small bodies have a budget of their own: a flood of reports keeps nobody from
//! signing in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{
    http::header::{self, HeaderMap},
    web,
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::types::{ApiError, ErrorKind, Result};

/// A client that sends nothing for this long has gone.
const IDLE: Duration = Duration::from_secs(30);
/// A body has this long, and a second more for each 16 KiB that came.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a body waits for room.
const WAIT: Duration = Duration::from_secs(4);
/// Bodies of at most this many bytes are small.
const SMALL: usize = 64 * 1024;
/// While others wait for room, a body must come with this many bytes a second, after a moment of grace.
const PACE: u64 = 64 * 1024;
const GRACE: Duration = Duration::from_secs(5);
/// How often a silent body is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long the rest of a refused body is read and dropped: many clients read no answer before they have sent all.
const DRAIN: Duration = Duration::from_secs(10);

/// Room for request bodies, shared by all connections.
pub struct BodyBudget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// What a body holds of the budget, until it is dropped.
pub(super) type Held = Vec<OwnedSemaphorePermit>;

impl BodyBudget {
    /// Room for so many bytes, counted in KiB, and an eighth of it more for small bodies.
    pub fn new(bytes: u64) -> Self {
        let semaphore = |bytes: u64| {
            let permits = usize::try_from(bytes / 1024).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(permits.clamp(1_024, Semaphore::MAX_PERMITS)))
        };
        BodyBudget { small: semaphore(bytes / 8), large: semaphore(bytes), waiting: AtomicUsize::new(0) }
    }

    async fn take(&self, kib: usize, small: bool) -> Result<OwnedSemaphorePermit> {
        let budget = if small { &self.small } else { &self.large };
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        if let Ok(permit) = Arc::clone(budget).try_acquire_many_owned(kib) {
            return Ok(permit);
        }
        let _waiting = Waiting::of(self);
        match tokio::time::timeout(WAIT, Arc::clone(budget).acquire_many_owned(kib)).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(ErrorKind::Overloaded.into()),
        }
    }
}

/// One body that waits for room; counted until it is dropped, also when its client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(budget: &'a BodyBudget) -> Self {
        budget.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&budget.waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads a body of at most `limit` bytes.
///
/// Errors: 400/0 too large, ended early or sent too slowly; 503/0 no room in time.
pub(super) async fn read(
    headers: &HeaderMap,
    mut payload: web::Payload,
    limit: usize,
    budget: &BodyBudget,
) -> Result<(Bytes, Held)> {
    let too_large = || {
        let text = format!("a request body may have at most {limit} bytes; send smaller batches");
        ApiError::new(ErrorKind::BadRequest, text)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let small = announced.is_some_and(|length| length <= SMALL);
    let (mut body, mut held, mut room) = (BytesMut::new(), Vec::new(), 0_usize);
    let mut begun = Instant::now();
    let mut needed = announced.unwrap_or(0);
    loop {
        // All of it at once where its length is known; else piece by piece.
        if needed > room {
            let kib = (needed - room).div_ceil(1024);
            let asked = Instant::now();
            match budget.take(kib, small).await {
                Ok(permit) => held.push(permit),
                Err(error) => {
                    drop((body, held));
                    drain(payload).await;
                    return Err(error);
                }
            }
            room += kib * 1024;
            begun += asked.elapsed();
        }
        let Some(chunk) = next(&mut payload, begun, body.len(), budget).await? else { break };
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        if body.is_empty() {
            // Grown piece by piece, it would take up to twice its size.
            body.reserve(announced.unwrap_or(chunk.len()));
        }
        body.extend_from_slice(&chunk);
        needed = body.len();
    }
    Ok((body.freeze(), held))
}

/// The next piece of a body of which `length` bytes came since `begun`; `None` at its end.
///
/// Errors: 400/0 it ended early or comes too slowly; 503/0 it comes slowly while others wait for its room.
async fn next(
    payload: &mut web::Payload,
    begun: Instant,
    length: usize,
    budget: &BodyBudget,
) -> Result<Option<Bytes>> {
    let too_slow = || ApiError::new(ErrorKind::BadRequest, "the body came too slowly; send it again");
    let came = length as u64;
    let asked = Instant::now();
    loop {
        if begun.elapsed() > PATIENCE + Duration::from_secs(came / 16_384) || asked.elapsed() > IDLE {
            return Err(too_slow());
        }
        let others_wait = budget.waiting.load(Ordering::Relaxed) > 0;
        if others_wait && begun.elapsed() > GRACE + Duration::from_secs(came / PACE) {
            return Err(ErrorKind::Overloaded.into());
        }
        match tokio::time::timeout(TICK, payload.next()).await {
            Ok(Some(Ok(chunk))) => return Ok(Some(chunk)),
            Ok(Some(Err(_))) => return Err(ApiError::new(ErrorKind::BadRequest, "the body ended early")),
            Ok(None) => return Ok(None),
            Err(_) => {}
        }
    }
}

/// Reads what is left of a body and drops it.
async fn drain(mut payload: web::Payload) {
    let all = async { while let Some(Ok(_)) = payload.next().await {} };
    let _ = tokio::time::timeout(DRAIN, all).await;
}
