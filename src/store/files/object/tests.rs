//! Against a real server that speaks S3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::{
    store::{files::PublishedBlob, objects::testing::S3Server},
    types::CompanyId,
};

const PART: usize = 5 << 20;

struct Storage {
    server: S3Server,
    tree: ObjectTree,
}

fn tenant(id: &str) -> Tree {
    Tree::Tenant(CompanyId::from(id))
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn options(server: &S3Server) -> ObjectTreeOptions {
    ObjectTreeOptions { bucket: server.bucket("files"), prefix: "house".to_owned(), part_size: PART }
}

impl Storage {
    fn new() -> Storage {
        let server = S3Server::start(&["files"]);
        let tree = ObjectTree::open(options(&server)).unwrap();
        Storage { server, tree }
    }

    fn publish(&self, to: &str, content: &[u8]) -> Result<Box<dyn PublishedBlob>, BlobError> {
        let mut staged = self.tree.stage(&tenant("t"), &path(to))?;
        for piece in content.chunks(1 << 20) {
            staged.write(piece)?;
        }
        staged.seal()?.publish()
    }

    fn put(&self, to: &str, content: &[u8]) {
        self.publish(to, content).unwrap().keep();
    }

    fn read(&self, of: &str) -> Option<Vec<u8>> {
        let blob = self.tree.open(&tenant("t"), &path(of)).unwrap()?;
        let (mut all, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            match blob.read_at(&mut piece, all.len() as u64).unwrap() {
                0 => break,
                read => all.extend_from_slice(&piece[..read]),
            }
        }
        assert_eq!(all.len() as u64, blob.info().size);
        Some(all)
    }

    /// Everything in the bucket, without directories.
    fn keys(&self) -> Vec<String> {
        let list = self.tree.0.store.list(None).try_collect::<Vec<_>>();
        let found = self.tree.0.handle().block_on(list).unwrap();
        let mut keys: Vec<String> = found.into_iter().map(|object| object.location.to_string()).collect();
        keys.sort();
        keys
    }

    /// Waits for what is done behind the caller's back.
    fn settled(&self, expected: &[&str]) {
        for _ in 0..100 {
            if self.keys() == expected {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(self.keys(), expected);
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(length)
    .collect()
}

#[test]
fn small_and_large_files_come_back_whole_and_in_ranges() {
    let storage = Storage::new();
    storage.put("empty", b"");
    storage.put("a/sp ace/ü+%2F.txt", b"one");
    let large = noise(2 * PART + 12_345);
    storage.put("a/large.bin", &large);
    storage.put("a/exact.bin", &large[..PART]);
    assert_eq!(storage.read("empty").unwrap(), b"");
    assert_eq!(storage.read("a/sp ace/ü+%2F.txt").unwrap(), b"one");
    assert!(
        storage.read("a/large.bin").unwrap() == large
            && storage.read("a/exact.bin").unwrap() == large[..PART]
    );
    let disk = storage.server.disk("files/house/tenants/t/a/large.bin");
    assert_eq!(std::fs::metadata(disk).unwrap().len(), large.len() as u64);
    let blob = storage.tree.open(&tenant("t"), &path("a/large.bin")).unwrap().unwrap();
    for offset in [0, 7, PART - 3, 2 * PART, large.len() - 1] {
        let mut piece = vec![0; 1000];
        let read = blob.read_at(&mut piece, offset as u64).unwrap();
        assert!(read > 0 && piece[..read] == large[offset..offset + read], "{offset}");
    }
    assert_eq!(blob.read_at(&mut [0; 10], large.len() as u64).unwrap(), 0);
}

#[test]
fn an_upload_of_several_parts_shows_at_its_end_only() {
    let storage = Storage::new();
    let mut staged = staged::Staged::begin(&storage.tree.0, &tenant("t"), &path("big")).unwrap();
    let piece = noise(1 << 20);
    for _ in 0..16 {
        staged.write(&piece).unwrap();
    }
    assert!(
        storage.tree.open(&tenant("t"), &path("big")).unwrap().is_none(),
        "nobody sees it before the end"
    );
    staged.seal().unwrap().publish().unwrap().keep();
    assert_eq!(storage.read("big").unwrap().len(), 16 << 20);
}

#[test]
fn a_replaced_file_is_the_old_or_the_new_one_and_can_be_put_back() {
    let storage = Storage::new();
    storage.put("x", b"first");
    let opened = storage.tree.open(&tenant("t"), &path("x")).unwrap().unwrap();
    let mut upload = storage.tree.stage(&tenant("t"), &path("x")).unwrap();
    upload.write(&noise(PART + 1)).unwrap();
    let sealed = upload.seal().unwrap();
    assert_eq!(storage.read("x").unwrap(), b"first", "not before it is published");
    let published = sealed.publish().unwrap();
    assert_eq!(storage.read("x").unwrap().len(), PART + 1);
    assert!(opened.read_at(&mut [0; 5], 0).is_err(), "never a mixture");
    drop(published);
    assert_eq!(storage.read("x").unwrap(), b"first", "put back");
    drop(storage.publish("new", b"n").unwrap());
    assert!(storage.read("new").is_none());
    let before = storage.tree.open(&tenant("t"), &path("x")).unwrap().unwrap().info().tag.clone();
    storage.put("x", b"second");
    assert_ne!(storage.tree.open(&tenant("t"), &path("x")).unwrap().unwrap().info().tag, before);
    storage.settled(&["house/tenants/t/x"]);
}

#[test]
fn an_upload_that_ends_early_leaves_nothing() {
    let storage = Storage::new();
    let mut staged = storage.tree.stage(&tenant("t"), &path("x")).unwrap();
    staged.write(&noise(PART + 1)).unwrap();
    drop(staged);
    let mut staged = storage.tree.stage(&tenant("t"), &path("y")).unwrap();
    staged.write(&noise(PART + 1)).unwrap();
    drop(staged.seal().unwrap());
    storage.settled(&[]);
    // What a killed server set aside goes at the next start; what it did not put there stays.
    storage.server.put("files/house/incoming/left", b"x");
    storage.server.put("files/incoming/foreign", b"x");
    ObjectTree::inspect(options(&storage.server)).unwrap();
    assert!(storage.server.disk("files/house/incoming/left").exists(), "looking changes nothing");
    ObjectTree::open(options(&storage.server)).unwrap();
    storage.settled(&["incoming/foreign"]);
}

#[test]
fn names_of_files_and_directories_do_not_mix() {
    let storage = Storage::new();
    storage.put("d/file", b"x");
    assert!(matches!(storage.publish("d", b"y"), Err(BlobError::Conflict)));
    assert!(matches!(storage.publish("d/file/below/it", b"y"), Err(BlobError::Conflict)));
    assert!(matches!(storage.publish(&"x/".repeat(600), b"y"), Err(BlobError::BadName)));
    assert_eq!(storage.tree.find(&tenant("t"), &path("d")).unwrap(), Found::Directory);
    assert_eq!(storage.tree.find(&tenant("t"), &path("d/file")).unwrap(), Found::File);
    assert_eq!(storage.tree.find(&tenant("t"), &path("d/fil")).unwrap(), Found::Nothing);
    assert!(storage.tree.open(&tenant("t"), &path("d")).unwrap().is_none());
    assert_eq!(storage.keys(), ["house/tenants/t/d/file"]);
}

#[test]
fn trees_are_listed_and_emptied_apart() {
    let storage = Storage::new();
    for name in ["p/a", "p/deep/er/b", "pq", "q/c"] {
        storage.put(name, b"1");
    }
    let mut other = storage.tree.stage(&tenant("../t"), &path("p/a")).unwrap();
    other.write(b"other").unwrap();
    other.seal().unwrap().publish().unwrap().keep();
    let listing = storage.tree.list(&tenant("t"), Some(&path("p"))).unwrap();
    assert_eq!(listing.files, [path("p/a"), path("p/deep/er/b")]);
    assert_eq!(listing.directories, [path("p/deep"), path("p/deep/er")]);
    assert_eq!(storage.tree.list(&tenant("t"), None).unwrap().files.len(), 4);
    assert_eq!(storage.tree.list(&tenant("none"), None).unwrap(), Listing::default());
    assert_eq!(storage.tree.trees().unwrap(), [tenant("../t"), tenant("t")]);
    let gone = storage.tree.remove(&tenant("t"), &[path("p/a"), path("p/none"), path("p"), path("q/c")]);
    assert_eq!(gone.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [true, false, false, true]);
    let other = storage.tree.open(&tenant("../t"), &path("p/a")).unwrap().unwrap();
    assert_eq!(other.info().size, 5);
    assert_eq!(storage.keys().len(), 3);
}

#[test]
fn a_storage_that_does_not_answer_is_an_error_with_words() {
    let server = S3Server::start(&["files"]);
    let mut wrong = options(&server);
    wrong.bucket.endpoint = Some("http://127.0.0.1:9".to_owned());
    assert!(!ObjectTree::open(wrong).err().unwrap().0.is_empty());
    let mut wrong = options(&server);
    wrong.bucket.credentials = crate::store::objects::Credentials::Key {
        key: "nobody".to_owned(),
        secret: crate::crypto::Secret::new("hidden".to_owned()),
        token: crate::crypto::Secret::new(String::new()),
    };
    let error = ObjectTree::open(wrong).err().unwrap();
    assert!(!error.0.contains("hidden"), "{error}");
}
