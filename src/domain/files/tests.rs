#![allow(clippy::unwrap_used)]

use super::{
    access::{Rules, Want},
    testing::{HOME, House, restricted},
    *,
};
use crate::{
    domain::{Call, Ctx},
    store::{
        Lane, Scope, Snapshot,
        files::{FileRow, Listing, LocalTree, SealedBlob, StagedBlob},
    },
};

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn upload(house: &House, user: &UserId, files: &[(&str, &[u8])]) -> Result<Vec<String>> {
    upload_to(house, &house.files, user, files)
}

fn upload_to(house: &House, to: &Arc<Files>, user: &UserId, files: &[(&str, &[u8])]) -> Result<Vec<String>> {
    let caller = house.caller_of(&house.token(user, 60));
    let mut upload = Upload::begin(Arc::clone(to), Arc::clone(&house.app), caller, Call::internal(), None)?;
    for (name, content) in files {
        if upload.file(name)? {
            upload.write(content)?;
        }
    }
    upload.commit()
}

fn text(house: &House, user: &UserId, of: &str) -> Option<String> {
    let blob = house.files.download(&house.ctx(user), &path(of)).ok()?;
    let mut buffer = vec![0; usize::try_from(blob.info().size).unwrap()];
    blob.read_at(&mut buffer, 0).unwrap();
    Some(String::from_utf8(buffer).unwrap())
}

fn row(house: &House, tenant: &str, of: &str) -> Option<FileRow> {
    house.app.store.read(&Scope::tenant(tenant), |snapshot| snapshot.file(&path(of))).unwrap()
}

#[test]
fn file_and_row_come_and_go_together() {
    let house = House::new(|_| {});
    let (ann, bob) = (house.person("ann", HOME), house.person("bob", HOME));
    house.task(HOME, "p", "t1");
    upload(&house, &ann, &[("proj/run.t1/models/a.bin", b"12345")]).unwrap();
    let stored = row(&house, HOME, "proj/run.t1/models/a.bin").unwrap();
    assert_eq!((stored.size, stored.uploader.as_str(), stored.entity.as_deref()), (5, "ann", Some("t1")));
    let sha = |bytes: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(bytes).to_vec();
    assert_eq!(stored.sha256, sha(b"12345"));

    upload(&house, &bob, &[("proj/run.t1/models/a.bin", b"abc")]).unwrap();
    let stored = row(&house, HOME, "proj/run.t1/models/a.bin").unwrap();
    assert_eq!((stored.size, stored.uploader.as_str(), stored.sha256), (3, "bob", sha(b"abc")));

    house.files.delete(&house.ctx(&bob), &path("proj/run.t1/models/a.bin")).unwrap();
    assert!(row(&house, HOME, "proj/run.t1/models/a.bin").is_none());
    assert!(!house.disk(&format!("tenants/{HOME}/proj")).exists());
}

#[test]
fn s26_replacing_and_deleting_are_security_events() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    upload(&house, &ann, &[("a", b"1")]).unwrap();
    assert!(house.audit().is_empty(), "a new file is none");
    upload(&house, &ann, &[("a", b"2"), ("b", b"3")]).unwrap();
    house.files.delete(&house.ctx(&ann), &path("a")).unwrap();
    house.files.delete(&house.ctx(&ann), &path("a")).unwrap_err();
    house.files.delete_many(&house.ctx(&ann), &["b".to_owned()]).unwrap();
    let seen = house.audit();
    let expected = [
        ("files.overwrite", 200, 2),
        ("files.delete", 200, 1),
        ("files.delete", 404, 1),
        ("files.delete_many", 200, 1),
    ];
    assert_eq!(seen, expected.map(|(name, code, objects)| (name.to_owned(), code, objects)));
}

fn allowed(house: &House, scope: &Scope, user: &str, want: Want, of: &str) -> bool {
    let (user, of) = (UserId::from(user), path(of));
    let decide = |snapshot: &Snapshot<'_>| {
        let rules = Rules::load(snapshot, &user, std::iter::once(&of))?;
        Ok(rules.allow(want, &of, snapshot.file(&of)?.as_ref()))
    };
    house.app.store.read(scope, decide).unwrap()
}

