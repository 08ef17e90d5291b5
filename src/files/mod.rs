//! The file server face: uploads, downloads, deletes.
