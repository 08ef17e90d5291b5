//! Objects of S3, Google and Azure storages, with the credentials that the tenant stored.

use std::collections::BTreeMap;

use super::Settled;
use crate::{
    crypto::Secret,
    domain::{
        App,
        storage::{self, Aws, AwsBucket, Settings},
    },
    store::{
        Scope,
        deletion::Waiting,
        objects::{self, Credentials, Network, Place, Reach, S3Bucket},
    },
    types::{CompanyId, ErrorKind, Result},
};

/// Kinds of storage that are not ours.
pub(super) const KINDS: &[Kind] = &[Kind::S3, Kind::Google, Kind::Azure];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    S3,
    Google,
    Azure,
}

impl Kind {
    /// As the queue calls it.
    pub(super) fn storage_type(self) -> &'static str {
        match self {
            Kind::S3 => "s3",
            Kind::Google => "gs",
            Kind::Azure => "azure",
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Kind::S3 => "s3://",
            Kind::Google => "gs://",
            Kind::Azure => "azure://",
        }
    }
}

/// An object's place, or why there is none.
type Found = std::result::Result<(Place, String), Settled>;

/// A row and its key in the bucket.
type Keyed<'r> = (&'r Waiting, String);

/// Deletes objects of one tenant, bucket by bucket.
pub(super) fn delete<'r>(
    app: &App,
    network: &Network,
    kind: Kind,
    tenant: &CompanyId,
    rows: &'r [Waiting],
    stopping: &dyn Fn() -> bool,
) -> Result<Vec<(&'r Waiting, Settled)>> {
    let loaded = app.store.read(&Scope::tenant(tenant.clone()), |snapshot| storage::load(app, snapshot));
    let settings = match loaded {
        Ok(settings) => settings,
        // Sealed with a key that is gone: every row says so, and the job goes on with other tenants.
        Err(error) if error.kind() == ErrorKind::InternalError => {
            let later = Settled::Later("the tenant's storage settings can't be read".to_owned());
            return Ok(rows.iter().map(|row| (row, later.clone())).collect());
        }
        Err(error) => return Err(error),
    };
    let chain = app.settings.services.storage.allow_credentials_chain;
    let reach = if app.settings.services.storage.allow_private_hosts { Reach::Any } else { Reach::Public };
    let mut settled = Vec::with_capacity(rows.len());
    // Rows come by address, so neighbours share their bucket.
    let mut groups: BTreeMap<String, (Place, Vec<Keyed<'_>>)> = BTreeMap::new();
    for row in rows {
        match find(kind, &settings, chain, &row.url) {
            Ok((place, key)) => {
                let group = row.url.strip_suffix(&key).unwrap_or(&row.url).to_owned();
                // A bucket may have other credentials below a folder.
                let group = format!("{group} {}", identity(&place));
                groups.entry(group).or_insert_with(|| (place, Vec::new())).1.push((row, key));
            }
            Err(why) => settled.push((row, why)),
        }
    }
    for (place, members) in groups.into_values() {
        if stopping() {
            break;
        }
        let keys: Vec<String> = members.iter().map(|(_, key)| key.clone()).collect();
        let results = objects::delete(network, &place, reach, &keys, stopping);
        settled.extend(members.into_iter().zip(results).map(|((row, _), result)| match result {
            Ok(()) => (row, Settled::Gone),
            Err(error) => (row, Settled::Later(error.to_string())),
        }));
    }
    Ok(settled)
}

/// What tells two sets of credentials of one bucket apart.
fn identity(place: &Place) -> &str {
    match place {
        Place::S3(S3Bucket { credentials: Credentials::Key { key, .. }, .. }) => key,
        Place::S3(_) => "",
        Place::Google { credentials, .. } => credentials.expose(),
        Place::Azure { key, .. } => key.expose(),
    }
}

fn find(kind: Kind, settings: &Settings, chain: bool, url: &str) -> Found {
    let never = || Settled::Never("the address names no object".to_owned());
    let rest = url.strip_prefix(kind.scheme()).ok_or_else(never)?;
    let (host, path) = rest.split_once('/').ok_or_else(never)?;
    let path = path.trim_start_matches('/');
    if host.is_empty() || path.is_empty() {
        return Err(never());
    }
    match kind {
        Kind::S3 => s3(settings.aws.as_ref(), chain, host, path),
        Kind::Google => google(settings, host, path),
        Kind::Azure => azure(settings, host, path),
    }
}

/// Whether `key` lies in the folder `subdir` of a bucket.
fn below(key: &str, subdir: &str) -> bool {
    let subdir = subdir.trim_matches('/');
    subdir.is_empty() || key.strip_prefix(subdir).is_some_and(|rest| rest.starts_with('/'))
}

fn no_credentials(of: &str) -> Settled {
    Settled::Later(format!(
        "no credentials for {of} are stored; an administrator can enter them in the storage settings"
    ))
}

/// `s3://bucket/key`, or `s3://host[:port]/bucket/key` for a host that the settings name.
fn s3(aws: Option<&Aws>, chain: bool, host: &str, path: &str) -> Found {
    let Some(aws) = aws else { return Err(no_credentials("S3")) };
    // A bucket of its own server is addressed through that server's host.
    let on_host = path.split_once('/').and_then(|(bucket, key)| {
        let matching = aws.buckets.iter().filter(|entry| {
            entry.host == host
                && (entry.bucket.is_empty() || entry.bucket == bucket)
                && below(key, &entry.subdir)
        });
        deepest(matching).map(|entry| (entry, bucket, key))
    });
    let named = || {
        let matching = aws.buckets.iter().filter(|entry| entry.bucket == host && below(path, &entry.subdir));
        deepest(matching).map(|entry| (entry, host, path))
    };
    if let Some((entry, bucket, key)) = on_host.or_else(named) {
        let own = Pair { key: &entry.key, secret: &entry.secret, token: &entry.token };
        let credentials = credentials(own, entry.use_credentials_chain, chain)?;
        let scheme = if entry.secure { "https" } else { "http" };
        let endpoint = (!entry.host.is_empty()).then(|| format!("{scheme}://{}", entry.host));
        let region = if entry.region.is_empty() {
            aws.region.clone().unwrap_or_default()
        } else {
            entry.region.clone()
        };
        let place = S3Bucket { bucket: bucket.to_owned(), endpoint, region, credentials };
        return Ok((Place::S3(place), key.to_owned()));
    }
    if host.contains(':') {
        return Err(no_credentials("this S3 host"));
    }
    // The credentials for everything else are Amazon's; they are never sent to a host that only an address names.
    fn text(field: &Option<String>) -> &str {
        field.as_deref().unwrap_or_default()
    }
    let all = Pair { key: text(&aws.key), secret: text(&aws.secret), token: text(&aws.token) };
    let credentials = credentials(all, aws.use_credentials_chain, chain)?;
    let region = aws.region.clone().unwrap_or_default();
    let place = S3Bucket { bucket: host.to_owned(), endpoint: None, region, credentials };
    Ok((Place::S3(place), path.to_owned()))
}

/// The entry for the deepest folder.
fn deepest<'a>(entries: impl Iterator<Item = &'a AwsBucket>) -> Option<&'a AwsBucket> {
    entries.max_by_key(|entry| (entry.bucket.len(), entry.subdir.len()))
}