#[test]
fn s15_paths_obey_the_rules_of_the_entities_they_name() {
    let house = House::new(|_| {});
    house.task(HOME, "open", "t-open");
    house.task(HOME, "closed", "t-closed");
    house.task("other", "open", "t-foreign");
    house.sql(
        HOME,
        "INSERT INTO model (id, company, project, user, name, created, last_update, last_change)
         VALUES ('m-closed', ?1, 'closed', 'ann', 'm', 1, 1, 1)",
        &[HOME],
    );
    let (all, reader, writer) =
        (Scope::tenant(HOME), restricted(HOME, &["open"], &[]), restricted(HOME, &["open"], &["open"]));
    let own = "p/run.t-open/a";
    for want in [Want::Read, Want::Create, Want::Replace, Want::Delete] {
        assert!(allowed(&house, &all, "bob", want, own), "{want:?}");
        assert!(allowed(&house, &writer, "bob", want, own), "{want:?}");
        assert_eq!(allowed(&house, &reader, "bob", want, own), want == Want::Read, "{want:?}");
        for closed in ["p/run.t-closed/a", "t-closed", "p/m-closed/x", "x.m-closed", "a.t-open/b.t-closed/c"]
        {
            assert!(allowed(&house, &all, "bob", want, closed), "{want:?} {closed}");
            assert!(!allowed(&house, &writer, "bob", want, closed), "{want:?} {closed}");
        }
    }
    // Not an id of this tenant, or not a whole one: nobody's path.
    for free in ["run.t-foreign/a", "run-t-closed/a", "t-closedx/a"] {
        assert!(allowed(&house, &writer, "bob", Want::Read, free), "{free}");
        assert!(allowed(&house, &writer, "bob", Want::Create, free), "{free}");
        assert!(!allowed(&house, &writer, "bob", Want::Replace, free), "{free}");
    }
}

#[test]
fn s15_a_published_entity_is_read_by_all_and_changed_by_none_but_holders_of_everything() {
    let house = House::new(|_| {});
    house.task(HOME, "closed", "t1");
    let narrow = restricted(HOME, &[], &[]);
    assert!(!allowed(&house, &narrow, "bob", Want::Read, "run.t1/a"));
    house.sql(HOME, "UPDATE task SET company = '', company_origin = ?1 WHERE id = 't1'", &[HOME]);
    assert!(allowed(&house, &narrow, "bob", Want::Read, "run.t1/a"));
    assert!(!allowed(&house, &narrow, "bob", Want::Delete, "run.t1/a"));
}

#[test]
fn s15_a_path_of_nobody_is_replaced_only_by_its_uploader() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    upload(&house, &ann, &[("shared/data.csv", b"x")]).unwrap();
    let narrow = restricted(HOME, &["open"], &["open"]);
    for want in [Want::Replace, Want::Delete] {
        assert!(allowed(&house, &narrow, "ann", want, "shared/data.csv"));
        assert!(!allowed(&house, &narrow, "bob", want, "shared/data.csv"));
        assert!(allowed(&house, &Scope::tenant(HOME), "bob", want, "shared/data.csv"));
    }
    assert!(allowed(&house, &narrow, "bob", Want::Read, "shared/data.csv"));
}

