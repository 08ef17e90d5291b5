-- Indexes that answer lists by themselves.
--
-- * What the table of tasks is filtered by stands in the indexes it is walked by, so that only the rows of the page are
--   read: a task's row is thousands of bytes, an entry some two hundred.
-- * Nearly every list leaves archived and hidden documents out. Their tags' JSON text is part of those indexes: a text
--   without the tag's name settles it, and `task_tag` is asked about the others only.
-- * Whole columns, not extracts: what SQLite keeps in an index can't go stale.

DROP INDEX task_by_project_update;
CREATE INDEX task_by_project_update ON task
    (project, last_update DESC, id, company, status, type, user, name, system_tags, tags, comment);
DROP INDEX task_by_update;
CREATE INDEX task_by_update ON task
    (last_update DESC, id, company, project, status, type, user, name, system_tags, tags, comment);
DROP INDEX task_by_status;
CREATE INDEX task_by_status ON task (status, last_update DESC, id, company, system_tags);
DROP INDEX task_by_type;
CREATE INDEX task_by_type ON task (type, last_update DESC, id, company, system_tags);
DROP INDEX task_by_name;
CREATE INDEX task_by_name ON task (name, id, company, system_tags);
DROP INDEX task_by_parent;
CREATE INDEX task_by_parent ON task (parent, company, project, system_tags) WHERE parent IS NOT NULL;
-- Statistics of projects.
DROP INDEX task_by_project_status;
CREATE INDEX task_by_project_status ON task (project, company, status, started, completed, system_tags);
DROP INDEX task_by_user;
CREATE INDEX task_by_user ON task (user, company, project, status, started, completed, system_tags);

DROP INDEX model_by_project_update;
CREATE INDEX model_by_project_update ON model (project, last_update DESC, id, company, user, system_tags);
DROP INDEX model_by_update;
CREATE INDEX model_by_update ON model (last_update DESC, id, company, project, system_tags);

-- Tasks in the order of one scalar or of one parameter, whatever their project.
CREATE INDEX task_metric_by_value ON task_metric (metric_variant, value);
CREATE INDEX model_metric_by_value ON model_metric (metric_variant, value);
DROP INDEX task_hyperparam_by_name;
CREATE INDEX task_hyperparam_by_value ON task_hyperparam (section, name, value, company);
-- The latest start and the latest ends, for statistics of projects.
CREATE INDEX task_by_start ON task (project, started DESC, company, status, system_tags) WHERE started IS NOT NULL;
CREATE INDEX task_by_end ON task (completed, company, project, status, system_tags) WHERE completed IS NOT NULL;

-- How many tasks a project has of each kind, and how long they ran. Derived by triggers; nobody writes it.
CREATE TABLE task_count (
    project TEXT NOT NULL,
    company TEXT NOT NULL,
    status TEXT NOT NULL,
    system_tags TEXT NOT NULL,                         -- the JSON list as the tasks have it
    tasks INTEGER NOT NULL,
    runtime INTEGER NOT NULL,                          -- whole seconds of those that ended
    PRIMARY KEY (project, company, status, system_tags)
) STRICT, WITHOUT ROWID;

INSERT INTO task_count (project, company, status, system_tags, tasks, runtime)
    SELECT project, company, status, system_tags, count(*),
           sum(CASE WHEN completed > started THEN (completed - started) / 1000 ELSE 0 END)
    FROM task WHERE project IS NOT NULL GROUP BY project, company, status, system_tags;

CREATE TRIGGER task_counted AFTER INSERT ON task
WHEN new.project IS NOT NULL
BEGIN
    INSERT INTO task_count (project, company, status, system_tags, tasks, runtime)
        SELECT new.project, new.company, new.status, new.system_tags, 0, 0 WHERE NOT EXISTS
            (SELECT 1 FROM task_count WHERE project = new.project AND company = new.company AND status = new.status
             AND system_tags = new.system_tags);
    UPDATE task_count SET tasks = tasks + 1,
        runtime = runtime + CASE WHEN new.completed > new.started THEN (new.completed - new.started) / 1000 ELSE 0 END
        WHERE project = new.project AND company = new.company AND status = new.status
            AND system_tags = new.system_tags;
END;

CREATE TRIGGER task_uncounted AFTER DELETE ON task
WHEN old.project IS NOT NULL
BEGIN
    UPDATE task_count SET tasks = tasks - 1,
        runtime = runtime - CASE WHEN old.completed > old.started THEN (old.completed - old.started) / 1000 ELSE 0 END
        WHERE project = old.project AND company = old.company AND status = old.status
            AND system_tags = old.system_tags;
    DELETE FROM task_count WHERE project = old.project AND company = old.company AND status = old.status
        AND system_tags = old.system_tags AND tasks <= 0;
END;

CREATE TRIGGER task_recounted AFTER UPDATE OF project, company, status, system_tags, started, completed ON task
WHEN old.project IS NOT new.project OR old.company IS NOT new.company OR old.status IS NOT new.status
    OR old.system_tags IS NOT new.system_tags OR old.started IS NOT new.started OR old.completed IS NOT new.completed
BEGIN
    UPDATE task_count SET tasks = tasks - 1,
        runtime = runtime - CASE WHEN old.completed > old.started THEN (old.completed - old.started) / 1000 ELSE 0 END
        WHERE project = old.project AND company = old.company AND status = old.status
            AND system_tags = old.system_tags;
    DELETE FROM task_count WHERE project = old.project AND company = old.company AND status = old.status
        AND system_tags = old.system_tags AND tasks <= 0;
    INSERT INTO task_count (project, company, status, system_tags, tasks, runtime)
        SELECT new.project, new.company, new.status, new.system_tags, 0, 0 WHERE new.project IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM task_count WHERE project = new.project AND company = new.company AND status = new.status
             AND system_tags = new.system_tags);
    UPDATE task_count SET tasks = tasks + 1,
        runtime = runtime + CASE WHEN new.completed > new.started THEN (new.completed - new.started) / 1000 ELSE 0 END
        WHERE project = new.project AND company = new.company AND status = new.status
            AND system_tags = new.system_tags;
END;
