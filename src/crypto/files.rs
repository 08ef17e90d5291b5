//! Private files: how a secret reaches the disk, and who may open the data directory.
//!
//! (rules: spec/security_rules.md S25)

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use rustix::fs::Mode;
use zeroize::Zeroizing;

use super::random::random_bytes;

/// Permission bits of the group and of everybody else.
const OTHERS: u32 = 0o077;
/// Permission bits with which somebody else can read a file or take part in changing it.
const OTHERS_READ_OR_WRITE: u32 = 0o066;
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_DIR: u32 = 0o700;

/// What went wrong with a private file or directory. The sentences name paths: they are for the person at the terminal
/// and the log, never for the wire.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("Cannot {action} {}: {source}.", path.display())]
    Io {
        /// What was tried, as in "Cannot *write* …".
        action: &'static str,
        /// The file or directory concerned.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A file with a secret is readable or writable by other accounts.
    #[error(
        "Other accounts on this machine can read or change {} (its mode is {mode:04o}), so the secret in it is not \
         safe. Run `chmod 600 {}`, and replace the secret if somebody may have copied it.",
        path.display(), path.display()
    )]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path is taken by something that is not a directory.
    #[error("{} is not a directory. Choose another data directory with --data.", .0.display())]
    NotADirectory(PathBuf),
    /// An existing directory is open to other accounts and holds files that are not ours, so it is not ours to close.
    #[error(
        "Other accounts on this machine can open {} and it holds files that are not Roundhouse's. Choose an empty \
         directory with --data, or run `chmod 700 {}` if it is really meant to be the data directory.",
        .0.display(), .0.display()
    )]
    SharedDirectory(PathBuf),
    /// Another process works on the data directory.
    #[error(
        "The data directory {} is in use{holder}. Two processes on the same databases would damage them, so this one \
         stops. Stop the other one first, or choose another directory with --data.",
        dir.display()
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// ", most likely by process N (…)", or nothing when that is unknown.
        holder: String,
    },
}

impl FileError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// Makes every file that this process creates from now on private to its account. Call it once, before threads start.
pub fn set_umask_077() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Writes `bytes` to `path` (mode 0600) so that after a crash at any moment `path` holds either the old content or the
/// new one in full. On return the content has reached the disk.
///
/// # Errors
/// [`FileError::Io`]; the old file is untouched then and no temporary file stays behind.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let dir = parent(path);
    let temporary = dir.join(temporary_name(path));
    // O_EXCL with an unpredictable name: nobody can have put a link there. 0600 from the first moment, not by a chmod.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE)
        .open(&temporary)
        .map_err(FileError::io("create", &temporary))?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(FileError::io("write", &temporary))
        .and_then(|()| fs::rename(&temporary, path).map_err(FileError::io("replace", path)));
    if written.is_err() {
        // The first error is the one worth telling; a leftover is 0600 and has a name of its own.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_dir(dir)
}

/// Makes the entries of a directory (creations, renames, removals) survive power loss.
///
/// # Errors
/// [`FileError::Io`].
pub fn sync_dir(dir: &Path) -> Result<(), FileError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(FileError::io("flush", dir))
}

/// Creates the directory and its missing parents with mode 0700. An existing directory that other accounts can open is
/// closed to them if it is empty or already a data directory, and refused otherwise: closing somebody's home or `/tmp`
/// is not ours to do.
///
/// # Errors
/// [`FileError::NotADirectory`], [`FileError::SharedDirectory`], [`FileError::Io`].
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new()
                .recursive(true)
                .mode(PRIVATE_DIR)
                .create(path)
                .map_err(FileError::io("create", path))?;
            sync_dir(parent(path))
        }
        Err(source) => Err(FileError::io("open", path)(source)),
        Ok(found) if !found.is_dir() => Err(FileError::NotADirectory(path.to_owned())),
        Ok(found) if found.mode() & OTHERS == 0 => Ok(()),
        Ok(_) if is_ours_to_close(path)? => {
            fs::set_permissions(path, fs::Permissions::from_mode(PRIVATE_DIR))
                .map_err(FileError::io("close to other accounts (chmod 700)", path))
        }
        Ok(_) => Err(FileError::SharedDirectory(path.to_owned())),
    }
}

