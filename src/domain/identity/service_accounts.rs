//! Service accounts: what agents and pipelines sign in with (spec/governance.md 5, spec/security_rules.md S5, S8).

use super::{
    credentials::{IssuedCredential, current_key, expiry, hash_secret},
    people::{named_profile, quota},
    roles::{administered, join_groups, service_admins_allowed},
};
use crate::{
    crypto::random,
    domain::{Ctx, Role},
    store::{
        Snapshot, Tx,
        identity::{Account, Credential, NewAccount, NewCredential},
    },
    types::{ApiError, CompanyId, ErrorKind, Millis, Result, UserId},
};

/// Stands in [`ServiceRules::accept_tasks_from`] for the account itself.
pub const SELF: &str = "self";
/// A credential that nobody used for so long is worth a word, in seconds.
const UNUSED: i64 = 90 * 86_400;
/// Longest name, in characters.
const LONGEST_NAME: usize = 128;

/// What a service account may do for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRules {
    /// It may run tasks as those who submitted them.
    pub allow_running_as_owner: bool,
    /// Groups whose submissions it takes, or [`SELF`]; `None`: everybody's.
    pub accept_tasks_from: Option<Vec<String>>,
    /// Groups whose members it may run tasks as; `None`: everybody whose task it holds.
    pub impersonate_groups: Option<Vec<String>>,
}

impl ServiceRules {
    /// Those of an account.
    pub fn of(account: &Account) -> Self {
        ServiceRules {
            allow_running_as_owner: account.allow_running_as_owner,
            accept_tasks_from: account.accept_tasks_from.clone(),
            impersonate_groups: account.impersonate_groups.clone(),
        }
    }

    /// What to consider: whoever may submit to a queue that this account serves can run code as the account (S8).
    pub fn recommendation(&self) -> Option<&'static str> {
        let own = self.accept_tasks_from.as_deref().is_some_and(|from| from.iter().all(|name| name == SELF));
        (!self.allow_running_as_owner && !own).then_some(
            "Everybody who may submit tasks to a queue that this account serves can run code with its rights. Let it run \
             tasks as their owners (allow_running_as_owner), or let it take its own tasks only (accept_tasks_from: self).",
        )
    }
}

/// A service account that was just made.
pub struct NewService {
    /// Its id.
    pub user: UserId,
    /// Its first credential; the secret is shown this once.
    pub credential: IssuedCredential,
}

/// A service account as administrators see it.
pub struct ServiceAccount {
    /// The account.
    pub account: Account,
    /// Its credentials, in order of creation.
    pub credentials: Vec<Credential>,
    /// Its groups beside `users`, by name.
    pub groups: Vec<String>,
    /// When it was last active.
    pub last_active: Option<Millis>,
}

/// Why a credential deserves attention (spec/security_rules.md D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFlag {
    /// Not used for 90 days.
    Unused,
    /// Older than `apiserver.auth.credentials.rotate_after_sec`.
    Old,
    /// Expired.
    Expired,
}

impl CredentialFlag {
    /// The flag's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            CredentialFlag::Unused => "unused",
            CredentialFlag::Old => "old",
            CredentialFlag::Expired => "expired",
        }
    }
}

/// What is worth a word about a credential. `rotate_after`: seconds, 0 for no age.
pub fn credential_flags(credential: &Credential, now: Millis, rotate_after: i64) -> Vec<CredentialFlag> {
    let before = |at: Millis, seconds: i64| at <= now.plus_seconds(-seconds);
    let mut flags = Vec::new();
    if credential.expire.is_some_and(|at| at <= now) {
        flags.push(CredentialFlag::Expired);
    }
    if before(credential.last_used.unwrap_or(credential.created), UNUSED) {
        flags.push(CredentialFlag::Unused);
    }
    if rotate_after > 0 && before(credential.created, rotate_after) {
        flags.push(CredentialFlag::Old);
    }
    flags
}

fn checked_name<'a>(
    tx: &Tx<'_>,
    company: &CompanyId,
    name: &'a str,
    except: Option<&UserId>,
) -> Result<&'a str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let text = format!("a service account's name has 1 to {LONGEST_NAME} characters");
        return Err(ApiError::new(ErrorKind::ValidationError, text));
    }
    let folded = name.to_lowercase();
    let mut others = tx.service_accounts(company)?.into_iter().filter(|other| Some(&other.id) != except);
    match others.any(|other| other.name.to_lowercase() == folded) {
        true => {
            let text = "a service account of this name exists";
            Err(ApiError::new(ErrorKind::ExpectedUniqueData, text).with("name", name))
        }
        false => Ok(name),
    }
}

/// Errors: 400/59.
pub(super) fn check_service_quota(tx: &Tx<'_>, company: &CompanyId) -> Result<()> {
    let Some(most) = quota(tx, company, "allowed_service_users")? else { return Ok(()) };
    let active = tx.service_accounts(company)?.into_iter().filter(|account| !account.disabled).count();
    if i64::try_from(active).is_ok_and(|active| active < most) {
        return Ok(());
    }
    let text = "the tenant has as many service accounts as it may; delete one, or ask the operator for more";
    Err(ApiError::new(ErrorKind::UsersLimitExceeded, text).with("allowed_service_users", most))
}

