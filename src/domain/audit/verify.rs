//! Verifying the chains from within the server.

use serde_json::{Value, json};

use crate::{
    domain::App,
    store::audit::Verified,
    types::{ApiError, ErrorKind, Millis, Result},
};

/// When the chains were verified last, and what was found.
#[derive(Clone, Debug)]
pub struct Verification {
    /// When it ended.
    pub at: Millis,
    /// One report for each chain.
    pub chains: Vec<Verified>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.chains.iter().all(|chain| chain.flaw.is_none())
    }

    /// Rows looked at in all chains.
    pub fn rows(&self) -> u64 {
        self.chains.iter().map(|chain| chain.rows).sum()
    }

    /// The first flaw, in words.
    pub fn flaw(&self) -> Option<String> {
        self.chains.iter().find_map(|report| {
            report.flaw.as_ref().map(|flaw| format!("chain {}: {flaw}", report.chain.name()))
        })
    }

    /// As the wire has it.
    pub fn json(&self) -> Value {
        let chains: Vec<Value> = self
            .chains
            .iter()
            .map(|report| {
                json!({"chain": report.chain.name(), "rows": report.rows, "begins_after": report.begins_after,
                       "flaw": report.flaw.as_ref().map(ToString::to_string)})
            })
            .collect();
        json!({"timestamp": self.at.to_zulu(), "sound": self.is_sound(), "chains": chains})
    }
}

/// Goes through all chains, and remembers the result.
pub fn verify(app: &App) -> Result<Verification> {
    let log = app.calls.get().ok_or_else(|| ApiError::from(ErrorKind::InternalError))?;
    let chains = log.store.verify(&app.keys.audit, &[]).map_err(|error| {
        tracing::error!(%error, "the audit's chains can't be read");
        ApiError::new(ErrorKind::DataError, "the server's log has the details")
    })?;
    let verification = Verification { at: Millis::now(), chains };
    if let Some(flaw) = verification.flaw() {
        tracing::error!(flaw, "the audit is damaged or was changed");
    }
    *log.verified.lock() = Some(verification.clone());
    Ok(verification)
}
