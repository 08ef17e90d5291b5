#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use super::{beneath::by_segment, *};
use crate::{store::files::PublishedBlob, types::CompanyId};

struct Disk {
    dir: tempfile::TempDir,
    tree: LocalTree,
}

fn tenant(id: &str) -> Tree {
    Tree::Tenant(CompanyId::from(id))
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

impl Disk {
    fn new() -> Disk {
        let dir = tempfile::tempdir().unwrap();
        let tree = LocalTree::open(dir.path()).unwrap();
        Disk { dir, tree }
    }

    fn publish(&self, to: &str, content: &str) -> Result<Box<dyn PublishedBlob>, BlobError> {
        let mut staged = self.tree.stage(&tenant("t"), &path(to))?;
        staged.write(content.as_bytes())?;
        staged.seal()?.publish()
    }

    fn put(&self, to: &str, content: &str) {
        self.publish(to, content).unwrap().keep();
    }

    fn text(&self, of: &str) -> Option<String> {
        let blob = self.tree.open(&tenant("t"), &path(of)).unwrap()?;
        let mut buffer = vec![0; usize::try_from(blob.info().size).unwrap()];
        let length = blob.read_at(&mut buffer, 0).unwrap();
        assert_eq!(length, buffer.len());
        Some(String::from_utf8(buffer).unwrap())
    }

    fn on_disk(&self, relative: &str) -> std::path::PathBuf {
        self.dir.path().join(relative)
    }

    fn incoming(&self) -> usize {
        fs::read_dir(self.on_disk("incoming")).unwrap().count()
    }
}

#[test]
fn a_file_is_private_whole_and_leaves_no_traces() {
    let disk = Disk::new();
    disk.put("a/b/c.txt", "one");
    assert_eq!(disk.text("a/b/c.txt").unwrap(), "one");
    let mode = |relative: &str| fs::metadata(disk.on_disk(relative)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("tenants/t/a/b/c.txt"), 0o600);
    assert_eq!((mode("tenants/t"), mode("tenants/t/a/b"), mode("incoming")), (0o700, 0o700, 0o700));
    disk.put("a/b/c.txt", "second");
    assert_eq!(disk.text("a/b/c.txt").unwrap(), "second");
    assert_eq!(disk.incoming(), 0);
    drop(disk.tree.stage(&tenant("t"), &path("x")).unwrap());
    assert_eq!(disk.incoming(), 0, "a dropped upload removes itself");
}

#[test]
fn an_upload_whose_row_fails_puts_back_what_was_there() {
    let disk = Disk::new();
    drop(disk.publish("a/b/new.txt", "new").unwrap());
    assert!(disk.text("a/b/new.txt").is_none());
    assert!(!disk.on_disk("tenants/t/a").exists(), "directories made for it are gone too");

    disk.put("a/old.txt", "old");
    let published = disk.publish("a/old.txt", "new").unwrap();
    assert_eq!(disk.text("a/old.txt").unwrap(), "new");
    drop(published);
    assert_eq!(disk.text("a/old.txt").unwrap(), "old");
    assert_eq!(disk.incoming(), 0);
}

#[test]
fn an_opened_file_stays_the_same_while_it_is_replaced_and_its_tag_changes() {
    let disk = Disk::new();
    disk.put("x", "first");
    let opened = disk.tree.open(&tenant("t"), &path("x")).unwrap().unwrap();
    disk.put("x", "other");
    let mut buffer = [0; 5];
    opened.read_at(&mut buffer, 0).unwrap();
    assert_eq!(&buffer, b"first");
    let again = disk.tree.open(&tenant("t"), &path("x")).unwrap().unwrap();
    assert_ne!(opened.info().tag, again.info().tag);
}

#[test]
fn names_of_files_and_directories_do_not_mix() {
    let disk = Disk::new();
    disk.put("d/file", "x");
    let conflict = |to: &str| matches!(disk.publish(to, "y"), Err(BlobError::Conflict));
    assert!(conflict("d"), "a directory has the name");
    assert!(conflict("d/file/below"), "a parent is a file");
    assert_eq!(disk.text("d/file").unwrap(), "x");
    assert!(disk.tree.open(&tenant("t"), &path("d")).unwrap().is_none(), "a directory is no file");
    assert_eq!(disk.incoming(), 0);
}

#[test]
fn links_are_never_followed_by_anything() {
    let disk = Disk::new();
    disk.put("d/file", "mine");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "not yours").unwrap();
    let root = disk.on_disk("tenants/t");
    symlink(outside.path(), root.join("out")).unwrap();
    symlink(outside.path().join("secret"), root.join("d/leak")).unwrap();
    symlink(root.join("d/file"), root.join("d/inside")).unwrap();

    assert!(disk.text("d/file").is_some(), "a plain path is readable");
    for linked in ["out/secret", "d/leak", "d/inside"] {
        assert!(disk.text(linked).is_none(), "{linked}");
        assert_eq!(disk.tree.remove(&tenant("t"), &[path(linked)]).remove(0).ok(), Some(false), "{linked}");
    }
    assert!(disk.publish("out/planted", "x").is_err());
    assert_eq!(disk.tree.find(&tenant("t"), &path("out")).unwrap(), Found::Other);
    assert_eq!(disk.tree.find(&tenant("t"), &path("d")).unwrap(), Found::Directory);
    assert_eq!(disk.tree.list(&tenant("t"), Some(&path("d"))).unwrap().files, [path("d/file")]);
    assert_eq!(disk.tree.list(&tenant("t"), Some(&path("out"))).unwrap(), Listing::default());

    // Writing to a link's own name replaces the link.
    disk.put("d/leak", "new");
    assert_eq!(disk.text("d/leak").unwrap(), "new");
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "not yours");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn without_openat2_links_and_escapes_are_refused_as_well() {
    let disk = Disk::new();
    disk.put("d/file", "x");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "").unwrap();
    symlink(outside.path(), disk.on_disk("tenants/t/out")).unwrap();
    symlink(outside.path().join("secret"), disk.on_disk("tenants/t/leak")).unwrap();
    let top = disk.tree.0.tree(&tenant("t")).unwrap().unwrap();
    assert!(by_segment(&top, "d/file", READ).is_ok());
    for refused in ["out/secret", "leak", "../t/d/file", "d/../d/file", ""] {
        assert!(is_absent(by_segment(&top, refused, READ).unwrap_err()), "{refused}");
    }
}