#[test]
fn s15_files_of_a_deleted_task_stay_closed_and_its_deleter_may_delete_them_for_a_day() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    house.task(HOME, "closed", "t1");
    upload(&house, &ann, &[("run.t1/a", b"x")]).unwrap();
    let narrow = restricted(HOME, &["open"], &["open"]);
    house.sql(HOME, "DELETE FROM task WHERE id = ?1", &["t1"]);
    assert!(!allowed(&house, &narrow, "bob", Want::Delete, "run.t1/a"));
    let bob = UserId::from("bob");
    house
        .app
        .store
        .write(&Scope::tenant(HOME), Lane::Documents, |tx| note_deleted_entity(tx, "t1", &bob))
        .unwrap();
    assert!(allowed(&house, &narrow, "bob", Want::Delete, "run.t1/a"));
    assert!(allowed(&house, &narrow, "bob", Want::Read, "run.t1/a"));
    assert!(!allowed(&house, &narrow, "bob", Want::Replace, "run.t1/a"));
    assert!(!allowed(&house, &narrow, "eve", Want::Read, "run.t1/a"), "gone does not mean public");
    assert!(!allowed(&house, &narrow, "eve", Want::Delete, "run.t1/a"));
    assert!(!allowed(&house, &restricted("other", &[], &[]), "bob", Want::Delete, "run.t1/a"));
    house.sql(HOME, "UPDATE deleted_entity SET deleted = deleted - 24 * 3600000 - 1000", &[]);
    assert!(!allowed(&house, &narrow, "bob", Want::Delete, "run.t1/a"), "a day later");
}

#[test]
fn s15_use_cases_apply_the_rules_and_a_directory_goes_as_a_whole_or_not_at_all() {
    let house = House::new(|_| {});
    let (ann, bob) = (house.person("ann", HOME), house.person("bob", HOME));
    house.task(HOME, "open", "t-open");
    house.task(HOME, "closed", "t-closed");
    upload(&house, &ann, &[("p/a.t-open/x", b"1"), ("p/b.t-closed/y", b"2")]).unwrap();
    let narrow = || house.ctx(&bob).with_scope(restricted(HOME, &["open"], &["open"]));
    let many = |text: &str| house.files.delete_many(&narrow(), &[text.to_owned()]).unwrap();

    assert!(house.files.download(&narrow(), &path("p/a.t-open/x")).is_ok());
    let refused = house.files.download(&narrow(), &path("p/b.t-closed/y")).err().unwrap();
    let missing = house.files.download(&narrow(), &path("p/none")).err().unwrap();
    assert_eq!(refused, missing, "a refusal looks like a missing file");
    assert_eq!(house.files.delete(&narrow(), &path("p/b.t-closed/y")).unwrap_err(), missing);
    assert_eq!(many("p").errors["Not found"], ["p"]);
    assert!(text(&house, &ann, "p/a.t-open/x").is_some(), "nothing of the directory was deleted");
    assert_eq!(many("p/a.t-open").deleted.len(), 1);
    assert!(text(&house, &ann, "p/a.t-open/x").is_none());
    assert!(text(&house, &ann, "p/b.t-closed/y").is_some());
}

#[test]
fn s14_tenants_never_meet() {
    let house = House::new(|_| {});
    let (ann, eve) = (house.person("ann", HOME), house.person("eve", "other"));
    upload(&house, &ann, &[("p/secret.txt", b"ours")]).unwrap();
    assert_eq!(text(&house, &ann, "p/secret.txt").unwrap(), "ours");
    assert!(text(&house, &eve, "p/secret.txt").is_none());
    upload(&house, &eve, &[("p/secret.txt", b"theirs")]).unwrap();
    assert_eq!(text(&house, &eve, "p/secret.txt").unwrap(), "theirs");
    house.files.delete_many(&house.ctx(&eve), &["p".to_owned()]).unwrap();
    assert!(text(&house, &eve, "p/secret.txt").is_none());
    assert_eq!(text(&house, &ann, "p/secret.txt").unwrap(), "ours");
}

#[test]
fn files_of_an_earlier_installation_belong_to_the_default_tenant() {
    let house = House::new(|_| {});
    let (ann, eve) = (house.person("ann", HOME), house.person("eve", "other"));
    std::fs::create_dir_all(house.disk("legacy/p")).unwrap();
    std::fs::write(house.disk("legacy/p/old"), "old").unwrap();
    assert_eq!(text(&house, &ann, "p/old").unwrap(), "old");
    assert!(text(&house, &eve, "p/old").is_none());
    assert!(house.files.delete(&house.ctx(&eve), &path("p/old")).is_err());
    house.files.delete(&house.ctx(&ann), &path("p/old")).unwrap();
    assert!(text(&house, &ann, "p/old").is_none());
}

