//! API credentials (spec/protocol.md 3.5, spec/governance.md 5.3).

use crate::{
    crypto::{Secret, keyed::keyed_hash, random},
    domain::{Caller, Ctx},
    store::{
        Tx,
        identity::{Credential, NewCredential},
    },
    types::{ApiError, CompanyId, ErrorKind, Millis, Result, UserId},
};

/// A fresh credential: the only time that the secret is shown.
pub struct IssuedCredential {
    /// The public half, 30 characters.
    pub access_key: String,
    /// The secret half, 67 characters.
    pub secret_key: Secret<String>,
    /// What the owner calls it.
    pub label: Option<String>,
    /// When it stops working.
    pub expire: Option<Millis>,
}

/// The hash under which a secret is stored: keyed, and bound to its access key.
pub(super) fn hash_secret(key: &Secret<[u8; 32]>, access_key: &str, secret: &str) -> [u8; 32] {
    keyed_hash(key.expose(), &[b"api-secret", access_key.as_bytes(), secret.as_bytes()])
}

/// `auth.create_credentials`: a new pair for the caller.
///
/// Errors: 400/301 identities of the configuration get theirs there; 400/50 the setting's limit is reached;
/// 400/16 an expiry that the setting does not allow.
pub fn create_credential(
    ctx: &Ctx<'_>,
    label: Option<&str>,
    expiration_sec: Option<i64>,
) -> Result<IssuedCredential> {
    let caller = &ctx.caller;
    refuse_configured(ctx, caller)?;
    let expire = expiry(ctx, expiration_sec)?;
    let (key_id, key) = current_key(ctx)?;
    let access_key = random::new_access_key();
    let secret_key = random::new_secret();
    let secret_hash = hash_secret(key, &access_key, secret_key.expose());
    let label = label.map(str::trim).filter(|label| !label.is_empty());
    ctx.touched("credential", access_key.as_str());
    ctx.write(|tx| {
        if tx.account(caller.user.as_str())?.is_none() {
            return Err(ApiError::new(ErrorKind::InvalidUserId, "").with("user", caller.user.as_str()));
        }
        let most = ctx.app.settings.apiserver.auth.credentials.max_credentials;
        if most > 0
            && tx.credentials(&caller.user, &caller.tenant)?.len()
                >= usize::try_from(most).unwrap_or(usize::MAX)
        {
            let text = "revoke one that is no longer used first";
            return Err(ApiError::new(ErrorKind::TooManyCredentials, text).with("max_credentials", most));
        }
        tx.insert_credential(&NewCredential {
            access_key: &access_key,
            user: &caller.user,
            company: &caller.tenant,
            secret_hash,
            key_id,
            label,
            from_config: false,
            created_by: caller.actor.as_ref().map(|actor| &actor.user),
            expire,
        })
    })?;
    Ok(IssuedCredential { access_key, secret_key, label: label.map(str::to_owned), expire })
}

/// A fresh pair for somebody of a tenant, made by the platform within `tx`: access key and secret.
pub(in crate::domain) fn issue_credential(
    ctx: &Ctx<'_>,
    tx: &Tx<'_>,
    user: &UserId,
    company: &CompanyId,
    label: &str,
) -> Result<(String, Secret<String>)> {
    let (key_id, key) = current_key(ctx)?;
    let access_key = random::new_access_key();
    let secret_key = random::new_secret();
    tx.insert_credential(&NewCredential {
        access_key: &access_key,
        user,
        company,
        secret_hash: hash_secret(key, &access_key, secret_key.expose()),
        key_id,
        label: Some(label),
        from_config: false,
        created_by: Some(&ctx.caller.user),
        expire: None,
    })?;
    Ok((access_key, secret_key))
}

pub(super) fn expiry(ctx: &Ctx<'_>, asked: Option<i64>) -> Result<Option<Millis>> {
    let most = ctx.app.settings.apiserver.auth.credentials.default_expiration_sec.signed();
    // An administrator who manages somebody's keys by Impersonate-As asks as an administrator.
    let administers = ctx.caller.administers_in_person();
    let asked = asked.filter(|seconds| *seconds != 0);
    if asked.is_some_and(|seconds| seconds < 0) {
        return Err(ApiError::new(ErrorKind::ValidationError, "expiration_sec must not be negative"));
    }
    let seconds = match asked {
        Some(seconds) if most > 0 && seconds > most && !administers => {
            let text = format!("at most {most} seconds are allowed here");
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("expiration_sec", seconds));
        }
        Some(seconds) => Some(seconds),
        None if most > 0 && !administers => Some(most),
        None => None,
    };
    Ok(seconds.map(|seconds| ctx.call.received.plus_seconds(seconds)))
}