fn is_ours_to_close(dir: &Path) -> Result<bool, FileError> {
    if dir.join(DataDirLock::FILE_NAME).is_file() {
        return Ok(true);
    }
    for entry in fs::read_dir(dir).map_err(FileError::io("list", dir))? {
        // A freshly formatted volume has `lost+found` and nothing else.
        if entry.map_err(FileError::io("list", dir))?.file_name() != "lost+found" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses a file with a secret that other accounts can read or write. Links are followed: the file itself counts.
///
/// # Errors
/// [`FileError::NotPrivate`]; [`FileError::Io`] when there is no such file.
pub fn check_private(path: &Path) -> Result<(), FileError> {
    let mode = fs::metadata(path).map_err(FileError::io("read", path))?.mode();
    if mode & OTHERS_READ_OR_WRITE != 0 {
        return Err(FileError::NotPrivate { path: path.to_owned(), mode: mode & 0o7777 });
    }
    Ok(())
}

/// Reads a small file whose content may be secret: the buffer is wiped when it is dropped.
///
/// # Errors
/// [`FileError::Io`], also when the file is larger than 1 MiB: no key or certificate is.
pub fn read_bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    const LARGEST: u64 = 1 << 20;
    // Roomy from the start: a buffer that grows leaves copies of its content in freed memory.
    let mut content = Zeroizing::new(Vec::with_capacity(64 << 10));
    let file = File::open(path).map_err(FileError::io("open", path))?;
    let read = file.take(LARGEST + 1).read_to_end(&mut content).map_err(FileError::io("read", path))?;
    if u64::try_from(read).is_ok_and(|read| read > LARGEST) {
        return Err(FileError::io("read", path)(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(content)
}

/// The exclusive right to change a data directory, held until it is dropped or the process ends.
///
/// Whatever generates secrets or opens databases takes a reference to it as its proof.
#[derive(Debug)]
pub struct DataDirLock {
    dir: PathBuf,
    /// The lock lives as long as this open file.
    _file: File,
}

impl DataDirLock {
    const FILE_NAME: &str = "lock";

    /// Creates the directory if necessary (see [`create_private_dir`]) and locks it, without waiting.
    ///
    /// # Errors
    /// [`FileError::InUse`] when another process holds it, or what [`create_private_dir`] answers.
    pub fn acquire(dir: &Path) -> Result<Self, FileError> {
        create_private_dir(dir)?;
        let dir = dir.canonicalize().map_err(FileError::io("open", dir))?;
        let path = dir.join(Self::FILE_NAME);
        // Not truncated here: until the lock is ours, the content tells who has it.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(PRIVATE_FILE)
            .open(&path)
            .map_err(FileError::io("open", &path))?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FileError::InUse { holder: likely_holder(&file), dir });
            }
            Err(TryLockError::Error(source)) => return Err(FileError::io("lock", &path)(source)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(FileError::io("write", &path))?;
        Ok(Self { dir, _file: file })
    }

    /// The locked directory, absolute and free of links.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// ", most likely by process N (its command line)", or an empty text.
fn likely_holder(file: &File) -> String {
    let mut content = String::new();
    // The file holds one number; a bound keeps a foreign file from filling memory.
    if file.take(32).read_to_string(&mut content).is_err() {
        return String::new();
    }
    let Ok(pid) = content.trim().parse::<u32>() else { return String::new() };
    // Only the program's name: a command line may carry what nobody should see.
    match fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(name) => format!(", most likely by process {pid} ({})", name.trim()),
        Err(_) => format!(", most likely by process {pid} (which this account cannot see)"),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn temporary_name(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    format!(".{name}.{:032x}.tmp", u128::from_le_bytes(random_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn private_files_are_0600_replaced_whole_and_leave_no_temporaries() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_private(&path, b"first, and longer than what follows").unwrap();
        assert_eq!(mode(&path), 0o600);
        chmod(&path, 0o644);
        write_private(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(mode(&path), 0o600, "a replaced file is private again");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_umask_makes_plain_files_private_too() {
        let dir = tempfile::tempdir().unwrap();
        let before = rustix::process::umask(Mode::empty());
        set_umask_077();
        let path = dir.path().join("plain");
        fs::write(&path, "as a database library writes").unwrap();
        rustix::process::umask(before);
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_failed_write_keeps_the_old_state_and_cleans_up() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("taken");
        fs::create_dir(&taken).unwrap();
        let error = write_private(&taken, b"x").unwrap_err().to_string();
        assert!(error.starts_with("Cannot replace ") && error.contains("taken"), "{error}");
        assert!(taken.is_dir());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn writing_through_a_link_replaces_the_link_not_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, link) = (dir.path().join("victim"), dir.path().join("link"));
        fs::write(&victim, "untouched").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        write_private(&link, b"secret").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
        assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn keys_that_others_can_read_are_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_private(&path, b"k").unwrap();
        check_private(&path).unwrap();
        for open in [0o640, 0o604, 0o620] {
            chmod(&path, open);
            let error = check_private(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && error.contains(&format!("{open:04o}")), "{error}");
        }
        assert!(matches!(check_private(&dir.path().join("none")), Err(FileError::Io { .. })));
    }

    #[test]
    fn new_directories_are_0700_all_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        create_private_dir(&path).unwrap();
        create_private_dir(&path).unwrap();
        assert_eq!((mode(&path), mode(&dir.path().join("a"))), (0o700, 0o700));
        let file = path.join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(create_private_dir(&file), Err(FileError::NotADirectory(_))));
    }

    #[test]
    fn an_open_directory_is_closed_when_ours_and_refused_when_shared() {
        let dir = tempfile::tempdir().unwrap();
        chmod(dir.path(), 0o755);
        create_private_dir(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700, "an empty one is closed");

        chmod(dir.path(), 0o755);
        fs::write(dir.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(create_private_dir(dir.path()), Err(FileError::SharedDirectory(_))));
        assert_eq!(mode(dir.path()), 0o755, "a foreign one stays as it was");

        fs::write(dir.path().join("lock"), "").unwrap();
        create_private_dir(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700, "a data directory is closed again");
    }

    #[test]
    fn only_one_holder_and_the_error_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let held = DataDirLock::acquire(&dir.path().join("data")).unwrap();
        assert_eq!(mode(&held.dir().join("lock")), 0o600);
        let error = DataDirLock::acquire(held.dir()).unwrap_err();
        assert!(matches!(error, FileError::InUse { .. }));
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        let path = held.dir().to_owned();
        drop(held);
        DataDirLock::acquire(&path).unwrap();
    }
}
