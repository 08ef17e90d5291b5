-- What the file server needs beyond `file`: how much each tenant holds, and who deleted what.

-- Bytes and files of a tenant, for its quota. Derived from `file` by triggers: adding up a million rows before every
-- upload would cost more than the upload.
CREATE TABLE file_usage (
    tenant TEXT PRIMARY KEY,
    files  INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO file_usage (tenant, files, bytes) SELECT tenant, count(*), sum(size) FROM file GROUP BY tenant;

CREATE TRIGGER file_inserted AFTER INSERT ON file
BEGIN
    INSERT INTO file_usage (tenant, files, bytes) VALUES (new.tenant, 1, new.size)
        ON CONFLICT (tenant) DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER file_resized AFTER UPDATE OF size ON file
BEGIN
    UPDATE file_usage SET bytes = bytes - old.size + new.size WHERE tenant = new.tenant;
END;

CREATE TRIGGER file_removed AFTER DELETE ON file
BEGIN
    UPDATE file_usage SET files = files - 1, bytes = bytes - old.size WHERE tenant = old.tenant;
END;

-- Tasks, models and reports that were deleted: the SDK deletes the files after the task, so whoever deleted the entity
-- keeps the right to delete its files for a day (S15). Older rows are of no use and are purged.
CREATE TABLE deleted_entity (
    company TEXT NOT NULL,
    id      TEXT NOT NULL,
    user    TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (company, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_entity_by_time ON deleted_entity (deleted);
