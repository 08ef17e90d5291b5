//! How far an import has come. Kept in the same transaction as what was imported, so that the two never differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::report::Counts;
use crate::{
    store::{
        Snapshot, Tx,
        events::OwnerKind,
        query::{Collection, MODEL, TASK},
    },
    types::{CompanyId, Result},
};

/// An interrupted import, or one at work.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Id of the archive.
    pub(super) archive: String,
    /// Where the next line begins, and its number.
    pub(super) place: (u64, u64),
    /// The last line before it: where it begins, its number, and its hash.
    pub(super) last: Option<(u64, u64, String)>,
    /// The task or model whose events come next.
    pub(super) current: Option<Current>,
    /// What has another id here.
    pub(super) maps: Maps,
    /// What became of records so far.
    pub(super) counts: Counts,
}

/// The task or model that the last record brought.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Current {
    pub(super) model: bool,
    pub(super) id: String,
    /// This import stored it: its events are wanted.
    pub(super) ours: bool,
}

/// Ids of the other server that stand for something else here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Maps {
    pub(super) people: BTreeMap<String, String>,
    pub(super) projects: BTreeMap<String, String>,
    pub(super) queues: BTreeMap<String, String>,
}

impl Current {
    pub(super) fn kind(&self) -> OwnerKind {
        if self.model { OwnerKind::Model } else { OwnerKind::Task }
    }

    pub(super) fn collection(&self) -> &'static Collection {
        if self.model { &MODEL } else { &TASK }
    }

    pub(super) fn name(&self) -> &'static str {
        if self.model { "model" } else { "task" }
    }
}

fn key(tenant: &CompanyId) -> String {
    format!("import.{tenant}")
}

impl Mark {
    /// The import of this tenant that is not finished.
    pub(super) fn load(snapshot: &Snapshot<'_>, tenant: &CompanyId) -> Result<Option<Mark>> {
        let text = snapshot.setting(&key(tenant))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    pub(super) fn save(&self, tx: &Tx<'_>, tenant: &CompanyId) -> Result<()> {
        let text = serde_json::json!(self).to_string();
        tx.set_setting(&key(tenant), &text)
    }

    pub(super) fn forget(tx: &Tx<'_>, tenant: &CompanyId) -> Result<()> {
        tx.forget_setting(&key(tenant))
    }
}
