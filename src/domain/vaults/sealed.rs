//! Vault texts at rest: sealed for one tenant, vault and version (spec/governance.md 3.5).

use zeroize::Zeroizing;

use crate::{
    crypto::{
        keyed::keyed_hash,
        seal::{self, SealError, Sealed},
    },
    domain::App,
    store::{
        Snapshot,
        vaults::{Vault, VaultContent},
    },
    types::{ApiError, ErrorKind, Result},
};

/// What a version's seal is bound to, besides the tenant.
pub(super) fn purpose(vault: &str, version: i64) -> String {
    format!("vault|{vault}|{version}")
}

/// Seals a text.
pub(super) fn seal(app: &App, company: &str, vault: &str, version: i64, text: &str) -> Result<Sealed> {
    seal::seal(&app.keys.sealing, company, &purpose(vault, version), text.as_bytes())
        .map_err(|error| ApiError::new(ErrorKind::InternalError, error.to_string()))
}

/// Opens a version. The log learns when it can't be opened.
pub(super) fn open(
    app: &App,
    snapshot: &Snapshot<'_>,
    vault: &Vault,
    content: &VaultContent,
) -> std::result::Result<Zeroizing<String>, SealError> {
    let company = snapshot.scope.company.as_str();
    let opened =
        seal::open(&app.keys.sealing, company, &purpose(&vault.id, content.version), &content.sealed)
            .and_then(|bytes| {
                std::str::from_utf8(&bytes)
                    .map(|text| Zeroizing::new(text.to_owned()))
                    .map_err(|_| SealError::Damaged)
            });
    if let Err(error) = &opened {
        tracing::error!(
            vault = vault.id,
            company,
            scope = vault.scope.as_str(),
            %error,
            "a vault can't be opened"
        );
    }
    opened
}

/// Names a text without telling anything about it: keyed, since secrets can be guessed.
pub(super) fn hash(app: &App, text: &str) -> String {
    hex(&keyed_hash(app.keys.audit.expose(), &[b"vault", text.as_bytes()]))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
