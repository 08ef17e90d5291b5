//! What concerns a whole tenant across its kinds of documents: tags, people, counts, downloads of lists, usage
//! (spec/projects.md 4).

mod companies;
mod counts;
mod download;
mod tags;
mod usages;

pub use companies::{Companies, Owner, companies};
pub use counts::{CountRequest, Counted, Counts, KINDS, count};
pub use download::{
    DownloadKind, DownloadRequest, DownloadsState, FieldMapping, ListFile, download, prepare_download,
};
pub use tags::tags;
pub use usages::{Breakdown, BreakdownKey, UsageGroup, UsageRequest, Usages, usages};

use crate::types::Json;

/// A query without paging, order and projection, for those who count or read everything.
fn unpaged(query: &Json) -> Json {
    let mut query = query.clone();
    for key in ["page", "page_size", "start", "size", "scroll_id", "refresh_scroll", "projection"] {
        query.remove(key);
    }
    query
}
