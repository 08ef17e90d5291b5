//! A tenant's settings (spec/governance.md 8.2).

use serde_json::{Value, json};

use super::{create::check_defaults, existing};
use crate::{
    domain::{App, Ctx},
    store::Scope,
    types::{ApiError, ErrorKind, Json, Result},
};

/// How a setting is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Flag,
    Number,
    Texts,
    FeatureSet,
    Cookies,
}

/// Settings that `system.update_company_settings` takes.
const SETTINGS: [(&str, Kind); 13] = [
    ("admin_access_all_apps", Kind::Flag),
    ("allow_service_user_admins", Kind::Flag),
    ("allowed_service_users", Kind::Number),
    ("allowed_users", Kind::Number),
    ("app_access_by_owners", Kind::Flag),
    ("cookie_options", Kind::Cookies),
    ("exclude_features", Kind::Texts),
    ("excluded_application_categories", Kind::Texts),
    ("feature_set", Kind::FeatureSet),
    ("features", Kind::Texts),
    ("max_running_apps", Kind::Number),
    ("supported_application_categories", Kind::Texts),
    ("supported_application_ids", Kind::Texts),
];

fn refused(key: &str, wanted: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, format!("must be {wanted}")).with("field", key)
}

/// Strings stand for numbers and flags, as they do everywhere (spec/governance.md 1.2).
fn read(key: &str, kind: Kind, value: &Value) -> Result<Value> {
    match (kind, value) {
        (Kind::Flag, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Flag, Value::String(text)) => match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(refused(key, "true or false")),
        },
        (Kind::Flag, _) => Err(refused(key, "true or false")),
        (Kind::Number, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Kind::Number, Value::String(text)) => {
            text.trim().parse::<i64>().map(Value::from).map_err(|_| refused(key, "a whole number"))
        }
        (Kind::Number, _) => Err(refused(key, "a whole number")),
        (Kind::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => Ok(value.clone()),
        (Kind::Texts, _) => Err(refused(key, "a list of texts")),
        (Kind::FeatureSet, Value::String(text)) if ["basic", "advanced"].contains(&text.as_str()) => {
            Ok(value.clone())
        }
        (Kind::FeatureSet, _) => Err(refused(key, "basic or advanced")),
        (Kind::Cookies, Value::Object(options)) => match options.get("domain") {
            None | Some(Value::Null | Value::String(_)) => Ok(value.clone()),
            Some(_) => Err(refused(key, "an object with a domain")),
        },
        (Kind::Cookies, _) => Err(refused(key, "an object with a domain")),
    }
}

/// `system.update_company_settings`: lists replace lists, absent keys stay, null clears. Returns whether anything was
/// sent that a tenant can have.
///
/// Errors: 400/10 unknown tenant; 400/12 a value.
pub fn update(ctx: &Ctx<'_>, tenant: &str, sent: &Json) -> Result<bool> {
    let mut changes: Vec<(&str, Option<Value>)> = Vec::new();
    for (key, kind) in SETTINGS {
        match sent.get(key) {
            None => {}
            Some(Value::Null) => changes.push((key, None)),
            Some(value) => changes.push((key, Some(read(key, kind, value)?))),
        }
    }
    ctx.touched("tenant", tenant);
    ctx.write(|tx| {
        let company = existing(tx, tenant)?;
        if changes.is_empty() {
            return Ok(false);
        }
        let mut defaults = company.defaults;
        for (key, value) in &changes {
            match value {
                Some(value) => defaults.insert((*key).to_owned(), value.clone()),
                None => defaults.remove(*key),
            };
        }
        check_defaults(&defaults)?;
        tx.set_company_defaults(&company.id, &defaults)
    })
}

