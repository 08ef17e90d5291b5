//! Lists as CSV files (spec/projects.md 4.4, 4.5).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    api::endpoint::{Download, Reply, ReplyBody, Request},
    domain::{
        Ctx,
        organization::{self, DownloadKind, DownloadRequest, FieldMapping},
    },
    types::{Json, Result},
};

#[derive(Deserialize)]
struct Prepare {
    entity_type: EntityType,
    field_mappings: Vec<Mapping>,
    /// The query: everything else.
    #[serde(flatten)]
    query: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum EntityType {
    Task,
    Model,
}

#[derive(Deserialize)]
struct Mapping {
    field: String,
    name: Option<String>,
    #[serde(default)]
    values: Vec<StandIn>,
}

#[derive(Deserialize)]
struct StandIn {
    key: Value,
    value: Value,
}

/// `organization.prepare_download_for_get_all`.
pub(super) fn prepare(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Prepare = request.decode()?;
    let column = |mapping: Mapping| FieldMapping {
        field: mapping.field,
        name: mapping.name,
        values: mapping.values.into_iter().map(|stand_in| (stand_in.key, stand_in.value)).collect(),
    };
    let id = organization::prepare_download(
        ctx,
        DownloadRequest {
            kind: match asked.entity_type {
                EntityType::Task => DownloadKind::Tasks,
                EntityType::Model => DownloadKind::Models,
            },
            columns: asked.field_mappings.into_iter().map(column).collect(),
            query: asked.query,
        },
    )?;
    Reply::data(&json!({"prepare_id": id}))
}

#[derive(Deserialize)]
struct Fetch {
    prepare_id: String,
}

/// `organization.download_for_get_all`: opened as a link, with the session's cookie.
pub(super) fn fetch(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: Fetch = request.decode()?;
    let (filename, content) = organization::download(ctx, &asked.prepare_id)?;
    let download = Download { filename, content_type: "text/csv; charset=utf-8", content: Box::new(content) };
    Ok(Reply { body: ReplyBody::Download(download), cookie: None })
}
