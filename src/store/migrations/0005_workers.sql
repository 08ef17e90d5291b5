-- Workers, their statistics, and samples of queues.
--
-- Why this shape:
-- * A worker is a registration that expires: what is past `expires` is invisible everywhere and swept later.
-- * A report is one row with its numbers as JSON, not one row per number: a report of 14 numbers every 30 seconds
--   from each worker would be two million rows a day for fifty of them, and the charts read whole reports anyway.
-- * Reports and samples are kept for a bounded time; the index by time alone serves the sweep.

CREATE TABLE worker (
    company TEXT NOT NULL,
    user TEXT NOT NULL,                                -- who registered it: two users may use the same worker id
    id TEXT NOT NULL,                                  -- as the worker calls itself
    ip TEXT,
    task TEXT,                                         -- what it works on
    queue TEXT,                                        -- where that task came from
    queues TEXT NOT NULL DEFAULT '[]',                 -- ids of the queues it listens to
    tags TEXT NOT NULL DEFAULT '[]',
    system_tags TEXT NOT NULL DEFAULT '[]',
    register_time INTEGER NOT NULL,
    register_timeout INTEGER NOT NULL,                 -- seconds
    last_activity_time INTEGER NOT NULL,
    last_report_time INTEGER,
    privileged INTEGER NOT NULL DEFAULT 0,             -- polls as an administrator without running tasks as their submitters
    expires INTEGER NOT NULL,
    PRIMARY KEY (company, user, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX worker_alive ON worker (company, expires);
CREATE INDEX worker_expired ON worker (expires);

-- What a worker remembers on the server between its own restarts.
CREATE TABLE worker_property (
    company TEXT NOT NULL,
    user TEXT NOT NULL,
    worker TEXT NOT NULL,                              -- worker.id
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires INTEGER,                                   -- NULL: never
    PRIMARY KEY (company, user, worker, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE worker_report (
    seq INTEGER PRIMARY KEY,
    company TEXT NOT NULL,
    worker TEXT NOT NULL,                              -- worker.id
    timestamp INTEGER NOT NULL,                        -- as the worker says
    task TEXT,
    project TEXT,                                      -- the task's
    stats TEXT NOT NULL                                -- {metric: number or [number, one per device]}
) STRICT;
CREATE INDEX worker_report_by_worker ON worker_report (company, worker, timestamp);
CREATE INDEX worker_report_by_time ON worker_report (company, timestamp, worker, task);
CREATE INDEX worker_report_expired ON worker_report (timestamp);

CREATE TABLE queue_metric (
    company TEXT NOT NULL,
    queue TEXT NOT NULL,                               -- queue.id
    timestamp INTEGER NOT NULL,
    average_waiting_time REAL NOT NULL,                -- seconds, mean over what waits
    queue_length INTEGER NOT NULL,
    PRIMARY KEY (company, queue, timestamp)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_metric_by_time ON queue_metric (timestamp);

-- Whose tasks a service account takes from queues: a JSON list of group ids, or ["self"]; NULL means everybody's
-- (spec/security_rules.md S8).
ALTER TABLE user_auth ADD COLUMN accept_tasks_from TEXT;
