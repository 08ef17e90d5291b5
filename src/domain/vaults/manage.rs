//! Writing and deleting vaults (spec/governance.md 3.3).

use super::{
    Format, Kind,
    data::{self, For},
    is_personal,
    log::{Deed, record},
    sealed, serve,
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot, Tx,
        identity::Account,
        vaults::{NewVault, Vault, VaultContent, VaultScope},
    },
    types::{ApiError, ErrorKind, Result, UserId, new_id},
};

/// Vaults that one tenant may have.
const MOST: i64 = 200;
/// Characters of a display name.
const LONGEST_NAME: usize = 255;

/// A new vault, or what shall change of one; what is `None` stays.
#[derive(Clone, Default)]
pub struct Change {
    /// Which one; none makes a new one.
    pub id: Option<String>,
    /// Whom it is for; default: the caller.
    pub scope: Option<VaultScope>,
    /// Type; default configuration.
    pub kind: Option<Kind>,
    /// Format; default HOCON, or JSON where that is the only one.
    pub format: Option<Format>,
    /// Display name.
    pub description: Option<String>,
    /// Whether it applies; default true.
    pub enabled: Option<bool>,
    /// Text.
    pub data: Option<String>,
    /// Whose members it is for.
    pub group: Option<String>,
    /// Whose it is, when not the caller's.
    pub user: Option<String>,
    /// The version that the change was made from, where somebody else's change in between must not be lost.
    pub based_on: Option<i64>,
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, text)
}

fn unusable(text: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::FieldsValueError, text)
}

fn not_yours(ctx: &Ctx<'_>) -> ApiError {
    ApiError::new(
        ErrorKind::RoleNotAllowed,
        "you may write your own personal vaults only; ask an administrator",
    )
    .with("role", ctx.caller.role.as_str())
}

fn fault(fault: data::Fault) -> ApiError {
    let kind = match fault.keys.is_empty() {
        true => ErrorKind::ValidationError,
        false => ErrorKind::FieldsValueError,
    };
    let error = ApiError::new(kind, fault.to_string());
    let error = match fault.line {
        0 => error,
        line => error.with("line", line).with("column", fault.column),
    };
    if fault.keys.is_empty() { error } else { error.with("keys", fault.keys) }
}

/// `users.add_or_update_vault`: returns the vault's id.
///
/// Errors: 400/10 unknown vault or group; 400/12 a text that can't be read, too long, too many; 400/16 forbidden keys, a scope
/// without its group or that changes; 400/301 unknown user; 403/20 somebody else's, or a personal monitoring vault; 500/101
/// the stored text is needed and can't be read.
pub fn add_or_update(ctx: &Ctx<'_>, change: &Change) -> Result<String> {
    let by = ctx.caller.user.as_str();
    if !ctx.caller.role.administers()
        && (change.user.is_some() || change.scope.is_some_and(|scope| scope != VaultScope::User))
    {
        return Err(not_yours(ctx));
    }
    if let Some(name) = &change.description
        && (name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control))
    {
        return Err(invalid(format!("a description has at most {LONGEST_NAME} characters on one line")));
    }
    if change.data.as_ref().is_some_and(|data| data.len() > data::LARGEST) {
        return Err(invalid("a vault may have at most 1 MiB; split it or remove what is not needed"));
    }
    let id = change.id.clone().unwrap_or_else(new_id);
    ctx.touched("vault", id.as_str());
    ctx.write(|tx| match &change.id {
        None => add(ctx, tx, &id, by, change),
        Some(_) => update(ctx, tx, &id, by, change),
    })?;
    Ok(id)
}

fn add(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, by: &str, change: &Change) -> Result<()> {
    if tx.count_vaults()? >= MOST {
        return Err(invalid(format!("a tenant may have at most {MOST} vaults; delete some")));
    }
    let scope = change.scope.unwrap_or(VaultScope::User);
    let kind = change.kind.unwrap_or(Kind::Config);
    let (user, group) = place(tx, scope, change, Some(by))?;
    let format = change.format.unwrap_or(match kind.is_configuration() {
        true => Format::Hocon,
        false => Format::Json,
    });
    let text = change.data.as_deref().unwrap_or_default();
    let enabled = change.enabled.unwrap_or(true);
    check(ctx, tx, text, Checked { kind, scope, format, enabled, user: user.as_deref() })?;
    let new = NewVault {
        id,
        scope,
        user: user.as_deref(),
        group: group.as_deref(),
        kind: kind.as_str(),
        description: change.description.as_deref().unwrap_or_default().trim(),
        enabled,
        by,
    };
    tx.insert_vault(&new)?;
    tx.put_vault_content(id, &content(ctx, tx, id, 1, format, text)?)?;
    let vault = tx.vault(id)?.ok_or(ErrorKind::InternalError)?;
    record(ctx, tx, &vault, Deed::Create, "")
}

