//! The sections as they are stored, and as they are shown.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Stands for a secret that is stored and not shown.
pub(super) const MASK: &str = "****";

/// One kind of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// S3 and what speaks its protocol.
    Aws,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

impl Section {
    pub(super) fn name(self) -> &'static str {
        match self {
            Section::Aws => "aws",
            Section::Google => "google",
            Section::Azure => "azure",
        }
    }

    /// What a section is sealed for.
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Section::Aws => "storage.aws",
            Section::Google => "storage.google",
            Section::Azure => "storage.azure",
        }
    }

    pub(super) fn named(name: &str) -> Option<Section> {
        [Section::Aws, Section::Google, Section::Azure].into_iter().find(|section| section.name() == name)
    }
}

/// All sections; `None` is one that is not stored. Not `Debug`: it holds secrets.
#[derive(Clone, Default, Deserialize)]
pub struct Settings {
    /// S3.
    pub aws: Option<Aws>,
    /// Google Cloud Storage.
    pub google: Option<Google>,
    /// Azure Blob Storage.
    pub azure: Option<Azure>,
}

/// S3: what holds for every bucket, and buckets of their own.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Aws {
    /// Access key.
    pub key: Option<String>,
    /// Its secret.
    pub secret: Option<String>,
    /// Token of a temporary key.
    pub token: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Credentials come from the server's surroundings; works only where the server's configuration permits it.
    #[serde(default)]
    pub use_credentials_chain: bool,
    /// Buckets.
    #[serde(default)]
    pub buckets: Vec<AwsBucket>,
}

/// An S3 bucket.
#[derive(Clone, Serialize, Deserialize)]
pub struct AwsBucket {
    /// Its name.
    #[serde(default)]
    pub bucket: String,
    /// Only keys below this.
    #[serde(default)]
    pub subdir: String,
    /// `host[:port]` of a server that speaks S3; empty: Amazon's.
    #[serde(default)]
    pub host: String,
    /// Access key.
    #[serde(default)]
    pub key: String,
    /// Its secret.
    #[serde(default)]
    pub secret: String,
    /// Token of a temporary key.
    #[serde(default)]
    pub token: String,
    /// Clients upload in parts.
    #[serde(default = "yes")]
    pub multipart: bool,
    /// Canned access list of what clients upload.
    #[serde(default)]
    pub acl: String,
    /// TLS.
    #[serde(default = "yes")]
    pub secure: bool,
    /// Region.
    #[serde(default)]
    pub region: String,
    /// Clients check the certificate. The server always does.
    #[serde(default = "yes")]
    pub verify: bool,
    /// As in [`Aws`].
    #[serde(default)]
    pub use_credentials_chain: bool,
}

fn yes() -> bool {
    true
}

/// Google Cloud Storage.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Google {
    /// Project.
    pub project: Option<String>,
    /// Key of a service account, as JSON text.
    pub credentials_json: Option<String>,
    /// Buckets.
    #[serde(default)]
    pub buckets: Vec<GoogleBucket>,
}

/// A bucket of Google Cloud Storage.
#[derive(Clone, Serialize, Deserialize)]
pub struct GoogleBucket {
    /// Its name.
    #[serde(default)]
    pub bucket: String,
    /// Only keys below this.
    #[serde(default)]
    pub subdir: String,
    /// Project.
    pub project: Option<String>,
    /// Key of a service account, as JSON text.
    pub credentials_json: Option<String>,
}

/// Azure Blob Storage.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Azure {
    /// Containers.
    #[serde(default)]
    pub containers: Vec<AzureContainer>,
}

/// A container, or all containers of an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct AzureContainer {
    /// Storage account.
    #[serde(default)]
    pub account_name: String,
    /// Its key.
    #[serde(default)]
    pub account_key: String,
    /// Only this container.
    pub container_name: Option<String>,
}

impl Settings {
    pub(super) fn is_empty(&self) -> bool {
        self.aws.is_none() && self.google.is_none() && self.azure.is_none()
    }

    /// As administrators see it: a section that is not stored shows its defaults, secrets are masked.
    pub(super) fn masked(&self) -> Value {
        let aws = self.aws.as_ref().map_or_else(
            || json!({"key": "", "secret": "", "token": "", "region": "", "use_credentials_chain": false, "buckets": []}),
            Aws::masked,
        );
        let google = self.google.clone().unwrap_or_default().masked();
        let azure = self.azure.clone().unwrap_or_default().masked();
        json!({"aws": aws, "google": google, "azure": azure})
    }
}

fn mask(secret: &str) -> &str {
    if secret.is_empty() { "" } else { MASK }
}

fn mask_optional(secret: Option<&String>) -> Option<&str> {
    secret.map(|secret| mask(secret))
}

impl Aws {
    fn masked(&self) -> Value {
        let usable = |bucket: &&AwsBucket| {
            bucket.use_credentials_chain || !(bucket.key.is_empty() || bucket.secret.is_empty())
        };
        json!({
            "key": self.key,
            "secret": mask_optional(self.secret.as_ref()),
            "token": mask_optional(self.token.as_ref()),
            "region": self.region,
            "use_credentials_chain": self.use_credentials_chain,
            "buckets": self.buckets.iter().filter(usable).map(AwsBucket::masked).collect::<Vec<_>>(),
        })
    }
}

impl AwsBucket {
    fn masked(&self) -> Value {
        json!({
            "bucket": self.bucket, "subdir": self.subdir, "host": self.host, "key": self.key,
            "secret": mask(&self.secret), "token": mask(&self.token), "multipart": self.multipart,
            "acl": self.acl, "secure": self.secure, "region": self.region, "verify": self.verify,
            "use_credentials_chain": self.use_credentials_chain, "extra_args": null, "profile": "",
        })
    }
}

impl Google {
    fn masked(&self) -> Value {
        let bucket = |bucket: &GoogleBucket| {
            json!({
                "bucket": bucket.bucket, "subdir": bucket.subdir, "project": bucket.project,
                "credentials_json": mask_optional(bucket.credentials_json.as_ref()),
                "pool_connections": null, "pool_maxsize": null,
            })
        };
        json!({
            "project": self.project,
            "credentials_json": mask_optional(self.credentials_json.as_ref()),
            "buckets": self.buckets.iter().map(bucket).collect::<Vec<_>>(),
        })
    }
}

impl Azure {
    fn masked(&self) -> Value {
        let container = |container: &AzureContainer| {
            json!({
                "account_name": container.account_name, "account_key": mask(&container.account_key),
                "container_name": container.container_name,
            })
        };
        json!({"containers": self.containers.iter().map(container).collect::<Vec<_>>()})
    }
}
