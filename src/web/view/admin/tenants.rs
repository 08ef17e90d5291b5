//! Tenants, for those who look after all of them.

use askama::Template;

use crate::web::view::{kit, shell::Shell};

/// A tenant in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Addresses of its administrators.
    pub admins: Vec<String>,
    /// How many people it has.
    pub people: u64,
    /// How many it may have.
    pub most: Option<u64>,
    /// Tasks.
    pub tasks: u64,
    /// Those that run.
    pub running: u64,
    /// Workers.
    pub workers: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Made at first start; can't be deleted.
    pub is_default: bool,
}

/// `/admin/tenants`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/tenants.html", blocks = ["main"])]
pub struct Tenants {
    /// Frame.
    pub shell: Shell,
    /// Tenants by age.
    pub tenants: Vec<TenantRow>,
    /// Names of deleted tenants that are being removed.
    pub leaving: Vec<String>,
}

/// `/admin/tenants/new`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/tenant_new.html", blocks = ["main"])]
pub struct NewTenant {
    /// Frame.
    pub shell: Shell,
    /// Name typed.
    pub name: String,
    /// Domain typed.
    pub domain: String,
    /// Addresses typed.
    pub admins: String,
    /// Quota typed.
    pub most: String,
    /// One sentence when making it was refused.
    pub error: String,
}

/// The direct answer to making a tenant, or another pair for its administrator: the only time the secret is on a page.
#[derive(Template)]
#[template(path = "admin/tenant_made.html", blocks = ["main"])]
pub struct TenantMade {
    /// Frame.
    pub shell: Shell,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Public half.
    pub access_key: String,
    /// Secret half.
    pub secret_key: String,
    /// Ready `clearml.conf` with both halves.
    pub conf: String,
}

/// A feature, and what the tenant does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureRow {
    /// Name.
    pub name: String,
    /// The server has it.
    pub on_server: bool,
    /// `server`, `on` or `off`.
    pub choice: &'static str,
}

/// `/admin/tenants/{id}`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/tenant.html", blocks = ["main"])]
pub struct TenantPage {
    /// Frame.
    pub shell: Shell,
    /// What there is.
    pub row: TenantRow,
    /// Models.
    pub models: u64,
    /// Queues.
    pub queues: u64,
    /// Files.
    pub files: u64,
    /// Mail domains, one a line.
    pub domains: String,
    /// Those of them in which anybody can have an address.
    pub open_domains: Vec<String>,
    /// Quota of people; empty: none.
    pub allowed_users: String,
    /// Quota of service accounts; empty: none.
    pub allowed_service_users: String,
    /// Service accounts may be administrators.
    pub service_admins: bool,
    /// Features.
    pub features: Vec<FeatureRow>,
    /// One sentence when a change was refused.
    pub error: String,
}
