//! Acting as somebody else by header (spec/governance.md 6.2, spec/security_rules.md S2, S4).

use super::principal;
use crate::{
    domain::{Actor, App, Caller, CallerKind, Role},
    store::{Scope, identity::Account},
    types::{ApiError, ErrorKind, Result, UserId},
};

/// What the headers ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Impersonation {
    /// `Impersonate-As`: the target's identity and role.
    As(UserId),
    /// `Act-As`: the target's identity, the caller's own role.
    ActAs(UserId),
}

/// Turns `caller` into the target. System identities may become anybody, administrators people of their tenant.
///
/// Errors: 400/6 for everybody else, for unknown, foreign, disabled and system targets alike.
pub fn impersonate(app: &App, caller: Caller, wanted: &Impersonation) -> Result<Caller> {
    let refused = |text: &str| ApiError::new(ErrorKind::ImpersonationError, text);
    let (target, keep_role) = match wanted {
        Impersonation::As(user) => (user, false),
        Impersonation::ActAs(user) => (user, true),
    };
    if caller.actor.is_some() {
        return Err(refused("a session that already acts for somebody may not do so again"));
    }
    if !caller.role.administers() || matches!(caller.kind, CallerKind::Service(_)) {
        return Err(refused("only administrators may act for somebody else"));
    }
    app.store.read(&Scope::server(), |snapshot| {
        let unknown = || refused("unknown user");
        let account = snapshot.account(target.as_str())?.ok_or_else(unknown)?;
        let target_role: Role = account.role.parse().unwrap_or(Role::Guest);
        if !caller.role.is_system() {
            let member =
                snapshot.memberships(&account.id)?.iter().any(|(company, _)| *company == caller.tenant);
            if !member || target_role.is_system() || account.internal {
                return Err(unknown());
            }
        }
        let tenant = if caller.role.is_system() { account.company.clone() } else { caller.tenant.clone() };
        let mut subject =
            principal::load(snapshot, &app.settings, &account, Some(&tenant)).map_err(|_| unknown())?;
        let actor = snapshot.account(caller.user.as_str())?.ok_or_else(unknown)?;
        describe(&mut subject, &actor);
        if keep_role {
            subject.role = caller.role;
            subject.name = format!("{} (acting as {})", actor.name, account.name);
        }
        subject.tenants = vec![tenant];
        subject.session.clone_from(&caller.session);
        subject.root_session.clone_from(&caller.root_session);
        subject.access_key.clone_from(&caller.access_key);
        // S4: only system identities hand out uncapped tokens; see `tokens::login`.
        subject.minted = caller.minted;
        Ok(subject)
    })
}

/// Writes the acting identity into the caller.
pub(super) fn describe(caller: &mut Caller, actor: &Account) {
    caller.name = format!("{} (impersonated by {})", caller.name, actor.name);
    caller.actor = Some(Actor {
        user: actor.id.clone(),
        name: actor.name.clone(),
        role: actor.role.parse().unwrap_or(Role::Guest),
    });
}
