//! An OpenAPI document made from the endpoint table.

use serde_json::{Map, Value, json};

use super::{endpoint::Input, schema, table};
use crate::{
    domain::ServerInfo,
    domain::operations::{self, Access},
    types::Version,
};

/// OpenAPI 3.1 for every endpoint, newest implementation each.
pub(super) fn document(info: &ServerInfo) -> Value {
    let mut paths = Map::new();
    let mut names: Vec<&str> = table::all().map(|endpoint| endpoint.name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let Some(endpoint) = table::resolve(name, Version::CURRENT) else { continue };
        let media = match endpoint.input {
            Input::Lines => "application/json-lines",
            _ => "application/json",
        };
        let request = schema::request_json(name).unwrap_or_else(|| json!({"type": "object"}));
        let data = schema::response_json(name).unwrap_or_else(|| json!({"type": "object"}));
        let open =
            operations::find(name).is_some_and(|op| matches!(op.access, Access::Open | Access::Optional));
        let security = if open { json!([{}]) } else { json!([{"token": []}, {"key": []}]) };
        paths.insert(
            format!("/v{}/{name}", Version::CURRENT),
            json!({"post": {
                "operationId": name,
                "tags": [name.split('.').next().unwrap_or_default()],
                "security": security,
                "requestBody": {"content": {media: {"schema": request}}},
                "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": {"meta": {"$ref": "#/components/schemas/Meta"}, "data": data},
                }}}}, "default": {"$ref": "#/components/responses/Error"}},
            }}),
        );
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Roundhouse API", "version": Version::CURRENT.to_string(),
                 "description": format!("ClearML-compatible API of Roundhouse {}", info.build)},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {"type": "http", "scheme": "basic"},
            },
            "schemas": {"Meta": {"type": "object", "properties": {
                "id": {"type": "string"}, "trx": {"type": "string"},
                "endpoint": {"type": "object"}, "result_code": {"type": "integer"},
                "result_subcode": {"type": "integer"}, "result_msg": {"type": "string"},
                "error_stack": {"type": ["string", "null"]}, "error_data": {"type": "object"},
            }}},
            "responses": {"Error": {"description": "The error stands in meta", "content": {"application/json": {
                "schema": {"type": "object", "properties": {"meta": {"$ref": "#/components/schemas/Meta"}}},
            }}}},
        },
    })
}
