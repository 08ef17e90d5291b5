//! Attacks on the chains by somebody who can write the database files but has not the key (S26).

use std::path::PathBuf;

use rusqlite::{Connection, params};
use serde_json::json;

use super::*;
use crate::{
    crypto::Secret,
    store::{
        Lane, Scope, Store,
        calls::{CallRow, CallStore, KeptHead, verify_all},
        trail::TrailEvent,
    },
};

struct Yard {
    directory: tempfile::TempDir,
    store: Store,
    calls: CallStore,
    key: ChainKey,
}

const ALL: [Chain; 3] = [Chain::Security, Chain::Trail, Chain::Calls];

impl Yard {
    fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("roundhouse.db");
        let store = Store::open(&main).unwrap();
        let calls = CallStore::open(&directory.path().join("calls.db"), &main).unwrap();
        Yard { directory, store, calls, key: Secret::new(vec![7; 32]) }
    }

    fn write<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> T {
        self.store.write(&Scope::tenant("acme"), Lane::Documents, work).unwrap()
    }

    /// Adds so many rows to a chain.
    fn add(&self, chain: Chain, count: i64) {
        for nth in 0..count {
            match chain {
                Chain::Security => self.write(|tx| tx.append_security_event(&self.key, &event(nth))),
                Chain::Trail => {
                    let step = TrailEvent {
                        task: Some("t1".to_owned()),
                        event: "started",
                        user: format!("user {nth}"),
                        detail: json!({"n": nth}),
                        ..TrailEvent::default()
                    };
                    self.write(|tx| tx.append_trail(&self.key, &step).map(drop));
                }
                Chain::Calls => {
                    let row = CallRow {
                        company: "acme".to_owned(),
                        call_id: crate::types::new_id(),
                        user: Some("ann".to_owned()),
                        ..CallRow::default()
                    };
                    self.calls.append(&self.key, [(&row, "{}")].into_iter()).unwrap();
                }
            }
        }
    }

    fn path(&self, chain: Chain) -> PathBuf {
        self.directory.path().join(if chain == Chain::Calls { "calls.db" } else { "roundhouse.db" })
    }

    /// What somebody with a shell does to the file.
    fn attack(&self, chain: Chain, sql: &str) {
        let sql = sql.replace("{table}", chain.table_name());
        Connection::open(self.path(chain)).unwrap().execute_batch(&sql).unwrap();
    }

    fn head(&self, chain: Chain) -> Head {
        match chain {
            Chain::Calls => self.calls.head(&self.key).unwrap(),
            _ => self.store.read(&Scope::server(), |snapshot| snapshot.chain_head(&self.key, chain)).unwrap(),
        }
    }

    /// Has the other file keep the head, as the job does.
    fn witness(&self, chain: Chain) {
        let head = self.head(chain);
        match chain {
            Chain::Calls => self.write(|tx| tx.witness(&self.key, chain, &head)),
            _ => self.calls.witness(&self.key, chain, &head).unwrap(),
        }
    }

    fn flaw_with(&self, chain: Chain, kept: &[KeptHead]) -> Option<Flaw> {
        let reports =
            verify_all(&self.path(Chain::Security), &self.path(Chain::Calls), &self.key, kept).unwrap();
        let report = reports.into_iter().find(|report| report.chain == chain).unwrap();
        report.flaw
    }

    fn flaw(&self, chain: Chain) -> Option<Flaw> {
        self.flaw_with(chain, &[])
    }
}

impl Chain {
    fn table_name(self) -> &'static str {
        match self {
            Chain::Security => "security_event",
            Chain::Trail => "task_trail",
            Chain::Calls => "call",
        }
    }
}

fn event(nth: i64) -> SecurityEvent {
    SecurityEvent {
        company: "acme".to_owned(),
        call_id: format!("call {nth}"),
        operation: "auth.login",
        user: Some("ann".to_owned()),
        actor: None,
        session_id: None,
        access_key: None,
        ip: None,
        code: 200,
        subcode: 0,
        note: json!({"objects": []}),
    }
}

