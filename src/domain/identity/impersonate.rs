//! Acting as somebody else by header (spec/governance.md 6.2, spec/security_rules.md S2, S4).

use super::{
    minting::{self, Grant, Wish},
    principal,
};
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

/// Turns `caller` into the target. Identities of the platform may become anybody but each other, administrators people
/// of their tenant; service accounts that may run tasks as their owners only to sign in (`login`), and only those whose
/// task they hold (S5).
///
/// Errors: 400/6 for everybody else, for unknown, foreign, disabled and system targets alike.
pub fn impersonate(app: &App, caller: Caller, wanted: &Impersonation, login: bool) -> Result<Caller> {
    let refused = |text: &str| ApiError::new(ErrorKind::ImpersonationError, text);
    let (target, keep_role) = match wanted {
        Impersonation::As(user) => (user, false),
        Impersonation::ActAs(user) => (user, true),
    };
    if caller.actor.is_some() {
        return Err(refused("a session that already acts for somebody may not do so again"));
    }
    let as_owner = login && !keep_role && caller.kind == CallerKind::Service(true);
    if !caller.role.administers() && !as_owner {
        let text = match caller.kind {
            CallerKind::Service(true) => {
                "a service account becomes somebody else by auth.login with Impersonate-As only"
            }
            CallerKind::Service(false) => "this service account may not run tasks as their owners",
            _ => "only administrators may act for somebody else",
        };
        return Err(refused(text));
    }
    app.store.read(&Scope::server(), |snapshot| {
        let unknown = || refused("unknown user");
        let account = snapshot.account(target.as_str())?.ok_or_else(unknown)?;
        let target_role: Role = account.role.parse().unwrap_or(Role::Guest);
        let platform = caller.role.is_system();
        let member = || {
            Ok::<_, ApiError>(
                snapshot.memberships(&account.id)?.iter().any(|(company, _)| *company == caller.tenant),
            )
        };
        // S4: who was made by the platform is nobody's to become, unless its task is held; see `minting::grant`.
        let minting = login && !keep_role;
        let reserved = account.internal && !minting;
        if target_role.is_system() || (!platform && (reserved || !member()?)) {
            return Err(unknown());
        }
        // S2: nobody but the platform leaves the tenant that the call is made in.
        let tenant = if platform { account.company.clone() } else { caller.tenant.clone() };
        let mut subject =
            principal::load(snapshot, &app.settings, &account, Some(&tenant)).map_err(|_| unknown())?;
        let actor = snapshot.account(caller.user.as_str())?.ok_or_else(unknown)?;
        subject.operator &= platform || caller.operator;
        if minting {
            let wish = Wish { actor: &actor, role: caller.role, subject: &account, tenant: &tenant };
            if let Grant::Capped(task) = minting::grant(snapshot, &app.settings, &wish)? {
                subject = subject.capped();
                subject.task = task;
            }
        } else if login && !platform {
            subject = subject.capped();
        }
        describe(&mut subject, &actor, caller.role);
        if keep_role {
            if !subject.minted {
                subject.role = caller.role;
            }
            subject.name = format!("{} (acting as {})", actor.name, account.name);
        }
        if !platform {
            subject.tenants = vec![tenant];
        }
        subject.session.clone_from(&caller.session);
        subject.root_session.clone_from(&caller.root_session);
        subject.access_key.clone_from(&caller.access_key);
        subject.minted |= caller.minted;
        Ok(subject)
    })
}

/// Writes the acting identity into the caller.
pub(super) fn describe(caller: &mut Caller, actor: &Account, role: Role) {
    caller.name = format!("{} (impersonated by {})", caller.name, actor.name);
    caller.actor = Some(Actor { user: actor.id.clone(), name: actor.name.clone(), role });
}
