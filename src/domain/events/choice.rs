//! The filter by metric and variant of many requests (protocol: spec/events.md 1.7).

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::store::events::{EventKind, Names, Series};

/// One entry of the filter on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct MetricVariants {
    /// Metric.
    pub metric: String,
    /// Variants; none: all.
    #[serde(default)]
    pub variants: Vec<String>,
}

/// Which metrics and variants are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// All.
    #[default]
    All,
    /// These; an empty set of variants means all of the metric.
    Only(HashMap<String, HashSet<String>>),
}

impl Choice {
    /// From the list on the wire: of two entries for one metric the last one counts; an empty list chooses all.
    pub fn from_list(list: Vec<MetricVariants>) -> Choice {
        if list.is_empty() {
            return Choice::All;
        }
        let only = list.into_iter().map(|entry| (entry.metric, entry.variants.into_iter().collect()));
        Choice::Only(only.collect())
    }

    /// Whether a name is wanted.
    pub fn has(&self, metric: &str, variant: &str) -> bool {
        match self {
            Choice::All => true,
            Choice::Only(metrics) => {
                metrics.get(metric).is_some_and(|variants| variants.is_empty() || variants.contains(variant))
            }
        }
    }

    /// The wanted ones among series.
    pub(super) fn of(&self, series: Vec<Series>) -> Vec<Series> {
        match self {
            Choice::All => series,
            Choice::Only(_) => {
                series.into_iter().filter(|series| self.has(&series.metric, &series.variant)).collect()
            }
        }
    }

    /// Which console lines are wanted, given the names that console lines have.
    pub(super) fn lines(&self, series: &[Series]) -> Names {
        match self {
            Choice::All => Names::All,
            Choice::Only(_) => Names::Only {
                series: series
                    .iter()
                    .filter(|series| {
                        series.kind == EventKind::Log && self.has(&series.metric, &series.variant)
                    })
                    .map(|series| series.id)
                    .collect(),
                unnamed: self.has("", ""),
            },
        }
    }
}
