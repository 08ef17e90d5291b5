//! Stored files: their rows, the entities that their paths name, and the [`BlobStore`] that holds their bytes.
//!
//! Rows and bytes can't be changed in one transaction. The bytes are made durable first, moved into place, and moved
//! back if the row can't be written; an acknowledged upload has both. After a crash in between, a file may lack its
//! row, or have the row of its predecessor; it is served all the same, and the next upload or deletion sets it right.

mod blob;
mod entities;
mod inspect;
mod object;
mod path;
mod rows;
mod tree;

pub use blob::{
    Blob, BlobError, BlobInfo, BlobStore, Found, Listing, PublishedBlob, SealedBlob, StagedBlob, Tree,
};
pub use entities::NamedEntity;
pub use inspect::{StoredFile, stored_files};
pub use object::{ObjectTree, ObjectTreeOptions};
pub use path::{BadPath, FilePath};
pub use rows::{FileRow, NewFile, Usage};
pub use tree::LocalTree;