/// Owner and group of a vault. `present`: whose it is when the change names nobody.
fn place(
    snapshot: &Snapshot<'_>,
    scope: VaultScope,
    change: &Change,
    present: Option<&str>,
) -> Result<(Option<String>, Option<String>)> {
    match scope {
        VaultScope::User => {
            let user = change.user.as_deref().or(present);
            if let Some(user) = &change.user {
                known_user(snapshot, user)?;
            }
            Ok((user.map(str::to_owned), None))
        }
        VaultScope::Group => {
            let group = change.group.as_deref().or(present).filter(|group| !group.is_empty());
            let group = group.filter(|_| change.group.is_some() || change.id.is_some());
            let group = group
                .ok_or_else(|| unusable("a vault of scope group needs the group").with("field", "group"))?;
            snapshot.group_name(group)?.ok_or_else(|| {
                ApiError::new(ErrorKind::InvalidId, "there is no such group").with("group", group)
            })?;
            Ok((None, Some(group.to_owned())))
        }
        VaultScope::Organization => Ok((None, None)),
    }
}

/// A user of the snapshot's tenant.
///
/// Errors: 400/301.
pub(super) fn known_user(snapshot: &Snapshot<'_>, user: &str) -> Result<Account> {
    let unknown = || ApiError::new(ErrorKind::InvalidUserId, "there is no such user").with("user", user);
    let account = snapshot.account(user)?.ok_or_else(unknown)?;
    let tenant = &snapshot.scope.company;
    let member = snapshot.memberships(&account.id)?.iter().any(|(company, _)| company == tenant);
    if member || account.company == *tenant { Ok(account) } else { Err(unknown()) }
}

struct Checked<'a> {
    kind: Kind,
    scope: VaultScope,
    format: Format,
    enabled: bool,
    user: Option<&'a str>,
}

fn check(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, text: &str, of: Checked<'_>) -> Result<()> {
    let personal = is_personal(of.scope);
    if personal && of.kind == Kind::Monitoring {
        return Err(ApiError::new(
            ErrorKind::RoleNotAllowed,
            "a monitoring vault outranks everything, so it can't be personal; use type config, or a group",
        )
        .with("role", ctx.caller.role.as_str()));
    }
    if !of.kind.is_configuration() && of.format != Format::Json {
        return Err(invalid(format!("a vault of type {} is written in JSON", of.kind.as_str())));
    }
    if !of.enabled || text.trim().is_empty() {
        return Ok(());
    }
    let protected = match of.user.filter(|_| personal) {
        Some(user) => serve::protected(ctx, snapshot, &UserId::from(user))?,
        None => super::environment::Protected::default(),
    };
    let forbidden = &ctx.app.settings.services.vaults.forbidden_keys;
    data::check(text, of.format, &For { kind: of.kind, personal, forbidden, protected: &protected })
        .map(drop)
        .map_err(fault)
}

fn content(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    vault: &str,
    version: i64,
    format: Format,
    text: &str,
) -> Result<VaultContent> {
    Ok(VaultContent {
        version,
        format: format.as_str().to_owned(),
        sealed: sealed::seal(ctx.app, tx.scope.company.as_str(), vault, version, text)?,
        hash: sealed::hash(ctx.app, text),
        created: tx.now,
        created_by: ctx.caller.user.clone(),
    })
}