/// `system.update_company_sso_config`: how a provider's claims map to the tenant.
///
/// Errors: 400/10 unknown tenant; 400/12 malformed; 400/801 the external id is another tenant's.
pub fn set_sso(ctx: &Ctx<'_>, tenant: &str, sso: &Json) -> Result<()> {
    let external = match sso.get("tenant") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        Some(_) => return Err(refused("sso.tenant", "a text")),
    };
    let mapping = sso.get("group_mapping").filter(|mapping| !mapping.is_null());
    if mapping.is_some_and(|mapping| !is_mapping(mapping)) {
        return Err(refused(
            "sso.group_mapping",
            "an object of a group or a list of groups by provider's group",
        ));
    }
    let admins = sso.get("admin_groups").filter(|groups| !groups.is_null());
    let are_texts = |list: &Value| list.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    if admins.is_some_and(|groups| !are_texts(groups)) {
        return Err(refused("sso.admin_groups", "a list of names"));
    }
    ctx.touched("tenant", tenant);
    ctx.write(|tx| {
        let company = existing(tx, tenant)?;
        if let Some(external) = external {
            let taken = tx
                .companies()?
                .into_iter()
                .any(|other| other.id != company.id && external_id(&other.defaults) == Some(external));
            if taken {
                let text = "another tenant has this external id";
                return Err(ApiError::new(ErrorKind::ExpectedUniqueData, text).with("tenant", external));
            }
        }
        let mut stored = Json::new();
        if let Some(external) = external {
            stored.insert("tenant".to_owned(), external.into());
        }
        for (key, value) in [("group_mapping", mapping), ("admin_groups", admins)] {
            if let Some(value) = value {
                stored.insert(key.to_owned(), value.clone());
            }
        }
        let mut defaults = company.defaults.clone();
        defaults.insert("sso".to_owned(), Value::Object(stored));
        tx.set_company_defaults(&company.id, &defaults).map(drop)
    })
}

fn is_mapping(mapping: &Value) -> bool {
    let texts = |value: &Value| match value {
        Value::String(_) => true,
        Value::Array(items) => items.iter().all(Value::is_string),
        _ => false,
    };
    mapping.as_object().is_some_and(|mapping| mapping.values().all(texts))
}

/// The id under which identity providers know a tenant.
pub(crate) fn external_id(defaults: &Json) -> Option<&str> {
    defaults.get("sso")?.get("tenant")?.as_str()
}

/// Who may see the instances of applications, as sent and stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppAccess(pub Json);

const APP_ACCESS: &str = "app_instance_access";

/// `group` and `groups` are the same.
fn allowed(value: &Value, key: &str) -> Result<Value> {
    match value.as_str() {
        Some("group" | "groups") => Ok(json!("groups")),
        Some("all" | "owner") => Ok(value.clone()),
        _ => Err(refused(key, "all, owner or groups")),
    }
}

/// `system.get_company_app_instance_access`.
///
/// Errors: 400/10.
pub fn app_access(ctx: &Ctx<'_>, tenant: &str) -> Result<AppAccess> {
    ctx.read(|snapshot| {
        let stored = existing(snapshot, tenant)?.defaults.remove(APP_ACCESS);
        Ok(AppAccess(match stored {
            Some(Value::Object(access)) => access,
            _ => Json::new(),
        }))
    })
}

/// `system.update_company_app_instance_access`: replaces what was stored.
///
/// Errors: 400/10; 400/12.
pub fn set_app_access(ctx: &Ctx<'_>, tenant: &str, access: &AppAccess) -> Result<()> {
    let mut stored = Json::new();
    for (key, value) in access.0.iter().filter(|(_, value)| !value.is_null()) {
        let read = match key.as_str() {
            "admin_access_all" => read(key, Kind::Flag, value)?,
            "allowed" => allowed(value, key)?,
            "applications" | "categories" => {
                let entries = value.as_object().ok_or_else(|| refused(key, "an object"))?;
                let mut read = Json::new();
                for (id, entry) in entries {
                    let wanted = entry
                        .get("allowed")
                        .ok_or_else(|| refused(key, "an object with allowed for each"))?;
                    read.insert(id.clone(), json!({"allowed": allowed(wanted, key)?}));
                }
                Value::Object(read)
            }
            _ => {
                return Err(
                    ApiError::new(ErrorKind::ValidationError, "unknown field").with("field", key.as_str())
                );
            }
        };
        stored.insert(key.clone(), read);
    }
    ctx.touched("tenant", tenant);
    ctx.write(|tx| {
        let company = existing(tx, tenant)?;
        let mut defaults = company.defaults.clone();
        defaults.insert(APP_ACCESS.to_owned(), Value::Object(stored));
        tx.set_company_defaults(&company.id, &defaults).map(drop)
    })
}

/// Whether an active tenant has this external id.
pub fn has_external_id(app: &App, external: &str) -> Result<bool> {
    app.store.read(&Scope::server(), |snapshot| {
        let active = snapshot.companies()?.into_iter().filter(|company| company.active);
        Ok(active.into_iter().any(|company| external_id(&company.defaults) == Some(external)))
    })
}
