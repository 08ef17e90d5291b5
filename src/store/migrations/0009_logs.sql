-- Old console lines in compressed blocks (spec/events.md 4; DESIGN.md "The event store").
--
-- Why: five million lines cost 900 MB as rows and indices, and a search has to walk all of it. A block holds some
-- hundreds of lines of one log in two blobs: what a reader needs to find its place (numbers, times, levels), and the
-- texts. Lines with a metric or an iteration stay rows of `log`, and so do the newest ones: those may still change.
--
-- A line is in `log` or in one block, never in both. Blocks of a log may overlap in numbers and in time: readers merge.

CREATE TABLE log_block (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,                            -- event_owner.seq
    first_line INTEGER NOT NULL,
    last_line INTEGER NOT NULL,
    earliest INTEGER NOT NULL,                         -- smallest and greatest timestamp
    latest INTEGER NOT NULL,
    serious INTEGER NOT NULL,                          -- the greatest severity among its lines
    count INTEGER NOT NULL,
    batches TEXT NOT NULL,                             -- JSON: event_batch.id by the number that the lines carry
    facts BLOB NOT NULL,
    texts BLOB NOT NULL
) STRICT;
-- One index per order and direction: each covers what a merge asks before it opens a block.
CREATE INDEX log_block_by_first_line ON log_block (owner, first_line, last_line, serious);
CREATE INDEX log_block_by_last_line ON log_block (owner, last_line, first_line, serious);
CREATE INDEX log_block_by_earliest ON log_block (owner, earliest, latest, serious);
CREATE INDEX log_block_by_latest ON log_block (owner, latest, earliest, serious);

-- Up to which line the background job has looked for lines to seal.
ALTER TABLE event_owner ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX event_owner_unsealed ON event_owner (seq) WHERE lines - sealed >= 4096;
