//! Making tenants (spec/governance.md 8.2, 8.3).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    existing,
    queue::{self, AppQueue},
};
use crate::{
    config::settings::organization::FEATURES,
    crypto::Secret,
    domain::{
        Ctx, Role,
        identity::{self, doors},
    },
    store::{Scope, Tx, identity::NewAccount, queues::NewQueue},
    types::{ApiError, CompanyId, ErrorKind, Json, Result, UserId, new_id},
};

/// Fewest characters of a tenant's name.
const SHORTEST: usize = 3;

/// A tenant that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Id.
    pub id: CompanyId,
    /// Its application queue, where each tenant has one.
    pub app_queue: Option<AppQueue>,
}

/// What `tenants.create_tenant` takes.
#[derive(Clone, Debug, Default)]
pub struct NewTenant {
    /// Name.
    pub name: String,
    /// Mail domain whose people belong to it.
    pub domain: Option<String>,
    /// Addresses of its administrators.
    pub admin_emails: Vec<String>,
    /// How many people it may have.
    pub max_users: Option<i64>,
    /// How many service accounts it may have.
    pub max_service_users: Option<i64>,
}

/// The credentials of a tenant's internal administrator: the only time that the secret is shown.
#[derive(Debug)]
pub struct TenantAdmin {
    /// The administrator.
    pub user: UserId,
    /// Public half.
    pub access_key: String,
    /// Secret half.
    pub secret_key: Secret<String>,
}

/// Makes a tenant with its default queue.
///
/// Errors: 400/12 the name is too short, a feature is unknown or a quota negative; 400/801 an active tenant has the name.
pub fn create(ctx: &Ctx<'_>, name: &str, defaults: &Json) -> Result<Made> {
    let name = checked_name(name)?;
    check_defaults(defaults)?;
    let id = CompanyId::fresh();
    ctx.touched("tenant", id.as_str());
    ctx.write(|tx| insert(ctx, tx, &id, name, defaults))
}

/// Makes a tenant with an internal administrator, the administrator's credentials, a mail domain and entries of the white
/// list: all of it, or nothing.
///
/// Errors: as [`create`]; 400/22, 400/23; 400/801 a domain or an address belongs to another tenant.
pub fn create_with_admin(ctx: &Ctx<'_>, new: &NewTenant) -> Result<(Made, TenantAdmin)> {
    let name = checked_name(&new.name)?;
    let mut defaults = Json::new();
    for (key, value) in [("allowed_users", new.max_users), ("allowed_service_users", new.max_service_users)] {
        if let Some(value) = value {
            defaults.insert(key.to_owned(), value.into());
        }
    }
    check_defaults(&defaults)?;
    let domain = new.domain.as_deref().map(str::trim).filter(|domain| !domain.is_empty());
    let domains = doors::checked_domains(domain)?;
    let emails = doors::checked_emails(&new.admin_emails)?;
    let id = CompanyId::fresh();
    ctx.touched("tenant", id.as_str());
    ctx.write(|tx| {
        let made = insert(ctx, tx, &id, name, &defaults)?;
        doors::replace_domains(tx, &id, &domains)?;
        doors::add_entries(tx, &id, &emails, Role::Admin, &ctx.caller.user)?;
        let user = insert_internal_admin(ctx, tx, &id, name)?;
        let admin = issue(ctx, tx, &id, user)?;
        Ok((made, admin))
    })
}

/// A further pair for a tenant's internal administrator, who is made where there is none yet.
///
/// Errors: 400/10 unknown tenant.
pub fn add_admin_credentials(ctx: &Ctx<'_>, tenant: &str) -> Result<TenantAdmin> {
    ctx.touched("tenant", tenant);
    ctx.write(|tx| {
        let company = existing(tx, tenant)?;
        let user = match tx.internal_admin(&company.id)? {
            Some(user) => user,
            None => insert_internal_admin(ctx, tx, &company.id, &company.name)?,
        };
        issue(ctx, tx, &company.id, user)
    })
}

fn issue(ctx: &Ctx<'_>, tx: &Tx<'_>, tenant: &CompanyId, user: UserId) -> Result<TenantAdmin> {
    let (access_key, secret_key) =
        identity::issue_credential(ctx, tx, &user, tenant, "tenant administrator")?;
    ctx.touched("user", user.as_str());
    ctx.touched("credential", access_key.as_str());
    Ok(TenantAdmin { user, access_key, secret_key })
}

fn insert_internal_admin(ctx: &Ctx<'_>, tx: &Tx<'_>, tenant: &CompanyId, name: &str) -> Result<UserId> {
    let id = UserId::fresh();
    let name = format!("{name} administrator");
    tx.insert_account(&NewAccount {
        id: id.clone(),
        company: tenant.clone(),
        name: name.clone(),
        email: None,
        role: Role::Admin.as_str().to_owned(),
        internal: true,
        autocreated: false,
        is_service: false,
        operator: false,
        created_by: Some(ctx.caller.user.clone()),
    })?;
    identity::join_groups(tx, &id, tenant, Role::Admin)?;
    tx.upsert_profile(&identity::named_profile(&id, tenant, &name, tx.now))?;
    Ok(id)
}

fn insert(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &CompanyId, name: &str, defaults: &Json) -> Result<Made> {
    if ctx.app.settings.apiserver.company.unique_names && tx.company_name_taken(name)? {
        return Err(ApiError::new(ErrorKind::ExpectedUniqueData, "a tenant of this name exists already")
            .with("name", name));
    }
    tx.insert_company(id, name, tx.now)?;
    if !defaults.is_empty() {
        tx.set_company_defaults(id, defaults)?;
    }
    let scope = Scope::tenant(id.clone());
    let inside = tx.within(&scope);
    let system_tags = ["default".to_owned()];
    inside.insert_queue(&NewQueue {
        id: &new_id(),
        name: "default",
        system_tags: &system_tags,
        ..Default::default()
    })?;
    Ok(Made { id: id.clone(), app_queue: queue::ensure(&inside, &ctx.app.settings)? })
}

fn checked_name(name: &str) -> Result<&str> {
    let name = name.trim();
    if name.chars().count() < SHORTEST || name.chars().count() > 200 || name.chars().any(char::is_control) {
        let text = format!("a tenant's name needs {SHORTEST} to 200 characters");
        return Err(ApiError::new(ErrorKind::ValidationError, text).with("name", name));
    }
    Ok(name)
}

/// Settings that a tenant can have: features that exist, quotas that are no negative numbers.
///
/// Errors: 400/12.
pub(super) fn check_defaults(defaults: &Json) -> Result<()> {
    for key in ["features", "exclude_features"] {
        let listed = defaults.get(key).and_then(Value::as_array).into_iter().flatten();
        let unknown: BTreeSet<&str> = listed
            .map(|name| name.as_str().unwrap_or_default())
            .filter(|name| !FEATURES.iter().any(|(known, _)| known == name))
            .collect();
        if !unknown.is_empty() {
            return Err(ApiError::new(ErrorKind::ValidationError, "there are no such features")
                .with("field", key)
                .with("features", json!(unknown)));
        }
    }
    for key in ["allowed_users", "allowed_service_users", "max_running_apps"] {
        let negative = defaults.get(key).is_some_and(|value| value.as_i64().is_none_or(|number| number < 0));
        if negative {
            return Err(ApiError::new(ErrorKind::ValidationError, "must be a whole number from 0 on")
                .with("field", key));
        }
    }
    Ok(())
}
