-- The log of API calls. A file of its own, since it is bulk, may overflow, and must never delay a document.
--
-- * `entry` is what was logged, as JSON; the columns before it are what it is searched by. The hash in `chain` covers
--   all of them and the row before.
-- * `call_object` is derived: which calls touched an object.
-- * Heads, checkpoints and witnesses are those of roundhouse.db (0012_audit.sql).

CREATE TABLE call (
    seq      INTEGER PRIMARY KEY,
    ts       INTEGER NOT NULL,
    company  TEXT NOT NULL,                            -- effective tenant; '' when nobody was signed in
    call_id  TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    user     TEXT,
    actor    TEXT,
    ip       TEXT,
    code     INTEGER NOT NULL,
    subcode  INTEGER NOT NULL,
    entry    TEXT NOT NULL,
    chain    BLOB NOT NULL
) STRICT;
CREATE INDEX call_by_company ON call (company, ts, code);
CREATE INDEX call_by_ts ON call (ts);
CREATE INDEX call_by_id ON call (call_id);
CREATE INDEX call_by_user ON call (company, user, ts);
CREATE INDEX call_by_endpoint ON call (company, endpoint, ts);

CREATE TABLE call_object (
    object TEXT NOT NULL,
    seq    INTEGER NOT NULL,                           -- call.seq
    PRIMARY KEY (object, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_object_by_call ON call_object (seq);

CREATE TABLE audit_head (
    chain     TEXT PRIMARY KEY,
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoint (
    chain     TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    ts        INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_witness (
    chain     TEXT NOT NULL,                           -- 'security', 'trail'
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    ts        INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;