#[test]
fn s26_untouched_chains_are_sound() {
    let yard = Yard::open();
    for chain in ALL {
        assert_eq!(yard.flaw(chain), None, "an empty chain");
        yard.add(chain, 5);
        yard.witness(chain);
        yard.add(chain, 5);
        assert_eq!(yard.flaw(chain), None);
        assert_eq!(yard.head(chain).seq, 10);
    }
}

#[test]
fn s26_a_changed_row_is_named() {
    for (chain, change) in [
        (Chain::Security, "user = 'bob'"),
        (Chain::Security, "ts = ts + 1"),
        (Chain::Security, "code = 401"),
        (Chain::Security, "code = -7"),
        (Chain::Security, "note = '{\"objects\":[1]}'"),
        (Chain::Security, "chain = x'00'"),
        (Chain::Trail, "image = 'good:1'"),
        (Chain::Trail, "actor = ''"),
        (Chain::Trail, "detail = '{}'"),
        (Chain::Calls, "entry = '{\"a\":1}'"),
        (Chain::Calls, "user = NULL"),
        (Chain::Calls, "company = 'other'"),
    ] {
        let yard = Yard::open();
        yard.add(chain, 6);
        assert_eq!(yard.flaw(chain), None);
        yard.attack(chain, &format!("UPDATE {{table}} SET {change} WHERE seq = 3"));
        assert!(
            matches!(yard.flaw(chain), Some(Flaw::Changed { seq: 3, .. })),
            "{change}: {:?}",
            yard.flaw(chain)
        );
    }
}

#[test]
fn s26_removed_and_exchanged_rows_are_named() {
    for chain in ALL {
        let yard = Yard::open();
        yard.add(chain, 8);
        yard.attack(chain, "DELETE FROM {table} WHERE seq IN (3, 4)");
        assert_eq!(yard.flaw(chain), Some(Flaw::Missing { from: 3, to: 4 }));
        // Closing the gap shows as well.
        yard.attack(chain, "UPDATE {table} SET seq = seq - 2 WHERE seq > 4");
        assert!(matches!(yard.flaw(chain), Some(Flaw::Changed { seq: 3, .. })));

        let yard = Yard::open();
        yard.add(chain, 8);
        yard.attack(
            chain,
            "UPDATE {table} SET seq = 100 WHERE seq = 5; UPDATE {table} SET seq = 5 WHERE seq = 6;
             UPDATE {table} SET seq = 6 WHERE seq = 100",
        );
        assert!(matches!(yard.flaw(chain), Some(Flaw::Changed { seq: 5, .. })));
    }
}

#[test]
fn s26_a_cut_off_end_shows() {
    for chain in ALL {
        let yard = Yard::open();
        yard.add(chain, 8);
        yard.attack(chain, "DELETE FROM {table} WHERE seq > 6");
        assert_eq!(yard.flaw(chain), Some(Flaw::Missing { from: 7, to: 8 }));
        // A head that fits needs the key.
        yard.attack(chain, "UPDATE audit_head SET seq = 6, hash = (SELECT chain FROM {table} WHERE seq = 6)");
        assert_eq!(yard.flaw(chain), Some(Flaw::BadSignature { what: "head", seq: 6 }));
        yard.attack(chain, "DELETE FROM audit_head");
        assert_eq!(yard.flaw(chain), Some(Flaw::NoHead));
        yard.attack(chain, "DELETE FROM {table}");
        assert_eq!(yard.flaw(chain), None, "nothing in this file tells of rows any more; see the next tests");
    }
}

#[test]
fn s26_the_server_tells_of_a_head_that_was_not_its_own() {
    let yard = Yard::open();
    yard.add(Chain::Security, 8);
    yard.attack(Chain::Security, "DELETE FROM security_event WHERE seq > 6; DELETE FROM audit_head");
    yard.add(Chain::Security, 1);
    assert!(matches!(yard.flaw(Chain::Security), Some(Flaw::HeadWasBroken { seq: 7, .. })));

    let yard = Yard::open();
    yard.add(Chain::Trail, 8);
    yard.attack(Chain::Trail, "DELETE FROM task_trail WHERE seq > 6; DELETE FROM audit_head");
    yard.add(Chain::Trail, 1);
    assert!(matches!(yard.flaw(Chain::Security), Some(Flaw::HeadWasBroken { seq: 1, .. })));
}