#[test]
fn a_pipe_does_not_hold_a_thread() {
    let disk = Disk::new();
    disk.put("x", "x");
    let pipe = disk.on_disk("tenants/t/pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, PRIVATE_FILE, 0).unwrap();
    assert!(disk.tree.open(&tenant("t"), &path("pipe")).unwrap().is_none());
}

#[test]
fn removing_prunes_empty_directories_and_nothing_else() {
    let disk = Disk::new();
    disk.put("p/task.1/a/x", "x");
    disk.put("p/task.1/a/y", "y");
    disk.put("p/keep", "k");
    let remove = |paths: &[&str]| {
        let paths: Vec<FilePath> = paths.iter().map(|text| path(text)).collect();
        disk.tree.remove(&tenant("t"), &paths).into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(remove(&["p/none", "p/task.1/a", "p/task.1/a/x"]), [false, false, true]);
    assert!(disk.on_disk("tenants/t/p/task.1/a").exists());
    assert_eq!(remove(&["p/task.1/a/x", "p/task.1/a/y"]), [false, true]);
    assert!(!disk.on_disk("tenants/t/p/task.1").exists());
    assert_eq!(remove(&["p/keep"]), [true]);
    assert!(disk.on_disk("tenants/t").exists() && !disk.on_disk("tenants/t/p").exists());
}

#[test]
fn trees_are_disjoint_whatever_the_tenant_is_called() {
    let disk = Disk::new();
    disk.put("x", "of t");
    for other in ["u", "..", "t/../t", "", "."] {
        assert!(disk.tree.open(&tenant(other), &path("x")).unwrap().is_none(), "{other}");
        let staged = disk.tree.stage(&tenant(other), &path("tenants/t/x")).unwrap();
        staged.seal().unwrap().publish().map(PublishedBlob::keep).ok();
    }
    assert!(disk.tree.open(&Tree::Legacy, &path("x")).unwrap().is_none());
    assert_eq!(disk.text("x").unwrap(), "of t");
    let top: Vec<_> = fs::read_dir(disk.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(top.len(), 2, "{top:?}");
}

#[test]
fn leftovers_are_deleted_at_start() {
    let disk = Disk::new();
    std::mem::forget(disk.tree.stage(&tenant("t"), &path("x")).unwrap());
    assert_eq!(disk.incoming(), 1);
    LocalTree::open(disk.dir.path()).unwrap();
    assert_eq!(disk.incoming(), 0);
}

#[test]
fn uploads_survive_directories_being_pruned_around_them() {
    let disk = Disk::new();
    std::thread::scope(|threads| {
        for worker in 0..4 {
            let disk = &disk;
            threads.spawn(move || {
                for _ in 0..100 {
                    let name = format!("shared/dir/{worker}");
                    disk.put(&name, "x");
                    assert!(disk.text(&name).is_some());
                    assert!(disk.tree.remove(&tenant("t"), &[path(&name)]).remove(0).unwrap());
                }
            });
        }
    });
    assert!(!disk.on_disk("tenants/t/shared").exists());
    assert_eq!(disk.incoming(), 0);
}
