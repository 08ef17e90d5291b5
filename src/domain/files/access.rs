//! Files obey access rules (spec/security_rules.md S15).
//!
//! A path belongs to every task, model or report of the tenant whose id one of its segments is, or ends in `.` plus:
//! reading the file needs read on each of them, changing it read_write. A path that names none is everybody's to read
//! and to create; only its uploader, or who may change every task, may replace or delete it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{DELETER_KEEPS_RIGHT, FilePath};
use crate::{
    store::{
        Readable, Snapshot, Writable,
        files::{FileRow, NamedEntity},
    },
    types::{Result, UserId},
};

/// What somebody wants to do with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Read a file.
    Read,
    /// Store a file where none is.
    Create,
    /// Store a file in place of another.
    Replace,
    /// Delete a file.
    Delete,
}

/// What the rules need to know about some paths, loaded at once.
pub(super) struct Rules<'a> {
    user: &'a UserId,
    reads_all: bool,
    writes_all: bool,
    entities: HashMap<String, NamedEntity>,
    deleted: HashSet<String>,
}

impl<'a> Rules<'a> {
    /// Loads what decides about `paths` for `user` within the snapshot's scope.
    pub(super) fn load<'p>(
        snapshot: &Snapshot<'_>,
        user: &'a UserId,
        paths: impl Iterator<Item = &'p FilePath>,
    ) -> Result<Self> {
        let candidates: BTreeSet<&str> = paths.flat_map(candidates).collect();
        let since = snapshot.now.plus_seconds(-DELETER_KEEPS_RIGHT);
        let entities = snapshot.entities_named(&candidates)?;
        Ok(Rules {
            user,
            reads_all: matches!(snapshot.scope.readable, Readable::All),
            writes_all: matches!(snapshot.scope.writable, Writable::All),
            deleted: snapshot.entities_deleted_by(user, since, &candidates)?.into_iter().collect(),
            entities: entities.into_iter().map(|entity| (entity.id.clone(), entity)).collect(),
        })
    }

    /// Whether the user may do it. `row` is the file's row, if it has one.
    pub(super) fn allow(&self, want: Want, path: &FilePath, row: Option<&FileRow>) -> bool {
        let mut named = candidates(path).filter_map(|id| self.entities.get(id)).peekable();
        if named.peek().is_some() {
            return named.all(|entity| match want {
                Want::Read => entity.readable,
                Want::Create | Want::Replace | Want::Delete => entity.writable,
            });
        }
        let uploader = row.is_some_and(|row| row.uploader == *self.user);
        let deleter = || candidates(path).any(|id| self.deleted.contains(id));
        match want {
            // The entity is gone, and with it the knowledge of who could see it: its files do not become public.
            Want::Read if row.is_some_and(|row| row.entity.is_some()) => {
                uploader || self.reads_all || deleter()
            }
            Want::Read | Want::Create => true,
            Want::Replace => uploader || self.writes_all,
            Want::Delete => uploader || self.writes_all || deleter(),
        }
    }

    /// The entity that owns the path: the first one that it names.
    pub(super) fn owner<'s>(&'s self, path: &FilePath) -> Option<&'s str> {
        candidates(path).find_map(|id| self.entities.get(id)).map(|entity| entity.id.as_str())
    }
}

/// Every text in a path that may be the id of an entity: each segment, and what follows a `.` in it.
fn candidates(path: &FilePath) -> impl Iterator<Item = &str> {
    path.segments().flat_map(|segment| {
        let suffixes = segment.match_indices('.').filter_map(|(at, _)| segment.get(at + 1..));
        std::iter::once(segment).chain(suffixes.filter(|suffix| !suffix.is_empty()))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod unit {
    use super::*;

    #[test]
    fn ids_are_whole_segments_or_follow_a_dot() {
        let path = FilePath::parse("proj/my.run.abc/models/m.tar.gz.").unwrap();
        let found: Vec<_> = candidates(&path).collect();
        assert_eq!(found, ["proj", "my.run.abc", "run.abc", "abc", "models", "m.tar.gz.", "tar.gz.", "gz."]);
    }
}
