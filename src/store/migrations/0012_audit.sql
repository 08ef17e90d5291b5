-- The security audit's head, what retention took away, and the execution trail.
--
-- Why this shape:
-- * A chain of rows shows that a row in the middle was changed, not that the last ones were cut off. `audit_head` says
--   how far a chain goes; it is signed with the key outside the database and written in the transaction of each row.
-- * `audit_checkpoint` is where a chain begins after retention removed what was older; signed as well.
-- * `audit_witness` keeps signed heads of the chain in the other file (calls.db), and that file keeps ours: whoever cuts
--   one of them short must also rewrite the other.
-- * `task_trail` outlives its task. What it is searched by are columns and one side table; the rest is JSON. It is a
--   chain like `security_event`.

CREATE TABLE audit_head (
    chain     TEXT PRIMARY KEY,                        -- 'security', 'trail'
    seq       INTEGER NOT NULL,                        -- of the newest row; also how many were ever written
    hash      BLOB NOT NULL,                           -- `chain` of the newest row
    signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoint (
    chain     TEXT NOT NULL,
    seq       INTEGER NOT NULL,                        -- of the newest row that was removed
    hash      BLOB NOT NULL,
    ts        INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_witness (
    chain     TEXT NOT NULL,                           -- 'calls'
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    ts        INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX security_event_by_ts ON security_event (ts);
CREATE INDEX security_event_by_call ON security_event (call_id);
-- Who and what occurs, by skipping from value to value.
CREATE INDEX security_event_by_user ON security_event (company, user);
CREATE INDEX security_event_by_operation ON security_event (company, operation);

-- Who edited last what a run consists of (S1); NULL: whoever made the task.
ALTER TABLE task ADD COLUMN content_editor TEXT;

CREATE TABLE task_trail (
    seq        INTEGER PRIMARY KEY,
    ts         INTEGER NOT NULL,
    company    TEXT NOT NULL,
    task       TEXT,                                   -- NULL: an impersonation that no dequeued task explains
    event      TEXT NOT NULL,
    user       TEXT NOT NULL,                          -- whom the call ran as; '__apiserver__' for the server itself
    actor      TEXT,                                   -- who really acted
    agent      TEXT,                                   -- dequeued: the agent's identity; impersonated: the actor
    run_as     TEXT,                                   -- whom the code runs as, where the event settles it
    session_id TEXT,
    access_key TEXT,
    ip         TEXT,
    worker     TEXT,                                   -- claimed
    queue      TEXT,
    image      TEXT,                                   -- image of the container that the event is about
    detail     TEXT NOT NULL,                          -- JSON, free of secrets
    call_id    TEXT NOT NULL,
    chain      BLOB NOT NULL
) STRICT;
CREATE INDEX task_trail_by_task ON task_trail (task, seq) WHERE task IS NOT NULL;
CREATE INDEX task_trail_by_ts ON task_trail (company, ts);
CREATE INDEX task_trail_by_image ON task_trail (company, image, ts) WHERE image IS NOT NULL;
CREATE INDEX task_trail_by_user ON task_trail (company, user, ts);
CREATE INDEX task_trail_by_run_as ON task_trail (company, run_as, ts) WHERE run_as IS NOT NULL;
CREATE INDEX task_trail_by_agent ON task_trail (company, agent, ts) WHERE agent IS NOT NULL;
CREATE INDEX task_trail_by_session ON task_trail (session_id) WHERE session_id IS NOT NULL;

-- Vaults that a run was served, models that a deleted task had made. Derived from `task_trail.detail`.
CREATE TABLE task_trail_object (
    kind    TEXT NOT NULL CHECK (kind IN ('vault', 'model')),
    object  TEXT NOT NULL,
    trail   INTEGER NOT NULL,                          -- task_trail.seq
    company TEXT NOT NULL,
    PRIMARY KEY (kind, object, trail)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_trail_object_by_trail ON task_trail_object (trail);
