-- Documents: projects, tasks, models, queues.
--
-- Why this shape:
-- * `seq` is the insertion order (the default order of every list); `id` is what the wire knows.
-- * A field that people filter or sort on is a column or an indexed side table. Every nested section is a JSON text
--   column of its own, so that a projection reads only the sections it returns. Small columns come first: SQLite
--   walks an overflow chain to reach what lies behind a large value, so `script` (with its diff) is last.
-- * JSON columns are the only truth. Side tables of tags, hyper-parameters, metadata, model links and project
--   ancestors are derived from them by triggers, so that no writer can forget them; the same triggers carry a change of
--   company or project to every side row. Nobody writes the derived tables.
-- * `task_metric`, `model_metric`, `queue_entry`, `url_to_delete` are truth themselves.
-- * `company` stands in every table because every statement is scoped by it, `project` wherever a row belongs to one
--   because access rules name projects. `company` '' means public.
-- * Times are UTC epoch milliseconds. Absent is NULL, never ''. Reference columns have no foreign key: a reference may
--   be '__DELETED__<id>' or name something that is gone.
-- * Trigger bodies avoid conflict clauses (OR IGNORE), since the statement that fires a trigger may override them.
--   Writers never use INSERT OR REPLACE on a document: it skips the delete triggers. Use ON CONFLICT DO UPDATE.

CREATE TABLE project (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    company TEXT NOT NULL,
    company_origin TEXT,                               -- who published it, while it is public
    user TEXT NOT NULL,
    name TEXT NOT NULL,                                -- full path, 'a/b/c'
    basename TEXT NOT NULL,                            -- its last segment
    description TEXT,
    created INTEGER NOT NULL,
    last_update INTEGER NOT NULL,
    parent TEXT,                                       -- direct parent, NULL at top level
    featured INTEGER NOT NULL DEFAULT 9999,            -- lower sorts first
    default_output_destination TEXT,
    logo_url TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    system_tags TEXT NOT NULL DEFAULT '[]',
    path TEXT NOT NULL DEFAULT '[]',                   -- ancestor ids, root first, own id excluded
    logo_blob TEXT,
    UNIQUE (company, name)
) STRICT;
CREATE INDEX project_by_parent ON project (parent, company);
CREATE INDEX project_by_basename ON project (company, basename);
CREATE INDEX project_by_last_update ON project (company, featured, last_update DESC);
CREATE INDEX project_by_user ON project (company, user);