#[test]
fn s26_an_old_copy_of_the_head_does_not_help_against_the_other_file() {
    for chain in ALL {
        let yard = Yard::open();
        yard.add(chain, 6);
        // The row and its head as they were.
        let conn = Connection::open(yard.path(chain)).unwrap();
        let (hash, signature): (Vec<u8>, Vec<u8>) = conn
            .query_row("SELECT hash, signature FROM audit_head WHERE chain = ?1", [chain.name()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        yard.add(chain, 4);
        yard.witness(chain);
        conn.execute(&format!("DELETE FROM {} WHERE seq > 6", chain.table_name()), []).unwrap();
        conn.execute(
            "UPDATE audit_head SET seq = 6, hash = ?2, signature = ?3 WHERE chain = ?1",
            params![chain.name(), hash, signature],
        )
        .unwrap();
        assert_eq!(yard.flaw(chain), Some(Flaw::Missing { from: 7, to: 10 }));
        // Not even when the server writes on.
        yard.add(chain, 4);
        assert_eq!(yard.flaw(chain), Some(Flaw::Contradicted { seq: 10 }));
    }
}

#[test]
fn s26_a_head_from_outside_shows_what_both_files_hide() {
    for chain in ALL {
        let yard = Yard::open();
        yard.add(chain, 5);
        let head = yard.head(chain);
        let signature = chain::sign(&yard.key, chain, Claim::Head, &head).to_vec();
        let kept = [KeptHead { chain, head, signature }];
        assert_eq!(yard.flaw_with(chain, &kept), None);
        yard.attack(chain, "DELETE FROM {table}; DELETE FROM audit_head");
        assert_eq!(yard.flaw(chain), None, "everything in the data directory is gone");
        assert_eq!(yard.flaw_with(chain, &kept), Some(Flaw::Missing { from: 1, to: 5 }));
        let mut forged = kept.clone();
        forged[0].signature[0] ^= 1;
        let what = "head that was kept elsewhere";
        assert_eq!(yard.flaw_with(chain, &forged), Some(Flaw::BadSignature { what, seq: 5 }));
    }
}

#[test]
fn s26_retention_leaves_a_signed_checkpoint() {
    for chain in ALL {
        let yard = Yard::open();
        yard.add(chain, 5);
        yard.witness(chain);
        let far = Millis(i64::MAX / 2);
        let retire = |before| match chain {
            Chain::Calls => yard.calls.retire(&yard.key, before).unwrap(),
            _ => yard.write(|tx| tx.retire_chain(&yard.key, chain, before)),
        };
        assert_eq!(retire(Millis(-1)), 0);
        assert_eq!(retire(far), 5);
        assert_eq!(yard.flaw(chain), None);
        yard.add(chain, 3);
        assert_eq!((yard.flaw(chain), yard.head(chain).seq), (None, 8), "numbers go on");
        // Passing more off as retired needs the key.
        yard.attack(
            chain,
            "UPDATE audit_checkpoint SET seq = 7, hash = (SELECT chain FROM {table} WHERE seq = 7);
             DELETE FROM {table} WHERE seq <= 7",
        );
        assert_eq!(yard.flaw(chain), Some(Flaw::BadSignature { what: "checkpoint", seq: 7 }));
        yard.attack(chain, "DELETE FROM audit_checkpoint");
        assert_eq!(yard.flaw(chain), Some(Flaw::Missing { from: 1, to: 7 }));
    }
}

#[test]
fn s26_another_key_signs_nothing() {
    let yard = Yard::open();
    yard.add(Chain::Security, 3);
    let other = Secret::new(vec![8; 32]);
    let reports = verify_all(&yard.path(Chain::Security), &yard.path(Chain::Calls), &other, &[]).unwrap();
    assert!(matches!(reports[0].flaw, Some(Flaw::Changed { seq: 1, .. })));
}
