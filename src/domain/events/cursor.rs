//! Cursors: where a reading goes on, in a text that clients can neither read into nor change (spec/security_rules.md
//! S18).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    crypto::keyed,
    domain::Ctx,
    types::{ApiError, ErrorKind, Result},
};

/// Bytes of the keyed hash before the content.
const TAG: usize = 16;

/// The caller for whom positions and states are kept: nobody else can go on with them.
pub(super) fn subject(ctx: &Ctx<'_>) -> String {
    format!("{}/{}", ctx.caller.tenant, ctx.caller.user)
}

/// Seals a position of one kind of reading for the caller.
pub(super) fn seal(ctx: &Ctx<'_>, purpose: &str, position: &impl Serialize) -> Result<String> {
    let content = serde_json::to_vec(position).map_err(|error| {
        tracing::error!(%error, "a cursor does not serialise");
        ApiError::from(ErrorKind::GeneralError)
    })?;
    let tag = tag(ctx, purpose, &content);
    let mut sealed = tag.get(..TAG).unwrap_or_default().to_vec();
    sealed.extend_from_slice(&content);
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// Opens a cursor.
///
/// Errors: 400/1104 it was not made here, for this caller and this kind of reading.
pub(super) fn open<T: DeserializeOwned>(ctx: &Ctx<'_>, purpose: &str, cursor: &str) -> Result<T> {
    let read = || {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (found, content) = sealed.split_at_checked(TAG)?;
        let expected = tag(ctx, purpose, content);
        if !keyed::same(found, expected.get(..TAG)?) {
            return None;
        }
        serde_json::from_slice(content).ok()
    };
    read().ok_or_else(|| ApiError::new(ErrorKind::InvalidScrollId, "start again without a scroll id"))
}

fn tag(ctx: &Ctx<'_>, purpose: &str, content: &[u8]) -> [u8; 32] {
    let key = ctx.app.keys.session.expose().as_bytes();
    keyed::keyed_hash(key, &[b"events cursor", purpose.as_bytes(), subject(ctx).as_bytes(), content])
}