CREATE TABLE project_tag (
    project INTEGER NOT NULL,                          -- project.seq
    system INTEGER NOT NULL,                           -- 0: tags, 1: system_tags
    tag TEXT NOT NULL,
    company TEXT NOT NULL,
    PRIMARY KEY (project, system, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX project_tag_by_tag ON project_tag (company, system, tag);

-- "All descendants of X" is one lookup.
CREATE TABLE project_path (
    project INTEGER NOT NULL,                          -- project.seq
    ancestor TEXT NOT NULL,                            -- project.id
    depth INTEGER NOT NULL,                            -- 0: the root
    company TEXT NOT NULL,
    PRIMARY KEY (project, ancestor)
) STRICT, WITHOUT ROWID;
CREATE INDEX project_path_by_ancestor ON project_path (ancestor);

CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    company TEXT NOT NULL,
    project TEXT,
    user TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'created',
    created INTEGER NOT NULL,
    started INTEGER,
    completed INTEGER,
    published INTEGER,
    status_changed INTEGER,
    last_update INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    last_changed_by TEXT,                              -- user id, or '__apiserver__'
    last_iteration INTEGER NOT NULL DEFAULT 0,
    active_duration INTEGER,                           -- whole seconds
    duration INTEGER,                                  -- obsolete, kept for imports
    name TEXT NOT NULL,
    parent TEXT,
    company_origin TEXT,
    last_worker TEXT,
    last_worker_report INTEGER,
    enqueue_status TEXT,                               -- the status before enqueue
    execution_queue TEXT,                              -- `execution.queue`
    run_as TEXT,                                       -- who submitted it: whom its code runs as, from enqueue to a final status
    executor TEXT,                                     -- the identity that dequeued it
    enqueued_hash TEXT,                                -- hash of what will run, taken at enqueue
    status_reason TEXT,
    status_message TEXT,
    comment TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    system_tags TEXT NOT NULL DEFAULT '[]',
    output TEXT NOT NULL DEFAULT '{}',                 -- destination, error, result
    container TEXT NOT NULL DEFAULT '{}',
    models_input TEXT NOT NULL DEFAULT '[]',           -- [{name, model, updated (ms)}]
    models_output TEXT NOT NULL DEFAULT '[]',
    runtime TEXT NOT NULL DEFAULT '{}',
    execution TEXT NOT NULL DEFAULT '{}',              -- without `queue` and `artifacts`
    metric_stats TEXT NOT NULL DEFAULT '{}',
    artifacts TEXT NOT NULL DEFAULT '[]',              -- `execution.artifacts`; identity is (key, mode)
    hyperparams TEXT NOT NULL DEFAULT '{}',            -- raw, unescaped keys
    configuration TEXT NOT NULL DEFAULT '{}',
    report_assets TEXT NOT NULL DEFAULT '[]',
    report TEXT,
    script TEXT NOT NULL DEFAULT '{}'
) STRICT;
-- A project's task table, newest first: the index is the answer's order, and company is checked without the row.
CREATE INDEX task_by_project_update ON task (project, last_update DESC, id, company);
CREATE INDEX task_by_update ON task (last_update DESC, id, company);
-- Counters of projects.
CREATE INDEX task_by_project_status ON task (project, company, status, type, started, completed);
-- By status or type, newest first; the watchdog looks for running tasks that fell silent.
CREATE INDEX task_by_status ON task (status, last_update DESC, id, company);
CREATE INDEX task_by_type ON task (type, last_update DESC, id, company);
CREATE INDEX task_by_user ON task (company, user, project);
CREATE INDEX task_by_name ON task (name, company);
CREATE INDEX task_by_parent ON task (parent) WHERE parent IS NOT NULL;
CREATE INDEX task_by_queue ON task (execution_queue) WHERE execution_queue IS NOT NULL;

CREATE TABLE task_tag (
    task INTEGER NOT NULL,                             -- task.seq
    system INTEGER NOT NULL,                           -- 0: tags, 1: system_tags
    tag TEXT NOT NULL,
    company TEXT NOT NULL,
    project TEXT,
    PRIMARY KEY (task, system, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_tag_by_tag ON task_tag (company, system, tag, project);
CREATE INDEX task_tag_by_project ON task_tag (project, system, tag);

CREATE TABLE task_hyperparam (
    task INTEGER NOT NULL,                             -- task.seq
    section TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT,
    company TEXT NOT NULL,
    project TEXT,
    value TEXT,
    PRIMARY KEY (task, section, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_hyperparam_by_name ON task_hyperparam (section, name, company, project);
CREATE INDEX task_hyperparam_by_project ON task_hyperparam (project, section, name);

-- Which tasks use a model: asked when a model is deleted.
CREATE TABLE task_model (
    task INTEGER NOT NULL,                             -- task.seq
    direction TEXT NOT NULL,                           -- 'input', 'output'
    position INTEGER NOT NULL,
    name TEXT,
    model TEXT,
    company TEXT NOT NULL,
    project TEXT,
    PRIMARY KEY (task, direction, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_model_by_model ON task_model (model, direction);

-- Names of scalars with the hashes that clients address them by (md5 of UTF-8, lower-case hex). Shared by all
-- companies: a row here says nothing until a scoped row of `task_metric` or `model_metric` points at it.
CREATE TABLE metric_variant (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    variant TEXT NOT NULL,
    metric_hash TEXT NOT NULL,
    variant_hash TEXT NOT NULL,
    UNIQUE (metric, variant)
) STRICT;
CREATE INDEX metric_variant_by_hash ON metric_variant (metric_hash, variant_hash);

-- `last_metrics`, written by event ingestion. The mean is `total / count`: an exact sum doesn't drift.
CREATE TABLE task_metric (
    task INTEGER NOT NULL,                             -- task.seq
    metric_variant INTEGER NOT NULL REFERENCES metric_variant (id),
    value REAL NOT NULL,
    value_iteration INTEGER NOT NULL,                  -- iteration and time of `value`: a late batch must not win
    value_timestamp INTEGER NOT NULL,
    min_value REAL NOT NULL,
    min_value_iteration INTEGER NOT NULL,
    max_value REAL NOT NULL,
    max_value_iteration INTEGER NOT NULL,
    first_value REAL NOT NULL,
    first_value_iteration INTEGER NOT NULL,
    count INTEGER NOT NULL,
    total REAL NOT NULL,
    x_axis_label TEXT,
    company TEXT NOT NULL,
    project TEXT,
    PRIMARY KEY (task, metric_variant)
) STRICT, WITHOUT ROWID;
-- Lists a project's metrics and sorts its tasks by one of them.
CREATE INDEX task_metric_by_project ON task_metric (project, metric_variant, value);

CREATE TABLE model (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    company TEXT NOT NULL,
    project TEXT,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_update INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    last_changed_by TEXT,
    last_iteration INTEGER NOT NULL DEFAULT 0,
    ready INTEGER NOT NULL DEFAULT 1,                  -- 1: published
    task TEXT,                                         -- the creating task
    parent TEXT,                                       -- a model
    framework TEXT,
    uri TEXT,
    company_origin TEXT,
    comment TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    system_tags TEXT NOT NULL DEFAULT '[]',
    labels TEXT NOT NULL DEFAULT '{}',
    metadata TEXT NOT NULL DEFAULT '{}',               -- {key: {key, type, value}}, raw keys
    design TEXT NOT NULL DEFAULT '{}',
    ui_cache TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX model_by_project_update ON model (project, last_update DESC, id, company);
CREATE INDEX model_by_update ON model (last_update DESC, id, company);
CREATE INDEX model_by_name ON model (name, company);
CREATE INDEX model_by_uri ON model (uri, company);
CREATE INDEX model_by_user ON model (company, user, project);
CREATE INDEX model_by_framework ON model (company, framework, project);
CREATE INDEX model_by_task ON model (task) WHERE task IS NOT NULL;
CREATE INDEX model_by_parent ON model (parent) WHERE parent IS NOT NULL;

CREATE TABLE model_tag (
    model INTEGER NOT NULL,                            -- model.seq
    system INTEGER NOT NULL,
    tag TEXT NOT NULL,
    company TEXT NOT NULL,
    project TEXT,
    PRIMARY KEY (model, system, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_tag_by_tag ON model_tag (company, system, tag, project);
CREATE INDEX model_tag_by_project ON model_tag (project, system, tag);

CREATE TABLE model_metadata (
    model INTEGER NOT NULL,                            -- model.seq
    key TEXT NOT NULL,
    type TEXT,
    company TEXT NOT NULL,
    project TEXT,
    value TEXT,
    PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_metadata_by_key ON model_metadata (key, company, project);

CREATE TABLE model_metric (
    model INTEGER NOT NULL,                            -- model.seq
    metric_variant INTEGER NOT NULL REFERENCES metric_variant (id),
    value REAL NOT NULL,
    value_iteration INTEGER NOT NULL,
    value_timestamp INTEGER NOT NULL,
    min_value REAL NOT NULL,
    min_value_iteration INTEGER NOT NULL,
    max_value REAL NOT NULL,
    max_value_iteration INTEGER NOT NULL,
    first_value REAL NOT NULL,
    first_value_iteration INTEGER NOT NULL,
    count INTEGER NOT NULL,
    total REAL NOT NULL,
    x_axis_label TEXT,
    company TEXT NOT NULL,
    project TEXT,
    PRIMARY KEY (model, metric_variant)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_metric_by_project ON model_metric (project, metric_variant, value);

CREATE TABLE queue (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    company TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT,
    created INTEGER NOT NULL,
    last_update INTEGER NOT NULL,
    tags TEXT NOT NULL DEFAULT '[]',
    system_tags TEXT NOT NULL DEFAULT '[]',
    metadata TEXT NOT NULL DEFAULT '{}',
    resources TEXT,                                    -- {cpu_usage, gpu_usage}
    UNIQUE (company, name)
) STRICT;

CREATE TABLE queue_tag (
    queue INTEGER NOT NULL,                            -- queue.seq
    system INTEGER NOT NULL,
    tag TEXT NOT NULL,
    company TEXT NOT NULL,
    PRIMARY KEY (queue, system, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_tag_by_tag ON queue_tag (company, system, tag);

CREATE TABLE queue_metadata (
    queue INTEGER NOT NULL,                            -- queue.seq
    key TEXT NOT NULL,
    type TEXT,
    company TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;

-- What waits, in order. `position` is any integer that sorts: a move to the front takes the smallest minus one.
CREATE TABLE queue_entry (
    queue TEXT NOT NULL,                               -- queue.id
    task TEXT NOT NULL,                                -- task.id
    position INTEGER NOT NULL,
    added INTEGER NOT NULL,
    submitter TEXT NOT NULL,                           -- whom the code will run as
    content_hash TEXT,                                 -- what they submitted
    company TEXT NOT NULL,
    project TEXT,                                      -- the task's project
    PRIMARY KEY (queue, task),
    UNIQUE (queue, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_entry_by_task ON queue_entry (task);
CREATE INDEX queue_entry_by_submitter ON queue_entry (submitter);

-- Files whose entity is gone and that the server still has to delete.
CREATE TABLE url_to_delete (
    id TEXT PRIMARY KEY,
    company TEXT NOT NULL,
    user TEXT NOT NULL,                                -- on whose behalf; checked again when it runs
    url TEXT NOT NULL,
    task TEXT NOT NULL,                                -- the task, model or project that caused it
    project TEXT,
    created INTEGER NOT NULL,
    storage_type TEXT NOT NULL,                        -- fileserver, s3, azure, gs, unknown
    type TEXT NOT NULL DEFAULT 'file',                 -- file, folder
    retry_count INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'created',            -- created, retrying, failed
    last_failure_time INTEGER,
    last_failure_reason TEXT,
    UNIQUE (company, url)
) STRICT, WITHOUT ROWID;
CREATE INDEX url_to_delete_due ON url_to_delete (status, retry_count, company, storage_type, url);

-- Free text. Contentless: the words are indexed, the text stays where it is. Weights are given at query time (bm25).
CREATE VIRTUAL TABLE task_text USING fts5 (
    name, id, comment, report, models, script,
    content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE model_text USING fts5 (
    name, id, comment, parent, task, project,
    content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE project_text USING fts5 (
    name, id, description,
    content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Derivation. One trigger per fact and event; an UPDATE that leaves the truth as it was costs nothing.

CREATE TRIGGER project_inserted AFTER INSERT ON project
BEGIN
    INSERT INTO project_tag (project, system, tag, company)
        SELECT DISTINCT new.seq, 0, value, new.company FROM json_each(new.tags) WHERE type = 'text';
    INSERT INTO project_tag (project, system, tag, company)
        SELECT DISTINCT new.seq, 1, value, new.company FROM json_each(new.system_tags) WHERE type = 'text';
    INSERT INTO project_path (project, ancestor, depth, company)
        SELECT new.seq, value, min(key), new.company FROM json_each(new.path) WHERE type = 'text' GROUP BY value;
    INSERT INTO project_text (rowid, name, id, description)
        VALUES (new.seq, new.name, new.id, new.description);
END;

CREATE TRIGGER project_tags_changed AFTER UPDATE OF tags ON project
WHEN old.tags IS NOT new.tags
BEGIN
    DELETE FROM project_tag WHERE project = new.seq AND system = 0;
    INSERT INTO project_tag (project, system, tag, company)
        SELECT DISTINCT new.seq, 0, value, new.company FROM json_each(new.tags) WHERE type = 'text';
END;

CREATE TRIGGER project_system_tags_changed AFTER UPDATE OF system_tags ON project
WHEN old.system_tags IS NOT new.system_tags
BEGIN
    DELETE FROM project_tag WHERE project = new.seq AND system = 1;
    INSERT INTO project_tag (project, system, tag, company)
        SELECT DISTINCT new.seq, 1, value, new.company FROM json_each(new.system_tags) WHERE type = 'text';
END;

CREATE TRIGGER project_path_changed AFTER UPDATE OF path ON project
WHEN old.path IS NOT new.path
BEGIN
    DELETE FROM project_path WHERE project = new.seq;
    INSERT INTO project_path (project, ancestor, depth, company)
        SELECT new.seq, value, min(key), new.company FROM json_each(new.path) WHERE type = 'text' GROUP BY value;
END;

CREATE TRIGGER project_text_changed AFTER UPDATE OF name, description ON project
WHEN old.name IS NOT new.name
    OR old.description IS NOT new.description
BEGIN
    DELETE FROM project_text WHERE rowid = new.seq;
    INSERT INTO project_text (rowid, name, id, description)
        VALUES (new.seq, new.name, new.id, new.description);
END;

CREATE TRIGGER project_moved AFTER UPDATE OF company ON project
WHEN old.company IS NOT new.company
BEGIN
    UPDATE project_tag SET company = new.company WHERE project = new.seq;
    UPDATE project_path SET company = new.company WHERE project = new.seq;
END;

CREATE TRIGGER project_deleted AFTER DELETE ON project
BEGIN
    DELETE FROM project_tag WHERE project = old.seq;
    DELETE FROM project_path WHERE project = old.seq;
    DELETE FROM project_text WHERE rowid = old.seq;
END;

CREATE TRIGGER task_inserted AFTER INSERT ON task
BEGIN
    INSERT INTO task_tag (task, system, tag, company, project)
        SELECT DISTINCT new.seq, 0, value, new.company, new.project FROM json_each(new.tags) WHERE type = 'text';
    INSERT INTO task_tag (task, system, tag, company, project)
        SELECT DISTINCT new.seq, 1, value, new.company, new.project FROM json_each(new.system_tags) WHERE type = 'text';
    INSERT INTO task_hyperparam (task, section, name, type, company, project, value)
        SELECT new.seq, s.key, p.key, p.value ->> '$.type', new.company, new.project, p.value ->> '$.value'
        FROM json_each(new.hyperparams) s, json_each(iif(s.type = 'object', s.value, '{}')) p WHERE p.type = 'object';
    INSERT INTO task_model (task, direction, position, name, model, company, project)
        SELECT new.seq, 'input', key, value ->> '$.name', value ->> '$.model', new.company, new.project
        FROM json_each(new.models_input) WHERE type = 'object';
    INSERT INTO task_model (task, direction, position, name, model, company, project)
        SELECT new.seq, 'output', key, value ->> '$.name', value ->> '$.model', new.company, new.project
        FROM json_each(new.models_output) WHERE type = 'object';
    INSERT INTO task_text (rowid, name, id, comment, report, models, script)
        VALUES (new.seq, new.name, new.id, new.comment, new.report,
            (SELECT group_concat(value ->> '$.model', ' ') FROM
                (SELECT value FROM json_each(new.models_output) WHERE type = 'object'
                 UNION ALL SELECT value FROM json_each(new.models_input) WHERE type = 'object')),
            concat_ws(' ', new.script ->> '$.repository', new.script ->> '$.entry_point'));
END;

CREATE TRIGGER task_tags_changed AFTER UPDATE OF tags ON task
WHEN old.tags IS NOT new.tags
BEGIN
    DELETE FROM task_tag WHERE task = new.seq AND system = 0;
    INSERT INTO task_tag (task, system, tag, company, project)
        SELECT DISTINCT new.seq, 0, value, new.company, new.project FROM json_each(new.tags) WHERE type = 'text';
END;

CREATE TRIGGER task_system_tags_changed AFTER UPDATE OF system_tags ON task
WHEN old.system_tags IS NOT new.system_tags
BEGIN
    DELETE FROM task_tag WHERE task = new.seq AND system = 1;
    INSERT INTO task_tag (task, system, tag, company, project)
        SELECT DISTINCT new.seq, 1, value, new.company, new.project FROM json_each(new.system_tags) WHERE type = 'text';
END;

CREATE TRIGGER task_hyperparams_changed AFTER UPDATE OF hyperparams ON task
WHEN old.hyperparams IS NOT new.hyperparams
BEGIN
    DELETE FROM task_hyperparam WHERE task = new.seq;
    INSERT INTO task_hyperparam (task, section, name, type, company, project, value)
        SELECT new.seq, s.key, p.key, p.value ->> '$.type', new.company, new.project, p.value ->> '$.value'
        FROM json_each(new.hyperparams) s, json_each(iif(s.type = 'object', s.value, '{}')) p WHERE p.type = 'object';
END;

CREATE TRIGGER task_models_input_changed AFTER UPDATE OF models_input ON task
WHEN old.models_input IS NOT new.models_input
BEGIN
    DELETE FROM task_model WHERE task = new.seq AND direction = 'input';
    INSERT INTO task_model (task, direction, position, name, model, company, project)
        SELECT new.seq, 'input', key, value ->> '$.name', value ->> '$.model', new.company, new.project
        FROM json_each(new.models_input) WHERE type = 'object';
END;

CREATE TRIGGER task_models_output_changed AFTER UPDATE OF models_output ON task
WHEN old.models_output IS NOT new.models_output
BEGIN
    DELETE FROM task_model WHERE task = new.seq AND direction = 'output';
    INSERT INTO task_model (task, direction, position, name, model, company, project)
        SELECT new.seq, 'output', key, value ->> '$.name', value ->> '$.model', new.company, new.project
        FROM json_each(new.models_output) WHERE type = 'object';
END;

CREATE TRIGGER task_text_changed AFTER UPDATE OF name, comment, report, models_input, models_output, script ON task
WHEN old.name IS NOT new.name
    OR old.comment IS NOT new.comment
    OR old.report IS NOT new.report
    OR old.models_input IS NOT new.models_input
    OR old.models_output IS NOT new.models_output
    OR old.script IS NOT new.script
BEGIN
    DELETE FROM task_text WHERE rowid = new.seq;
    INSERT INTO task_text (rowid, name, id, comment, report, models, script)
        VALUES (new.seq, new.name, new.id, new.comment, new.report,
            (SELECT group_concat(value ->> '$.model', ' ') FROM
                (SELECT value FROM json_each(new.models_output) WHERE type = 'object'
                 UNION ALL SELECT value FROM json_each(new.models_input) WHERE type = 'object')),
            concat_ws(' ', new.script ->> '$.repository', new.script ->> '$.entry_point'));
END;

CREATE TRIGGER task_moved AFTER UPDATE OF company, project ON task
WHEN old.company IS NOT new.company OR old.project IS NOT new.project
BEGIN
    UPDATE task_tag SET company = new.company, project = new.project WHERE task = new.seq;
    UPDATE task_hyperparam SET company = new.company, project = new.project WHERE task = new.seq;
    UPDATE task_model SET company = new.company, project = new.project WHERE task = new.seq;
    UPDATE task_metric SET company = new.company, project = new.project WHERE task = new.seq;
    UPDATE queue_entry SET project = new.project WHERE task = new.id;
END;

CREATE TRIGGER task_deleted AFTER DELETE ON task
BEGIN
    DELETE FROM task_tag WHERE task = old.seq;
    DELETE FROM task_hyperparam WHERE task = old.seq;
    DELETE FROM task_model WHERE task = old.seq;
    DELETE FROM task_metric WHERE task = old.seq;
    DELETE FROM task_text WHERE rowid = old.seq;
END;

CREATE TRIGGER model_inserted AFTER INSERT ON model
BEGIN
    INSERT INTO model_tag (model, system, tag, company, project)
        SELECT DISTINCT new.seq, 0, value, new.company, new.project FROM json_each(new.tags) WHERE type = 'text';
    INSERT INTO model_tag (model, system, tag, company, project)
        SELECT DISTINCT new.seq, 1, value, new.company, new.project FROM json_each(new.system_tags) WHERE type = 'text';
    INSERT INTO model_metadata (model, key, type, company, project, value)
        SELECT new.seq, key, value ->> '$.type', new.company, new.project, value ->> '$.value' FROM json_each(new.metadata) WHERE type = 'object';
    INSERT INTO model_text (rowid, name, id, comment, parent, task, project)
        VALUES (new.seq, new.name, new.id, new.comment, new.parent, new.task, new.project);
END;

CREATE TRIGGER model_tags_changed AFTER UPDATE OF tags ON model
WHEN old.tags IS NOT new.tags
BEGIN
    DELETE FROM model_tag WHERE model = new.seq AND system = 0;
    INSERT INTO model_tag (model, system, tag, company, project)
        SELECT DISTINCT new.seq, 0, value, new.company, new.project FROM json_each(new.tags) WHERE type = 'text';
END;

CREATE TRIGGER model_system_tags_changed AFTER UPDATE OF system_tags ON model
WHEN old.system_tags IS NOT new.system_tags
BEGIN
    DELETE FROM model_tag WHERE model = new.seq AND system = 1;
    INSERT INTO model_tag (model, system, tag, company, project)
        SELECT DISTINCT new.seq, 1, value, new.company, new.project FROM json_each(new.system_tags) WHERE type = 'text';
END;

CREATE TRIGGER model_metadata_changed AFTER UPDATE OF metadata ON model
WHEN old.metadata IS NOT new.metadata
BEGIN
    DELETE FROM model_metadata WHERE model = new.seq;
    INSERT INTO model_metadata (model, key, type, company, project, value)
        SELECT new.seq, key, value ->> '$.type', new.company, new.project, value ->> '$.value' FROM json_each(new.metadata) WHERE type = 'object';
END;

CREATE TRIGGER model_text_changed AFTER UPDATE OF name, comment, parent, task, project ON model
WHEN old.name IS NOT new.name
    OR old.comment IS NOT new.comment
    OR old.parent IS NOT new.parent
    OR old.task IS NOT new.task
    OR old.project IS NOT new.project
BEGIN
    DELETE FROM model_text WHERE rowid = new.seq;
    INSERT INTO model_text (rowid, name, id, comment, parent, task, project)
        VALUES (new.seq, new.name, new.id, new.comment, new.parent, new.task, new.project);
END;

CREATE TRIGGER model_moved AFTER UPDATE OF company, project ON model
WHEN old.company IS NOT new.company OR old.project IS NOT new.project
BEGIN
    UPDATE model_tag SET company = new.company, project = new.project WHERE model = new.seq;
    UPDATE model_metadata SET company = new.company, project = new.project WHERE model = new.seq;
    UPDATE model_metric SET company = new.company, project = new.project WHERE model = new.seq;
END;

CREATE TRIGGER model_deleted AFTER DELETE ON model
BEGIN
    DELETE FROM model_tag WHERE model = old.seq;
    DELETE FROM model_metadata WHERE model = old.seq;
    DELETE FROM model_metric WHERE model = old.seq;
    DELETE FROM model_text WHERE rowid = old.seq;
END;

CREATE TRIGGER queue_inserted AFTER INSERT ON queue
BEGIN
    INSERT INTO queue_tag (queue, system, tag, company)
        SELECT DISTINCT new.seq, 0, value, new.company FROM json_each(new.tags) WHERE type = 'text';
    INSERT INTO queue_tag (queue, system, tag, company)
        SELECT DISTINCT new.seq, 1, value, new.company FROM json_each(new.system_tags) WHERE type = 'text';
    INSERT INTO queue_metadata (queue, key, type, company, value)
        SELECT new.seq, key, value ->> '$.type', new.company, value ->> '$.value' FROM json_each(new.metadata) WHERE type = 'object';
END;

CREATE TRIGGER queue_tags_changed AFTER UPDATE OF tags ON queue
WHEN old.tags IS NOT new.tags
BEGIN
    DELETE FROM queue_tag WHERE queue = new.seq AND system = 0;
    INSERT INTO queue_tag (queue, system, tag, company)
        SELECT DISTINCT new.seq, 0, value, new.company FROM json_each(new.tags) WHERE type = 'text';
END;

CREATE TRIGGER queue_system_tags_changed AFTER UPDATE OF system_tags ON queue
WHEN old.system_tags IS NOT new.system_tags
BEGIN
    DELETE FROM queue_tag WHERE queue = new.seq AND system = 1;
    INSERT INTO queue_tag (queue, system, tag, company)
        SELECT DISTINCT new.seq, 1, value, new.company FROM json_each(new.system_tags) WHERE type = 'text';
END;

CREATE TRIGGER queue_metadata_changed AFTER UPDATE OF metadata ON queue
WHEN old.metadata IS NOT new.metadata
BEGIN
    DELETE FROM queue_metadata WHERE queue = new.seq;
    INSERT INTO queue_metadata (queue, key, type, company, value)
        SELECT new.seq, key, value ->> '$.type', new.company, value ->> '$.value' FROM json_each(new.metadata) WHERE type = 'object';
END;

CREATE TRIGGER queue_moved AFTER UPDATE OF company ON queue
WHEN old.company IS NOT new.company
BEGIN
    UPDATE queue_tag SET company = new.company WHERE queue = new.seq;
    UPDATE queue_metadata SET company = new.company WHERE queue = new.seq;
END;

CREATE TRIGGER queue_deleted AFTER DELETE ON queue
BEGIN
    DELETE FROM queue_tag WHERE queue = old.seq;
    DELETE FROM queue_metadata WHERE queue = old.seq;
    DELETE FROM queue_entry WHERE queue = old.id;
END;
