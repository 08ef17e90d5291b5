//! Keeps changes of one path apart, so that a file and its row always belong together.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
};

use parking_lot::{Mutex, MutexGuard};

use super::FilePath;
use crate::types::CompanyId;

/// Paths share this many locks.
const STRIPES: usize = 64;

pub(super) struct PathLocks {
    stripes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for PathLocks {
    fn default() -> Self {
        let stripes = std::iter::repeat_with(Mutex::default).take(STRIPES).collect();
        PathLocks { stripes, hasher: RandomState::new() }
    }
}

impl PathLocks {
    /// Locks all paths. Locks are taken in one order, so that two requests never wait for each other.
    pub(super) fn lock<'a>(
        &self,
        tenant: &CompanyId,
        paths: impl Iterator<Item = &'a FilePath>,
    ) -> Vec<MutexGuard<'_, ()>> {
        let stripe =
            |path| usize::try_from(self.hasher.hash_one((tenant, path)) % STRIPES as u64).unwrap_or(0);
        let needed: BTreeSet<usize> = paths.map(stripe).collect();
        needed.into_iter().filter_map(|stripe| self.stripes.get(stripe)).map(Mutex::lock).collect()
    }
}
