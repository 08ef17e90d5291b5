-- People who leave, groups of the configuration, and tokens that agents hold for somebody
-- (spec/governance.md 2, 4.1, 5, 6.2; spec/security_rules.md S5, S6, S13).

-- Groups whose members a service account may run tasks as; NULL: everybody's whose task it holds (S5).
ALTER TABLE user_auth ADD COLUMN impersonate_groups TEXT;
-- The last sign-in through an identity provider, apart from those by password or key.
ALTER TABLE user_auth ADD COLUMN last_provider_login INTEGER;

CREATE INDEX membership_by_company ON membership (company);

-- A group that configuration no longer names: its members are kept, it grants nothing and is shown nowhere.
ALTER TABLE sec_group ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;

-- Who was removed from a tenant: no rule of sign-in makes the account again until an administrator readmits it (S13).
-- `issuer` is empty for e-mail addresses, `subject` then is the folded address.
CREATE TABLE tombstone (
    company    TEXT NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user       TEXT NOT NULL,
    name       TEXT NOT NULL,
    created    INTEGER NOT NULL,
    created_by TEXT,
    PRIMARY KEY (company, issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_by_user ON tombstone (company, user);

-- When the task was last handed to whoever runs it: the newest one is what a token is made for.
ALTER TABLE task ADD COLUMN dequeued INTEGER;
CREATE INDEX task_by_executor ON task (executor, run_as, company) WHERE executor IS NOT NULL;
CREATE INDEX token_session_by_task ON token_session (task) WHERE task IS NOT NULL;

-- A token made for a task dies with it (S6), whichever statement ends the task: at once when another identity takes it
-- or when it comes to run as somebody else; an hour after its end, its reset or its deletion.
CREATE TRIGGER task_handed_over AFTER UPDATE OF executor ON task WHEN new.executor IS NOT NULL
BEGIN
    UPDATE task SET dequeued = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE id = new.id;
    UPDATE token_session SET revoked_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
    WHERE task = new.id AND revoked_at IS NULL AND (actor IS NOT new.executor OR user IS NOT new.run_as);
END;
CREATE TRIGGER task_ended AFTER UPDATE OF status ON task
WHEN new.status IS NOT old.status AND new.status NOT IN ('queued', 'in_progress')
BEGIN
    UPDATE token_session
    SET exp = min(coalesce(exp, 9223372036854775807), CAST(unixepoch('subsec') * 1000 AS INTEGER) + 3600000)
    WHERE task = new.id AND revoked_at IS NULL;
END;
CREATE TRIGGER task_gone AFTER DELETE ON task
BEGIN
    UPDATE token_session
    SET exp = min(coalesce(exp, 9223372036854775807), CAST(unixepoch('subsec') * 1000 AS INTEGER) + 3600000)
    WHERE task = old.id AND revoked_at IS NULL;
END;
