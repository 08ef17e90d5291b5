//! Which vaults somebody gets, in which order, and how much of them is shown (spec/governance.md 3.2;
//! spec/security_rules.md S18, S21).

use indexmap::IndexMap;

use super::{
    Format, Kind, MASK, data,
    data::For,
    environment::Protected,
    is_personal,
    policy::{self, Enforced, Policy},
    sealed,
};
use crate::{
    config::hocon::{Kind as Shape, Value},
    domain::{
        Ctx, redaction,
        trail::{self, ServedVault},
    },
    store::{
        Snapshot,
        vaults::{Vault, VaultScope},
    },
    types::{ApiError, ErrorKind, Result, UserId},
};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What clients load: enabled vaults that apply to the caller, as HOCON.
    pub load: bool,
    /// Only these types; unknown names simply find nothing.
    pub kinds: Option<Vec<String>>,
    /// Structure without values.
    pub preview: bool,
    /// A browser asks: it gets no values of vaults that its person may not edit.
    pub browser: bool,
}

impl Wanted {
    fn has(&self, vault: &Vault) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&vault.kind))
    }
}

/// A vault as somebody may see it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The vault.
    pub vault: Vault,
    /// Format of `data`.
    pub format: Format,
    /// Its text, or its structure; empty when it can't be read.
    pub data: String,
    /// Whether `data` is the text itself.
    pub plain: bool,
    /// Whether the caller may edit it, and the server can read it.
    pub editable: bool,
}

/// `users.get_vaults`.
///
/// Errors: 500/101 what clients load lacks an administrators' vault that can't be read.
pub fn for_caller(ctx: &Ctx<'_>, wanted: &Wanted) -> Result<Vec<Shown>> {
    let user = &ctx.caller.user;
    let shown = ctx.read(|snapshot| {
        let mut vaults = snapshot.vaults_of_user(user.as_str())?;
        if wanted.load {
            vaults.retain(|vault| vault.enabled);
        }
        vaults.extend(match ctx.caller.role.administers() && !wanted.load {
            true => snapshot.administrator_vaults(None)?,
            false => policy::applying(snapshot, user)?,
        });
        vaults.retain(|vault| wanted.has(vault));
        let protected = match vaults.iter().any(|vault| is_personal(vault.scope)) && wanted.load {
            true => protected(ctx, snapshot, user)?,
            false => Protected::default(),
        };
        let mut shown = Vec::with_capacity(vaults.len());
        for vault in vaults {
            let administrators = !is_personal(vault.scope);
            match show(ctx, snapshot, vault, wanted, &protected)? {
                Some(one) => shown.push(one),
                None if wanted.load && administrators => return Err(policy::Unreadable.into()),
                None => ctx.note(|note| note.remark = Some("vault_unreadable".to_owned())),
            }
        }
        Ok(shown)
    })?;
    ctx.note(|note| {
        note.vaults.extend(shown.iter().map(|one| (one.vault.id.clone(), one.vault.version)));
    });
    if wanted.load && !wanted.preview {
        let handed: Vec<(Format, &str)> = shown
            .iter()
            .filter(|one| one.plain && Kind::named(&one.vault.kind).is_some_and(Kind::is_configuration))
            .map(|one| (one.format, one.data.as_str()))
            .collect();
        let handed = values(&handed);
        let tasks = match handed.is_empty() {
            true => Vec::new(),
            false => ctx.read(|snapshot| redaction::tasks_of_caller(ctx, snapshot))?,
        };
        if !tasks.is_empty() || ctx.caller.actor.is_some() {
            ctx.write(|tx| {
                redaction::vaults_loaded(ctx, tx, &tasks, &handed)?;
                trail::vaults_loaded(ctx, tx, &served(tx, &shown)?)
            })?;
        }
    }
    Ok(shown)
}

/// What the trail of a run says of vaults.
fn served(snapshot: &Snapshot<'_>, shown: &[Shown]) -> Result<Vec<ServedVault>> {
    let one = |shown: &Shown| {
        let vault = &shown.vault;
        let content = snapshot.vault_content(&vault.id, vault.content_version)?;
        Ok(ServedVault {
            id: vault.id.clone(),
            scope: vault.scope.as_str().to_owned(),
            description: vault.description.clone(),
            version: vault.version,
            content_hash: content.map(|content| content.hash).unwrap_or_default(),
        })
    };
    shown.iter().map(one).collect()
}

/// The texts of some vaults as values; what can't be read is left out.
pub(in crate::domain) fn values(texts: &[(Format, &str)]) -> Vec<Value> {
    texts.iter().filter_map(|(format, text)| data::read(text, *format).ok()).collect()
}

/// Everything that clients of `identity` load, as values: what its tasks may give away.
pub(in crate::domain) fn loaded_by(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    identity: &UserId,
) -> Result<Vec<Value>> {
    let mut vaults = snapshot.vaults_of_user(identity.as_str())?;
    vaults.extend(policy::applying(snapshot, identity)?);
    let mut values = Vec::new();
    for vault in vaults.into_iter().filter(|vault| vault.enabled) {
        if !Kind::named(&vault.kind).is_some_and(Kind::is_configuration) {
            continue;
        }
        if let Some((format, text)) = text_of(ctx, snapshot, &vault)?
            && let Ok(value) = data::read(&text, format)
        {
            values.push(value);
        }
    }
    Ok(values)
}

