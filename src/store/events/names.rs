//! Interned names: which number a metric and variant have, and which number their series has.

use std::num::NonZeroUsize;

use lru::LruCache;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use rusqlite::params;

use super::{EventKind, Owner};
use crate::{
    store::{Store, Tx},
    types::Result,
};

/// Series that are remembered; the one unused for longest makes room.
const KNOWN: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

/// Numbers of series that this process has met, so that a batch of a known series asks the database nothing.
///
/// An entry never goes stale: owners' numbers are not used twice, and a series lives as long as its owner.
pub struct SeriesNames {
    known: Mutex<LruCache<Key, Interned>>,
}

/// Numbers that a transaction looked up or made. They become known when it has been committed, never before.
#[derive(Default)]
pub struct Learned {
    names: Vec<(Key, Interned)>,
    /// How many points of which series were stored.
    pub(super) points: Vec<(i64, usize)>,
}

/// Numbers of a series and of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interned {
    pub(super) series: i64,
    pub(super) name: i64,
}

/// What identifies a series within its owner.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesKey<'a> {
    pub(super) kind: EventKind,
    pub(super) metric: &'a str,
    pub(super) variant: &'a str,
    pub(super) key: &'a str,
    pub(super) numbered: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    owner: i64,
    /// Kind, numbered, and the three texts with their lengths.
    packed: Box<[u8]>,
}

impl SeriesKey<'_> {
    fn packed(&self, owner: i64) -> Key {
        let mut packed = vec![self.kind as u8, u8::from(self.numbered)];
        for text in [self.metric, self.variant, self.key] {
            packed.extend_from_slice(&(text.len() as u64).to_le_bytes());
            packed.extend_from_slice(text.as_bytes());
        }
        Key { owner, packed: packed.into_boxed_slice() }
    }
}

impl Default for SeriesNames {
    fn default() -> Self {
        SeriesNames { known: Mutex::new(LruCache::new(KNOWN)) }
    }
}

impl SeriesNames {
    /// Remembers the names that a committed transaction learned.
    pub(super) fn learn(&self, learned: Learned) {
        if learned.names.is_empty() {
            return;
        }
        let mut known = self.known.lock();
        for (key, interned) in learned.names {
            known.put(key, interned);
        }
    }
}

impl Store {
    /// Remembers what a committed transaction learned.
    pub fn learn(&self, learned: Learned) {
        self.backlog.add(&learned.points);
        self.series_names.learn(learned);
    }
}

impl Tx<'_> {
    /// The numbers of a series, made when missing.
    pub(super) fn intern(
        &self,
        owner: &Owner,
        events: i64,
        key: SeriesKey<'_>,
        names: &SeriesNames,
        learned: &mut Learned,
    ) -> Result<Interned> {
        let packed = key.packed(events);
        if let Some(known) = names.known.lock().get(&packed) {
            return Ok(*known);
        }
        let name = self.intern_name(key.metric, key.variant)?;
        let found = self.one(
            "SELECT id FROM series WHERE owner = ?1 AND kind = ?2 AND name = ?3 AND key = ?4 AND numbered = ?5",
            params![events, key.kind.code(), name, key.key, key.numbered],
            |row| row.get(0),
        )?;
        let series = match found {
            Some(series) => series,
            None => {
                self.run(
                    "INSERT INTO series (owner, kind, name, key, numbered, company, project)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        events,
                        key.kind.code(),
                        name,
                        key.key,
                        key.numbered,
                        owner.company.as_str(),
                        owner.project
                    ],
                )?;
                self.conn.last_insert_rowid()
            }
        };
        let interned = Interned { series, name };
        learned.names.push((packed, interned));
        Ok(interned)
    }

    pub(super) fn intern_name(&self, metric: &str, variant: &str) -> Result<i64> {
        let found = self.one(
            "SELECT id FROM metric_variant WHERE metric = ?1 AND variant = ?2",
            [metric, variant],
            |row| row.get(0),
        )?;
        if let Some(found) = found {
            return Ok(found);
        }
        self.run(
            "INSERT INTO metric_variant (metric, variant, metric_hash, variant_hash) VALUES (?1, ?2, ?3, ?4)",
            [metric, variant, &name_hash(metric), &name_hash(variant)],
        )?;
        Ok(self.conn.last_insert_rowid())
    }
}

/// The hash by which clients address a metric or variant: MD5 of its UTF-8, lower-case hex (spec/events.md 3.8.1).
pub(super) fn name_hash(name: &str) -> String {
    Md5::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_24_hashes_are_those_that_clients_compute() {
        assert_eq!(name_hash("loss"), "81513effdf5790b79549208838404407");
        assert_eq!(name_hash("train"), "61b3a8faa9c1091806675c230a9abe64");
        assert_eq!(name_hash("Summary"), "290612199861c31d1036b185b4e69b75");
        assert_eq!(name_hash(""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let key = |metric, variant| {
            SeriesKey { kind: EventKind::Scalar, metric, variant, key: "", numbered: true }.packed(1)
        };
        assert!(key("a", "bc") != key("ab", "c"));
        assert!(key("a", "b") == key("a", "b"));
    }
}
