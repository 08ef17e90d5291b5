//! Lists as CSV files: what is wanted is prepared by one call and fetched by another, which may be a plain link
//! (spec/projects.md 4.4, 4.5).

mod cell;
mod column;
mod csv;
mod file;
mod prepare;

pub use file::{ListFile, download};
pub use prepare::{DownloadRequest, FieldMapping, prepare_download};

use std::{num::NonZeroUsize, sync::Arc};

use prepare::Prepared;

use crate::{
    domain::held::States,
    store::query::{Collection, MODEL, TASK},
};

/// What a download lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadKind {
    /// Tasks.
    Tasks,
    /// Models.
    Models,
}

impl DownloadKind {
    fn collection(self) -> &'static Collection {
        match self {
            DownloadKind::Tasks => &TASK,
            DownloadKind::Models => &MODEL,
        }
    }

    /// As file names call it.
    fn plural(self) -> &'static str {
        match self {
            DownloadKind::Tasks => "tasks",
            DownloadKind::Models => "models",
        }
    }
}

/// Prepared downloads at once, and bytes they may take together.
const MAX_PREPARED: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The prepared downloads of this process. A restart forgets them, as time does.
pub struct DownloadsState(States<Arc<Prepared>>);

impl Default for DownloadsState {
    fn default() -> Self {
        DownloadsState(States::new(MAX_PREPARED, MAX_BYTES))
    }
}
