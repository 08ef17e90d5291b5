//! Moving reports between projects (spec/projects.md 6.5).

use super::{access, container};
use crate::{
    domain::{Ctx, tasks},
    store::tasks::{TaskField, TaskUpdate},
    types::Result,
};

/// The project that the report is to be about.
#[derive(Clone, Debug)]
pub enum Target {
    /// By id.
    Project(String),
    /// By name, made when there is none.
    Named(String),
    /// The root.
    Root,
}

/// Moves a report. Returns the id of the project that holds it now; the one that held it goes when it is empty.
///
/// Errors: 400/101, 403/21, 400/150 report; 400/401, 403/21, 400/409, 400/414 target.
pub fn move_to(ctx: &Ctx<'_>, id: &str, target: &Target) -> Result<String> {
    ctx.touched("task", id);
    ctx.write(|tx| {
        let head = access::writable(tx, id)?;
        tasks::may_leave(tx, &head)?;
        let project = match target {
            Target::Root => container::of_project(ctx, tx, None)?,
            Target::Project(id) => container::of_project(ctx, tx, Some(id))?,
            Target::Named(name) => container::of_name(ctx, tx, name)?,
        };
        let mut update = TaskUpdate::new();
        update.set(TaskField::Project, project.id.as_str()).changed(tx, &ctx.caller.user, false);
        tasks::store(tx, &head, &update)?;
        tx.touch_project(&project.id)?;
        if let Some(old) = &head.project {
            tx.touch_project(old.as_str())?;
        }
        // After the move: a report that stays where it is leaves nothing empty.
        container::remove_if_empty(tx, head.project.as_ref())?;
        Ok(project.id)
    })
}
