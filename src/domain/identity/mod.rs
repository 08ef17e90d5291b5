//! Who calls: authentication, tokens and page sessions, credentials, people and their preferences.

mod authenticate;
mod browser;
mod credentials;
mod directory;
pub mod doors;
mod impersonate;
mod minting;
mod offboard;
mod password_users;
mod people;
mod preferences;
mod principal;
mod roles;
pub mod routing;
mod service_accounts;
mod sessions;
mod start;
mod tenancy;
mod throttle;
mod tokens;
mod user_groups;
mod verified;

pub use authenticate::{Presented, authenticate};
pub(super) use credentials::issue_credential;
pub use credentials::{
    IssuedCredential, LocatedCredential, create_credential, credentials, credentials_elsewhere,
    label_credential, locate_credential, revoke_credential,
};
pub use directory::{ManagedPerson, managed_people, managed_person, people};
pub use impersonate::{Impersonation, impersonate};
pub use offboard::{delete_user, readmit, removed_people, set_disabled};
pub use password_users::{PasswordSet, add_user, set_password_of};
pub(super) use people::named_profile;
pub use people::{
    CreateUser, Person, create_profile, create_user, current_user, delete_profile, person, rename,
};
pub use preferences::{PreferencesUpdate, preferences, set_preferences};
pub(super) use roles::join_groups;
pub use roles::{OPTIONS as ROLE_OPTIONS, edit_role, set_admin, set_role};
pub use service_accounts::{
    CredentialFlag, NewService, SELF, ServiceAccount, ServiceChange, ServiceRules, add_service_credential,
    create_service_account, credential_flags, revoke_service_credential, service_account, service_accounts,
    service_limits, update_service_account,
};
pub use sessions::{PageSession, change_password, open_sessions, prove, sign_in, sign_out};
pub use start::{FirstAdmin, ensure_identities, set_password};
pub use tenancy::select_tenant;
pub use throttle::LoginThrottle;
pub use tokens::{
    Checked, IssuedToken, TokenRequest, check_token, login, logout, modes, revoke_presented, token_for_user,
};
pub use user_groups::{GroupChange, UserGroup, company_users, delete_groups, user_groups, write_group};
pub use verified::VerifiedPairs;
