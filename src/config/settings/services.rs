//! `services.*`: one section per service (spec/protocol.md 6.4, spec/governance.md, spec/security_rules.md).

use super::super::hocon::Value;
use super::super::read::{Leaf, Passthrough, Reader, Seconds, Wrong};
use super::super::section::{choice, section};
use super::events::Events;
use super::groups::ServiceAuth;
use super::login::Login;
use super::organization::Organization;

use serde_json::{Value as Json, json};

section! {
    /// One section per service.
    pub struct Services {
        /// Applications.
        applications: Applications = Default::default(),
        /// Deletion of files by the server.
        async_urls_delete: AsyncUrlsDelete = Default::default(),
        /// Guest, groups, features by role, impersonation.
        auth: ServiceAuth = Default::default(),
        /// Events.
        events: Events = Default::default(),
        /// Single sign-on and tenant routing.
        login: Login = Default::default(),
        /// Models.
        models: Models = Default::default(),
        /// Paging (`services._mongo`).
        mongo["_mongo"]: Paging = Default::default(),
        /// Tags, downloads, features, public addresses.
        organization: Organization = Default::default(),
        /// Access rules.
        permissions: Permissions = Default::default(),
        /// Projects.
        projects: Projects = Default::default(),
        /// Queues.
        queues: Queues = Default::default(),
        /// Model serving.
        serving: Serving = Default::default(),
        /// What tenants' own storage settings may do.
        storage: Storage = Default::default(),
        /// Cloud credentials of the server.
        storage_credentials: StorageCredentials = StorageCredentials::default(),
        /// Tasks.
        tasks: Tasks = Default::default(),
        /// Vaults.
        vaults: Vaults = Default::default(),
        /// Workers.
        workers: Workers = Default::default(),
    }
}

section! {
    /// Paging of lists (spec/protocol.md 5.12, 5.13).
    pub struct Paging {
        /// Default and largest page, in objects.
        max_page_size: u64 = 500,
        /// Life of a scroll after its last use, in seconds.
        scroll_state_expiration_seconds: Seconds = Seconds::new(600),
    }
}

section! {
    /// Applications (spec/governance.md 8.6).
    pub struct Applications {
        /// Where application tasks queue.
        queue_mode: QueueMode = QueueMode::Global,
    }
}

choice! {
    /// Where application tasks queue.
    pub enum QueueMode {
        /// In one queue of the default company.
        Global = "global",
        /// In a queue of each company.
        PerTenant = "per_tenant",
    }
}

section! {
    /// Deletion of files by the server (spec/files.md 5.1).
    pub struct AsyncUrlsDelete {
        /// Whether the server deletes files of deleted objects.
        enabled: bool = true,
        /// Attempts.
        max_retries: u32 = 3,
        /// Wait after a failed attempt, in seconds.
        retry_timeout_sec: Seconds = Seconds::new(60),
        /// The file server.
        fileserver: FileDelete = Default::default(),
        /// How long files are left alone first, in seconds: the SDK deletes them too, right after their task, and reports
        /// those that are gone already as failures.
        grace_sec: Seconds = Seconds::new(10),
    }
}

section! {
    /// How the server recognises and deletes its own files.
    pub struct FileDelete {
        /// Prefixes of own URLs, `scheme://host[:port][/path]` or `/path`, in order of preference; unset: every public address of
        /// the file server. URLs that match none are never deleted.
        url_prefixes: Option<Vec<String>> = None,
        /// How long one deletion may take, in seconds.
        timeout_sec: Seconds = Seconds::new(300),
        /// Accepted without effect: deletion needs no token in process.
        token_expiration_sec: Seconds = Seconds::new(600),
    }
}

section! {
    /// Models.
    pub struct Models {
        /// Cache of metadata values.
        metadata_values: MetadataValues = Default::default(),
    }
}

section! {
    /// Cache of metadata values.
    pub struct MetadataValues {
        /// Life of an entry, in seconds.
        cache_ttl_sec: Seconds = Seconds::new(86_400),
    }
}

section! {
    /// Access rules (spec/governance.md 7).
    pub struct Permissions {
        /// Whether they are enforced; when false every check passes.
        enabled: bool = true,
    }
}

section! {
    /// Projects.
    pub struct Projects {
        /// Public projects shown first.
        featured: Featured = Default::default(),
        /// Nesting.
        sub_projects: SubProjects = Default::default(),
    }
}

section! {
    /// Public projects shown first (spec/projects.md 1.5).
    pub struct Featured {
        /// Rules `{id | name | name_regex}` in order; a project's place is that of the first that matches.
        order: Passthrough = Passthrough(json!([])),
        /// Place of public projects that match none.
        public_default: u64 = 9_999,
    }
}

section! {
    /// Nesting of projects.
    pub struct SubProjects {
        /// Deepest nesting, in levels.
        max_depth: u32 = 10,
    }
}