/// Errors: 400/12 a group that the tenant does not have.
fn check_groups(tx: &Tx<'_>, company: &CompanyId, rules: &ServiceRules) -> Result<()> {
    let groups = tx.groups(company)?;
    let known = |name: &String| groups.iter().any(|group| group.id == *name);
    let accepted = rules.accept_tasks_from.iter().flatten().filter(|name| *name != SELF);
    let unknown: Vec<&str> = accepted
        .chain(rules.impersonate_groups.iter().flatten())
        .filter(|name| !known(name))
        .map(String::as_str)
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(ApiError::new(ErrorKind::ValidationError, "these are no groups of the tenant")
            .with("groups", unknown)),
    }
}

/// `auth.create_service_user`: an account with its first credential.
///
/// Errors: 400/12 name or groups; 400/801 the name is taken; 400/59 quota; 400/16 an expiry that the setting does not
/// allow.
pub fn create_service_account(
    ctx: &Ctx<'_>,
    name: &str,
    rules: &ServiceRules,
    label: Option<&str>,
    expiration_sec: Option<i64>,
) -> Result<NewService> {
    let company = &ctx.caller.tenant;
    let user = UserId::fresh();
    let expire = expiry(ctx, expiration_sec)?;
    ctx.touched("user", user.as_str());
    let credential = ctx.write(|tx| {
        let name = checked_name(tx, company, name, None)?;
        check_service_quota(tx, company)?;
        check_groups(tx, company, rules)?;
        tx.insert_account(&NewAccount {
            id: user.clone(),
            company: company.clone(),
            name: name.to_owned(),
            email: None,
            role: Role::User.as_str().to_owned(),
            internal: false,
            autocreated: false,
            is_service: true,
            operator: false,
            created_by: Some(ctx.caller.user.clone()),
        })?;
        join_groups(tx, &user, company, Role::User)?;
        tx.upsert_profile(&named_profile(&user, company, name, tx.now))?;
        write_rules(tx, &user, rules)?;
        issue(ctx, tx, &user, label, expire)
    })?;
    Ok(NewService { user, credential })
}

fn write_rules(tx: &Tx<'_>, user: &UserId, rules: &ServiceRules) -> Result<()> {
    tx.set_service_rules(
        user,
        rules.allow_running_as_owner,
        rules.accept_tasks_from.as_deref(),
        rules.impersonate_groups.as_deref(),
    )
}

fn issue(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    user: &UserId,
    label: Option<&str>,
    expire: Option<Millis>,
) -> Result<IssuedCredential> {
    let (key_id, key) = current_key(ctx)?;
    let (access_key, secret_key) = (random::new_access_key(), random::new_secret());
    let label = label.map(str::trim).filter(|label| !label.is_empty());
    ctx.touched("credential", access_key.as_str());
    let most = ctx.app.settings.apiserver.auth.credentials.max_credentials;
    let held = tx.credentials(user, &ctx.caller.tenant)?.len();
    if most > 0 && held >= usize::try_from(most).unwrap_or(usize::MAX) {
        let text = "revoke one that is no longer used first";
        return Err(ApiError::new(ErrorKind::TooManyCredentials, text).with("max_credentials", most));
    }
    tx.insert_credential(&NewCredential {
        access_key: &access_key,
        user,
        company: &ctx.caller.tenant,
        secret_hash: hash_secret(key, &access_key, secret_key.expose()),
        key_id,
        label,
        from_config: false,
        created_by: Some(&ctx.caller.user),
        expire,
    })?;
    Ok(IssuedCredential { access_key, secret_key, label: label.map(str::to_owned), expire })
}

/// A service account that the caller may administer.
///
/// Errors: 400/301 anybody else, unknown or foreign.
fn service(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, user: &str) -> Result<Account> {
    let account = administered(ctx, snapshot, user)?;
    match account.is_service && account.company == ctx.caller.tenant {
        true => Ok(account),
        false => Err(ApiError::new(ErrorKind::InvalidUserId, "").with("user", user)),
    }
}

/// `users.get_service_users`: the tenant's service accounts, by age.
pub fn service_accounts(ctx: &Ctx<'_>) -> Result<Vec<ServiceAccount>> {
    ctx.read(|snapshot| {
        let accounts = snapshot.service_accounts(&ctx.caller.tenant)?;
        accounts.into_iter().map(|account| shown(ctx, snapshot, account)).collect()
    })
}

/// One of the tenant's service accounts.
///
/// Errors: 400/301.
pub fn service_account(ctx: &Ctx<'_>, user: &str) -> Result<ServiceAccount> {
    ctx.read(|snapshot| {
        let account = service(ctx, snapshot, user)?;
        shown(ctx, snapshot, account)
    })
}

