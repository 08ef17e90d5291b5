//! `system.*`: tenants, for those who run the server (spec/governance.md 8.2).

use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Input, Reply, Request};
use crate::{
    domain::{
        Ctx,
        tenants::{self, AppAccess, Wanted},
    },
    types::{ApiError, ErrorKind, Json, Result},
};

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint::new("system.company_info", Input::Typed, company_info).requires(&["company"]),
    Endpoint::new("system.create_company", Input::Typed, create_company).requires(&["name"]),
    Endpoint::new("system.get_companies", Input::Typed, get_companies),
    Endpoint::new("system.get_company_app_instance_access", Input::Typed, get_app_instance_access)
        .requires(&["company"]),
    Endpoint::new("system.update_company_app_instance_access", Input::Typed, update_app_instance_access)
        .requires(&["company", "app_instance_access"]),
    Endpoint::new("system.update_company_settings", Input::Raw, update_company_settings)
        .requires(&["company"]),
    Endpoint::new("system.update_company_sso_config", Input::Typed, update_company_sso_config)
        .requires(&["company", "sso"]),
];

#[derive(Deserialize)]
struct CreateCompany {
    name: String,
    #[serde(default)]
    defaults: Json,
}

/// `system.create_company`: a tenant with its default queue and, where each tenant has one, its application queue.
fn create_company(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: CreateCompany = request.decode()?;
    let made = tenants::create(ctx, &asked.name, &asked.defaults)?;
    let queues: Vec<Value> =
        made.app_queue.iter().map(|queue| json!({"id": queue.id, "name": queue.name})).collect();
    Reply::data(&json!({"id": made.id, "app_queues": queues}))
}

#[derive(Deserialize)]
struct GetCompanies {
    name: Option<String>,
    name_pattern: Option<String>,
    #[serde(default)]
    custom_data: Json,
}

/// `system.get_companies`: all of them, deleted ones that are not gone yet included.
fn get_companies(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: GetCompanies = request.decode()?;
    let count_users = asked.custom_data.get("users") == Some(&Value::Bool(true));
    let wanted = Wanted { name: asked.name, name_pattern: asked.name_pattern, count_users };
    let companies: Vec<Value> = tenants::find(ctx, &wanted)?
        .into_iter()
        .map(|listed| {
            let company = listed.company;
            let mut shown = json!({"id": company.id, "name": company.name, "active": company.active});
            if let (Some(users), Value::Object(shown)) = (listed.users, &mut shown) {
                shown.insert("custom_data".to_owned(), json!({"users": users}));
            }
            shown
        })
        .collect();
    Reply::data(&json!({"companies": companies}))
}

#[derive(Deserialize)]
struct CompanyOnly {
    company: String,
}

/// `system.company_info`.
fn company_info(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: CompanyOnly = request.decode()?;
    let (company, features) = tenants::company_info(ctx, &asked.company)?;
    Reply::data(&json!({"id": company.id, "name": company.name, "active": company.active,
        "defaults": company.defaults, "services": {"features": features}}))
}

/// `system.update_company_settings`: the whole request is settings, beside the company.
fn update_company_settings(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let Some(company) = request.body.get("company").and_then(Value::as_str) else {
        return Err(ApiError::new(ErrorKind::ValidationError, "must be an id").with("field", "company"));
    };
    let updated = tenants::update(ctx, company, &request.body)?;
    Reply::data(&json!({"updated": i32::from(updated)}))
}

#[derive(Deserialize)]
struct SsoConfig {
    company: String,
    sso: Json,
}

/// `system.update_company_sso_config`.
fn update_company_sso_config(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: SsoConfig = request.decode()?;
    tenants::set_sso(ctx, &asked.company, &asked.sso)?;
    Ok(Reply::empty())
}

/// `system.get_company_app_instance_access`.
fn get_app_instance_access(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: CompanyOnly = request.decode()?;
    let access = tenants::app_access(ctx, &asked.company)?;
    Reply::data(&json!({"app_instance_access": access.0}))
}

#[derive(Deserialize)]
struct AppInstanceAccess {
    company: String,
    app_instance_access: Json,
}

/// `system.update_company_app_instance_access`.
fn update_app_instance_access(ctx: &Ctx<'_>, request: Request) -> Result<Reply> {
    let asked: AppInstanceAccess = request.decode()?;
    tenants::set_app_access(ctx, &asked.company, &AppAccess(asked.app_instance_access))?;
    Ok(Reply::empty())
}
