//! Tokens that somebody obtains for somebody else: whose, for which task, and for how long
//! (spec/governance.md 6.2, spec/security_rules.md S4 to S6).

use crate::{
    config::Settings,
    domain::{Caller, Role},
    store::{Snapshot, identity::Account, tasks::HeldTask},
    types::{ApiError, CompanyId, ErrorKind, Millis, Result, UserId},
};

use super::roles;

/// What a token for a task outlives the task's end, in seconds.
const GRACE: i64 = 3600;
/// How recent a task is for `services.auth.impersonation.require_recent_task`, in seconds.
const RECENT: i64 = 7 * 86_400;

/// Who obtains a token for whom.
pub(super) struct Wish<'a> {
    /// Who acts.
    pub(super) actor: &'a Account,
    /// The actor's role in the tenant.
    pub(super) role: Role,
    /// Whom the token is for.
    pub(super) subject: &'a Account,
    /// Where.
    pub(super) tenant: &'a CompanyId,
}

/// What the token may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// Everything that the subject may: for identities of the platform that hold no task of theirs.
    Full,
    /// What a token for a task may; of that task, if there is one.
    Capped(Option<String>),
}

fn refused(text: &str) -> ApiError {
    ApiError::new(ErrorKind::ImpersonationError, text)
}

/// Decides on a token from `auth.login` or `auth.get_token_for_user`.
///
/// Errors: 400/6 an agent that holds no task of the subject, a subject outside the account's groups, an account of the
/// platform by anybody else.
pub(super) fn grant(snapshot: &Snapshot<'_>, settings: &Settings, wish: &Wish<'_>) -> Result<Grant> {
    let Wish { actor, role, subject, tenant } = wish;
    let held = newest(snapshot, &actor.id, &subject.id, tenant)?.map(|task| task.id);
    if role.is_system() {
        return Ok(held.map_or(Grant::Full, |task| Grant::Capped(Some(task))));
    }
    let rules = &settings.services.auth.impersonation;
    if actor.is_service || actor.internal {
        if rules.require_dequeued_task && held.is_none() {
            return Err(refused("this account may become only those whose task it has dequeued and runs"));
        }
        let since = snapshot.now.plus_seconds(-RECENT);
        if rules.require_recent_task && !snapshot.has_dequeued_for(&actor.id, &subject.id, tenant, since)? {
            return Err(refused(
                "this account may become only those whose task it dequeued in the last 7 days",
            ));
        }
    }
    if subject.internal && held.is_none() {
        return Err(refused("unknown user"));
    }
    if let Some(allowed) = actor.impersonate_groups.as_ref().filter(|_| actor.is_service) {
        let groups = snapshot.groups_of(&subject.id, tenant)?;
        if !groups.iter().any(|group| allowed.contains(&group.id)) {
            return Err(refused("this account may run tasks for members of certain groups only"));
        }
    }
    Ok(Grant::Capped(held))
}

fn newest(
    snapshot: &Snapshot<'_>,
    actor: &UserId,
    subject: &UserId,
    tenant: &CompanyId,
) -> Result<Option<HeldTask>> {
    snapshot.newest_held_task(actor, subject, tenant, snapshot.now.plus_seconds(-GRACE))
}

/// The latest end of a token that is made, or made anew, for the caller: for a task that has ended, an hour after that.
///
/// Errors: 401/30 the task is no longer the actor's to run for the subject.
pub(super) fn latest_end(snapshot: &Snapshot<'_>, caller: &Caller) -> Result<Option<Millis>> {
    let (Some(task), Some(actor)) = (&caller.task, &caller.actor) else { return Ok(None) };
    let since = snapshot.now.plus_seconds(-GRACE);
    let held = snapshot.held_task(task, &actor.user, &caller.user, &caller.tenant, since)?;
    let held = held.ok_or_else(|| {
        ApiError::new(ErrorKind::InvalidToken, "the task that this token was made for is over")
    })?;
    Ok(held.ended.map(|ended| ended.plus_seconds(GRACE)))
}

/// Whether an actor may still act for others: a session it obtained lives only as long as that (spec/governance.md 6.2).
pub(super) fn may_still_act(
    snapshot: &Snapshot<'_>,
    settings: &Settings,
    actor: &Account,
    tenant: &CompanyId,
) -> Result<bool> {
    let role: Role = actor.role.parse().unwrap_or(Role::Guest);
    if actor.disabled {
        return Ok(false);
    }
    if role.is_system() || (actor.is_service && actor.allow_running_as_owner) {
        return Ok(true);
    }
    let member = snapshot.memberships(&actor.id)?.into_iter().find(|(company, _)| company == tenant);
    let administers = member.is_some_and(|(_, role)| role == Role::Admin.as_str());
    match (administers, actor.is_service) {
        (true, true) => {
            let company = snapshot.company(tenant.as_str())?;
            Ok(company.is_some_and(|company| roles::service_admins_allowed(settings, &company)))
        }
        (administers, _) => Ok(administers),
    }
}
