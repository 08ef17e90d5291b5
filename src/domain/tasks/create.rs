//! Making tasks (protocol: spec/tasks.md 4.1, 4.2).

use crate::{
    domain::{Ctx, trail, vaults},
    store::tasks::NewTask,
    types::{Json, ProjectId, Result, TaskId},
};

use super::{
    content::{self, Content, Purpose, Stored},
    items::misshapen,
    references::{self, DELETED},
};

/// `tasks.create`: a draft from the content sent. What the server keeps itself is ignored.
///
/// Errors: 400/12, 400/16, 400/800 content; 400/101, 400/401, 403/21, 400/201 references.
pub fn create(ctx: &Ctx<'_>, body: &Json) -> Result<TaskId> {
    let id = TaskId::fresh();
    ctx.touched("task", id.as_str());
    ctx.write(|tx| {
        let mut content = content::read(body, ctx.call.version, tx.now, Purpose::Create)?;
        let (name, kind) = name_and_kind(&mut content)?;
        references::check(tx, &content)?;
        if let Some(sent) = &content.output_destination
            && let Some(decided) = vaults::enforced_destination(ctx, tx, &ctx.caller.user, sent)?
        {
            content.output_destination = Some(decided);
        }
        let project = content.project.clone().map(ProjectId::from);
        let change = content.change(Stored::default());
        let new = NewTask { id: &id, user: &ctx.caller.user, name: name.trim(), kind: &kind };
        tx.insert_task(&new, &change.update)?;
        trail::created(ctx, tx, id.as_str())?;
        if let Some(project) = &project {
            tx.touch_project(project.as_str())?;
        }
        Ok(())
    })?;
    Ok(id)
}

/// `tasks.validate`: whether the content could become a task; nothing is stored.
///
/// Errors: as [`create`], but names may be short and items incomplete.
pub fn validate(ctx: &Ctx<'_>, body: &Json) -> Result<()> {
    ctx.read(|snapshot| {
        let mut content = content::read(body, ctx.call.version, snapshot.now, Purpose::Validate)?;
        name_and_kind(&mut content)?;
        content.parent = content.parent.filter(|parent| !parent.starts_with(DELETED));
        references::check(snapshot, &content)
    })
}

fn name_and_kind(content: &mut Content) -> Result<(String, String)> {
    let name = content.name.take().ok_or_else(|| misshapen("name", "is required"))?;
    let kind = content.kind.take().ok_or_else(|| misshapen("type", "is required"))?;
    Ok((name, kind))
}
