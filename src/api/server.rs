//! `server.*`: what this server is (spec/protocol.md 2.4).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{Endpoint, Input, Reply, Request},
    openapi, schema, table,
};
use crate::{
    domain::Ctx,
    types::{ApiError, ErrorKind, Result, Version},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("server.info", Input::Typed, info),
    Endpoint::new("server.info", Input::Typed, info).since(2, 8),
    Endpoint::new("server.info", Input::Typed, info).since(2, 12),
    Endpoint::new("server.config", Input::Typed, config),
    Endpoint::new("server.endpoints", Input::Typed, endpoints),
    Endpoint::new("server.report_stats_option", Input::Typed, report_stats_option),
];

/// `server.info`: version, build, commit; from 2.8 on also the server's id.
fn info(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let info = &ctx.app.info;
    let mut data = Map::new();
    data.insert("version".into(), info.version.as_str().into());
    data.insert("build".into(), info.build.as_str().into());
    data.insert("commit".into(), info.commit.as_str().into());
    if ctx.call.version >= Version::new(2, 8) {
        let uid = ctx.read(|snapshot| snapshot.setting("server.uuid"))?;
        data.insert("uid".into(), uid.unwrap_or_default().into());
    }
    if ctx.call.version >= Version::new(2, 12) {
        data.insert("api_version".into(), Version::CURRENT.to_string().into());
    }
    Reply::data(&Value::Object(data))
}

#[derive(Deserialize)]
struct ConfigPath {
    path: Option<String>,
}

/// `server.config`: the configuration without any secret, whole or below a path.
fn config(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: ConfigPath = request.decode()?;
    let mut tree = ctx.app.settings.public_tree();
    for part in asked.path.as_deref().unwrap_or_default().split('.').filter(|part| !part.is_empty()) {
        tree = match tree {
            Value::Object(mut map) => map.remove(part).unwrap_or(Value::Null),
            _ => Value::Null,
        };
    }
    match tree {
        Value::Object(_) => Reply::data(&tree),
        _ => {
            let text = "no such section in the configuration";
            Err(ApiError::new(ErrorKind::FieldsValueError, text).with("path", asked.path.unwrap_or_default()))
        }
    }
}

#[derive(Deserialize)]
struct EndpointsFormat {
    format: Option<String>,
}

/// `server.endpoints`: the endpoint table; with `format: "openapi"` as an OpenAPI document.
fn endpoints(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: EndpointsFormat = request.decode()?;
    if asked.format.as_deref() == Some("openapi") {
        return Reply::data(&openapi::document(&ctx.app.info));
    }
    let mut listed: Map<String, Value> = Map::new();
    for endpoint in table::all() {
        let row = json!({
            "min_version": endpoint.min.to_string(),
            "required_fields": endpoint.required,
            "request_data_model": schema::request_json(endpoint.name),
            "response_data_model": schema::response_json(endpoint.name),
        });
        let slot = listed.entry(endpoint.name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(rows) = slot {
            rows.insert(0, row);
        }
    }
    Reply::data(&json!({"endpoints": listed, "models": {}}))
}

/// `server.report_stats_option`: this server never reports usage anywhere.
fn report_stats_option(_: &Ctx<'_>, _: Request) -> Result<Reply> {
    Reply::data(&json!({"supported": false}))
}
