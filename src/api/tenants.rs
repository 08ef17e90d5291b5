//! `tenants.*`: making, measuring and deleting tenants, for those who run the server (spec/governance.md 8.3).

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Input, Reply, Request};
use crate::{
    domain::{
        Ctx,
        tenants::{self, NewTenant, TenantAdmin},
    },
    store::tenants::{Resources, Rhythm},
    types::{ApiError, ErrorKind, Millis, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("tenants.add_tenant_admin_credentials", Input::Typed, add_tenant_admin_credentials)
        .requires(&["tenant"]),
    Endpoint::new("tenants.create_tenant", Input::Typed, create_tenant).requires(&["name"]),
    Endpoint::new("tenants.delete_tenant", Input::Typed, delete_tenant).requires(&["tenant", "name"]),
    Endpoint::new("tenants.get_tenant_info", Input::Typed, get_tenant_info).requires(&["tenant"]),
    Endpoint::new("tenants.get_tenant_resources", Input::Typed, get_tenant_resources).requires(&["tenant"]),
    Endpoint::new("tenants.get_tenants", Input::Typed, get_tenants),
];

fn shown_credentials(admin: &TenantAdmin) -> Value {
    json!({"access_key": admin.access_key, "secret_key": admin.secret_key.expose()})
}

#[derive(Deserialize)]
struct CreateTenant {
    name: String,
    domain: Option<String>,
    #[serde(default)]
    admin_emails: Vec<String>,
    max_users: Option<i64>,
    max_service_users: Option<i64>,
}

/// `tenants.create_tenant`: the only time that the secret is shown.
fn create_tenant(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: CreateTenant = request.decode()?;
    let (made, admin) = tenants::create_with_admin(
        ctx,
        &NewTenant {
            name: asked.name,
            domain: asked.domain,
            admin_emails: asked.admin_emails,
            max_users: asked.max_users,
            max_service_users: asked.max_service_users,
        },
    )?;
    Reply::data(&json!({"id": made.id, "credentials": shown_credentials(&admin)}))
}

#[derive(Deserialize)]
struct TenantOnly {
    tenant: String,
}

/// `tenants.add_tenant_admin_credentials`: the only time that the secret is shown.
fn add_tenant_admin_credentials(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TenantOnly = request.decode()?;
    let admin = tenants::add_admin_credentials(ctx, &asked.tenant)?;
    Reply::data(&json!({"credentials": shown_credentials(&admin)}))
}

/// `tenants.get_tenants`: active ones.
fn get_tenants(ctx: &Ctx<'_>, _: Request) -> Result<Reply> {
    let shown: Vec<Value> = tenants::tenants(ctx)?
        .into_iter()
        .map(|tenant| {
            json!({"id": tenant.id, "name": tenant.name, "admin_emails": tenant.admin_emails,
                "default_company": tenant.is_default})
        })
        .collect();
    Reply::data(&json!({"tenants": shown}))
}

fn snapshot(held: &Resources) -> Value {
    let (running, totals) = tenants::counts(held);
    json!({"running": running, "totals": totals})
}

/// `tenants.get_tenant_resources`.
fn get_tenant_resources(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TenantOnly = request.decode()?;
    Reply::data(&snapshot(&tenants::resources(ctx, &asked.tenant)?))
}

#[derive(Deserialize)]
struct TenantInfo {
    tenant: String,
    from_date: Option<String>,
    to_date: Option<String>,
}

/// Length of the period that is looked at when none is named, in seconds.
const PERIOD: i64 = 30 * 86_400;

fn moment(text: Option<&str>, field: &str) -> Result<Option<Millis>> {
    let Some(text) = text else { return Ok(None) };
    Millis::parse_lenient(text).map(Some).ok_or_else(|| {
        ApiError::new(ErrorKind::ValidationError, "must be a date and time").with("field", field)
    })
}

fn shown_rhythm(rhythm: Rhythm) -> Value {
    json!({"total": rhythm.total, "last_count": rhythm.last, "previous_count": rhythm.previous})
}

/// `tenants.get_tenant_info`: what was made in a period, compared with the one before it.
fn get_tenant_info(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: TenantInfo = request.decode()?;
    let to = moment(asked.to_date.as_deref(), "to_date")?.unwrap_or(ctx.call.received);
    let from = moment(asked.from_date.as_deref(), "from_date")?.unwrap_or_else(|| to.plus_seconds(-PERIOD));
    let info = tenants::info(ctx, &asked.tenant, from, to)?;
    let histogram: Vec<Value> =
        info.tasks_by_day.iter().map(|(day, count)| json!({"date": day.to_wire(), "count": count})).collect();
    let mut tasks = shown_rhythm(info.tasks);
    if let Value::Object(tasks) = &mut tasks {
        tasks.insert("dates_histogram".to_owned(), histogram.into());
    }
    Reply::data(&json!({
        "name": info.name,
        "projects": shown_rhythm(info.projects),
        "tasks": tasks,
        "users": {"active": info.active, "pending": info.pending, "max_allowed": info.max_allowed},
        "days": info.days,
    }))
}

#[derive(Deserialize)]
struct DeleteTenant {
    tenant: String,
    name: String,
    #[serde(default)]
    force: bool,
}

/// `tenants.delete_tenant`: answers what the tenant held.
fn delete_tenant(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: DeleteTenant = request.decode()?;
    Reply::data(&snapshot(&tenants::delete(ctx, &asked.tenant, &asked.name, asked.force)?))
}
