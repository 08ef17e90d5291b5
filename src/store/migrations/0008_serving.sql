-- Containers that serve models, and what they report.
--
-- Why this shape:
-- * A container is a registration that expires, as a worker is: what is past `expires` is invisible everywhere.
-- * What only describes it is one JSON column; what is summed up over containers are columns.
-- * Samples are kept for a bounded time; the index by time alone serves the sweep.

CREATE TABLE serving_container (
    company TEXT NOT NULL,
    id TEXT NOT NULL,                                  -- as the container calls itself
    endpoint_url TEXT,                                 -- NULL while it is loading
    ip TEXT,
    about TEXT NOT NULL,                               -- {endpoint_name, model_name, …, reference}
    uptime_sec INTEGER,
    requests_num INTEGER,
    requests_min REAL,
    latency_ms INTEGER,
    cpu_count INTEGER NOT NULL DEFAULT 0,
    gpu_count INTEGER NOT NULL DEFAULT 0,
    register_time INTEGER NOT NULL,
    register_timeout INTEGER NOT NULL,                 -- seconds
    last_activity_time INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (company, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX serving_container_expired ON serving_container (expires);

CREATE TABLE serving_sample (
    company TEXT NOT NULL,
    endpoint_url TEXT NOT NULL,
    container TEXT NOT NULL,                           -- serving_container.id
    timestamp INTEGER NOT NULL,                        -- by the server's clock
    requests_num REAL,
    requests_min REAL,
    uptime_sec REAL,
    latency_ms REAL,
    cpu_usage REAL,                                    -- mean over the processors
    cpu_num REAL,
    gpu_usage REAL,
    gpu_num REAL,
    memory_free REAL,                                  -- megabytes, as are the next ones
    memory_used REAL,
    memory_total REAL,
    gpu_memory_free REAL,
    gpu_memory_used REAL,
    gpu_memory_total REAL,
    disk_free_home REAL,
    network_rx REAL,
    network_tx REAL,
    PRIMARY KEY (company, endpoint_url, timestamp, container)
) STRICT, WITHOUT ROWID;
CREATE INDEX serving_sample_by_time ON serving_sample (timestamp);
