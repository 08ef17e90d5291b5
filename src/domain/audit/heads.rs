//! How far the chains go, told to the outside; and what retention removes (spec/security_rules.md S26).

use std::collections::BTreeMap;

use serde_json::json;

use super::sink::Entry;
use crate::{
    domain::App,
    store::{
        Lane, Scope,
        audit::{Chain, Claim, Head, chain::sign},
    },
    types::{Millis, Result},
};

/// How far a chain goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// Which one.
    pub chain: Chain,
    /// Its head; the number is also how many rows there ever were.
    pub head: Head,
    /// The head's signature.
    pub signature: [u8; 32],
}

/// How far every chain goes now.
pub fn chain_states(app: &App) -> Result<Vec<ChainState>> {
    let key = &app.keys.audit;
    let mut heads = app.store.read(&Scope::server(), |snapshot| {
        Ok(vec![
            (Chain::Security, snapshot.chain_head(key, Chain::Security)?),
            (Chain::Trail, snapshot.chain_head(key, Chain::Trail)?),
        ])
    })?;
    if let Some(log) = app.calls.get() {
        heads.push((Chain::Calls, log.store.head(key)?));
    }
    Ok(heads
        .into_iter()
        .map(|(chain, head)| ChainState { chain, signature: sign(key, chain, Claim::Head, &head), head })
        .collect())
}

/// Tells the head of every chain that grew since `told` to the adapters, and has each file keep the heads of the other.
pub fn emit_heads(app: &App, told: &mut BTreeMap<&'static str, i64>) -> Result<()> {
    let Some(log) = app.calls.get() else { return Ok(()) };
    let now = Millis::now();
    for ChainState { chain, head, signature } in chain_states(app)? {
        if head.seq == 0 || told.get(chain.name()) == Some(&head.seq) {
            continue;
        }
        match chain {
            Chain::Calls => app
                .store
                .write(&Scope::server(), Lane::Documents, |tx| tx.witness(&app.keys.audit, chain, &head))?,
            Chain::Security | Chain::Trail => log.store.witness(&app.keys.audit, chain, &head)?,
        }
        log.push(Entry {
            at: now,
            row: None,
            json: json!({
                "@timestamp": now.to_zulu(),
                "type": "audit_head",
                "chain": chain.name(),
                "count": head.seq,
                "hash": hex(&head.hash),
                "signature": hex(&signature),
            }),
        });
        told.insert(chain.name(), head.seq);
    }
    Ok(())
}

/// Removes what is older than its retention; 0 days keep for ever. Returns how many rows went.
pub fn retire(app: &App) -> Result<usize> {
    let settings = &app.settings.apiserver.apilog.store;
    let now = Millis::now();
    let before = |days: u64| {
        let seconds = i64::try_from(days.saturating_mul(86_400)).unwrap_or(i64::MAX);
        (days > 0).then(|| now.plus_seconds(-seconds))
    };
    let mut gone = 0;
    if let (Some(log), Some(before)) = (app.calls.get(), before(settings.retention_days)) {
        gone += log.store.retire(&app.keys.audit, before)?;
    }
    if let Some(before) = before(settings.security_retention_days) {
        for chain in [Chain::Security, Chain::Trail] {
            gone += app.store.write(&Scope::server(), Lane::Documents, |tx| {
                tx.retire_chain(&app.keys.audit, chain, before)
            })?;
        }
    }
    Ok(gone)
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
