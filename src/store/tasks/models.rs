//! The models that a task made or lists as output, when the task is reset or deleted.

use rusqlite::Row;

use crate::{
    store::Snapshot,
    types::{ModelId, Result, TaskId},
};

/// A model linked to a task.
#[derive(Clone, Debug)]
pub struct LinkedModel {
    /// Id.
    pub id: ModelId,
    /// Published.
    pub ready: bool,
    /// Address of its file.
    pub uri: Option<String>,
    /// The task that made it.
    pub task: Option<TaskId>,
    /// Whether some task has it as input.
    pub in_use: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<LinkedModel> {
    Ok(LinkedModel {
        id: row.get::<_, String>(0)?.into(),
        ready: row.get(1)?,
        uri: row.get(2)?,
        task: row.get::<_, Option<String>>(3)?.map(Into::into),
        in_use: row.get(4)?,
    })
}

impl Snapshot<'_> {
    /// Models of the tenant that a task made or lists as output.
    /// Uses `model_by_task` and `task_model_by_model`.
    pub fn models_of_task(&self, task: &TaskId) -> Result<Vec<LinkedModel>> {
        self.all(
            "SELECT m.id, m.ready, m.uri, m.task,
                    EXISTS (SELECT 1 FROM task_model u WHERE u.model = m.id AND u.direction = 'input')
             FROM model m
             WHERE m.company = ?2
               AND m.id IN (SELECT id FROM model WHERE task = ?1
                            UNION SELECT l.model FROM task_model l JOIN task t ON t.seq = l.task
                                  WHERE t.id = ?1 AND l.direction = 'output' AND l.model IS NOT NULL)
             ORDER BY m.seq",
            [task.as_str(), self.scope.company.as_str()],
            read,
        )
    }
}
