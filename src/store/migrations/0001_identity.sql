-- Who exists and what they hold. Governance needs these columns from the first day on, so that no later
-- release has to guess who did what before it (spec/governance.md 0.1, spec/security_rules.md S1, S4, S6, S13, S26).
-- Times are UTC milliseconds; flags are 0 or 1; lists and objects are JSON text.

-- Small facts about this installation: server.uuid, public addresses.
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Tenants. On the wire: companies.
CREATE TABLE company (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_fold  TEXT NOT NULL,
    active     INTEGER NOT NULL DEFAULT 1,
    created    INTEGER NOT NULL,
    deleted_at INTEGER,
    defaults   TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX company_by_name ON company (name_fold);

-- What signs in. Kept apart from `user`, which is what others see and what survives deletion.
CREATE TABLE user_auth (
    id                     TEXT PRIMARY KEY,
    company                TEXT NOT NULL REFERENCES company (id),
    name                   TEXT NOT NULL,
    email                  TEXT,
    email_fold             TEXT UNIQUE,
    role                   TEXT NOT NULL,
    internal               INTEGER NOT NULL DEFAULT 0,
    autocreated            INTEGER NOT NULL DEFAULT 0,
    is_service             INTEGER NOT NULL DEFAULT 0,
    allow_running_as_owner INTEGER NOT NULL DEFAULT 0,
    operator               INTEGER NOT NULL DEFAULT 0,  -- may call system.* and tenants.* (the first administrator)
    external_ids           TEXT NOT NULL DEFAULT '{}',
    providers_info         TEXT NOT NULL DEFAULT '{}',
    created                INTEGER NOT NULL,
    created_by             TEXT,
    validated              INTEGER,
    last_login             INTEGER,
    last_provider          TEXT,
    last_credentials_login INTEGER,
    last_ui_access         INTEGER,
    token_epoch            INTEGER NOT NULL DEFAULT 0,  -- tokens issued under a smaller epoch are dead
    disabled               INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX user_auth_by_company ON user_auth (company, is_service);

-- The display record. Not removed with the account, so that finished work keeps its author's name.
CREATE TABLE user (
    seq                INTEGER PRIMARY KEY,
    id                 TEXT NOT NULL UNIQUE,
    company            TEXT NOT NULL,
    name               TEXT NOT NULL,
    given_name         TEXT,
    family_name        TEXT,
    avatar             TEXT,
    preferences        TEXT NOT NULL DEFAULT '{}',
    created            INTEGER NOT NULL,
    created_in_version TEXT
) STRICT;
CREATE INDEX user_by_company ON user (company, name);

-- Local accounts: a login name and an argon2id hash. Apart from configuration's fixed users, and never
-- removed by them.
CREATE TABLE local_password (
    login      TEXT PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES user_auth (id) ON DELETE CASCADE,
    company    TEXT NOT NULL,
    hash       TEXT NOT NULL,
    changed    INTEGER NOT NULL,
    must_change INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX local_password_by_user ON local_password (user);

-- Which tenants a person belongs to, and as what.
CREATE TABLE membership (
    user    TEXT NOT NULL REFERENCES user_auth (id) ON DELETE CASCADE,
    company TEXT NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    joined  INTEGER NOT NULL,
    PRIMARY KEY (user, company)
) STRICT, WITHOUT ROWID;

-- API credentials. Only a keyed hash of the secret is stored; `key_id` names the key.
CREATE TABLE credential (
    access_key     TEXT PRIMARY KEY,
    user           TEXT NOT NULL REFERENCES user_auth (id) ON DELETE CASCADE,
    company        TEXT NOT NULL,
    secret_hash    BLOB NOT NULL,
    key_id         TEXT NOT NULL,
    label          TEXT,
    from_config    INTEGER NOT NULL DEFAULT 0,
    created        INTEGER NOT NULL,
    created_by     TEXT,
    expire         INTEGER,
    last_used      INTEGER,
    last_used_from TEXT
) STRICT;
CREATE INDEX credential_by_user ON credential (user, company);
CREATE INDEX credential_by_expire ON credential (expire) WHERE expire IS NOT NULL;

-- Every token and page session: the unit of revocation. A minted session names who acts (`actor`), the task it
-- is bound to and the session it descends from, so that revoking any of them ends it (S4, S6, S13).
CREATE TABLE token_session (
    session_id   TEXT PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('token', 'page')),
    user         TEXT NOT NULL REFERENCES user_auth (id) ON DELETE CASCADE,
    tenant       TEXT NOT NULL,
    actor        TEXT,
    access_key   TEXT,
    root_session TEXT NOT NULL,
    task         TEXT,
    token_epoch  INTEGER NOT NULL,
    issued       INTEGER NOT NULL,
    exp          INTEGER,
    revoked_at   INTEGER,
    last_seen    INTEGER,
    proved_at    INTEGER,   -- when the person last proved who they are (password or provider)
    client       TEXT,
    ip           TEXT
) STRICT;
CREATE INDEX token_session_by_user ON token_session (user, revoked_at);
CREATE INDEX token_session_by_actor ON token_session (actor) WHERE actor IS NOT NULL;
CREATE INDEX token_session_by_root ON token_session (root_session);
CREATE INDEX token_session_by_key ON token_session (access_key) WHERE access_key IS NOT NULL;
CREATE INDEX token_session_by_exp ON token_session (exp) WHERE exp IS NOT NULL;

-- Groups: built in (fixed ids), of a tenant, or across tenants (company '').
CREATE TABLE sec_group (
    id          TEXT PRIMARY KEY,
    company     TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_fold   TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    features    TEXT,
    assignable  INTEGER NOT NULL DEFAULT 1,
    system      INTEGER NOT NULL DEFAULT 0,
    from_config INTEGER NOT NULL DEFAULT 0,
    priority    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (company, name_fold)
) STRICT;

CREATE TABLE group_member (
    group_id TEXT NOT NULL REFERENCES sec_group (id) ON DELETE CASCADE,
    user     TEXT NOT NULL REFERENCES user_auth (id) ON DELETE CASCADE,
    company  TEXT NOT NULL,
    source   TEXT NOT NULL CHECK (source IN ('manual', 'sso', 'config', 'auto')),
    PRIMARY KEY (group_id, user, company)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_member_by_user ON group_member (user, company);

-- Uploaded files: written with the rename that makes the file visible. `entity` is the task, model or report
-- that the path names, if any (S14, S15).
CREATE TABLE file (
    tenant   TEXT NOT NULL,
    path     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    sha256   BLOB NOT NULL,
    uploader TEXT NOT NULL,
    created  INTEGER NOT NULL,
    entity   TEXT,
    PRIMARY KEY (tenant, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_by_entity ON file (tenant, entity) WHERE entity IS NOT NULL;

-- Security events: written in the request's own transaction and chained by an HMAC whose key is outside the
-- database (S26). `chain` covers the previous row's chain and this row's content.
CREATE TABLE security_event (
    seq        INTEGER PRIMARY KEY,
    ts         INTEGER NOT NULL,
    company    TEXT NOT NULL,
    call_id    TEXT NOT NULL,
    operation  TEXT NOT NULL,
    user       TEXT,
    actor      TEXT,
    session_id TEXT,
    access_key TEXT,
    ip         TEXT,
    code       INTEGER NOT NULL,
    subcode    INTEGER NOT NULL,
    note       TEXT NOT NULL,
    chain      BLOB NOT NULL
) STRICT;
CREATE INDEX security_event_by_company ON security_event (company, ts);

-- One-time keys of page forms, so that a double click or a retry acts once.
CREATE TABLE form_once (
    session_id TEXT NOT NULL,
    once       TEXT NOT NULL,
    used       INTEGER NOT NULL,
    PRIMARY KEY (session_id, once)
) STRICT, WITHOUT ROWID;
