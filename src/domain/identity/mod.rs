//! Who calls: authentication, tokens and page sessions, credentials, people and their preferences.

mod authenticate;
mod browser;
mod credentials;
mod directory;
pub mod doors;
mod impersonate;
mod people;
mod preferences;
mod principal;
pub mod routing;
mod sessions;
mod start;
mod tenancy;
mod throttle;
mod tokens;
mod verified;

pub use authenticate::{Presented, authenticate};
pub(super) use credentials::issue_credential;
pub use credentials::{
    IssuedCredential, create_credential, credentials, label_credential, revoke_credential,
};
pub use directory::people;
pub use impersonate::{Impersonation, impersonate};
pub(super) use people::join_groups;
pub use people::{
    CreateUser, Person, create_profile, create_user, current_user, delete_profile, edit_role, person, rename,
};
pub use preferences::{PreferencesUpdate, preferences, set_preferences};
pub use sessions::{PageSession, change_password, open_sessions, prove, sign_in, sign_out};
pub use start::{FirstAdmin, ensure_identities, set_password};
pub use tenancy::select_tenant;
pub use throttle::LoginThrottle;
pub use tokens::{
    Checked, IssuedToken, TokenRequest, check_token, login, logout, modes, revoke_presented, token_for_user,
};
pub use verified::VerifiedPairs;
