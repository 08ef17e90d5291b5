//! `login.*`: how people sign in (spec/protocol.md 2.2, 2.3).

use serde_json::json;

use super::endpoint::{CookieEffect, Endpoint, Input, Reply, Request};
use crate::{
    domain::{Ctx, identity},
    types::Result,
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("login.supported_modes", Input::Typed, supported_modes),
    Endpoint::new("login.logout", Input::Typed, logout).since(2, 13),
];

/// `login.supported_modes`: open to everybody; says whether the call was authenticated.
fn supported_modes(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let (enabled, guest) = identity::modes(ctx.app);
    Reply::data(&json!({
        "basic": {"enabled": enabled, "guest": guest},
        "sso": {},
        "sso_providers": [],
        "server_errors": {"missed_es_upgrade": false, "es_connection_error": false},
        "authenticated": ctx.caller.is_known(),
    }))
}

/// `login.logout`: ends the presented session and forgets the cookie; never fails.
fn logout(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    identity::revoke_presented(ctx, &request.presented)?;
    Ok(Reply::empty().with_cookie(Some(CookieEffect::Delete)))
}
