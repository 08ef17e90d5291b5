-- Events: what running tasks (and models) report (spec/events.md; DESIGN.md "The event store").
--
-- Why this shape:
-- * Names are interned. `event_owner` is one row per task or model that has events, `series` one per kind, metric and
--   variant of it. Everything else points at one of the two by number. Numbers are never used twice (AUTOINCREMENT):
--   caches and open navigation states may hold them, and must not meet somebody else's data.
-- * A series exists exactly as long as it has had events; lists of metrics read `series` and nothing else.
-- * What the events of one request share (worker, time of receipt, unknown fields) is one row of `event_batch`, so
--   that a point costs 25 bytes.
-- * The bulk tables, `scalar`, `event_batch` and `log`, reach company and project through their series or owner: moving a
--   task with a million lines to another project must not write a million rows. All others carry them.
-- * Times are UTC epoch milliseconds: `timestamp` is the reporter's clock, `received` ours.

CREATE TABLE event_owner (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    entity TEXT NOT NULL,                              -- task.id or model.id
    company TEXT NOT NULL,
    project TEXT,
    lines INTEGER NOT NULL DEFAULT 0,                  -- number of the newest console line; never goes back
    log_count INTEGER NOT NULL DEFAULT 0,              -- console lines kept: counting two million takes too long
    revision INTEGER NOT NULL DEFAULT 0,               -- grows with every change
    scalars_changed INTEGER NOT NULL DEFAULT 0,        -- the revision that last touched each kind: what a page that
    vectors_changed INTEGER NOT NULL DEFAULT 0,        -- shows them compares to know whether there is news
    images_changed INTEGER NOT NULL DEFAULT 0,
    plots_changed INTEGER NOT NULL DEFAULT 0,
    logs_changed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (entity, company)
) STRICT;

CREATE TABLE event_batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,                            -- event_owner.seq
    received INTEGER NOT NULL,
    model_event INTEGER NOT NULL,
    worker TEXT NOT NULL,
    extras TEXT                                        -- unknown fields, a JSON object
) STRICT;
CREATE INDEX event_batch_by_owner ON event_batch (owner);

CREATE TABLE series (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,                            -- event_owner.seq
    kind INTEGER NOT NULL,                             -- 0 scalar, 1 vector, 2 image, 3 plot, 4 log
    name INTEGER NOT NULL REFERENCES metric_variant (id),
    key TEXT NOT NULL DEFAULT '',                      -- part of the identity where a client sends it; images have it
                                                       -- in their rows, since theirs changes with every file
    numbered INTEGER NOT NULL DEFAULT 1,               -- 0: reported without iteration, which differs from iteration 0
    company TEXT NOT NULL,
    project TEXT,
    UNIQUE (owner, kind, name, key, numbered)
) STRICT;

-- The tail of scalars: a re-sent point replaces the old one.
CREATE TABLE scalar (
    series INTEGER NOT NULL,                           -- series.id
    iteration INTEGER NOT NULL,                        -- -2147483648: a single value
    value REAL,
    timestamp INTEGER NOT NULL,
    batch INTEGER NOT NULL,                            -- event_batch.id
    PRIMARY KEY (series, iteration)
) STRICT, WITHOUT ROWID;

CREATE TABLE vector (
    seq INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    company TEXT NOT NULL,
    project TEXT,
    value TEXT NOT NULL,                               -- JSON: an array of numbers
    UNIQUE (series, iteration)
) STRICT;

CREATE TABLE image (
    seq INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    key TEXT NOT NULL DEFAULT '',
    timestamp INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    company TEXT NOT NULL,
    project TEXT,
    url TEXT,
    UNIQUE (series, iteration, key)
) STRICT;
-- Clients reuse file names: which iterations still show what they showed is a question per address.
CREATE INDEX image_by_url ON image (series, url, iteration) WHERE url IS NOT NULL;

CREATE TABLE plot (
    seq INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    company TEXT NOT NULL,
    project TEXT,
    plot_len INTEGER NOT NULL,                         -- characters
    valid INTEGER,                                     -- set where validation is on
    source_urls TEXT,                                  -- JSON: addresses of files that the plot shows
    plot_str TEXT,
    packed BLOB,                                       -- instead of plot_str: zstd of a large one
    UNIQUE (series, iteration)
) STRICT;

-- Console lines, numbered by arrival.
CREATE TABLE log (
    owner INTEGER NOT NULL,                            -- event_owner.seq
    line INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    severity INTEGER NOT NULL,                         -- 0, 1 warning, 2 error; from the level's text
    iteration INTEGER,                                 -- hardly ever there
    series INTEGER,                                    -- names of metric and variant; NULL: both empty
    level TEXT,
    msg TEXT,
    PRIMARY KEY (owner, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_by_time ON log (owner, timestamp);
CREATE INDEX log_serious ON log (owner, severity, line) WHERE severity > 0;
CREATE INDEX log_by_iteration ON log (owner, iteration) WHERE iteration IS NOT NULL;

-- Company and project follow the task or model.

CREATE TRIGGER task_events_moved AFTER UPDATE OF company, project ON task
WHEN old.company IS NOT new.company OR old.project IS NOT new.project
BEGIN
    UPDATE event_owner SET company = new.company, project = new.project
        WHERE entity = old.id AND company = old.company;
END;

CREATE TRIGGER model_events_moved AFTER UPDATE OF company, project ON model
WHEN old.company IS NOT new.company OR old.project IS NOT new.project
BEGIN
    UPDATE event_owner SET company = new.company, project = new.project
        WHERE entity = old.id AND company = old.company;
END;

CREATE TRIGGER event_owner_moved AFTER UPDATE OF company, project ON event_owner
WHEN old.company IS NOT new.company OR old.project IS NOT new.project
BEGIN
    UPDATE series SET company = new.company, project = new.project WHERE owner = new.seq;
    UPDATE vector SET company = new.company, project = new.project
        WHERE series IN (SELECT id FROM series WHERE owner = new.seq AND kind = 1);
    UPDATE image SET company = new.company, project = new.project
        WHERE series IN (SELECT id FROM series WHERE owner = new.seq AND kind = 2);
    UPDATE plot SET company = new.company, project = new.project
        WHERE series IN (SELECT id FROM series WHERE owner = new.seq AND kind = 3);
END;
