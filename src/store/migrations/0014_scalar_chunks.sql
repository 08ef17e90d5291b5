-- Chunks of scalars: runs of some 4,096 points of one series as columns (ARCHITECTURE.md, "Chunks").
--
-- Why this shape:
-- * New points land in `scalar`, the tail, as ever; a background job moves runs of them here, which cost a third.
--   A point of the tail wins over one of a chunk at the same iteration.
-- * The chunks of a series do not overlap, so the row before an iteration is the only one that may hold it.
-- * A chart scans heads and fetches values only where a bucket's border cuts a chunk. So values lie apart, in rows that
--   fill their pages, and what charts by iteration never look at lies in a third table.
-- * Company and project are reached through the series, as they are from the tail.

CREATE TABLE scalar_chunk (
    series INTEGER NOT NULL,                           -- series.id
    first INTEGER NOT NULL,                            -- first and last iteration
    last INTEGER NOT NULL,
    points INTEGER NOT NULL,
    valued INTEGER NOT NULL,                           -- points that have a value
    id INTEGER NOT NULL,                               -- scalar_values.id, scalar_marks.id
    head BLOB NOT NULL,                                -- version, sums, checksums
    PRIMARY KEY (series, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE scalar_values (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE scalar_marks (
    id INTEGER PRIMARY KEY,
    iterations BLOB,                                   -- NULL: the step is constant
    absent BLOB,                                       -- NULL: all points have a value
    times BLOB NOT NULL,
    batches BLOB NOT NULL                              -- event_batch.id by runs
) STRICT;
