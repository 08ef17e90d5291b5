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
