//! New settings meet the stored ones: names are tidied, and a masked secret keeps what is stored.
//!
//! A mask is resolved only against an entry of the same place and the same public name of the key, so that nobody can
//! turn a stored secret to another host.

use super::{
    Settings, invalid,
    settings::{Aws, AwsBucket, Azure, AzureContainer, Google, GoogleBucket, MASK},
};
use crate::types::Result;

pub(super) fn merge(mut sent: Settings, stored: &Settings) -> Result<Settings> {
    if let Some(aws) = &mut sent.aws {
        self::aws(aws, stored.aws.as_ref())?;
    }
    if let Some(google) = &mut sent.google {
        self::google(google, stored.google.as_ref())?;
    }
    if let Some(azure) = &mut sent.azure {
        self::azure(azure, stored.azure.as_ref())?;
    }
    Ok(sent)
}

/// Surrounding quotes and trailing slashes are habits of configuration files, not part of a name.
fn tidy(name: &mut String) {
    let tidied = name.trim().trim_matches('"').trim_end_matches('/');
    if tidied.len() != name.len() {
        *name = tidied.to_owned();
    }
}

fn keep(secret: &mut String, stored: Option<&String>, what: &str) -> Result<()> {
    if secret == MASK {
        *secret = stored.filter(|stored| !stored.is_empty()).cloned().ok_or_else(|| {
            invalid(format!(
                "{what} is masked, but none is stored for this place and key; send the secret itself"
            ))
        })?;
    }
    Ok(())
}

fn keep_optional(secret: &mut Option<String>, stored: Option<&String>, what: &str) -> Result<()> {
    secret.as_mut().map_or(Ok(()), |secret| keep(secret, stored, what))
}

fn aws(sent: &mut Aws, stored: Option<&Aws>) -> Result<()> {
    let top = stored.filter(|stored| stored.key == sent.key);
    keep_optional(&mut sent.secret, top.and_then(|top| top.secret.as_ref()), "aws.secret")?;
    keep_optional(&mut sent.token, top.and_then(|top| top.token.as_ref()), "aws.token")?;
    for bucket in &mut sent.buckets {
        tidy(&mut bucket.bucket);
        tidy(&mut bucket.subdir);
        tidy(&mut bucket.host);
        let place = |b: &AwsBucket| (b.bucket.clone(), b.subdir.clone(), b.host.clone(), b.key.clone());
        let same = stored.and_then(|stored| stored.buckets.iter().find(|old| place(old) == place(bucket)));
        keep(&mut bucket.secret, same.map(|old| &old.secret), "the secret of a bucket")?;
        keep(&mut bucket.token, same.map(|old| &old.token), "the token of a bucket")?;
    }
    Ok(())
}

fn google(sent: &mut Google, stored: Option<&Google>) -> Result<()> {
    let top = stored.and_then(|stored| stored.credentials_json.as_ref());
    keep_optional(&mut sent.credentials_json, top, "google.credentials_json")?;
    is_json(sent.credentials_json.as_deref())?;
    for bucket in &mut sent.buckets {
        tidy(&mut bucket.bucket);
        tidy(&mut bucket.subdir);
        let place = |b: &GoogleBucket| (b.bucket.clone(), b.subdir.clone());
        let same = stored.and_then(|stored| stored.buckets.iter().find(|old| place(old) == place(bucket)));
        let old = same.and_then(|old| old.credentials_json.as_ref());
        keep_optional(&mut bucket.credentials_json, old, "credentials_json of a bucket")?;
        is_json(bucket.credentials_json.as_deref())?;
    }
    Ok(())
}

fn is_json(text: Option<&str>) -> Result<()> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() => Err(invalid(
            "credentials_json is not JSON; paste the whole key file of the service account, not its path",
        )),
        _ => Ok(()),
    }
}

fn azure(sent: &mut Azure, stored: Option<&Azure>) -> Result<()> {
    for container in &mut sent.containers {
        let place = |c: &AzureContainer| (c.account_name.clone(), c.container_name.clone());
        let same =
            stored.and_then(|stored| stored.containers.iter().find(|old| place(old) == place(container)));
        keep(&mut container.account_key, same.map(|old| &old.account_key), "account_key")?;
    }
    Ok(())
}