pub(super) fn current_key<'a>(ctx: &Ctx<'a>) -> Result<(&'a str, &'a Secret<[u8; 32]>)> {
    let (current, keys) = &ctx.app.keys.api_secret;
    match keys.get(current) {
        Some(key) => Ok((current, key)),
        None => Err(ApiError::new(ErrorKind::ConfigError, "secrets.json lacks the current API secret key")),
    }
}

/// Identities of `secure.credentials` get their pair from the configuration only.
fn refuse_configured(ctx: &Ctx<'_>, caller: &Caller) -> Result<()> {
    let short = caller.user.as_str().trim_matches('_');
    if caller.user.as_str().starts_with("__") && ctx.app.settings.secure.credentials.contains_key(short) {
        let text = "its credentials are set in the configuration under secure.credentials";
        return Err(ApiError::new(ErrorKind::InvalidUserId, text).with("user", caller.user.as_str()));
    }
    Ok(())
}

/// `auth.get_credentials`: the caller's pairs in order of creation, never secrets.
///
/// Errors: 400/301 the account is gone.
pub fn credentials(ctx: &Ctx<'_>) -> Result<Vec<Credential>> {
    ctx.read(|snapshot| {
        if snapshot.account(ctx.caller.user.as_str())?.is_none() {
            return Err(ApiError::new(ErrorKind::InvalidUserId, "").with("user", ctx.caller.user.as_str()));
        }
        snapshot.credentials(&ctx.caller.user, &ctx.caller.tenant)
    })
}

/// Whose a key of the tenant is, and how it was used.
pub struct LocatedCredential {
    /// The key.
    pub credential: Credential,
    /// Name of whom it belongs to.
    pub name: String,
}

/// `auth.locate_credentials`: whose key of the caller's tenant this is.
///
/// Errors: 400/75 none of the tenant's.
pub fn locate_credential(ctx: &Ctx<'_>, access_key: &str) -> Result<LocatedCredential> {
    ctx.read(|snapshot| {
        let unknown = || ApiError::new(ErrorKind::InvalidAccessKey, "").with("access_key", access_key);
        let credential = snapshot.credential(access_key)?.filter(|found| found.company == ctx.caller.tenant);
        let credential = credential.ok_or_else(unknown)?;
        let account = snapshot.account(credential.user.as_str())?;
        // Keys of the platform are as unknown as its identities (S12).
        let account = account.filter(|account| !super::roles::is_configured(&ctx.app.settings, account));
        let name = account.ok_or_else(unknown)?.name;
        Ok(LocatedCredential { credential, name })
    })
}

/// The caller's pairs in other tenants that it belongs to, by tenant.
pub fn credentials_elsewhere(ctx: &Ctx<'_>) -> Result<Vec<(CompanyId, Vec<Credential>)>> {
    ctx.read(|snapshot| {
        let mut found = Vec::new();
        for (company, _) in snapshot.memberships(&ctx.caller.user)? {
            let stored = snapshot.credentials(&ctx.caller.user, &company)?;
            if company != ctx.caller.tenant && !stored.is_empty() {
                found.push((company, stored));
            }
        }
        Ok(found)
    })
}

/// `auth.edit_credentials`: sets or clears the label.
///
/// Errors: 400/75 not one of the caller's keys.
pub fn label_credential(ctx: &Ctx<'_>, access_key: &str, label: Option<&str>) -> Result<()> {
    ctx.touched("credential", access_key);
    ctx.write(|tx| match tx.set_credential_label(&ctx.caller.user, access_key, label)? {
        true => Ok(()),
        false => Err(ApiError::new(ErrorKind::InvalidAccessKey, "").with("access_key", access_key)),
    })
}

/// `auth.revoke_credentials`: removes a pair and ends every session obtained with it, at once.
///
/// Errors: 400/301 identities of the configuration; 400/300 not one of the caller's keys.
pub fn revoke_credential(ctx: &Ctx<'_>, access_key: &str) -> Result<()> {
    refuse_configured(ctx, &ctx.caller)?;
    ctx.touched("credential", access_key);
    ctx.write(|tx| {
        if !tx.delete_credential(&ctx.caller.user, access_key)? {
            return Err(ApiError::new(ErrorKind::InvalidUser, "").with("access_key", access_key));
        }
        tx.revoke_sessions_of_key(access_key).map(drop)
    })
}