fn shown(ctx: &Ctx<'_>, snapshot: &Snapshot<'_>, account: Account) -> Result<ServiceAccount> {
    let credentials = snapshot.credentials(&account.id, &ctx.caller.tenant)?;
    let groups = snapshot.groups_of(&account.id, &ctx.caller.tenant)?;
    let used = credentials.iter().filter_map(|credential| credential.last_used).max();
    Ok(ServiceAccount {
        last_active: used.max(account.activity.credentials_login),
        groups: groups
            .into_iter()
            .filter(|group| group.id != crate::store::identity::USERS)
            .map(|group| group.name)
            .collect(),
        credentials,
        account,
    })
}

/// Limits that apply to service accounts of the caller's tenant: whether they may be administrators, and how many there
/// may be.
pub fn service_limits(ctx: &Ctx<'_>) -> Result<(bool, Option<i64>)> {
    ctx.read(|snapshot| {
        let company = snapshot.company(ctx.caller.tenant.as_str())?;
        let admins = company.is_some_and(|company| service_admins_allowed(&ctx.app.settings, &company));
        Ok((admins, quota(snapshot, &ctx.caller.tenant, "allowed_service_users")?))
    })
}

/// What `users.update_service_user` changes; absent members stay, an inner `None` lifts the limit.
#[derive(Clone, Debug, Default)]
pub struct ServiceChange {
    /// Name.
    pub name: Option<String>,
    /// It may run tasks as those who submitted them.
    pub allow_running_as_owner: Option<bool>,
    /// See [`ServiceRules::accept_tasks_from`].
    pub accept_tasks_from: Option<Option<Vec<String>>>,
    /// See [`ServiceRules::impersonate_groups`].
    pub impersonate_groups: Option<Option<Vec<String>>>,
}

/// `users.update_service_user`: renames an account, or changes what it may do for others. Without the right to run
/// tasks as their owners, its own tokens and those it obtained for others end at once. Returns whether anything changed.
///
/// Errors: 400/301 no service account of the tenant; 400/12, 400/801 as for a new one.
pub fn update_service_account(ctx: &Ctx<'_>, user: &str, change: &ServiceChange) -> Result<bool> {
    let company = &ctx.caller.tenant;
    ctx.touched("user", user);
    ctx.write(|tx| {
        let account = service(ctx, tx, user)?;
        let before = ServiceRules::of(&account);
        let after = ServiceRules {
            allow_running_as_owner: change.allow_running_as_owner.unwrap_or(before.allow_running_as_owner),
            accept_tasks_from: change
                .accept_tasks_from
                .clone()
                .unwrap_or_else(|| before.accept_tasks_from.clone()),
            impersonate_groups: change
                .impersonate_groups
                .clone()
                .unwrap_or_else(|| before.impersonate_groups.clone()),
        };
        let mut changed = false;
        if let Some(name) = &change.name {
            let name = checked_name(tx, company, name, Some(&account.id))?;
            if name != account.name {
                tx.rename_account(&account.id, name)?;
                tx.upsert_profile(&named_profile(&account.id, company, name, account.created))?;
                changed = true;
            }
        }
        if after != before {
            check_groups(tx, company, &after)?;
            write_rules(tx, &account.id, &after)?;
            if before.allow_running_as_owner && !after.allow_running_as_owner {
                tx.bump_epoch(&account.id)?;
                tx.revoke_sessions_by(&account.id)?;
            } else if after.impersonate_groups != before.impersonate_groups {
                // Tokens for people who are no longer among them must not live on; agents obtain new ones.
                tx.revoke_sessions_by(&account.id)?;
            }
            changed = true;
        }
        Ok(changed)
    })
}

/// Another credential for a service account: the first step of a rotation.
///
/// Errors: 400/301; 400/50 the setting's limit is reached; 400/16 an expiry that the setting does not allow.
pub fn add_service_credential(
    ctx: &Ctx<'_>,
    user: &str,
    label: Option<&str>,
    expiration_sec: Option<i64>,
) -> Result<IssuedCredential> {
    let expire = expiry(ctx, expiration_sec)?;
    ctx.touched("user", user);
    ctx.write(|tx| {
        let account = service(ctx, tx, user)?;
        issue(ctx, tx, &account.id, label, expire)
    })
}

/// Revokes one credential of a service account: the last step of a rotation. What was obtained with it ends at once.
///
/// Errors: 400/301; 400/75 none of its keys.
pub fn revoke_service_credential(ctx: &Ctx<'_>, user: &str, access_key: &str) -> Result<()> {
    ctx.touched("user", user);
    ctx.touched("credential", access_key);
    ctx.write(|tx| {
        let account = service(ctx, tx, user)?;
        if !tx.delete_credential(&account.id, access_key)? {
            return Err(ApiError::new(ErrorKind::InvalidAccessKey, "").with("access_key", access_key));
        }
        tx.revoke_sessions_of_key(access_key).map(drop)
    })
}
