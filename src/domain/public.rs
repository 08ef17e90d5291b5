//! Publishing to all tenants, and taking back (spec/projects.md 3.16, spec/security_rules.md S17).

use crate::{
    domain::{Ctx, Role},
    store::{Tx, query::Collection},
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

/// Makes the tenant's documents public. All or none.
pub(super) fn publish(
    ctx: &Ctx<'_>,
    collection: &'static Collection,
    ids: &[String],
    unknown: impl FnOnce(&str) -> ApiError,
) -> Result<usize> {
    change_hands(
        ctx,
        ids,
        unknown,
        |tx| tx.not_writable(collection, ids),
        |tx, user| tx.publish(collection, ids, user),
    )
}

/// Makes documents private again that the tenant published. All or none.
pub(super) fn take_back(
    ctx: &Ctx<'_>,
    collection: &'static Collection,
    ids: &[String],
    unknown: impl FnOnce(&str) -> ApiError,
) -> Result<usize> {
    change_hands(
        ctx,
        ids,
        unknown,
        |tx| tx.not_published_here(collection, ids),
        |tx, user| tx.take_back(collection, ids, user),
    )
}

/// Checks the caller and that none of the ids is `missing`, then does it.
fn change_hands(
    ctx: &Ctx<'_>,
    ids: &[String],
    unknown: impl FnOnce(&str) -> ApiError,
    missing: impl FnOnce(&Tx<'_>) -> Result<Vec<String>>,
    change: impl FnOnce(&Tx<'_>, &str) -> Result<usize>,
) -> Result<usize> {
    if ids.is_empty() {
        return Err(ApiError::new(ErrorKind::ValidationError, "name at least one id").with("field", "ids"));
    }
    may_publish(ctx)?;
    ctx.write(|tx| {
        let missing = missing(tx)?;
        if let Some(first) = missing.first() {
            return Err(unknown(first).with("ids", missing));
        }
        change(tx, ctx.caller.user.as_str())
    })
}
