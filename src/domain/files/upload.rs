//! Storing files: received in pieces, made durable, then moved into place together with their rows.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{
    FilePath, Files,
    access::{Rules, Want},
    failed, impossible_name, not_found,
};
use crate::{
    domain::{App, Call, Caller, Ctx, operations, perform},
    store::{
        Snapshot,
        files::{BadPath, Found, NewFile, PublishedBlob, SealedBlob, StagedBlob, Tree},
    },
    types::{ApiError, ErrorKind, Result},
};

/// So many files may come in one request.
const MOST_FILES: usize = 1_000;
/// The disk's free space is looked at every so many bytes.
const CHECK_EVERY: u64 = 64 << 20;
const MIB: u64 = 1 << 20;

/// One request that stores files. Dropping it leaves everything as it was.
///
/// Owns what it needs, so that it can travel between threads: bytes are received on one, written on another.
pub struct Upload {
    files: Arc<Files>,
    app: Arc<App>,
    caller: Caller,
    call: Call,
    room: Room,
    current: Option<Receiving>,
    done: Vec<Received>,
}

struct Receiving {
    name: String,
    path: FilePath,
    blob: Box<dyn StagedBlob>,
    hash: Sha256,
    size: u64,
}

struct Received {
    name: String,
    path: FilePath,
    blob: Box<dyn SealedBlob>,
    sha256: [u8; 32],
    size: u64,
}

impl Upload {
    /// Begins an upload. `announced` is the length of the request in bytes, when it is known.
    ///
    /// Errors: 413/0 larger than the configuration allows; 507/0 the disk or the tenant's quota has no room for it.
    pub fn begin(
        files: Arc<Files>,
        app: Arc<App>,
        caller: Caller,
        call: Call,
        announced: Option<u64>,
    ) -> Result<Upload> {
        let ctx = Ctx::new(&app, caller.clone(), call.clone());
        let operation = operations::find("files.upload").ok_or(ErrorKind::InternalError)?;
        operations::allowed(operation, &ctx)?;
        let used = ctx.read(|snapshot| snapshot.file_usage())?.bytes;
        drop(ctx);
        let room = Room::new(&app, used);
        room.check_announced(announced.unwrap_or(0))?;
        room.check_disk(&files, announced.unwrap_or(0))?;
        Ok(Upload { files, app, caller, call, room, current: None, done: Vec::new() })
    }

    /// Begins a file called `name`; false when its bytes are not wanted: the name is empty, or came before.
    ///
    /// Errors: 400/0 a name that no file can have, or too many files; 404/1 a name outside the root, or one where the
    /// caller may not store; 409/1 a directory has the name.
    pub fn file(&mut self, name: &str) -> Result<bool> {
        self.end_file()?;
        let name = name.trim_start_matches('/');
        if name.is_empty() {
            return Ok(false);
        }
        let path = FilePath::parse(name).map_err(|bad| match bad {
            BadPath::Outside => not_found(),
            BadPath::Root | BadPath::Impossible => impossible_name(),
        })?;
        if self.done.iter().any(|file| file.path == path) {
            return Ok(false);
        }
        if self.done.len() >= MOST_FILES {
            let text =
                format!("one request may bring at most {MOST_FILES} files; send the rest in another one");
            return Err(ApiError::new(ErrorKind::BadRequest, text));
        }
        let exists = self.exists(&path)?;
        let ctx = Ctx::new(&self.app, self.caller.clone(), self.call.clone());
        let replaced = ctx.read(|snapshot| check(snapshot, &self.caller, &path, exists))?;
        self.room.replaced += replaced;
        let tree = Tree::Tenant(self.caller.tenant.clone());
        let blob = self.files.blobs.stage(&tree, &path).map_err(failed)?;
        self.current = Some(Receiving { name: name.to_owned(), path, blob, hash: Sha256::new(), size: 0 });
        Ok(true)
    }

