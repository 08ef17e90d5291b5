//! `/`: what runs now and what was done last.

use serde_json::json;

use super::{page, perform, shell, tasks::row};
use crate::{
    domain::{
        Ctx,
        browse::{self, request as object},
        identity,
    },
    types::Result,
    web::{
        PageReply, PageRequest,
        view::tasks::{Home, TaskTable},
    },
};

/// What a short list of tasks shows.
const FIELDS: [&str; 11] = [
    "name",
    "status",
    "tags",
    "user.name",
    "project.name",
    "started",
    "completed",
    "active_duration",
    "last_iteration",
    "last_update",
    "type",
];

pub(super) fn home(ctx: &Ctx<'_>, request: &PageRequest) -> Result<PageReply> {
    let table = |filter: serde_json::Value| -> Result<TaskTable> {
        let documents = perform(ctx, "tasks.get_all_ex", |ctx| browse::tasks(ctx, object(filter)))?;
        Ok(TaskTable {
            columns: Vec::new(),
            rows: documents.iter().map(|document| row(document, &[])).collect(),
            with_project: true,
        })
    };
    let mine = ctx.caller.user.as_str();
    let running = table(json!({
        "user": [mine], "status": ["in_progress", "queued"], "system_tags": ["-archived"],
        "order_by": ["-started"], "start": 0, "size": 20, "only_fields": FIELDS,
    }))?;
    let recent = table(json!({
        "user": [mine], "status": ["-in_progress", "-queued"], "system_tags": ["-archived"],
        "order_by": ["-last_update"], "start": 0, "size": 20, "only_fields": FIELDS,
    }))?;
    let has_keys = !perform(ctx, "auth.get_credentials", identity::credentials)?.is_empty();
    page!(
        request,
        Home {
            shell: shell(ctx, request, "/"),
            running,
            recent,
            address: ctx.app.urls.web.clone(),
            api_address: ctx.app.urls.api.clone(),
            has_keys,
        }
    )
}
