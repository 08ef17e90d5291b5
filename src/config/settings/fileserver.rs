//! `fileserver.*` (spec/protocol.md 6.4, spec/files.md 3).

use super::super::read::Seconds;
use super::super::section::section;
use super::super::sources::Environment;

section! {
    /// The file server.
    pub struct Fileserver {
        /// Who may read and write.
        auth: FileAuth = Default::default(),
        /// Deletion.
        delete: Delete = Default::default(),
        /// Downloads.
        download: Download = Default::default(),
        /// Uploads.
        upload: Upload = Default::default(),
        /// Root of the stored files; unset: `files` in the data directory. Also `CLEARML_UPLOAD_FOLDER`.
        upload_folder: Option<String> = None,
    }
}

section! {
    /// Who may read and write files.
    pub struct FileAuth {
        /// Whether a token or session is needed.
        enabled: bool = true,
        /// Cookies that may carry the token.
        cookie_names: Vec<String> = vec!["clearml_token_basic".to_owned()],
        /// Accepted without effect: tokens are checked at every request, in process.
        tokens_cache_threshold_sec: Seconds = Seconds::new(43_200),
    }
}

section! {
    /// Deletion of files.
    pub struct Delete {
        /// Whether `delete_many` answers.
        allow_batch: bool = true,
    }
}

section! {
    /// Downloads.
    pub struct Download {
        /// How long browsers may keep a file, in seconds.
        cache_timeout_sec: Seconds = Seconds::new(300),
        /// Whether browsers are told to keep nothing.
        disable_browser_caching: bool = false,
    }
}

section! {
    /// Uploads.
    pub struct Upload {
        /// Largest upload in MiB; 0: unlimited.
        max_upload_size_mb: u64 = 0,
        /// What all files of one tenant may take, in MiB; 0: unlimited.
        tenant_quota_mb: u64 = 0,
        /// Uploads are refused when they would leave less than this free on the disk, in MiB: the database needs room.
        min_free_mb: u64 = 512,
    }
}

impl Fileserver {
    /// The variables of the reference's file server; a key in a file wins.
    pub(super) fn apply_variables(&mut self, environment: &Environment) {
        let folder = environment.first(&["CLEARML_UPLOAD_FOLDER", "TRAINS_UPLOAD_FOLDER"]);
        if let (None, Some((_, folder))) = (&self.upload_folder, folder) {
            self.upload_folder = Some(folder.to_owned());
        }
    }
}