struct Pair<'a> {
    key: &'a str,
    secret: &'a str,
    token: &'a str,
}

fn credentials(pair: Pair<'_>, wants_chain: bool, chain: bool) -> std::result::Result<Credentials, Settled> {
    if !pair.key.is_empty() && !pair.secret.is_empty() {
        return Ok(Credentials::Key {
            key: pair.key.to_owned(),
            secret: Secret::new(pair.secret.to_owned()),
            token: Secret::new(pair.token.to_owned()),
        });
    }
    match (wants_chain, chain) {
        (true, true) => Ok(Credentials::Surroundings),
        (true, false) => Err(Settled::Later(
            "the settings ask for the server's own credentials, which its configuration does not permit \
             (services.storage.allow_credentials_chain)"
                .to_owned(),
        )),
        (false, _) => Err(no_credentials("this bucket")),
    }
}

/// `gs://bucket/key`.
fn google(settings: &Settings, bucket: &str, key: &str) -> Found {
    let google = settings.google.as_ref();
    let entry = google.and_then(|google| {
        let matching =
            google.buckets.iter().filter(|entry| entry.bucket == bucket && below(key, &entry.subdir));
        matching.max_by_key(|entry| entry.subdir.len())
    });
    let usable = |text: &&String| !text.is_empty();
    let credentials = entry
        .and_then(|entry| entry.credentials_json.as_ref())
        .filter(usable)
        .or_else(|| google.and_then(|google| google.credentials_json.as_ref()).filter(usable));
    let Some(credentials) = credentials else { return Err(no_credentials("Google Cloud Storage")) };
    let place = Place::Google { bucket: bucket.to_owned(), credentials: Secret::new(credentials.clone()) };
    Ok((place, key.to_owned()))
}

/// `azure://account[.blob.…]/container/blob`.
fn azure(settings: &Settings, host: &str, path: &str) -> Found {
    let account = host.split('.').next().unwrap_or(host);
    let Some((container, key)) = path.split_once('/').filter(|(_, key)| !key.is_empty()) else {
        return Err(Settled::Never("the address names no object".to_owned()));
    };
    let matching = settings.azure.iter().flat_map(|azure| &azure.containers).filter(|entry| {
        let here = entry.container_name.as_deref().is_none_or(|name| name.is_empty() || name == container);
        entry.account_name == account && here && !entry.account_key.is_empty()
    });
    // An entry for the container goes before one for the account.
    let Some(entry) = matching.max_by_key(|entry| entry.container_name.as_ref().map_or(0, String::len))
    else {
        return Err(Settled::Never("no credentials for this Azure container are stored".to_owned()));
    };
    let place = Place::Azure {
        account: account.to_owned(),
        key: Secret::new(entry.account_key.clone()),
        container: container.to_owned(),
    };
    Ok((place, key.to_owned()))
}
