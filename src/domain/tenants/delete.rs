//! Deleting a tenant: at once for everybody in it, bit by bit on the disk (spec/governance.md 8.3).

use serde_json::{Value, json};

use super::{existing, list::resources_of};
use crate::{
    domain::Ctx,
    store::tenants::Resources,
    types::{ApiError, ErrorKind, Result},
};

/// Deletes a tenant; its name must be given exactly. Returns what it held. From now on nobody of it gets in; what it left
/// is removed in the background.
///
/// Errors: 400/10 unknown; 400/16 another name, the default tenant, or something runs and `force` is not given: the
/// counts are in the error's data.
pub fn delete(ctx: &Ctx<'_>, tenant: &str, name: &str, force: bool) -> Result<Resources> {
    ctx.touched("tenant", tenant);
    ctx.write(|tx| {
        let company = existing(tx, tenant)?;
        if company.name != name {
            let text = "the name is not that of the tenant; nothing was deleted";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("name", name));
        }
        if company.id.as_str() == ctx.app.settings.apiserver.default_company {
            return Err(ApiError::new(ErrorKind::FieldsValueError, "the default tenant can't be deleted"));
        }
        if company.id == ctx.caller.tenant {
            let text = "you are in this tenant; delete it from another one";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text));
        }
        let held = resources_of(tx, &company.id)?;
        if !force && held.running_tasks + held.workers > 0 {
            let text =
                "something runs in this tenant; stop it, or send force to delete the tenant all the same";
            let (running, totals) = counts(&held);
            return Err(ApiError::new(ErrorKind::FieldsValueError, text)
                .with("running", running)
                .with("totals", totals));
        }
        tx.close_company(&company.id, &ctx.caller.user)?;
        ctx.note(|note| note.remark = Some(format!("tenant {} with {} tasks", company.name, held.tasks)));
        Ok(held)
    })
}

/// What runs and what there is, as the wire has it. Routes, hyper-datasets and dataviews are not served.
pub fn counts(held: &Resources) -> (Value, Value) {
    let running = json!({"tasks": held.running_tasks, "app_tasks": held.running_app_tasks,
        "pipeline_tasks": held.running_pipeline_tasks, "active_routes": 0, "connected_workers": held.workers});
    let totals = json!({"tasks": held.tasks, "reports": held.reports, "datasets": held.datasets,
        "hyper_datasets": 0, "dataviews": 0});
    (running, totals)
}