#[test]
fn the_quota_counts_what_stands_and_says_what_to_do() {
    let house = House::new(|settings| settings.fileserver.upload.tenant_quota_mb = 1);
    let (ann, eve) = (house.person("ann", HOME), house.person("eve", "other"));
    let most = vec![b'x'; 900 << 10];
    upload(&house, &ann, &[("a", &most)]).unwrap();
    let error = upload(&house, &ann, &[("b", &most)]).unwrap_err();
    assert_eq!((error.kind().code(), row(&house, HOME, "b")), (507, None));
    assert!(error.to_string().contains("1 MiB") && error.to_string().contains("tenant_quota_mb"), "{error}");
    upload(&house, &ann, &[("a", &most)]).unwrap();
    upload(&house, &eve, &[("a", &most)]).unwrap();
    house.files.delete(&house.ctx(&ann), &path("a")).unwrap();
    upload(&house, &ann, &[("b", &most)]).unwrap();
    assert_eq!(std::fs::read_dir(house.disk("incoming")).unwrap().count(), 0);
}

#[test]
fn uploads_stop_before_the_disk_is_full() {
    let house = House::new(|settings| settings.fileserver.upload.min_free_mb = 1 << 40);
    let ann = house.person("ann", HOME);
    let error = upload(&house, &ann, &[("a", b"1")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().contains("min_free_mb"), "{error}");
}

/// A disk that is full after some bytes.
struct SmallDisk(LocalTree);
struct SmallFile(Box<dyn StagedBlob>, usize);

impl StagedBlob for SmallFile {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.1 = self.1.checked_sub(bytes.len()).ok_or(BlobError::Full)?;
        self.0.write(bytes)
    }

    fn seal(self: Box<Self>) -> Result<Box<dyn SealedBlob>, BlobError> {
        self.0.seal()
    }
}

impl BlobStore for SmallDisk {
    fn stage(&self, tree: &Tree, path: &FilePath) -> Result<Box<dyn StagedBlob>, BlobError> {
        Ok(Box::new(SmallFile(self.0.stage(tree, path)?, 10)))
    }

    fn open(&self, tree: &Tree, path: &FilePath) -> Result<Option<Box<dyn Blob>>, BlobError> {
        self.0.open(tree, path)
    }

    fn find(&self, tree: &Tree, path: &FilePath) -> Result<Found, BlobError> {
        self.0.find(tree, path)
    }

    fn list(&self, tree: &Tree, directory: Option<&FilePath>) -> Result<Listing, BlobError> {
        self.0.list(tree, directory)
    }

    fn trees(&self) -> Result<Vec<Tree>, BlobError> {
        self.0.trees()
    }

    fn remove(&self, tree: &Tree, paths: &[FilePath]) -> Vec<Result<bool, BlobError>> {
        self.0.remove(tree, paths)
    }

    fn remove_empty(&self, tree: &Tree, directories: &[FilePath]) {
        self.0.remove_empty(tree, directories);
    }

    fn free_space(&self) -> Result<u64, BlobError> {
        Ok(u64::MAX)
    }
}

#[test]
fn a_full_disk_is_507_and_leaves_nothing() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    let small = Arc::new(Files::new(Arc::new(SmallDisk(LocalTree::open(&house.disk("")).unwrap()))));
    upload_to(&house, &small, &ann, &[("d/a", b"1234567890")]).unwrap();
    let error = upload_to(&house, &small, &ann, &[("d/b", b"1"), ("d/a", b"12345678901")]).unwrap_err();
    assert_eq!(error.kind().code(), 507);
    assert!(error.to_string().contains("free some space"), "{error}");
    assert_eq!(text(&house, &ann, "d/a").unwrap(), "1234567890");
    assert!(text(&house, &ann, "d/b").is_none());
    assert_eq!(std::fs::read_dir(house.disk("incoming")).unwrap().count(), 0);
}

