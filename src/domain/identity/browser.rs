//! Who may sign in with a browser (spec/governance.md 5.2, 8.1; spec/security_rules.md S21).

use crate::domain::{App, Caller, CallerKind};

/// People may; service accounts never; identities of the platform only where their setting `allow_login` says so, or
/// where nobody needs a password at all.
pub(super) fn may_sign_in(app: &App, caller: &Caller) -> bool {
    match caller.kind {
        CallerKind::Person => true,
        CallerKind::System => {
            let name = caller.user.as_str().trim_matches('_');
            let settings = &app.settings;
            !settings.apiserver.auth.fixed_users.enabled
                || settings.secure.credentials.get(name).is_some_and(|identity| identity.allow_login)
        }
        CallerKind::Service(_) | CallerKind::Anonymous => false,
    }
}