/// `users.get_organization_vaults`: all of the tenant's administrators, as they were written.
pub fn of_organization(ctx: &Ctx<'_>, wanted: &Wanted) -> Result<Vec<Shown>> {
    ctx.read(|snapshot| {
        let mut shown = Vec::new();
        for vault in snapshot.administrator_vaults(None)? {
            if wanted.has(&vault) && (vault.enabled || !wanted.load) {
                let as_written = Wanted { load: false, ..wanted.clone() };
                shown.extend(show(ctx, snapshot, vault, &as_written, &Protected::default())?);
            }
        }
        Ok(shown)
    })
}

/// One vault that the caller may see, as it was written, or its structure.
///
/// Errors: 400/10.
pub fn one(ctx: &Ctx<'_>, id: &str, preview: bool) -> Result<Shown> {
    ctx.touched("vault", id);
    ctx.read(|snapshot| {
        let vault = visible(ctx, snapshot, id)?;
        let wanted = Wanted { browser: true, preview, ..Wanted::default() };
        show(ctx, snapshot, vault, &wanted, &Protected::default())?.ok_or_else(|| unknown(id))
    })
}

/// A vault that the caller may see: their own, one of administrators that applies to them, any of administrators for an
/// administrator, and those of service accounts.
pub(super) fn visible(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, id: &str) -> Result<Vault> {
    let vault = snapshot.vault(id)?.ok_or_else(|| unknown(id))?;
    let administrator = ctx.caller.role.administers();
    let seen = match &vault.user {
        Some(owner) if is_personal(vault.scope) => {
            *owner == ctx.caller.user
                || administrator
                    && snapshot.account(owner.as_str())?.is_some_and(|account| account.is_service)
        }
        _ => {
            administrator
                || policy::applying(snapshot, &ctx.caller.user)?.iter().any(|one| one.id == vault.id)
        }
    };
    if seen { Ok(vault) } else { Err(unknown(id)) }
}

/// What the server itself does because of one vault.
///
/// Errors: 400/10.
pub fn enforced_by(ctx: &Ctx<'_>, id: &str) -> Result<Enforced> {
    ctx.read(|snapshot| {
        let vault = visible(ctx, snapshot, id)?;
        let Some((format, text)) = text_of(ctx, snapshot, &vault)? else { return Ok(Enforced::default()) };
        let Ok(value) = data::read(&text, format) else { return Ok(Enforced::default()) };
        let mut enforced = match value.as_object() {
            Some(root) if !is_personal(vault.scope) && vault.kind == Kind::Config.as_str() => {
                policy::enforced(root)
            }
            _ => Enforced::default(),
        };
        if Kind::named(&vault.kind).is_some_and(Kind::is_configuration) {
            enforced.masked = redaction::count_secrets(&value);
        }
        Ok(enforced)
    })
}

/// Groups of the tenant that vaults can be for: id and name.
pub fn groups(ctx: &Ctx<'_>) -> Result<Vec<(String, String)>> {
    ctx.read(|snapshot| snapshot.groups_in_tenant())
}

/// People and service accounts of the tenant: id and name.
pub fn people(ctx: &Ctx<'_>) -> Result<Vec<(String, String)>> {
    ctx.read(|snapshot| {
        let accounts = snapshot.accounts(&ctx.caller.tenant)?;
        let mut people: Vec<(String, String)> = accounts
            .into_iter()
            .filter(|account| !account.internal && !account.disabled)
            .map(|account| (account.id.to_string(), account.name))
            .collect();
        people.sort_by_key(|(_, name)| name.to_lowercase());
        Ok(people)
    })
}

pub(super) fn unknown(id: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidId, "there is no such vault").with("id", id)
}

/// Variables that `user`'s personal settings may not set. While administrators' vaults can't be read, those that always
/// are: nothing runs then anyway.
pub(super) fn protected(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, user: &UserId) -> Result<Protected> {
    Ok(match Policy::of(ctx.app, snapshot, user)? {
        Ok(Some(policy)) => policy.protected(),
        Ok(None) | Err(policy::Unreadable) => Protected::default(),
    })
}

/// Text and format of a vault; `None` when it can't be read.
pub(super) fn text_of(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    vault: &Vault,
) -> Result<Option<(Format, zeroize::Zeroizing<String>)>> {
    let Some(content) = snapshot.vault_content(&vault.id, vault.content_version)? else { return Ok(None) };
    let format = Format::named(&content.format).unwrap_or(Format::Hocon);
    Ok(sealed::open(ctx.app, snapshot, vault, &content).ok().map(|text| (format, text)))
}

