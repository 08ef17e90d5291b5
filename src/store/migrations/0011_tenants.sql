-- How people find their tenant at sign-in, and how a deleted tenant goes (spec/governance.md 8.3, 9).
--
-- Why this shape:
-- * A domain or an e-mail address belongs to one tenant at most: the primary key says so, whatever the code does.
-- * An entry of the white list is settled by the account that appears, however it was made: a trigger sees to it, so
--   that no way of making accounts can forget it.
-- * A deleted tenant keeps its row, as a tombstone: what it held goes bit by bit, and the row tells whether all is gone.

CREATE TABLE login_domain (
    domain TEXT PRIMARY KEY,                           -- lower case, in its ASCII form
    company TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_domain_by_company ON login_domain (company);

CREATE TABLE login_whitelist (
    email_fold TEXT PRIMARY KEY,
    email TEXT NOT NULL,                               -- as typed
    company TEXT NOT NULL,
    role TEXT NOT NULL,                                -- what the person becomes: admin, user, consumer
    added INTEGER NOT NULL,
    added_by TEXT,
    accepted INTEGER,                                  -- when the person got an account; NULL: pending
    user TEXT                                          -- that account
) STRICT, WITHOUT ROWID;
CREATE INDEX login_whitelist_by_company ON login_whitelist (company, added);

CREATE TRIGGER login_whitelist_accepted AFTER INSERT ON user_auth WHEN new.email_fold IS NOT NULL
BEGIN
    UPDATE login_whitelist SET accepted = new.created, user = new.id
        WHERE email_fold = new.email_fold AND company = new.company AND accepted IS NULL;
END;

ALTER TABLE company ADD COLUMN deleted_by TEXT;
ALTER TABLE company ADD COLUMN purged_at INTEGER;      -- when nothing of a deleted tenant was left
CREATE INDEX company_to_purge ON company (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
