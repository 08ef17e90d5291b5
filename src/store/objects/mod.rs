//! Object storage: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage.
//!
//! Where the address of a storage is chosen by a tenant, requests go through a client that reaches public hosts only
//! (spec/security_rules.md S16, S23). What never lives here: whose credentials are used for what.

mod client;
mod public;
#[cfg(test)]
pub(crate) mod testing;

use std::{fmt, sync::Arc, time::Duration};

use object_store::{
    ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, path::Path,
};
use tokio::runtime::{Builder, Handle, Runtime};

pub use client::Reach;

use self::client::Connector;
use crate::crypto::Secret;

/// So many deletions of one bucket are under way at once.
const AT_ONCE: usize = 8;

/// Threads that talk to object storages. One per use; dropping it ends what is under way.
pub struct Network {
    // An `Option` so that dropping never waits, wherever it happens.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Network {
    /// Starts `threads` threads.
    ///
    /// Errors: the system gives no threads.
    pub fn start(name: &str, threads: usize) -> std::io::Result<Network> {
        let runtime =
            Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build()?;
        let handle = runtime.handle().clone();
        Ok(Network { runtime: Some(runtime), handle })
    }

    /// Where work is handed to.
    pub(in crate::store) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Proof that the server may use a bucket.
#[derive(Clone)]
pub enum Credentials {
    /// A key pair, and the token of a temporary one.
    Key {
        /// Access key.
        key: String,
        /// Its secret.
        secret: Secret<String>,
        /// Empty for a lasting key.
        token: Secret<String>,
    },
    /// Whatever the server's surroundings offer: `AWS_*` variables, the role of its machine.
    Surroundings,
}

/// A bucket that speaks S3.
#[derive(Clone)]
pub struct S3Bucket {
    /// Its name.
    pub bucket: String,
    /// `http[s]://host[:port]` of a server other than Amazon's.
    pub endpoint: Option<String>,
    /// Region; `us-east-1` when empty.
    pub region: String,
    /// Who we are.
    pub credentials: Credentials,
}

/// A place that holds objects.
#[derive(Clone)]
pub enum Place {
    /// S3.
    S3(S3Bucket),
    /// Google Cloud Storage.
    Google {
        /// Bucket.
        bucket: String,
        /// Key of a service account, as JSON text.
        credentials: Secret<String>,
    },
    /// Azure Blob Storage.
    Azure {
        /// Storage account.
        account: String,
        /// Its key.
        key: Secret<String>,
        /// Container.
        container: String,
    },
}

/// Why a storage could not be used: a sentence without secrets, for the row and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError(pub String);

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 300;

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        // The storage's own answer may quote the request it was sent; what matters stands in its first line.
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        StorageError(line.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect())
    }
}

/// Tries are repeated by the job that deletes, and by the SDK that uploads, not in between.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, retry_timeout: Duration::from_secs(60), ..RetryConfig::default() }
}

impl Place {
    /// Prepares to talk to it; nothing is sent yet.
    ///
    /// Errors: credentials that can't be read, an address that makes no sense.
    pub fn connect(&self, reach: Reach) -> Result<Arc<dyn ObjectStore>, StorageError> {
        Ok(match self {
            Place::S3(bucket) => Arc::new(bucket.builder(reach)?.build()?),
            Place::Google { bucket, credentials } => Arc::new(
                GoogleCloudStorageBuilder::new()
                    .with_bucket_name(bucket)
                    .with_service_account_key(credentials.expose())
                    .with_retry(once())
                    .with_http_connector(Connector(reach))
                    .build()
                    // The error of a key that can't be read may quote it.
                    .map_err(|_| {
                        StorageError(
                            "the Google credentials can't be used; enter the key file again".to_owned(),
                        )
                    })?,
            ),
            Place::Azure { account, key, container } => Arc::new(
                MicrosoftAzureBuilder::new()
                    .with_account(account)
                    .with_access_key(key.expose())
                    .with_container_name(container)
                    .with_retry(once())
                    .with_http_connector(Connector(reach))
                    .build()
                    .map_err(|_| {
                        StorageError("the Azure account key can't be used; enter it again".to_owned())
                    })?,
            ),
        })
    }
}

impl S3Bucket {
    fn builder(&self, reach: Reach) -> Result<AmazonS3Builder, StorageError> {
        let region = if self.region.is_empty() { "us-east-1" } else { &self.region };
        let mut builder = match &self.credentials {
            Credentials::Key { key, secret, token } => {
                let builder =
                    AmazonS3Builder::new().with_access_key_id(key).with_secret_access_key(secret.expose());
                match token.expose().as_str() {
                    "" => builder,
                    token => builder.with_token(token),
                }
            }
            Credentials::Surroundings => AmazonS3Builder::from_env(),
        };
        builder = builder
            .with_bucket_name(&self.bucket)
            .with_region(region)
            .with_retry(once())
            // Not everything that speaks S3 deletes in bulk.
            .with_disable_bulk_delete(true)
            .with_http_connector(Connector(reach));
        if let Some(endpoint) = &self.endpoint {
            let plain = endpoint.starts_with("http://");
            if plain && reach == Reach::Public {
                return Err(StorageError(
                    "the storage is to be reached without TLS, which the server's configuration does not permit \
                     (services.storage.allow_private_hosts)"
                        .to_owned(),
                ));
            }
            builder = builder.with_endpoint(endpoint).with_allow_http(plain);
        }
        Ok(builder)
    }
}

/// Deletes objects of one place. An object that is not there counts as deleted. The results are in the order of `keys`;
/// once `stopping` says so, the rest is left alone and has none.
pub fn delete(
    network: &Network,
    place: &Place,
    reach: Reach,
    keys: &[String],
    stopping: &dyn Fn() -> bool,
) -> Vec<Result<(), StorageError>> {
    let store = match place.connect(reach) {
        Ok(store) => store,
        Err(error) => return keys.iter().map(|_| Err(error.clone())).collect(),
    };
    let mut results = Vec::with_capacity(keys.len());
    for some in keys.chunks(AT_ONCE) {
        if stopping() {
            break;
        }
        let deletions = some.iter().map(|key| delete_one(&*store, key));
        results.extend(network.handle().block_on(futures_util::future::join_all(deletions)));
    }
    results
}

async fn delete_one(store: &dyn ObjectStore, key: &str) -> Result<(), StorageError> {
    let path = Path::parse(key).map_err(|_| StorageError("no object can have this name".to_owned()))?;
    match store.delete(&path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(StorageError::from(error)),
    }
}
