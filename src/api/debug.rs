//! `debug.*`: the health check.

use serde_json::{Value, json};

use super::endpoint::{Endpoint, Input, Reply, Request};
use crate::{domain::Ctx, types::Result};

pub(super) static ENDPOINTS: &[Endpoint] = &[Endpoint::new("debug.ping", Input::Raw, ping)];

/// `debug.ping`: answers whatever was sent (spec/protocol.md 2.1).
fn ping(_: &Ctx<'_>, request: Request) -> Result<Reply> {
    let mut data = json!({"msg": "Roundhouse server"});
    if let Value::Object(map) = &mut data {
        map.extend(request.body);
    }
    Reply::data(&data)
}
