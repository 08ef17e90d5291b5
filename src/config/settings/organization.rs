//! `services.organization.*` (spec/protocol.md 6.4; spec/governance.md 1.3, 5, 10; spec/security_rules.md S17).

use std::collections::BTreeMap;

use super::super::error::WarningKind;
use super::super::read::{Reader, Seconds, join};
use super::super::section::{choice, section};
use super::super::suggest;

section! {
    /// Tags, downloads, features, public addresses.
    pub struct Organization {
        /// Whether administrators may make objects public to all companies.
        allow_public: bool = false,
        /// Whether service accounts may be administrators.
        allow_service_user_admins: bool = false,
        /// Downloads of lists.
        download: ListDownload = Default::default(),
        /// Claim `feature_set` of tokens.
        feature_set: FeatureSet = FeatureSet::Advanced,
        /// Features of the server. What is not named keeps its default.
        features: BTreeMap<String, bool> = FEATURES.iter().map(|(name, on)| ((*name).to_owned(), *on)).collect(),
        /// Features that any company may have at most; unset: no limit.
        features_whitelist: Option<Vec<String>> = None,
        /// Usage reports of projects.
        project_usages: ProjectUsages = Default::default(),
        /// Addresses under which people and tools reach the server.
        public_urls: PublicUrls = Default::default(),
        /// Cache of tags.
        tags_cache: TagsCache = Default::default(),
    }
}

/// Names of features and whether the server has them unless configured (spec/governance.md 10.1, 10.2).
pub const FEATURES: [(&str, bool); 25] = [
    ("app_management", true),
    ("applications", true),
    ("config_vault", true),
    ("data_management", false),
    ("experiments", true),
    ("model_serving", true),
    ("permissions", true),
    ("pipelines", true),
    ("project_workloads", true),
    ("queue_management", true),
    ("queues", true),
    ("reports", true),
    ("resource_dashboard", true),
    ("resource_policy", false),
    ("service_users", true),
    ("show_app_gateways", true),
    ("show_dashboard", true),
    ("show_datasets", true),
    ("show_model_view", true),
    ("show_orchestration", true),
    ("show_projects", true),
    ("sso_management", false),
    ("tenant_usages", false),
    ("user_management", true),
    ("user_management_advanced", false),
];

choice! {
    /// What clients are told about the server.
    pub enum FeatureSet {
        /// Clients use vaults and impersonation.
        Advanced = "advanced",
        /// Clients use neither.
        Basic = "basic",
    }
}

section! {
    /// Addresses under which people and tools reach the server; unset: from `--public-url` or the request.
    pub struct PublicUrls {
        /// The API, for example `https://ml.example.com:8008`.
        api: Option<String> = None,
        /// The file server.
        files: Option<String> = None,
        /// The pages.
        web: Option<String> = None,
    }
}

section! {
    /// Cache of tags.
    pub struct TagsCache {
        /// Life of an entry, in seconds.
        expiration_seconds: Seconds = Seconds::new(3_600),
    }
}

section! {
    /// Downloads of lists.
    pub struct ListDownload {
        /// Objects in one download.
        max_download_items: u64 = 50_000,
        /// Objects read at a time.
        batch_size: u64 = 500,
        /// Life of a prepared download, in seconds; the name is the reference's.
        redis_timeout_sec: Seconds = Seconds::new(300),
        /// Longer project names are cut in file names, in characters.
        max_project_name_length: u64 = 60,
    }
}

section! {
    /// Usage reports of projects.
    pub struct ProjectUsages {
        /// Whether people other than administrators may read them.
        allow_non_admins: bool = true,
    }
}

/// Warns of a name that is no feature.
pub(super) fn check_feature(name: &str, at: &str, reader: &mut Reader) {
    let names = || FEATURES.iter().map(|(name, _)| *name);
    if !names().any(|known| known == name) {
        let hint =
            suggest::nearest(name, names()).map(|name| format!("; did you mean {name}")).unwrap_or_default();
        reader.warn(WarningKind::Suspicious, at, None, format!("names a feature that does not exist{hint}"));
    }
}

impl Organization {
    pub(super) fn check(&self, reader: &mut Reader) {
        const AT: &str = "services.organization";
        for name in self.features.keys() {
            check_feature(name, &format!("{AT}.features.{name}"), reader);
        }
        for name in self.features_whitelist.iter().flatten() {
            check_feature(name, &format!("{AT}.features_whitelist ({name})"), reader);
        }
        let urls = &self.public_urls;
        for (key, url) in [("api", &urls.api), ("files", &urls.files), ("web", &urls.web)] {
            let is_address = |url: &str| url.starts_with("http://") || url.starts_with("https://");
            if url.as_deref().is_some_and(|url| !is_address(url)) {
                let at = join(&format!("{AT}.public_urls"), key);
                reader.problem(&at, None, "must start with http:// or https://; write the whole address");
            }
        }
    }
}