#[test]
fn when_the_row_can_not_be_written_the_old_file_is_back() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    upload(&house, &ann, &[("d/a", b"old")]).unwrap();
    house.sql(HOME, "CREATE TRIGGER refuse BEFORE INSERT ON file BEGIN SELECT raise(ABORT, 'no'); END", &[]);
    upload(&house, &ann, &[("d/a", b"new"), ("e/b", b"new")]).unwrap_err();
    assert_eq!(text(&house, &ann, "d/a").unwrap(), "old");
    assert!(text(&house, &ann, "e/b").is_none());
    assert!(!house.disk(&format!("tenants/{HOME}/e")).exists());
    assert_eq!(std::fs::read_dir(house.disk("incoming")).unwrap().count(), 0);
}

#[test]
fn a_directory_that_takes_the_name_while_bytes_arrive_stays() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    let caller = house.caller_of(&house.token(&ann, 60));
    let (files, app) = (Arc::clone(&house.files), Arc::clone(&house.app));
    let mut receiving = Upload::begin(files, app, caller, Call::internal(), None).unwrap();
    assert!(receiving.file("d/x").unwrap());
    receiving.write(b"late").unwrap();
    upload(&house, &ann, &[("d/x/below", b"first")]).unwrap();
    assert_eq!(receiving.commit().unwrap_err().kind(), ErrorKind::FileConflict);
    assert_eq!(text(&house, &ann, "d/x/below").unwrap(), "first");
}

#[test]
fn a_row_that_a_crash_left_behind_goes_with_the_next_attempt() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    upload(&house, &ann, &[("d/a", b"x")]).unwrap();
    std::fs::remove_file(house.disk(&format!("tenants/{HOME}/d/a"))).unwrap();
    assert!(row(&house, HOME, "d/a").is_some());
    assert_eq!(
        house.files.delete(&house.ctx(&ann), &path("d/a")).unwrap_err().kind(),
        ErrorKind::FileNotFound
    );
    assert!(row(&house, HOME, "d/a").is_none());
}

#[test]
fn a_large_directory_is_deleted_and_audited_in_pieces() {
    let house = House::new(|_| {});
    let ann = house.person("ann", HOME);
    let names: Vec<String> = (0..450).map(|i| format!("d/{}/{i}", i % 3)).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    upload(&house, &ann, &files).unwrap();
    let outcome = house.files.delete_many(&house.ctx(&ann), &["d".to_owned()]).unwrap();
    assert_eq!(outcome.deleted, [("d".to_owned(), "d".to_owned())]);
    let objects: Vec<i64> = house.audit().into_iter().map(|(_, _, objects)| objects).collect();
    assert_eq!(objects, [200, 200, 50]);
    let usage = house.app.store.read(&Scope::tenant(HOME), |snapshot| snapshot.file_usage()).unwrap();
    assert_eq!((usage.files, usage.bytes), (0, 0));
    assert!(!house.disk(&format!("tenants/{HOME}/d")).exists());
}

#[test]
fn parallel_uploads_of_one_path_leave_one_file_with_its_row() {
    let house = House::new(|_| {});
    let people: Vec<UserId> = (0..4).map(|i| house.person(&format!("u{i}"), HOME)).collect();
    std::thread::scope(|threads| {
        for (i, user) in people.iter().enumerate() {
            let house = &house;
            threads.spawn(move || {
                for round in 0..10 {
                    let content = vec![b'x'; i * 100 + round];
                    upload(house, user, &[("hot/path", &content), (&format!("own/{i}"), b"y")]).unwrap();
                }
            });
        }
    });
    let stored = row(&house, HOME, "hot/path").unwrap();
    let content = text(&house, &house.admin, "hot/path").unwrap();
    assert_eq!(stored.size, content.len() as u64);
    assert_eq!(stored.sha256, <sha2::Sha256 as sha2::Digest>::digest(content.as_bytes()).to_vec());
    assert_eq!(std::fs::read_dir(house.disk("incoming")).unwrap().count(), 0);
}