/// `None` when it can't be read and clients would load it.
fn show(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    vault: Vault,
    wanted: &Wanted,
    protected: &Protected,
) -> Result<Option<Shown>> {
    let personal = is_personal(vault.scope);
    let own = vault.user.as_ref() == Some(&ctx.caller.user);
    let mine_to_edit =
        if personal { own || ctx.caller.role.administers() } else { ctx.caller.role.administers() };
    let Some((format, text)) = text_of(ctx, snapshot, &vault)? else {
        if wanted.load {
            return Ok(None);
        }
        return Ok(Some(Shown {
            vault,
            format: Format::Hocon,
            data: String::new(),
            plain: false,
            editable: false,
        }));
    };
    let kind = Kind::named(&vault.kind).unwrap_or(Kind::Config);
    let plain = !wanted.preview
        && match personal {
            true => may_read(ctx, snapshot, &vault)?,
            false => mine_to_edit || !wanted.browser || kind == Kind::StorageCredentials,
        };
    let (format, data) = if wanted.load {
        let forbidden = &ctx.app.settings.services.vaults.forbidden_keys;
        let of = For { kind, personal, forbidden, protected };
        match data::loadable(&text, format, &of) {
            Some((format, text)) if plain => (format, text),
            Some((format, text)) => (format, data::preview(&text, format)),
            None => {
                tracing::error!(vault = vault.id, "an enabled vault does not parse");
                return Ok(None);
            }
        }
    } else if plain {
        (format, text.to_string())
    } else {
        (format, data::preview(&text, format))
    };
    Ok(Some(Shown { vault, format, data, plain, editable: mine_to_edit }))
}

/// Personal values are plain only to their owner's own call, or to a session bound to a task that runs as the owner and
/// that the acting identity dequeued (S18).
pub(super) fn may_read(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, vault: &Vault) -> Result<bool> {
    let caller = &ctx.caller;
    if vault.user.as_ref() != Some(&caller.user) {
        return Ok(false);
    }
    let Some(actor) = &caller.actor else { return Ok(true) };
    let Some(session) = caller.session.as_ref().filter(|_| caller.minted) else { return Ok(false) };
    let task = snapshot.task_bound_to(session.as_str())?;
    Ok(task.is_some_and(|task| {
        task.run_as.as_deref() == Some(caller.user.as_str())
            && task.executor.as_deref() == Some(actor.user.as_str())
    }))
}

/// One setting that somebody's tasks would get, and the vault it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Dotted path.
    pub path: String,
    /// Its value, masked where it is personal or a secret.
    pub shown: String,
    /// Display name of the vault, or its id.
    pub from: String,
    /// Whether it is from a personal vault.
    pub personal: bool,
}

/// What the clients of `user` would get from vaults when everything is merged, for the user and for administrators.
///
/// Errors: 400/301 unknown; 403/20 somebody else's.
pub fn effective(ctx: &Ctx<'_>, user: &str) -> Result<Vec<Setting>> {
    if user != ctx.caller.user.as_str() && !ctx.caller.role.administers() {
        return Err(ApiError::new(ErrorKind::RoleNotAllowed, "ask an administrator"));
    }
    ctx.read(|snapshot| {
        super::manage::known_user(snapshot, user)?;
        let user = UserId::from(user);
        let mut vaults = snapshot.vaults_of_user(user.as_str())?;
        vaults.retain(|vault| vault.enabled);
        vaults.extend(policy::applying(snapshot, &user)?);
        let protected = protected(ctx, snapshot, &user)?;
        let mut settings: IndexMap<String, Setting> = IndexMap::new();
        for vault in vaults.iter().filter(|vault| vault.kind == Kind::Config.as_str()) {
            let personal = vault.scope == VaultScope::User;
            let Some((format, text)) = text_of(ctx, snapshot, vault)? else { continue };
            let forbidden = &ctx.app.settings.services.vaults.forbidden_keys;
            let of = For { kind: Kind::Config, personal, forbidden, protected: &protected };
            let Some((format, text)) = data::loadable(&text, format, &of) else { continue };
            let Ok(value) = data::read(&text, format) else { continue };
            let name = if vault.description.is_empty() { &vault.id } else { &vault.description };
            collect(&value, "", &mut |path, shown| {
                let below = format!("{path}.");
                settings
                    .retain(|known, _| !known.starts_with(&below) && !path.starts_with(&format!("{known}.")));
                let shown = if personal { MASK.to_owned() } else { shown };
                let setting = Setting { path: path.to_owned(), shown, from: name.clone(), personal };
                settings.insert(path.to_owned(), setting);
            });
        }
        let mut settings: Vec<Setting> = settings.into_values().collect();
        settings.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(settings)
    })
}

fn collect(value: &Value, path: &str, each: &mut dyn FnMut(&str, String)) {
    match &value.kind {
        Shape::Object(object) => {
            for (key, member) in object.iter() {
                let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                collect(member, &path, each);
            }
        }
        _ if path.is_empty() => {}
        Shape::Scalar(_) => {
            let key = path.rsplit('.').next().unwrap_or_default();
            let secret = path.starts_with("environment.") || redaction::is_secret_name(key);
            let text = value.as_text().unwrap_or("null");
            each(path, if secret { MASK.to_owned() } else { text.chars().take(200).collect() });
        }
        Shape::Array(items) => each(path, format!("a list of {}", items.len())),
        Shape::Unresolved(_) => each(path, "filled in on the machine".to_owned()),
    }
}
