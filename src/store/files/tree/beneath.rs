//! Opening a path that can't leave its directory.

use std::{
    os::fd::OwnedFd,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    fs::{self, Mode, OFlags, ResolveFlags},
    io::Errno,
};

use super::DIRECTORY;

/// How often the kernel may ask to repeat a resolution that raced with a rename.
const ATTEMPTS: u32 = 32;

/// Opens paths below a directory, by `openat2` where the kernel has it.
#[derive(Default)]
pub(super) struct Beneath {
    /// Set once the kernel, or a sandbox around us, turned out not to know `openat2`.
    by_segment: AtomicBool,
}

impl Beneath {
    /// Opens the relative, normalised `path` below `directory`. A link anywhere in it is an error, as is leaving.
    pub(super) fn open(&self, directory: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        if self.by_segment.load(Ordering::Relaxed) {
            return by_segment(directory, path, flags);
        }
        let confined = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..ATTEMPTS {
            match fs::openat2(directory, path, flags, Mode::empty(), confined) {
                // A sandbox may answer EPERM for a call that it does not know.
                Err(Errno::NOSYS | Errno::PERM) => {
                    self.by_segment.store(true, Ordering::Relaxed);
                    return by_segment(directory, path, flags);
                }
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return other,
            }
        }
        Err(Errno::AGAIN)
    }
}

/// The same without `openat2`: one segment at a time, none of which may be a link.
pub(super) fn by_segment(directory: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let (above, last) = match path.rsplit_once('/') {
        Some((above, last)) => (Some(above), last),
        None => (None, path),
    };
    let mut current: Option<OwnedFd> = None;
    for segment in above.iter().flat_map(|above| above.split('/')) {
        current = Some(step(current.as_ref().unwrap_or(directory), segment, DIRECTORY)?);
    }
    step(current.as_ref().unwrap_or(directory), last, flags | OFlags::NOFOLLOW)
}

fn step(directory: &OwnedFd, segment: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    if matches!(segment, "" | "." | "..") {
        return Err(Errno::XDEV);
    }
    fs::openat(directory, segment, flags, Mode::empty())
}

/// Whether an error only says that there is nothing of that name: nothing at all, a parent that is a file, a link, a
/// name that no file can have, or a socket.
pub(super) fn is_absent(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NAMETOOLONG | Errno::NXIO
    )
}
