//! Sealing everything anew under the current key (rules: spec/security_rules.md S25). Used by the command line on a stopped
//! server; every step can be repeated, so an interrupted rotation goes on where it was.

use super::sealed;
use crate::{
    crypto::seal,
    domain::{App, redaction, storage},
    store::{Lane, Scope, vaults::Resealed},
    types::{ApiError, ErrorKind, Result},
};

/// Values in one transaction.
const STEP: i64 = 200;

/// What a rotation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Values sealed anew.
    pub resealed: usize,
    /// Values that no key opens; they stay as they are.
    pub unreadable: usize,
    /// Keys that some value still needs.
    pub needed: Vec<String>,
}

/// Seals everything that another key than the current one sealed.
pub fn rotate(app: &App) -> Result<Rotation> {
    let scope = Scope::server();
    let (current, _) = app.keys.sealing.current();
    let mut rotation = Rotation::default();
    loop {
        let limit = STEP + i64::try_from(rotation.unreadable).unwrap_or(i64::MAX - STEP);
        let (done, unreadable) = app.store.write(&scope, Lane::Documents, |tx| {
            let (mut done, mut unreadable) = (0, 0);
            for (value, sealed) in tx.sealed_otherwise(current, limit)? {
                let (company, purpose) = match &value {
                    Resealed::Vault(company, vault, version) => (company, sealed::purpose(vault, *version)),
                    Resealed::Storage(company, section) => (company, storage::purpose(section)),
                    Resealed::Task(company, task) => (company, redaction::purpose(task)),
                };
                let Ok(plain) = seal::open(&app.keys.sealing, company, &purpose, &sealed) else {
                    unreadable += 1;
                    continue;
                };
                let anew = seal::seal(&app.keys.sealing, company, &purpose, &plain)
                    .map_err(|error| ApiError::new(ErrorKind::InternalError, error.to_string()))?;
                tx.put_resealed(&value, &anew)?;
                done += 1;
            }
            Ok((done, unreadable))
        })?;
        rotation.resealed += done;
        rotation.unreadable = unreadable;
        if done == 0 {
            break;
        }
    }
    rotation.needed = app.store.read(&scope, |snapshot| snapshot.sealing_keys_in_use())?;
    Ok(rotation)
}