fn update(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, by: &str, change: &Change) -> Result<()> {
    let mut vault = writable(ctx, tx, id, change)?;
    if change.based_on.is_some_and(|version| version != vault.version) {
        return Err(invalid("somebody changed this vault meanwhile; compare the versions and save again")
            .with("current_version", vault.version));
    }
    if change.scope.is_some_and(|scope| scope != vault.scope) {
        return Err(unusable("the scope of a vault can't change; make another vault").with("field", "scope"));
    }
    let kind = Kind::named(&vault.kind).unwrap_or(Kind::Config);
    if change.kind.is_some_and(|wanted| wanted != kind) {
        return Err(unusable("the type of a vault can't change; make another vault").with("field", "type"));
    }
    let former = vault.clone();
    let present = vault.user.as_ref().map(UserId::as_str).or(vault.group.as_deref());
    let (user, group) = place(tx, vault.scope, change, present)?;
    vault.user = user.map(Into::into);
    vault.group = group;
    vault.enabled = change.enabled.unwrap_or(vault.enabled);
    if let Some(description) = &change.description {
        description.trim().clone_into(&mut vault.description);
    }

    let stored = tx.vault_content(id, vault.content_version)?;
    let format = stored.as_ref().and_then(|stored| Format::named(&stored.format)).unwrap_or(Format::Hocon);
    let new_format = change.format.unwrap_or(format);
    let new_hash = change.data.as_deref().map(|text| sealed::hash(ctx.app, text));
    let rewritten = change.data.is_some() && new_hash.as_ref() != stored.as_ref().map(|stored| &stored.hash)
        || new_format != format;
    let recheck = rewritten || vault.enabled && (!former.enabled || vault.user != former.user);
    let kept = match &change.data {
        None if recheck => {
            let text = serve::text_of(ctx, tx, &former)?;
            Some(text.map(|(_, text)| text).ok_or_else(|| {
                ApiError::new(
                    ErrorKind::InconsistentData,
                    "the stored text of this vault can't be read; write it again or delete the vault",
                )
            })?)
        }
        _ => None,
    };
    let text = change.data.as_deref().or(kept.as_ref().map(|text| text.as_str())).unwrap_or_default();
    if recheck {
        let user = vault.user.as_ref().map(UserId::as_str);
        let checked = Checked { kind, scope: vault.scope, format: new_format, enabled: vault.enabled, user };
        check(ctx, tx, text, checked)?;
    }
    let renamed =
        vault.description != former.description || vault.user != former.user || vault.group != former.group;
    let toggled = vault.enabled != former.enabled;
    if !(rewritten || renamed || toggled) {
        return Ok(());
    }
    vault.version += 1;
    vault.updated_by = UserId::from(by);
    if rewritten {
        vault.content_version = vault.version;
        tx.put_vault_content(id, &content(ctx, tx, id, vault.version, new_format, text)?)?;
    }
    tx.update_vault(&vault)?;
    let deed = match (rewritten || renamed, vault.enabled) {
        (true, _) => Deed::Edit,
        (false, true) => Deed::Activate,
        (false, false) => Deed::Deactivate,
    };
    record(ctx, tx, &vault, deed, "")
}

/// A vault that the caller may change.
///
/// Errors: 400/10 unknown, or somebody else's; 403/20 of administrators.
fn writable(ctx: &Ctx<'_>, tx: &Tx<'_>, id: &str, change: &Change) -> Result<Vault> {
    // An administrator who names the owner may write that vault, though not read it.
    let named = tx.vault(id)?.filter(|vault| {
        ctx.caller.role.administers()
            && is_personal(vault.scope)
            && vault.user.as_ref().map(UserId::as_str) == change.user.as_deref()
    });
    let vault = match named {
        Some(vault) => vault,
        None => serve::visible(ctx, tx, id)?,
    };
    match is_personal(vault.scope) || ctx.caller.role.administers() {
        true => Ok(vault),
        false => Err(not_yours(ctx)),
    }
}

/// `users.delete_vaults`: returns how many were deleted. What the caller may not delete is not counted.
pub fn delete(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    for id in ids {
        ctx.touched("vault", id.as_str());
    }
    ctx.write(|tx| {
        let mut deleted = 0;
        for id in ids {
            let Ok(vault) = writable(ctx, tx, id, &Change::default()) else { continue };
            record(ctx, tx, &vault, Deed::Delete, "")?;
            deleted += usize::from(tx.delete_vault(id)?);
        }
        Ok(deleted)
    })
}

/// Deletes the vaults of a group that is deleted (spec/governance.md 4.2).
pub fn delete_of_group(ctx: &Ctx<'_>, tx: &Tx<'_>, group: &str) -> Result<usize> {
    let mut vaults = tx.administrator_vaults(None)?;
    vaults.retain(|vault| vault.group.as_deref() == Some(group));
    delete_all(ctx, tx, &vaults, "The group was deleted")
}

/// Deletes the personal vaults of a user who is deleted (spec/security_rules.md S13).
pub fn delete_of_user(ctx: &Ctx<'_>, tx: &Tx<'_>, user: &UserId) -> Result<usize> {
    tx.suspend_vaults_of(user, false)?;
    delete_all(ctx, tx, &tx.vaults_of_user(user.as_str())?, "The user was deleted")
}

fn delete_all(ctx: &Ctx<'_>, tx: &Tx<'_>, vaults: &[Vault], reason: &str) -> Result<usize> {
    for vault in vaults {
        ctx.touched("vault", vault.id.as_str());
        record(ctx, tx, vault, Deed::Delete, reason)?;
        tx.delete_vault(&vault.id)?;
    }
    Ok(vaults.len())
}
