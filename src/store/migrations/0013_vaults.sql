-- Configuration vaults, what their policy did to tasks, and which values are masked in the tasks' logs
-- (spec/governance.md 3 and 14, spec/security_rules.md S9 to S11, S18, S25).

-- Whose a vault is and where it applies. `version` grows with every change; `content_version` names the row of
-- `vault_version` with the content in force, so that switching a vault off needs no key.
CREATE TABLE vault (
    id              TEXT PRIMARY KEY,
    company         TEXT NOT NULL,
    scope           TEXT NOT NULL CHECK (scope IN ('user', 'group', 'organization')),
    user            TEXT,                              -- scope user
    group_id        TEXT,                              -- scope group
    type            TEXT NOT NULL,
    description     TEXT NOT NULL DEFAULT '',          -- the vault's display name; never sealed, so never a secret
    enabled         INTEGER NOT NULL DEFAULT 1,
    suspended       INTEGER NOT NULL DEFAULT 0,        -- its user is disabled (S13)
    version         INTEGER NOT NULL,
    content_version INTEGER NOT NULL,
    created         INTEGER NOT NULL,
    created_by      TEXT NOT NULL,
    last_update     INTEGER NOT NULL,
    updated_by      TEXT NOT NULL
) STRICT;
CREATE INDEX vault_of_user ON vault (company, user, type) WHERE scope = 'user';
CREATE INDEX vault_of_administrators ON vault (company, type, enabled) WHERE scope <> 'user';
CREATE INDEX vault_of_group ON vault (group_id) WHERE group_id IS NOT NULL;

-- What a vault held, sealed for this tenant, vault and version. Rotation of the sealing keys finds what is left by `key_id`.
CREATE TABLE vault_version (
    vault        TEXT NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL,
    company      TEXT NOT NULL,
    format       TEXT NOT NULL,
    key_id       TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    content_hash TEXT NOT NULL,                        -- SHA-256 of the content, keyed, so that nobody can test guesses
    created      INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    PRIMARY KEY (vault, version)
) STRICT;
CREATE INDEX vault_version_by_key ON vault_version (key_id);

-- What was done to vaults. Names are copied: entries outlive what they speak of. Never any content.
CREATE TABLE vault_log (
    seq                INTEGER PRIMARY KEY,
    company            TEXT NOT NULL,
    vault              TEXT NOT NULL,
    vault_description  TEXT NOT NULL,
    scope              TEXT NOT NULL,                  -- as of vaults, and service_account
    operation          TEXT NOT NULL,                  -- create, edit, delete, activate, deactivate
    user               TEXT NOT NULL,
    user_name          TEXT NOT NULL,
    created            INTEGER NOT NULL,
    ip                 TEXT NOT NULL,
    originator         TEXT NOT NULL,
    originator_version TEXT NOT NULL,
    reason             TEXT NOT NULL,
    version            INTEGER NOT NULL,
    content_hash       TEXT NOT NULL
) STRICT;
CREATE INDEX vault_log_by_time ON vault_log (company, created);
CREATE INDEX vault_log_by_vault ON vault_log (vault, created);
CREATE TRIGGER vault_log_is_append_only BEFORE UPDATE ON vault_log
BEGIN
    SELECT RAISE(ABORT, 'the log of vaults is append-only');
END;

-- What container policy made of a task when it was dequeued, as long as that run lasts: writes of others are overridden.
CREATE TABLE task_policy (
    task      TEXT PRIMARY KEY,
    company   TEXT NOT NULL,
    executor  TEXT NOT NULL,                           -- who dequeued it
    identity  TEXT NOT NULL,                           -- whose policy it is (S9)
    requested TEXT NOT NULL,                           -- container before, JSON
    applied   TEXT,                                    -- container after, JSON; NULL: not pinned
    vaults    TEXT NOT NULL,                           -- JSON: [[id, version, content hash], …]
    created   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER task_policy_deleted AFTER DELETE ON task
BEGIN
    DELETE FROM task_policy WHERE task = old.id;
    DELETE FROM task_secret WHERE task = old.id;
END;

-- Values that are masked in what a task reports, sealed: a restart must not forget them. Gone a day after the task ended;
-- what stays are keyed digests, which tell an auditor whether a value was known.
CREATE TABLE task_secret (
    task     TEXT PRIMARY KEY,
    company  TEXT NOT NULL,
    key_id   TEXT,
    sealed   BLOB,
    digests  TEXT NOT NULL DEFAULT '[]',               -- JSON list
    redacted INTEGER NOT NULL DEFAULT 0,               -- how many values were masked
    created  INTEGER NOT NULL
) STRICT;
CREATE INDEX task_secret_by_key ON task_secret (key_id) WHERE key_id IS NOT NULL;
