//! Typed settings (temporary outline until the real module lands).
#![allow(missing_docs)]
use crate::crypto::Secret;
use std::collections::BTreeMap;
#[derive(Default)]
pub struct Settings {
    pub apiserver: Apiserver,
    pub services: Services,
    pub secure: Secure,
    pub fileserver: Fileserver,
}
#[derive(Default)]
pub struct Fileserver {
    pub auth: FileAuth,
    pub upload: Upload,
    pub delete: FileDelete,
}
#[derive(Default)]
pub struct FileAuth {
    pub enabled: bool,
}
#[derive(Default)]
pub struct Upload {
    pub max_upload_size_mb: u64,
}
#[derive(Default)]
pub struct FileDelete {
    pub allow_batch: bool,
}
pub struct Apiserver {
    pub default_company: String,
    pub auth: Auth,
    pub version: Ver,
    pub response: Resp,
    pub cors: Cors,
    pub services: ApiServices,
    pub getting_started_info: serde_json::Value,
    pub workers: Workers,
}
#[derive(Clone, Copy, Default)]
pub struct Seconds(u64);
impl Seconds {
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }
    pub const fn signed(self) -> i64 {
        self.0.cast_signed()
    }
}
pub struct Workers {
    pub task_update_timeout: Seconds,
}
impl Default for Workers {
    fn default() -> Self {
        Self { task_update_timeout: Seconds::new(600) }
    }
}
#[derive(Default)]
pub struct Cors {
    pub origins: Vec<String>,
}
#[derive(Default)]
pub struct ApiServices {
    pub excluded: Vec<String>,
}
impl Settings {
    pub fn public_tree(&self) -> serde_json::Value {
        serde_json::json!({})
    }
}
#[derive(Default)]
pub struct Resp {
    pub headers: Headers,
}
pub struct Headers {
    pub server: String,
}
impl Default for Headers {
    fn default() -> Self {
        Self { server: "clearml".into() }
    }
}
#[derive(Default)]
pub struct Ver {
    pub required: bool,
    pub check_max_version: bool,
}
impl Default for Apiserver {
    fn default() -> Self {
        Self {
            default_company: "d1bd92a3b039400cbafc60a7a5b1e52b".into(),
            auth: Auth::default(),
            version: Ver::default(),
            response: Resp::default(),
            cors: Default::default(),
            services: Default::default(),
            getting_started_info: serde_json::Value::Null,
            workers: Default::default(),
        }
    }
}
pub struct Auth {
    pub default_expiration_sec: i64,
    pub max_expiration_sec: i64,
    pub fixed_users: FixedUsers,
    pub credentials: CredentialPolicy,
    pub delete_missing_autocreated_users: bool,
    pub session_auth_cookie_name: String,
}
impl Default for Auth {
    fn default() -> Self {
        Self {
            default_expiration_sec: 2_592_000,
            max_expiration_sec: 31_536_000,
            fixed_users: FixedUsers { enabled: true, ..Default::default() },
            credentials: Default::default(),
            delete_missing_autocreated_users: true,
            session_auth_cookie_name: "clearml_token_basic".into(),
        }
    }
}
#[derive(Default)]
pub struct CredentialPolicy {
    pub default_expiration_sec: i64,
    pub max_credentials: i64,
}
#[derive(Default)]
pub struct FixedUsers {
    pub enabled: bool,
    pub pass_hashed: bool,
    pub users: Vec<FixedUser>,
}
pub struct FixedUser {
    pub username: String,
    pub password: Secret<String>,
    pub name: String,
    pub company: Option<String>,
    pub is_guest: bool,
    pub admin: bool,
}
#[derive(Default)]
pub struct Services {
    pub organization: Organization,
    pub auth: ServicesAuth,
    pub tasks: Tasks,
    pub async_urls_delete: AsyncUrlsDelete,
}
#[derive(Default)]
pub struct Tasks {
    pub non_responsive_tasks_watchdog: Watchdog,
}
pub struct Watchdog {
    pub enabled: bool,
    pub threshold_sec: Seconds,
}
impl Default for Watchdog {
    fn default() -> Self {
        Self { enabled: true, threshold_sec: Seconds::new(7_200) }
    }
}
pub struct AsyncUrlsDelete {
    pub enabled: bool,
    pub fileserver: UrlPrefixes,
}
impl Default for AsyncUrlsDelete {
    fn default() -> Self {
        Self { enabled: true, fileserver: Default::default() }
    }
}
#[derive(Default)]
pub struct UrlPrefixes {
    pub url_prefixes: Option<Vec<String>>,
}
pub struct Organization {
    pub allow_public: bool,
    pub features: BTreeMap<String, bool>,
    pub feature_set: String,
    pub allow_service_user_admins: bool,
    pub download: Download,
}
pub struct Download {
    pub max_download_items: i64,
}
impl Default for Download {
    fn default() -> Self {
        Self { max_download_items: 50000 }
    }
}
impl Default for Organization {
    fn default() -> Self {
        Self {
            allow_public: false,
            features: BTreeMap::new(),
            feature_set: "advanced".into(),
            allow_service_user_admins: false,
            download: Default::default(),
        }
    }
}
#[derive(Default)]
pub struct ServicesAuth {
    pub ui_features_per_role: BTreeMap<String, BTreeMap<String, bool>>,
    pub fixed_users: GuestUsers,
    pub default_groups: BTreeMap<String, GroupSetting>,
}
#[derive(Default)]
pub struct GroupSetting {
    pub name: Option<String>,
    pub features: Option<Vec<String>>,
    pub assignable: Option<bool>,
}
#[derive(Default)]
pub struct GuestUsers {
    pub guest: Guest,
}
#[derive(Default)]
pub struct Guest {
    pub enabled: bool,
    pub name: String,
    pub username: String,
    pub password: String,
    pub allow_endpoints: Vec<String>,
}
#[derive(Default)]
pub struct Secure {
    pub credentials: BTreeMap<String, SystemIdentity>,
}
pub struct SystemIdentity {
    pub user_key: Option<String>,
    pub user_secret: Option<Secret<String>>,
    pub role: String,
    pub display_name: Option<String>,
    pub revoke_in_fixed_mode: bool,
}
