//! People who sign in with a password that an administrator gives them: `auth.add_user`, `auth.set_credentials`
//! (spec/governance.md 2.1). The password is the secret of a credential whose access key is the user's id; on the pages
//! they sign in with their e-mail address and the same password.

use super::{
    credentials::{current_key, hash_secret},
    people::{CreateUser, check_new, insert_person},
    roles::administered,
};
use crate::{
    crypto::{Secret, password, random},
    domain::{Ctx, Role},
    store::{
        Tx,
        identity::{Account, NewCredential},
    },
    types::{ApiError, CompanyId, ErrorKind, Result, UserId},
};

/// Fewest characters of a password.
const SHORTEST: usize = 12;

/// A password that was set; the only time that it is shown.
pub struct PasswordSet {
    /// Whose it is, and the access key to sign in with.
    pub user: UserId,
    /// The password.
    pub secret: Secret<String>,
}

fn checked(secret: Option<&str>) -> Result<Secret<String>> {
    match secret {
        None => Ok(random::new_password()),
        Some(secret) if secret.chars().count() < SHORTEST => {
            let text =
                format!("secret_key needs at least {SHORTEST} characters; leave it out to have one made");
            Err(ApiError::new(ErrorKind::ValidationError, text))
        }
        Some(secret) => Ok(Secret::new(secret.to_owned())),
    }
}

fn hash(secret: &Secret<String>) -> Result<String> {
    password::hash(secret).map_err(|error| ApiError::new(ErrorKind::Overloaded, error.to_string()))
}

/// `auth.add_user`: a person with a password. `company`: the caller's when absent.
///
/// Errors: as `create_user`; 400/12 a password shorter than 12 characters.
pub fn add_user(
    ctx: &Ctx<'_>,
    name: &str,
    email: &str,
    company: Option<&str>,
    secret: Option<&str>,
) -> Result<PasswordSet> {
    let new = CreateUser {
        name: name.trim().to_owned(),
        company: company.map_or_else(|| ctx.caller.tenant.clone(), CompanyId::from),
        email: email.to_owned(),
        role: None,
        internal: false,
        given_name: None,
        family_name: None,
        avatar: None,
    };
    check_new(&new)?;
    let secret = checked(secret)?;
    // The slow part stays outside the transaction.
    let hash = hash(&secret)?;
    let user = UserId::fresh();
    ctx.touched("user", user.as_str());
    ctx.write(|tx| {
        insert_person(ctx, tx, &user, &new, Role::User)?;
        let account = tx.account(user.as_str())?.ok_or(ErrorKind::InvalidUserId)?;
        store(ctx, tx, &account, &secret, &hash)
    })?;
    Ok(PasswordSet { user, secret })
}

/// `auth.set_credentials`: gives somebody of the tenant a new password; their sessions end, their API credentials keep
/// working.
///
/// Errors: 400/301 unknown or foreign; 400/16 an account without e-mail, of the configuration or for a service; 400/12 a
/// password shorter than 12 characters.
pub fn set_password_of(ctx: &Ctx<'_>, user: &str, secret: Option<&str>) -> Result<PasswordSet> {
    let secret = checked(secret)?;
    ctx.touched("user", user);
    ctx.read(|snapshot| administered(ctx, snapshot, user))?;
    let hash = hash(&secret)?;
    let user = ctx.write(|tx| {
        let account = administered(ctx, tx, user)?;
        if account.autocreated || account.is_service {
            let text = "this account has no password that could be set here";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("user", user));
        }
        store(ctx, tx, &account, &secret, &hash)?;
        tx.revoke_sessions_of(&account.id)?;
        tx.bump_epoch(&account.id)?;
        Ok(account.id)
    })?;
    Ok(PasswordSet { user, secret })
}

fn store(ctx: &Ctx<'_>, tx: &Tx<'_>, account: &Account, secret: &Secret<String>, hash: &str) -> Result<()> {
    let (key_id, key) = current_key(ctx)?;
    let access_key = account.id.as_str();
    tx.revoke_sessions_of_key(access_key)?;
    tx.delete_credential(&account.id, access_key)?;
    tx.insert_credential(&NewCredential {
        access_key,
        user: &account.id,
        company: &account.company,
        secret_hash: hash_secret(key, access_key, secret.expose()),
        key_id,
        label: Some("password"),
        from_config: false,
        created_by: Some(&ctx.caller.user),
        expire: None,
    })?;
    let login = match tx.logins(&account.id)?.into_iter().next() {
        Some(login) => login,
        None => account.email.clone().ok_or_else(|| {
            ApiError::new(ErrorKind::FieldsValueError, "the account has no e-mail address to sign in with")
        })?,
    };
    tx.set_local_password(&account.id, &account.company, &login, hash)
}