    /// Appends to the file begun last.
    ///
    /// Errors: 413/0 and 507/0 as for [`Upload::begin`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let looks_at_disk = self.room.take(bytes.len() as u64)?;
        if looks_at_disk {
            self.room.check_disk(&self.files, 0)?;
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        current.hash.update(bytes);
        current.size += bytes.len() as u64;
        current.blob.write(bytes).map_err(failed)
    }

    /// Counts bytes that are not wanted: they belong to the request all the same.
    ///
    /// Errors: 413/0 as for [`Upload::begin`].
    pub fn skip(&mut self, bytes: &[u8]) -> Result<()> {
        self.room.count(bytes.len() as u64)
    }

    /// Ends the file begun last and makes its bytes durable.
    pub fn end_file(&mut self) -> Result<()> {
        let Some(Receiving { name, path, blob, hash, size }) = self.current.take() else { return Ok(()) };
        let blob = blob.seal().map_err(failed)?;
        self.done.push(Received { name, path, blob, sha256: hash.finalize().into(), size });
        Ok(())
    }

    /// Makes all files visible, or none; returns their names as sent, in order. When this returns `Ok`, files and rows
    /// survive power loss.
    ///
    /// Errors: as for [`Upload::file`] and [`Upload::begin`], since rights and room may have changed meanwhile.
    pub fn commit(mut self) -> Result<Vec<String>> {
        self.end_file()?;
        let Upload { files, app, caller, call, room, done, .. } = self;
        let paths: Vec<FilePath> = done.iter().map(|file| file.path.clone()).collect();
        let _locks = files.locks.lock(&caller.tenant, paths.iter());
        let mut existing = Vec::new();
        for path in &paths {
            existing.push(exists(&files, &app, &caller, path)?);
        }
        // Replacing somebody's file is a security event, storing a new one is not (S26).
        let name = if existing.contains(&true) { "files.overwrite" } else { "files.upload" };
        let operation = operations::find(name).ok_or(ErrorKind::InternalError)?;
        let ctx = Ctx::new(&app, caller, call);
        perform(operation, &ctx, |ctx| {
            let targets = || paths.iter().zip(existing.iter().copied());
            for path in &paths {
                ctx.touched("file", path.as_str());
            }
            // Before anything becomes visible, and once more in the transaction.
            ctx.read(|snapshot| check_all(snapshot, &ctx.caller, targets()))?;
            let (mut names, mut published, mut rows) = (Vec::new(), Vec::new(), Vec::new());
            for Received { name, path, blob, sha256, size } in done {
                published.push(blob.publish().map_err(failed)?);
                names.push(name);
                rows.push((path, sha256, size));
            }
            ctx.write_events(|tx| {
                let rules = check_all(tx, &ctx.caller, targets())?;
                for (path, sha256, size) in &rows {
                    tx.put_file(&NewFile {
                        path,
                        size: *size,
                        sha256: *sha256,
                        uploader: &ctx.caller.user,
                        entity: rules.owner(path),
                    })?;
                }
                room.check_quota(tx.file_usage()?.bytes)
            })?;
            published.into_iter().for_each(PublishedBlob::keep);
            Ok(names)
        })
    }

    fn exists(&self, path: &FilePath) -> Result<bool> {
        exists(&self.files, &self.app, &self.caller, path)
    }
}

/// Whether a file stands at `path`. Errors: 409/1 when a directory does.
fn exists(files: &Files, app: &App, caller: &Caller, path: &FilePath) -> Result<bool> {
    let own = Tree::Tenant(caller.tenant.clone());
    let mut exists = false;
    for (tree, found) in files.find(app, &caller.tenant, path)? {
        match found {
            Found::Directory if tree == own => {
                return Err(ApiError::new(
                    ErrorKind::FileConflict,
                    "a directory has this name; choose another one",
                ));
            }
            Found::File => exists = true,
            _ => {}
        }
    }
    Ok(exists)
}

