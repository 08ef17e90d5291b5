-- Tenants' own storage credentials, and what the deletion job asks of its queue.

-- When a tenant's settings changed last. The row stays after a reset: it tells that there were settings.
CREATE TABLE storage_settings (
    company     TEXT PRIMARY KEY,
    last_update INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One section of them, sealed as a whole: which buckets a tenant uses is nobody else's business either. Rotation of the
-- sealing keys finds what is left by `key_id`.
CREATE TABLE storage_section (
    company TEXT NOT NULL,
    section TEXT NOT NULL,                             -- aws, google, azure
    key_id  TEXT NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (company, section)
) STRICT, WITHOUT ROWID;
CREATE INDEX storage_section_by_key ON storage_section (key_id);

-- The next files to delete are of one tenant and one kind of storage; rows that failed for good stay and must not be
-- passed over one by one.
CREATE INDEX url_to_delete_open ON url_to_delete (storage_type, retry_count, company, url) WHERE status <> 'failed';
