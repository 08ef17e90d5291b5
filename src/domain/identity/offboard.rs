//! When somebody leaves (spec/governance.md 2.1, spec/security_rules.md S13): nothing they held goes on working, what
//! they made stays under their name, and no rule of sign-in lets them in again by itself.

use super::roles::{administered, check_not_last_admin};
use crate::{
    domain::{Ctx, vaults},
    store::{
        Tx,
        identity::{Account, Tombstone},
    },
    types::{ApiError, ErrorKind, Result},
};

/// `auth.delete_user`: removes an account with its credentials, sessions, memberships and groups. The profile stays, so
/// that finished work keeps its author.
///
/// Errors: 400/301 unknown or foreign; 400/16 oneself, the last administrator, or an account that configuration or the
/// platform made.
pub fn delete_user(ctx: &Ctx<'_>, user: &str) -> Result<()> {
    ctx.touched("user", user);
    ctx.write(|tx| {
        let account = removable(ctx, tx, user, "you can't delete yourself; ask another administrator")?;
        if account.autocreated {
            let text = "this account comes from the configuration; remove it there";
            return Err(ApiError::new(ErrorKind::FieldsValueError, text).with("user", user));
        }
        shut_out(ctx, tx, &account, "was removed")?;
        vaults::delete_of_user(ctx, tx, &account.id)?;
        for company in companies(tx, &account)? {
            let of = (&account.id, account.name.as_str());
            let bury = |issuer: &str, subject: &str| {
                tx.insert_tombstone(&company, issuer, subject, of, &ctx.caller.user)
            };
            if let Some(email) = account.email.as_deref().filter(|_| !account.is_service) {
                bury("", email)?;
            }
            for (issuer, subject) in &account.external_ids {
                if let Some(subject) = subject.as_str() {
                    bury(issuer, subject)?;
                }
            }
        }
        tx.delete_account(&account.id)
    })
}

/// `users.set_disabled`: shuts somebody out, or lets them in again. Credentials work again then; sessions do not.
/// Returns whether anything changed.
///
/// Errors: as [`delete_user`]; accounts of the configuration can be shut out.
pub fn set_disabled(ctx: &Ctx<'_>, user: &str, disabled: bool) -> Result<bool> {
    ctx.touched("user", user);
    ctx.write(|tx| {
        if !disabled {
            let account = administered(ctx, tx, user)?;
            if account.disabled {
                // Whoever comes back takes a place again.
                super::people::check_quota(tx, &account.company, &account)?;
                tx.set_disabled(&account.id, false)?;
                tx.suspend_vaults_of(&account.id, false)?;
            }
            return Ok(account.disabled);
        }
        let account = removable(ctx, tx, user, "you can't disable yourself; ask another administrator")?;
        if account.disabled {
            return Ok(false);
        }
        shut_out(ctx, tx, &account, "was disabled")?;
        tx.set_disabled(&account.id, true)?;
        tx.suspend_vaults_of(&account.id, true)?;
        Ok(true)
    })
}

fn removable(ctx: &Ctx<'_>, tx: &Tx<'_>, user: &str, oneself: &str) -> Result<Account> {
    let account = administered(ctx, tx, user)?;
    if account.id == ctx.caller.user {
        return Err(ApiError::new(ErrorKind::FieldsValueError, oneself));
    }
    check_not_last_admin(tx, &account)?;
    Ok(account)
}

fn companies(tx: &Tx<'_>, account: &Account) -> Result<Vec<crate::types::CompanyId>> {
    Ok(tx.memberships(&account.id)?.into_iter().map(|(company, _)| company).collect())
}

/// Ends what the account is doing now: sessions as subject, actor and ancestor, and what it submitted.
fn shut_out(ctx: &Ctx<'_>, tx: &Tx<'_>, account: &Account, what: &str) -> Result<()> {
    tx.revoke_sessions_of(&account.id)?;
    let reason = format!("{}, who submitted this task, {what}", account.name);
    for company in companies(tx, account)? {
        for task in tx.return_submissions(&account.id, &company, &reason, &ctx.caller.user)? {
            ctx.touched("task", task);
        }
    }
    Ok(())
}

/// Who was removed from the caller's tenant, newest first.
pub fn removed_people(ctx: &Ctx<'_>) -> Result<Vec<Tombstone>> {
    ctx.read(|snapshot| snapshot.tombstones(&ctx.caller.tenant))
}

/// `users.readmit`: lets somebody who was removed sign in again by the rules of sign-in, named by the id of the removed
/// account or by e-mail. It makes no account.
///
/// Errors: 400/301 nobody of this id or address was removed.
pub fn readmit(ctx: &Ctx<'_>, who: &str) -> Result<()> {
    ctx.touched("user", who);
    let company = &ctx.caller.tenant;
    ctx.write(|tx| {
        if tx.forget_tombstones(company, who)? || tx.forget_tombstones_of_email(company, who)? {
            return Ok(());
        }
        Err(ApiError::new(ErrorKind::InvalidUserId, "nobody of this id or address was removed")
            .with("user", who))
    })
}
