//! Which account a failed sign-in named: the tenant's administrators should see attempts on their people.

use crate::{
    domain::{Ctx, identity::Presented},
    store::Scope,
};

/// Notes the name or key that was presented, and whose tenant it belongs to. The secret is not looked at.
pub fn note_presented(ctx: &Ctx<'_>, presented: &Presented) {
    let Presented::Basic { key, .. } = presented else { return };
    let tenant = ctx.app.store.read(&Scope::server(), |snapshot| {
        let user = match snapshot.local_password(key)? {
            Some(local) => Some(local.user),
            None => snapshot.credential(key)?.map(|credential| credential.user),
        };
        Ok(match user {
            Some(user) => snapshot.account(user.as_str())?.map(|account| account.company.to_string()),
            None => None,
        })
    });
    let configured = || {
        let users = &ctx.app.settings.apiserver.auth.fixed_users;
        let known = users.enabled && users.users.iter().any(|user| user.username == *key);
        known.then(|| ctx.app.settings.apiserver.default_company.clone())
    };
    // What can't be looked up is told without a tenant.
    let tenant = tenant.ok().flatten().or_else(configured);
    ctx.note(|note| note.presented = Some((key.clone(), tenant)));
}
