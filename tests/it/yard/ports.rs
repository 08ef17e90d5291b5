//! Ports that no other yard uses, in this process or another.

use std::fs::{self, File};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use rand::Rng as _;

/// Below the kernel's range for outgoing connections, so that no client socket ever sits on one of ours while a
/// server restarts.
const FIRST: u16 = 14_000;
const BLOCKS: u16 = 4_000;
const PER_BLOCK: u16 = 4;

/// Three free ports. A file lock, held as long as this lives, keeps other yards away from them.
pub(crate) struct Ports {
    first: u16,
    _lock: File,
}

impl Ports {
    pub(crate) fn reserve() -> Self {
        let user = rustix::process::getuid().as_raw();
        let dir = std::env::temp_dir().join(format!("roundhouse-yard-ports-{user}"));
        fs::create_dir_all(&dir).unwrap();
        for _ in 0..1000 {
            let block = rand::rng().random_range(0..BLOCKS);
            let lock = File::create(dir.join(format!("{block}"))).unwrap();
            if fs4::FileExt::try_lock(&lock).is_err() {
                continue;
            }
            let first = FIRST + block * PER_BLOCK;
            if (first..first + PER_BLOCK).all(is_free) {
                return Self { first, _lock: lock };
            }
        }
        panic!("no free ports");
    }

    /// API, pages, files.
    pub(crate) fn all(&self) -> [u16; 3] {
        [self.first, self.first + 1, self.first + 2]
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
        && TcpListener::bind((Ipv6Addr::LOCALHOST, port))
            .map_or_else(|error| error.kind() != std::io::ErrorKind::AddrInUse, |_| true)
}
