//! Former versions of a vault.

use super::{Format, data, sealed, serve};
use crate::{
    domain::Ctx,
    types::{Millis, Result},
};

/// A version that is kept.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number.
    pub number: i64,
    /// When it was stored.
    pub created: Millis,
    /// Name of who stored it.
    pub by: String,
    /// Format.
    pub format: Format,
}

/// The kept versions of a vault that the caller may see, newest first.
///
/// Errors: 400/10.
pub fn versions(ctx: &Ctx<'_>, id: &str) -> Result<Vec<Version>> {
    ctx.read(|snapshot| {
        let vault = serve::visible(ctx, snapshot, id)?;
        let mut versions = Vec::new();
        for content in snapshot.vault_versions(&vault.id)? {
            let by = snapshot.profile(content.created_by.as_str())?;
            versions.push(Version {
                number: content.version,
                created: content.created,
                by: by.map_or_else(|| content.created_by.to_string(), |profile| profile.name),
                format: Format::named(&content.format).unwrap_or(Format::Hocon),
            });
        }
        Ok(versions)
    })
}

/// What a version holds.
#[derive(Clone, Debug)]
pub struct Content {
    /// Format.
    pub format: Format,
    /// Its text, or its structure where the caller may not read values.
    pub text: String,
}

/// One version of a vault that the caller may see. Values are for those who may edit it, and personal ones for their owner.
///
/// Errors: 400/10 also when it is not kept or can't be read.
pub fn content(ctx: &Ctx<'_>, id: &str, version: i64) -> Result<Content> {
    ctx.read(|snapshot| {
        let vault = serve::visible(ctx, snapshot, id)?;
        let content = snapshot.vault_content(&vault.id, version)?.ok_or_else(|| serve::unknown(id))?;
        let text = sealed::open(ctx.app, snapshot, &vault, &content).map_err(|_| serve::unknown(id))?;
        let format = Format::named(&content.format).unwrap_or(Format::Hocon);
        let plain = match super::is_personal(vault.scope) {
            true => serve::may_read(ctx, snapshot, &vault)?,
            false => ctx.caller.role.administers(),
        };
        let text = if plain { text.to_string() } else { data::preview(&text, format) };
        Ok(Content { format, text })
    })
}
