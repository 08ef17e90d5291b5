//! What an import tells at its end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Problems that are listed one by one; more are counted.
const MOST_PROBLEMS: usize = 10_000;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is here now.
    Imported,
    /// It was here already, or something that stands for it; nothing was changed.
    Existing,
    /// It is left out on purpose.
    Skipped,
    /// It can't be stored.
    Refused,
}

/// Records of one kind, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Count {
    pub imported: u64,
    pub existing: u64,
    pub skipped: u64,
    pub refused: u64,
}

impl Count {
    pub(super) fn add(&mut self, outcome: Outcome, number: u64) {
        *match outcome {
            Outcome::Imported => &mut self.imported,
            Outcome::Existing => &mut self.existing,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Refused => &mut self.refused,
        } += number;
    }
}

/// Counts by kind of record.
pub type Counts = BTreeMap<String, Count>;

/// Something that a person should know about one record, or about a run of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line in the archive, counted from 1; of a run of events the first.
    pub line: u64,
    /// Kind of record; empty when that can't be told.
    pub kind: String,
    /// Id, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of the record.
    pub outcome: Outcome,
    /// Why, as a sentence.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Id of the archive.
    pub archive: String,
    /// Tenant that it went to.
    pub tenant: String,
    /// Nothing was stored; the counts say what would have been.
    pub dry_run: bool,
    /// The line after which this run went on, when an earlier one was interrupted. Counts include the earlier run,
    /// problems do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed_after_line: Option<u64>,
    /// The whole archive was read.
    pub complete: bool,
    /// What became of records, by kind.
    pub counts: Counts,
    /// What a person should know.
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub more_problems: u64,
}

impl Report {
    pub(super) fn tell(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    /// Records of all kinds.
    pub fn total(&self) -> Count {
        self.counts.values().fold(Count::default(), |sum, count| Count {
            imported: sum.imported + count.imported,
            existing: sum.existing + count.existing,
            skipped: sum.skipped + count.skipped,
            refused: sum.refused + count.refused,
        })
    }
}