#[test]
fn a_scheduled_deletion_stays_in_its_tenant_and_forgives_missing_files() {
    let house = House::new(|_| {});
    let (ann, eve) = (house.person("ann", HOME), house.person("eve", "other"));
    for user in [&ann, &eve] {
        upload(&house, user, &[("p/a", b"x")]).unwrap();
    }
    let server = || Ctx::new(&house.app, scheduled_caller(&CompanyId::from("other")), Call::internal());
    for _ in 0..2 {
        house.files.delete_scheduled(&server(), &path("p/a")).unwrap();
    }
    assert_eq!(house.files.delete_scheduled(&house.ctx(&ann), &path("p/a")).unwrap_err().kind().code(), 403);
    assert!(text(&house, &eve, "p/a").is_none() && row(&house, "other", "p/a").is_none());
    assert!(text(&house, &ann, "p/a").is_some() && row(&house, HOME, "p/a").is_some());
}

#[test]
fn an_empty_ctx_of_nobody_is_refused() {
    let house = House::new(|_| {});
    let ctx = Ctx::new(&house.app, Caller::anonymous(), Call::internal());
    assert_eq!(house.files.download(&ctx, &path("a")).err().unwrap().kind(), ErrorKind::NoCredentials);
    assert_eq!(house.files.delete(&ctx, &path("a")).unwrap_err().kind(), ErrorKind::NoCredentials);
}

#[test]
fn every_file_is_compared_with_its_row_and_nothing_is_changed() {
    let house = House::new(|_| {});
    let (ann, zoe) = (house.person("ann", HOME), house.person("zoe", "other"));
    upload(
        &house,
        &ann,
        &[("p/good", b"good"), ("p/gone", b"gone"), ("p/cut", b"12345"), ("p/changed", b"abc")],
    )
    .unwrap();
    upload(&house, &zoe, &[("p/gone", b"of the other")]).unwrap();
    let verified = || {
        let rows = crate::store::files::stored_files(&house.database()).unwrap();
        let blobs = LocalTree::inspect(&house.disk("")).unwrap().unwrap();
        verify(&blobs, &rows).unwrap()
    };
    let sound = verified();
    assert_eq!((sound.sound, sound.legacy, sound.flawed.len()), (5, 0, 0), "{sound:?}");

    let own = |path: &str| house.disk(&format!("tenants/{HOME}/{path}"));
    std::fs::remove_file(own("p/gone")).unwrap();
    std::fs::write(own("p/cut"), b"123").unwrap();
    std::fs::write(own("p/changed"), b"abd").unwrap();
    std::fs::write(own("planted"), b"x").unwrap();
    std::fs::create_dir_all(house.disk("tenants/nobody")).unwrap();
    std::fs::write(house.disk("tenants/nobody/x"), b"x").unwrap();
    std::fs::create_dir_all(house.disk("legacy")).unwrap();
    std::fs::write(house.disk("legacy/old"), b"x").unwrap();
    std::fs::write(house.disk("incoming/under-way"), b"x").unwrap();
    let found = verified();
    let flaws: Vec<_> = found.flawed.iter().map(|f| (f.tenant.as_str(), f.path.as_str(), &f.flaw)).collect();
    let expected = [
        (HOME, "p/changed", &Flaw::Content),
        (HOME, "p/cut", &Flaw::Length { expected: 5, found: 3 }),
        (HOME, "p/gone", &Flaw::Missing),
        (HOME, "planted", &Flaw::Orphan),
        ("nobody", "x", &Flaw::Orphan),
    ];
    assert_eq!(flaws, expected);
    assert_eq!((found.sound, found.legacy), (2, 1));
    assert!(house.disk("incoming/under-way").exists() && own("planted").exists());
}
