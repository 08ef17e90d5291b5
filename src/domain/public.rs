//! Publishing to all tenants, and taking back (spec/projects.md 3.16, spec/security_rules.md S17).

use crate::{
    domain::{Ctx, Role},
    store::query::Collection,
    types::{ApiError, ErrorKind, Result},
};

/// Only identities of the platform publish across tenants; administrators when configuration lets them, minted
/// tokens never.
///
/// Errors: 403/20.
pub fn may_publish(ctx: &Ctx<'_>) -> Result<()> {
    let allowed = match ctx.caller.role {
        Role::System | Role::Root => true,
        Role::Admin => ctx.app.settings.services.organization.allow_public,
        _ => false,
    };
    if allowed && !ctx.caller.minted {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorKind::RoleNotAllowed,
        "publishing to other tenants is left to administrators, and needs services.organization.allow_public",
    )
    .with("role", ctx.caller.role.as_str()))
}

fn some_ids(ids: &[String]) -> Result<()> {
    match ids.is_empty() {
        true => Err(ApiError::new(ErrorKind::ValidationError, "name at least one id").with("field", "ids")),
        false => Ok(()),
    }
}

fn none_missing(missing: Vec<String>, unknown: impl FnOnce(&str) -> ApiError) -> Result<()> {
    match missing.first() {
        None => Ok(()),
        Some(first) => Err(unknown(first).with("ids", missing)),
    }
}

/// Makes the tenant's documents public. All or none.
pub(super) fn publish(
    ctx: &Ctx<'_>,
    collection: &'static Collection,
    ids: &[String],
    unknown: impl FnOnce(&str) -> ApiError,
) -> Result<usize> {
    some_ids(ids)?;
    may_publish(ctx)?;
    ctx.write(|tx| {
        none_missing(tx.not_writable(collection, ids)?, unknown)?;
        tx.publish(collection, ids, ctx.caller.user.as_str())
    })
}

/// Makes documents private again that the tenant published. All or none.
pub(super) fn take_back(
    ctx: &Ctx<'_>,
    collection: &'static Collection,
    ids: &[String],
    unknown: impl FnOnce(&str) -> ApiError,
) -> Result<usize> {
    some_ids(ids)?;
    may_publish(ctx)?;
    ctx.write(|tx| {
        none_missing(tx.not_published_here(collection, ids)?, unknown)?;
        tx.take_back(collection, ids, ctx.caller.user.as_str())
    })
}
