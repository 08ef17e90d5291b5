//! What must exist before anybody can sign in: the default tenant, built-in groups, identities of the platform,
//! fixed users, the first administrator (spec/protocol.md 3.8, 6.6; spec/governance.md 12).

use md5::{Digest as _, Md5};

use super::{people::named_profile, roles::join_groups};
use crate::{
    config::{
        Settings,
        settings::{groups::BUILT_IN_GROUPS, people::FixedUser, secure::SystemCredential},
    },
    crypto::{Secret, password, random},
    domain::{App, Role, SERVER_VERSION},
    store::{
        Lane, Scope, Tx,
        identity::{ADMINS, ConfiguredGroup, NewAccount, NewCredential, Profile, QUEUE_ADMINS, USERS},
    },
    types::{ApiError, CompanyId, ErrorKind, Result, UserId, new_id},
};

/// The administrator made at the very first start; the password exists nowhere else.
pub struct FirstAdmin {
    /// Who it is.
    pub user: UserId,
    /// Login name.
    pub login: &'static str,
    /// Password.
    pub password: Secret<String>,
    /// The person's first API credential.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret<String>,
}

/// Login of the first administrator.
const ADMIN: &str = "admin";

/// A fixed user's id: MD5 of `company:username`, as existing deployments have it (spec/protocol.md 3.8).
pub(super) fn fixed_user_id(settings: &Settings, user: &FixedUser) -> UserId {
    let company = fixed_user_company(settings, user);
    let digest = Md5::digest(format!("{company}:{}", user.username).as_bytes());
    UserId::from(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// The fixed users, the guest first when there is one (spec/protocol.md 3.8).
pub(super) fn fixed_users(settings: &Settings) -> Vec<FixedUser> {
    let guest = FixedUser::guest(&settings.services.auth.fixed_users.guest);
    guest.into_iter().chain(settings.apiserver.auth.fixed_users.users.iter().cloned()).collect()
}

fn fixed_user_company<'a>(settings: &'a Settings, user: &'a FixedUser) -> &'a str {
    user.company.as_deref().unwrap_or(&settings.apiserver.default_company)
}

/// Makes everything exist that must; repeating it changes nothing. Returns the first administrator when this start
/// made it: that happens once, when the server has no people yet.
pub fn ensure_identities(app: &App) -> Result<Option<FirstAdmin>> {
    let settings = &app.settings;
    let default = CompanyId::from(settings.apiserver.default_company.clone());
    let first = app.store.read(&Scope::server(), |snapshot| snapshot.setting("admin.created"))?.is_none();
    let fixed = settings.apiserver.auth.fixed_users.enabled;
    // The slow part stays outside the transaction.
    let admin = if first && fixed {
        let password = random::new_password();
        let hash =
            password::hash(&password).map_err(|e| ApiError::new(ErrorKind::GeneralError, e.to_string()))?;
        Some((password, hash, random::new_access_key(), random::new_secret()))
    } else {
        None
    };
    app.store.write(&Scope::server(), Lane::Documents, |tx| {
        if tx.setting("server.uuid")?.is_none() {
            tx.set_setting("server.uuid", &uuid::Uuid::new_v4().to_string())?;
        }
        if tx.company(default.as_str())?.is_none() {
            tx.insert_company(&default, "clearml", tx.now)?;
        }
        ensure_groups(tx, settings)?;
        ensure_system_identities(tx, app, &default)?;
        ensure_fixed_users(tx, settings)?;
        if settings.apiserver.auth.delete_missing_autocreated_users {
            delete_missing(tx, settings, &default)?;
        }
        let Some((password, hash, access_key, secret_key)) = admin else { return Ok(None) };
        let user = UserId::from(new_id());
        tx.insert_account(&NewAccount {
            id: user.clone(),
            company: default.clone(),
            name: "Administrator".to_owned(),
            email: None,
            role: Role::Admin.as_str().to_owned(),
            internal: false,
            autocreated: false,
            is_service: false,
            operator: true,
            created_by: None,
        })?;
        join_groups(tx, &user, &default, Role::Admin)?;
        tx.upsert_profile(&named_profile(&user, &default, "Administrator", tx.now))?;
        tx.set_local_password(&user, &default, ADMIN, &hash)?;
        insert_credential(tx, app, &user, &default, &access_key, &secret_key, Some("first start"), false)?;
        tx.set_setting("admin.created", &tx.now.to_wire())?;
        Ok(Some(FirstAdmin { user, login: ADMIN, password, access_key, secret_key }))
    })
}

fn ensure_groups(tx: &Tx<'_>, settings: &Settings) -> Result<()> {
    let configured = &settings.services.auth.default_groups;
    for (id, key, text) in [
        (USERS, "users", "Everybody of a tenant"),
        (ADMINS, "admins", "Administrators of a tenant"),
        (QUEUE_ADMINS, "queue_admins", "May change queues"),
    ] {
        let group = configured.get(key);
        let name = group.and_then(|group| group.name.as_deref()).unwrap_or(key);
        let features = group.and_then(|group| group.features.as_deref());
        let assignable = key != "users" && group.and_then(|group| group.assignable).unwrap_or(true);
        tx.ensure_group(id, name, text, features, assignable)?;
    }
    ensure_configured_groups(tx, settings)
}

/// Groups of all tenants (spec/governance.md 4.1). Those that configuration no longer names stay hidden.
fn ensure_configured_groups(tx: &Tx<'_>, settings: &Settings) -> Result<()> {
    tx.hide_configured_groups()?;
    for (key, group) in &settings.services.auth.default_groups {
        let Some(id) = group.id.as_deref() else { continue };
        let configured = ConfiguredGroup {
            id,
            name: group.name.as_deref().unwrap_or(key),
            features: group.features.as_deref(),
            assignable: group.assignable.unwrap_or(true),
        };
        tx.ensure_configured_group(&configured).map_err(|error| match error.kind() {
            ErrorKind::ExpectedUniqueData => {
                let text = format!(
                    "services.auth.default_groups.{key} has the id of a tenant's group; give it another"
                );
                ApiError::new(ErrorKind::ConfigError, text)
            }
            _ => error,
        })?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn insert_credential(
    tx: &Tx<'_>,
    app: &App,
    user: &UserId,
    company: &CompanyId,
    access_key: &str,
    secret: &Secret<String>,
    label: Option<&str>,
    from_config: bool,
) -> Result<()> {
    let (key_id, keys) = &app.keys.api_secret;
    let key = keys.get(key_id).ok_or_else(|| {
        ApiError::new(ErrorKind::ConfigError, "secrets.json lacks the current API secret key")
    })?;
    tx.insert_credential(&NewCredential {
        access_key,
        user,
        company,
        secret_hash: super::credentials::hash_secret(key, access_key, secret.expose()),
        key_id,
        label,
        from_config,
        created_by: None,
        expire: None,
    })
}

/// Identities named in `secure.credentials`; their pair is whatever the configuration says now.
fn ensure_system_identities(tx: &Tx<'_>, app: &App, default: &CompanyId) -> Result<()> {
    let fixed = app.settings.apiserver.auth.fixed_users.enabled;
    for (name, identity) in &app.settings.secure.credentials {
        let id = UserId::from(format!("__{name}__"));
        let email = email_of(tx, name, identity, &id)?;
        let role = identity.role.as_str().parse().unwrap_or(Role::User);
        match tx.account(id.as_str())? {
            Some(_) => tx.refresh_autocreated(&id, name, &email, role.as_str())?,
            None => tx.insert_account(&NewAccount {
                id: id.clone(),
                company: default.clone(),
                name: name.clone(),
                email: Some(email),
                role: role.as_str().to_owned(),
                internal: true,
                autocreated: true,
                is_service: false,
                operator: false,
                created_by: None,
            })?,
        }
        join_configured(tx, app, &id, default, identity)?;
        // Whoever signs in with a browser is somebody on the pages.
        if !role.is_system() || identity.allow_login {
            tx.set_membership(&id, default, role.as_str())?;
            if !role.is_system() {
                join_groups(tx, &id, default, role)?;
            }
            let name = identity.display_name.as_deref().unwrap_or(name);
            let profile = named_profile(&id, default, name, tx.now);
            tx.upsert_profile(&Profile { created_in_version: None, ..profile })?;
        }
        // Credentials of these identities are what the configuration says; anything else is removed. Sessions that
        // an older pair obtained end with it.
        let wanted = match (identity.user_key.as_deref(), &identity.user_secret) {
            (Some(key), Some(secret)) if !key.is_empty() && !secret.expose().is_empty() => {
                Some((key, secret))
            }
            _ => None,
        }
        .filter(|_| !(fixed && identity.revoke_in_fixed_mode));
        for old in tx.credentials(&id, default)? {
            if wanted.is_none_or(|(key, _)| key != old.access_key) {
                tx.revoke_sessions_of_key(&old.access_key)?;
            }
        }
        tx.delete_credentials(&id, false)?;
        if let Some((key, secret)) = wanted {
            insert_credential(tx, app, &id, default, key, secret, None, true)?;
        }
    }
    Ok(())
}

/// The configured address, unless somebody else has it: then the server starts all the same, and says so.
fn email_of(tx: &Tx<'_>, name: &str, identity: &SystemCredential, id: &UserId) -> Result<String> {
    let fallback = format!("{name}@example.com");
    let Some(wanted) = identity.bare_email() else { return Ok(fallback) };
    if tx.account_by_email(wanted)?.is_some_and(|account| account.id != *id) {
        tracing::warn!(
            "secure.credentials.{name}.email is the address of somebody else on this server; the identity has none"
        );
        return Ok(fallback);
    }
    Ok(wanted.to_owned())
}

/// Groups that the configuration names, by key or id. An identity that signs in with a browser and names none is in all
/// three built-in ones.
fn join_configured(
    tx: &Tx<'_>,
    app: &App,
    id: &UserId,
    company: &CompanyId,
    identity: &SystemCredential,
) -> Result<()> {
    tx.leave_configured_groups(id, company)?;
    let built_in = [USERS, ADMINS, QUEUE_ADMINS].map(str::to_owned);
    let wanted = match identity.sec_groups.is_empty() {
        true if identity.allow_login => built_in.to_vec(),
        _ => identity.sec_groups.clone(),
    };
    let configured = &app.settings.services.auth.default_groups;
    for group in wanted {
        let known = BUILT_IN_GROUPS.iter().find(|(key, _)| *key == group).map(|(_, id)| (*id).to_owned());
        let own = configured.get(&group).and_then(|group| group.id.clone());
        let group_id = known.or(own).unwrap_or_else(|| group.clone());
        if tx.has_group(&group_id, company)? {
            tx.join_group(&group_id, id, company, "config")?;
        } else {
            tracing::warn!(group, user = id.as_str(), "secure.credentials names a group that does not exist");
        }
    }
    Ok(())
}

fn ensure_fixed_users(tx: &Tx<'_>, settings: &Settings) -> Result<()> {
    let fixed = &settings.apiserver.auth.fixed_users;
    if !fixed.enabled {
        return Ok(());
    }
    for user in &fixed_users(settings) {
        let id = fixed_user_id(settings, user);
        let company = CompanyId::from(fixed_user_company(settings, user));
        if tx.company(company.as_str())?.is_none() {
            if !user.is_guest {
                tracing::warn!(user = user.username, "a fixed user names an unknown company; it is left out");
                continue;
            }
            tx.insert_company(&company, "guests", tx.now)?;
        }
        let role = match user {
            FixedUser { is_guest: true, .. } => Role::Guest,
            FixedUser { admin: true, .. } => Role::Admin,
            _ => Role::User,
        };
        let email = format!("{id}@example.com");
        match tx.account(id.as_str())? {
            // The stored role stays unless configuration asks for more: an administrator may have been made since.
            Some(account) => {
                let keep = role == Role::User && account.role == Role::Admin.as_str();
                let role = if keep { Role::Admin } else { role };
                tx.refresh_autocreated(&id, &user.name, &email, role.as_str())?;
                tx.set_membership(&id, &company, role.as_str())?;
                join_groups(tx, &id, &company, role)?;
            }
            None => {
                tx.insert_account(&NewAccount {
                    id: id.clone(),
                    company: company.clone(),
                    name: user.name.clone(),
                    email: Some(email),
                    role: role.as_str().to_owned(),
                    internal: false,
                    autocreated: true,
                    is_service: false,
                    operator: false,
                    created_by: None,
                })?;
                join_groups(tx, &id, &company, role)?;
            }
        }
        let (given, family) = match user.name.split_once(' ') {
            Some((given, family)) => (Some(given.to_owned()), Some(family.to_owned())),
            None => (Some(user.name.clone()), None),
        };
        tx.upsert_profile(&Profile {
            id,
            company,
            name: user.name.clone(),
            given_name: given,
            family_name: family,
            avatar: None,
            created: tx.now,
            created_in_version: Some(SERVER_VERSION.to_owned()),
        })?;
    }
    Ok(())
}

/// People of the configuration who are no longer in it lose their account; profiles and work stay.
fn delete_missing(tx: &Tx<'_>, settings: &Settings, default: &CompanyId) -> Result<()> {
    let fixed = &settings.apiserver.auth.fixed_users;
    for account in tx.accounts(default)? {
        let system = settings.secure.credentials.contains_key(account.id.as_str().trim_matches('_'));
        let configured = fixed.enabled
            && fixed_users(settings).iter().any(|user| fixed_user_id(settings, user) == account.id);
        if account.autocreated && !system && !configured {
            tracing::info!(user = account.name, "removed an account that the configuration no longer names");
            // As complete as any other removal (S13); whoever comes back does so by configuration.
            tx.revoke_sessions_of(&account.id)?;
            let reason =
                format!("{}, who submitted this task, is no longer in the configuration", account.name);
            tx.return_submissions(&account.id, default, &reason, &account.id)?;
            tx.delete_account(&account.id)?;
        }
    }
    Ok(())
}

/// Sets a local account's password, making the account when nobody signs in under `login`: the operator's way back
/// in, run from the command line on a stopped server.
///
/// Errors: 400/12 a password shorter than 12 characters.
pub fn set_password(app: &App, login: &str, password: &Secret<String>, admin: bool) -> Result<UserId> {
    if password.expose().chars().count() < 12 {
        return Err(ApiError::new(ErrorKind::ValidationError, "a password needs at least 12 characters"));
    }
    let hash = password::hash(password).map_err(|e| ApiError::new(ErrorKind::GeneralError, e.to_string()))?;
    let company = CompanyId::from(app.settings.apiserver.default_company.clone());
    app.store.write(&Scope::server(), Lane::Documents, |tx| {
        if let Some(local) = tx.local_password(login)? {
            tx.set_local_password(&local.user, &company, login, &hash)?;
            return Ok(local.user);
        }
        let user = UserId::fresh();
        let role = if admin { Role::Admin } else { Role::User };
        tx.insert_account(&NewAccount {
            id: user.clone(),
            company: company.clone(),
            name: login.to_owned(),
            email: None,
            role: role.as_str().to_owned(),
            internal: false,
            autocreated: false,
            is_service: false,
            operator: admin,
            created_by: None,
        })?;
        join_groups(tx, &user, &company, role)?;
        tx.upsert_profile(&named_profile(&user, &company, login, tx.now))?;
        tx.set_local_password(&user, &company, login, &hash)?;
        Ok(user)
    })
}
