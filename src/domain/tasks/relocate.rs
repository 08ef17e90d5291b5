//! Moving tasks between projects, and making them public (protocol: spec/tasks.md 6.7, 6.8).

use std::collections::HashSet;

use crate::{
    domain::{Ctx, Role, projects},
    store::{
        documents::Access,
        tasks::{Cell, TaskField, TaskUpdate},
    },
    types::{ApiError, ErrorKind, ProjectId, Result},
};

use super::access;

/// Where to move.
#[derive(Clone, Debug)]
pub enum Target {
    /// To a project of the tenant.
    Project(String),
    /// To the project of this name, made when there is none.
    Named(String),
    /// To no project.
    Root,
}

/// `tasks.move`. Returns where the tasks are now.
///
/// Errors: 400/101, 403/21 tasks or project; 400/401 unknown or public project.
pub fn relocate(ctx: &Ctx<'_>, ids: &[String], target: &Target) -> Result<Option<ProjectId>> {
    ctx.write(|tx| {
        let heads = access::all_writable(tx, ids)?;
        heads.iter().try_for_each(|head| access::may_leave(tx, head))?;
        let project = match target {
            Target::Root => None,
            Target::Named(name) => {
                projects::find_or_create(ctx, tx, None, Some(name))?.map(|project| project.id.into())
            }
            Target::Project(id) => Some(ProjectId::from(id.as_str())),
        };
        if let Some(project) = &project {
            // A public project is not the tenant's own: here it is as good as unknown.
            let found = tx.project(project.as_str(), Access::Read)?;
            if found.is_some_and(|project| project.company.is_empty()) {
                return Err(ApiError::from(ErrorKind::InvalidProjectId).with("id", project.as_str()));
            }
            access::target_project(tx, project.as_str())?;
        }
        let mut concerned: HashSet<ProjectId> = project.iter().cloned().collect();
        for head in &heads {
            ctx.touched("task", head.id.as_str());
            concerned.extend(head.project.clone());
            let mut update = TaskUpdate::new();
            update.set(TaskField::Project, project.as_ref().map(|project| project.as_str())).changed(
                tx,
                &ctx.caller.user,
                false,
            );
            access::store(tx, head, &update)?;
        }
        concerned.iter().try_for_each(|project| tx.touch_project(project.as_str()))?;
        Ok(project)
    })
}

/// `tasks.make_public`: everybody on this server may see them. All of them or none.
///
/// Errors: 403/20 the server does not allow it (spec/security_rules.md S17); 400/101 some are not the tenant's.
pub fn make_public(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    check_publishing(ctx)?;
    ctx.write(|tx| {
        let heads = access::all_writable(tx, ids).map_err(|error| unknown_instead(error, ids))?;
        for head in &heads {
            ctx.touched("task", head.id.as_str());
            let mut update = TaskUpdate::new();
            update.set(TaskField::Company, "").set(TaskField::CompanyOrigin, head.company.as_str()).changed(
                tx,
                &ctx.caller.user,
                false,
            );
            access::store(tx, head, &update)?;
        }
        Ok(heads.len())
    })
}

/// `tasks.make_private`: back into the tenant that published them. All of them or none.
///
/// Errors: 403/20; 400/101 some are not public, or another tenant published them.
pub fn make_private(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    check_publishing(ctx)?;
    ctx.write(|tx| {
        let mut heads = Vec::new();
        let mut unknown = Vec::new();
        let mut seen = HashSet::new();
        for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
            let head = tx.task(id, Access::Read)?.filter(|head| {
                head.company.as_str().is_empty() && head.company_origin.as_ref() == Some(&tx.scope.company)
            });
            match head {
                Some(head) => heads.push(head),
                None => unknown.push(id.as_str()),
            }
        }
        if !unknown.is_empty() {
            return Err(ApiError::from(ErrorKind::InvalidTaskId).with("ids", unknown));
        }
        for head in &heads {
            ctx.touched("task", head.id.as_str());
            let mut update = TaskUpdate::new();
            update
                .set(TaskField::Company, tx.scope.company.as_str())
                .set(TaskField::CompanyOrigin, Cell::Null)
                .changed(tx, &ctx.caller.user, false);
            access::store(tx, head, &update)?;
        }
        Ok(heads.len())
    })
}

/// What is public already is not the tenant's own, so it is as good as unknown.
fn unknown_instead(error: ApiError, ids: &[String]) -> ApiError {
    match error.kind() {
        ErrorKind::NoWritePermission => ApiError::from(ErrorKind::InvalidTaskId).with("ids", ids.to_vec()),
        _ => error,
    }
}

/// Publishing across tenants is deliberate (S17). That the caller is an administrator stands in the table of
/// operations.
fn check_publishing(ctx: &Ctx<'_>) -> Result<()> {
    let allowed = ctx.app.settings.services.organization.allow_public;
    if allowed || matches!(ctx.caller.role, Role::System | Role::Root) {
        return Ok(());
    }
    let text =
        "this server does not let administrators make things public (services.organization.allow_public)";
    Err(ApiError::new(ErrorKind::RoleNotAllowed, text))
}
