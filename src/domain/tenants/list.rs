//! What there is: tenants, what they hold, what runs in them (spec/governance.md 8.2, 8.3).

use regex::RegexBuilder;

use super::existing;
use crate::{
    domain::{Ctx, features},
    store::{
        Scope, Snapshot,
        identity::Company,
        tenants::{Resources, Rhythm},
    },
    types::{ApiError, CompanyId, ErrorKind, Json, Millis, Result},
};

/// Which tenants `system.get_companies` is about.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Exactly this name, without regard to case.
    pub name: Option<String>,
    /// A pattern somewhere in the name.
    pub name_pattern: Option<String>,
    /// Whether people are counted.
    pub count_users: bool,
}

/// A tenant in the list of companies.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The tenant.
    pub company: Company,
    /// How many people it has, if asked for.
    pub users: Option<u64>,
}

/// All tenants, the default one and deleted ones that are not gone yet included.
///
/// Errors: 400/21 the pattern.
pub fn find(ctx: &Ctx<'_>, wanted: &Wanted) -> Result<Vec<Listed>> {
    let pattern = match wanted.name_pattern.as_deref().filter(|pattern| !pattern.is_empty()) {
        Some(pattern) if pattern.len() > 4096 => {
            return Err(ApiError::new(ErrorKind::InvalidRegexError, "the pattern is too long"));
        }
        Some(pattern) => Some(
            RegexBuilder::new(pattern)
                .size_limit(1 << 20)
                .build()
                .map_err(|_| ApiError::new(ErrorKind::InvalidRegexError, "").with("pattern", pattern))?,
        ),
        None => None,
    };
    let name = wanted.name.as_deref().map(|name| name.trim().to_lowercase());
    ctx.read(|snapshot| {
        let mut found = Vec::new();
        for company in snapshot.companies_with_remains()? {
            let matches = name.as_ref().is_none_or(|name| company.name.to_lowercase() == *name)
                && pattern.as_ref().is_none_or(|pattern| pattern.is_match(&company.name));
            if matches {
                let users = wanted.count_users.then(|| snapshot.people_count(&company.id)).transpose()?;
                found.push(Listed { company, users });
            }
        }
        Ok(found)
    })
}

/// `system.company_info`: a tenant with its settings and the features that take effect for its administrators.
///
/// Errors: 400/10.
pub fn company_info(ctx: &Ctx<'_>, tenant: &str) -> Result<(Company, Vec<String>)> {
    ctx.read(|snapshot| {
        let company = existing(snapshot, tenant)?;
        let features =
            features::effective(&ctx.app.settings, &company.defaults, &[], crate::domain::Role::System);
        Ok((company, features.into_iter().collect()))
    })
}

/// An active tenant as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Id.
    pub id: CompanyId,
    /// Name.
    pub name: String,
    /// Addresses of its administrators.
    pub admin_emails: Vec<String>,
    /// Made at first start; can't be deleted.
    pub is_default: bool,
}

/// Active tenants by age.
pub fn tenants(ctx: &Ctx<'_>) -> Result<Vec<Tenant>> {
    ctx.read(|snapshot| {
        let active = snapshot.companies()?.into_iter().filter(|company| company.active);
        active
            .map(|company| {
                Ok(Tenant {
                    admin_emails: snapshot.admin_emails(&company.id)?,
                    is_default: company.id.as_str() == ctx.app.settings.apiserver.default_company,
                    id: company.id,
                    name: company.name,
                })
            })
            .collect()
    })
}

/// What a tenant holds and what runs in it.
///
/// Errors: 400/10.
pub fn resources(ctx: &Ctx<'_>, tenant: &str) -> Result<Resources> {
    ctx.read(|snapshot| resources_of(snapshot, &existing(snapshot, tenant)?.id))
}

pub(super) fn resources_of(snapshot: &Snapshot<'_>, tenant: &CompanyId) -> Result<Resources> {
    let scope = Scope::tenant(tenant.clone());
    snapshot.within(&scope).resources()
}

/// What a tenant did in a period.
#[derive(Clone, Debug)]
pub struct Info {
    /// Its name.
    pub name: String,
    /// Projects made.
    pub projects: Rhythm,
    /// Tasks made.
    pub tasks: Rhythm,
    /// Tasks made per day.
    pub tasks_by_day: Vec<(Millis, u64)>,
    /// Ids of people who signed in during the period.
    pub active: Vec<String>,
    /// Addresses that may sign in and did not yet.
    pub pending: Vec<String>,
    /// How many people it may have.
    pub max_allowed: Option<i64>,
    /// Length of the period in days.
    pub days: i64,
}

/// `tenants.get_tenant_info`.
///
/// Errors: 400/10; 400/16 the period ends before it begins.
pub fn info(ctx: &Ctx<'_>, tenant: &str, from: Millis, to: Millis) -> Result<Info> {
    if to <= from {
        return Err(ApiError::new(ErrorKind::FieldsValueError, "to_date must be later than from_date"));
    }
    ctx.read(|snapshot| {
        let company = existing(snapshot, tenant)?;
        let scope = Scope::tenant(company.id.clone());
        let inside = snapshot.within(&scope);
        let pending = snapshot.whitelist(&company.id)?.into_iter().filter(|entry| entry.accepted.is_none());
        Ok(Info {
            projects: inside.rhythm(false, from, to)?,
            tasks: inside.rhythm(true, from, to)?,
            tasks_by_day: inside.tasks_by_day(from, to)?,
            active: snapshot.active_people(&company.id, from.0)?,
            pending: pending.map(|entry| entry.email).collect(),
            max_allowed: number(&company.defaults, "allowed_users"),
            days: (to.0 - from.0 + 86_399_999) / 86_400_000,
            name: company.name,
        })
    })
}

fn number(defaults: &Json, key: &str) -> Option<i64> {
    defaults.get(key)?.as_i64()
}