section! {
    /// Queues.
    pub struct Queues {
        /// System tags of queues that lists leave out.
        hidden_tags: Vec<String> = vec!["k8s-glue".to_owned()],
        /// How far before the asked range queue metrics are read, in seconds.
        metrics_before_from_date: Seconds = Seconds::new(3_600),
        /// How often queue metrics are sampled, in seconds.
        metrics_refresh_interval_sec: Seconds = Seconds::new(300),
        /// Whether only `queue_admins` may manage queues (spec/governance.md 4.2).
        require_queue_admin: bool = false,
        /// What a worker counts for when it does not say.
        resource_usages: QueueResources = Default::default(),
    }
}

section! {
    /// What a worker counts for when it does not say.
    pub struct QueueResources {
        /// CPUs.
        cpu: f64 = 1.0,
        /// GPUs.
        gpu: f64 = 1.0,
    }
}

section! {
    /// Model serving.
    pub struct Serving {
        /// How long a container may stay silent, in seconds.
        default_container_timeout_sec: Seconds = Seconds::new(600),
        /// Whether reports of unknown containers register them.
        container_auto_register: bool = true,
        /// Whether silent containers are unregistered.
        container_auto_unregister: bool = true,
        /// Narrowest step of charts, in seconds.
        min_chart_interval_sec: Seconds = Seconds::new(40),
    }
}

section! {
    /// What tenants' own storage settings may do (spec/security_rules.md S16).
    pub struct Storage {
        /// Whether tenants may use the credentials of the server's surroundings: `AWS_*` variables, the role of its machine.
        allow_credentials_chain: bool = false,
        /// Whether tenants may name storages on private networks, and storages without TLS.
        allow_private_hosts: bool = false,
    }
}

section! {
    /// Tasks.
    pub struct Tasks {
        /// From this many events on, deletion runs in the background.
        async_events_delete_threshold: u64 = 100_000,
        /// Whether many events are deleted in the background.
        async_events_delete: bool = true,
        /// Cache of hyper-parameter values.
        hyperparam_values: HyperparamValues = Default::default(),
        /// Metric and variant pairs whose last value is kept on a task.
        max_last_metrics: u64 = 2_000,
        /// Tasks in one comparison.
        multi_task_histogram_limit: u64 = 100,
        /// Stops tasks that fell silent.
        non_responsive_tasks_watchdog: Watchdog = Default::default(),
    }
}

section! {
    /// Cache of hyper-parameter values.
    pub struct HyperparamValues {
        /// Life of an entry, in seconds.
        cache_ttl_sec: Seconds = Seconds::new(86_400),
        /// How stale an answer may be, in seconds.
        cache_allowed_outdate_sec: Seconds = Seconds::new(60),
    }
}

section! {
    /// Stops tasks that fell silent.
    pub struct Watchdog {
        /// Whether it runs.
        enabled: bool = true,
        /// How long a running task may stay silent, in seconds.
        threshold_sec: Seconds = Seconds::new(7_200),
        /// How often it looks, in seconds.
        watch_interval_sec: Seconds = Seconds::new(900),
    }
}

section! {
    /// Vaults (spec/governance.md 3, spec/security_rules.md S11).
    pub struct Vaults {
        /// Whether the setup script of a task is dropped when its container is pinned.
        drop_setup_script: bool = false,
        /// Whether a task's output goes where an administrator's vault says.
        enforce_output_uri: bool = true,
        /// Dotted keys that no personal vault may set, besides the built-in ones.
        forbidden_keys: Vec<String> = Vec::new(),
    }
}

section! {
    /// Workers.
    pub struct Workers {
        /// How long a worker may stay silent when it does not say, in seconds.
        default_worker_timeout_sec: Seconds = Seconds::new(600),
        /// How long a cluster may stay silent, in seconds.
        default_cluster_timeout_sec: Seconds = Seconds::new(600),
        /// Narrowest step of charts, in seconds.
        min_chart_interval_sec: Seconds = Seconds::new(40),
        /// What happens when an administrator's or system identity polls a queue to run tasks as itself (spec/security_rules.md S8).
        privileged_agents: PrivilegedAgents = PrivilegedAgents::Warn,
        /// Who sees the workers of all companies.
        resource_usages: ResourceUsages = Default::default(),
    }
}

choice! {
    /// What happens to a privileged identity that polls a queue to run tasks as itself.
    pub enum PrivilegedAgents {
        /// It gets tasks.
        Allow = "allow",
        /// It gets tasks, and a warning is raised.
        Warn = "warn",
        /// It gets none.
        Refuse = "refuse",
    }
}

section! {
    /// Who sees the workers of all companies.
    pub struct ResourceUsages {
        /// Id of the company whose administrators do.
        supervisor_company: Option<String> = None,
    }
}

/// `services.storage_credentials`: the configured tree as it stands (spec/security_rules.md S16). Not shown by `Debug`.
#[derive(Clone, Default)]
pub struct StorageCredentials(Option<Value>);

impl StorageCredentials {
    /// The configured tree, for the reader of one kind of storage.
    #[must_use]
    pub fn expose(&self) -> Option<&Value> {
        self.0.as_ref()
    }
}

impl std::fmt::Debug for StorageCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

impl Leaf for StorageCredentials {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        value.as_object().ok_or("a section in braces")?;
        Ok(Self(Some(value.clone())))
    }

    fn tree(&self) -> Option<Json> {
        None
    }
}
