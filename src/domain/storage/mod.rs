//! A tenant's own credentials for object storage (spec/models.md 5, spec/security_rules.md S16).
//!
//! They are sealed at rest, shown to administrators only and then with their secrets masked, and serve the deletion of
//! the tenant's files. What never lives here: talking to a storage.

mod merge;
mod settings;

use serde_json::{Value, json};

use super::{App, Ctx};
use crate::{
    crypto::seal::{self, Sealed},
    store::{Snapshot, Tx},
    types::{ApiError, CompanyId, ErrorKind, Result},
};

pub use settings::{Aws, AwsBucket, Azure, AzureContainer, Google, GoogleBucket, Section, Settings};

/// Largest section, in bytes of JSON.
const LARGEST_SECTION: usize = 1 << 20;

/// What `storage.get_settings` shows. Only administrators see what is stored, and nobody sees a secret.
pub fn shown(ctx: &Ctx<'_>) -> Result<Value> {
    let (settings, last_update) = ctx.read(|snapshot| {
        let last_update = snapshot.storage_last_update()?;
        if !ctx.caller.role.administers() {
            return Ok((Settings::default(), last_update));
        }
        Ok((load(ctx.app, snapshot)?, last_update))
    })?;
    let mut wire = settings.masked();
    if let Some(sections) = wire.as_object_mut() {
        sections.insert("last_update".to_owned(), json!(last_update.map(|time| time.to_wire())));
    }
    Ok(wire)
}

/// Replaces the sections that are present; a masked secret stands for the stored one.
///
/// Errors: 400/12 no section, Google credentials that are no JSON, a masked secret without a stored one, too large.
pub fn set(ctx: &Ctx<'_>, sent: Settings) -> Result<()> {
    if sent.is_empty() {
        return Err(invalid("name at least one of aws, google and azure"));
    }
    ctx.write(|tx| {
        let settings = merge::merge(sent, &load(ctx.app, tx)?)?;
        if let Some(aws) = &settings.aws {
            store(ctx.app, tx, Section::Aws, aws)?;
        }
        if let Some(google) = &settings.google {
            store(ctx.app, tx, Section::Google, google)?;
        }
        if let Some(azure) = &settings.azure {
            store(ctx.app, tx, Section::Azure, azure)?;
        }
        tx.touch_storage_settings()
    })
}

/// Forgets sections; false when the tenant never stored any.
pub fn reset(ctx: &Ctx<'_>, sections: &[Section]) -> Result<bool> {
    ctx.write(|tx| {
        if tx.storage_last_update()?.is_none() {
            return Ok(false);
        }
        sections.iter().try_for_each(|section| tx.drop_storage_section(section.name()))?;
        tx.touch_storage_settings()?;
        Ok(true)
    })
}

/// What a stored section is sealed for.
pub(super) fn purpose(section: &str) -> String {
    Section::named(section).map_or_else(|| section.to_owned(), |section| section.purpose().to_owned())
}

/// What the snapshot's tenant stored.
///
/// Errors: 500/1 when a section can't be opened: its key is missing, or it was changed.
pub fn load(app: &App, snapshot: &Snapshot<'_>) -> Result<Settings> {
    let tenant = &snapshot.scope.company;
    let mut settings = Settings::default();
    for (name, sealed) in snapshot.storage_sections()? {
        match Section::named(&name) {
            Some(Section::Aws) => settings.aws = Some(opened(app, tenant, Section::Aws, &sealed)?),
            Some(Section::Google) => settings.google = Some(opened(app, tenant, Section::Google, &sealed)?),
            Some(Section::Azure) => settings.azure = Some(opened(app, tenant, Section::Azure, &sealed)?),
            None => {
                tracing::warn!(section = name, "stored settings of a storage that this release does not know")
            }
        }
    }
    Ok(settings)
}

fn opened<T: serde::de::DeserializeOwned>(
    app: &App,
    tenant: &CompanyId,
    section: Section,
    sealed: &Sealed,
) -> Result<T> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(tenant = tenant.as_str(), %error, "a tenant's storage settings can't be read");
        ApiError::new(
            ErrorKind::InternalError,
            "the stored settings can't be read; the server's log has the details. Reset them and enter them again",
        )
    };
    let plain = seal::open(&app.keys.sealing, tenant.as_str(), section.purpose(), sealed)
        .map_err(|error| failed(&error))?;
    // serde_json's errors may quote the text, which holds secrets.
    serde_json::from_slice(&plain).map_err(|_| failed(&"it is not what this release writes"))
}

fn store<T: serde::Serialize>(app: &App, tx: &Tx<'_>, section: Section, value: &T) -> Result<()> {
    let plain =
        serde_json::to_vec(value).map(zeroize::Zeroizing::new).map_err(|_| ErrorKind::InternalError)?;
    if plain.len() > LARGEST_SECTION {
        return Err(invalid(
            "the settings of one storage may have at most 1 MiB; remove buckets that are not used",
        ));
    }
    let tenant = tx.scope.company.as_str();
    let sealed = seal::seal(&app.keys.sealing, tenant, section.purpose(), &plain)
        .map_err(|error| ApiError::new(ErrorKind::InternalError, error.to_string()))?;
    tx.put_storage_section(section.name(), &sealed)
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, text)
}