/// Checks that the caller may store at `path`; returns the size of the file that would be replaced.
fn check(snapshot: &Snapshot<'_>, caller: &Caller, path: &FilePath, exists: bool) -> Result<u64> {
    check_all(snapshot, caller, std::iter::once((path, exists)))?;
    Ok(snapshot.file(path)?.map_or(0, |row| row.size))
}

fn check_all<'a, 'p>(
    snapshot: &Snapshot<'_>,
    caller: &'a Caller,
    targets: impl Iterator<Item = (&'p FilePath, bool)> + Clone,
) -> Result<Rules<'a>> {
    let rules = Rules::load(snapshot, &caller.user, targets.clone().map(|(path, _)| path))?;
    for (path, exists) in targets {
        let row = snapshot.file(path)?;
        let want = if exists { Want::Replace } else { Want::Create };
        if !rules.allow(want, path, row.as_ref()) {
            return Err(not_found());
        }
    }
    Ok(rules)
}

/// How much may still come.
struct Room {
    /// Largest request in bytes.
    most: Option<u64>,
    /// What all files of the tenant may take, in bytes.
    quota: Option<u64>,
    /// What they took when the request began.
    used: u64,
    /// What the files that this request replaces take.
    replaced: u64,
    /// Bytes that must stay free on the disk.
    reserve: u64,
    received: u64,
    stored: u64,
    unchecked: u64,
}

impl Room {
    fn new(app: &App, used: u64) -> Self {
        let settings = &app.settings.fileserver.upload;
        let limit = |mib: u64| (mib > 0).then(|| mib.saturating_mul(MIB));
        Room {
            most: limit(settings.max_upload_size_mb),
            quota: limit(settings.tenant_quota_mb),
            used,
            replaced: 0,
            reserve: settings.min_free_mb.saturating_mul(MIB),
            received: 0,
            stored: 0,
            unchecked: 0,
        }
    }

    fn check_announced(&self, announced: u64) -> Result<()> {
        match self.most {
            Some(most) if announced > most => Err(too_large(most)),
            _ => Ok(()),
        }
    }

    fn count(&mut self, bytes: u64) -> Result<()> {
        self.received = self.received.saturating_add(bytes);
        match self.most {
            Some(most) if self.received > most => Err(too_large(most)),
            _ => Ok(()),
        }
    }

    /// Counts bytes that are stored; true when it is time to look at the disk again.
    fn take(&mut self, bytes: u64) -> Result<bool> {
        self.count(bytes)?;
        self.stored = self.stored.saturating_add(bytes);
        self.check_quota(self.used.saturating_add(self.stored).saturating_sub(self.replaced))?;
        self.unchecked += bytes;
        let due = self.unchecked >= CHECK_EVERY;
        if due {
            self.unchecked = 0;
        }
        Ok(due)
    }

    fn check_quota(&self, used: u64) -> Result<()> {
        match self.quota {
            Some(quota) if used > quota => {
                let text = format!(
                    "your tenant's files would take more than the {} MiB it may use, and nothing was stored; delete files \
                     that are no longer needed, or ask an administrator to raise fileserver.upload.tenant_quota_mb",
                    quota / MIB
                );
                Err(ApiError::new(ErrorKind::StorageFull, text))
            }
            _ => Ok(()),
        }
    }

    fn check_disk(&self, files: &Files, announced: u64) -> Result<()> {
        let free = files.blobs.free_space().map_err(failed)?;
        if free < self.reserve.saturating_add(announced) {
            let text = format!(
                "the server's disk has no room for it beside the {} MiB that must stay free, and nothing was stored; \
                 delete files that are no longer needed, or ask an administrator for more space \
                 (fileserver.upload.min_free_mb)",
                self.reserve / MIB
            );
            return Err(ApiError::new(ErrorKind::StorageFull, text));
        }
        Ok(())
    }
}

fn too_large(most: u64) -> ApiError {
    let text = format!(
        "at most {} MiB can be sent at once; send the files one by one or ask an administrator to raise \
         fileserver.upload.max_upload_size_mb",
        most / MIB
    );
    ApiError::new(ErrorKind::UploadTooLarge, text)
}
