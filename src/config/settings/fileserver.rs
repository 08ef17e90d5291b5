//! `fileserver.*` (spec/protocol.md 6.4, spec/files.md 3).

use crate::crypto::Secret;

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
        /// A bucket that holds the files instead of the disk.
        s3: S3 = Default::default(),
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

section! {
    /// A bucket that holds the files instead of the disk; used when `bucket` is set.
    pub struct S3 {
        /// Name of the bucket. It must exist, and be used by this server only, below `prefix`.
        bucket: Option<String> = None,
        /// What stands before the names of all objects.
        prefix: String = String::new(),
        /// `http[s]://host[:port]` of a storage other than Amazon's.
        endpoint: Option<String> = None,
        /// Region.
        region: String = "us-east-1".to_owned(),
        /// Access key; unset: the credentials of the server's surroundings (`AWS_*` variables, the role of its machine).
        access_key: Option<String> = None,
        /// Its secret.
        secret_key: Option<Secret<String>> = None,
        /// Size of the parts of an upload, in MiB, 5 to 1,024. An upload holds two of them in memory, and has at most 10,000.
        part_size_mb: u64 = 16,
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
