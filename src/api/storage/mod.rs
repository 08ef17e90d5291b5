//! `storage.*` (spec/models.md 5).

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::json;

use super::endpoint::{Endpoint, Input, Reply, Request};
use crate::{
    domain::{Ctx, storage},
    types::Result,
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("storage.get_settings", Input::Typed, get_settings).since(2, 22),
    Endpoint::new("storage.reset_settings", Input::Typed, reset_settings).since(2, 31),
    Endpoint::new("storage.set_settings", Input::Typed, set_settings).since(2, 31),
];

/// `storage.get_settings`.
fn get_settings(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&json!({"settings": storage::shown(ctx)?}))
}

/// `storage.set_settings`: each section that was sent replaces the stored one.
fn set_settings(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    storage::set(ctx, request.decode()?)?;
    Reply::data(&json!({"updated": 1}))
}

#[derive(Deserialize)]
struct Reset {
    #[serde(default)]
    keys: Vec<storage::Section>,
}

/// `storage.reset_settings`.
fn reset_settings(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Reset = request.decode()?;
    let any = storage::reset(ctx, &asked.keys)?;
    Reply::data(&json!({"updated": i32::from(any)}))
}
