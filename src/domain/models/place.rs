//! Archiving, moving, tagging and publishing models across tenants (spec/models.md 3.9 to 3.13).

use std::collections::BTreeSet;

use super::{
    Each,
    access::{may_leave, unknown, writable},
    or_abort, wrong,
};
use crate::{
    domain::{Ctx, projects, public},
    store::{documents::Access, query::MODEL},
    types::{ApiError, ErrorKind, Result},
};

/// Archives models, or takes them out of the archive, each on its own. Repeating it is no error.
///
/// Errors: for each model 400/201, 403/21.
pub fn archive_many(ctx: &Ctx<'_>, ids: &[String], archived: bool) -> Result<Each<()>> {
    ctx.write(|tx| {
        let archive = |id: &str| {
            ctx.touched("model", id);
            let model = writable(ctx, tx, id)?;
            let mut system_tags = model.system_tags;
            system_tags.retain(|tag| tag != "archived");
            if archived {
                system_tags.push("archived".to_owned());
                system_tags.sort_unstable();
            }
            tx.place_model(id, Some(&system_tags), None, None, ctx.caller.user.as_str())
        };
        ids.iter().map(|id| or_abort(id, archive(id))).collect()
    })
}

/// Where models are moved to.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An existing project.
    Id(&'a str),
    /// A project that is made when missing.
    Name(&'a str),
    /// No project.
    Root,
}

/// Moves models and returns the project's id. Models that are not the caller's to change are left alone.
///
/// Errors: 400/12 no ids; 400/401, 403/21 the project; 403/21 a project that a model lies in.
pub fn move_to(ctx: &Ctx<'_>, ids: &[String], target: Target<'_>) -> Result<Option<String>> {
    if ids.is_empty() {
        return Err(wrong("ids", "name at least one model"));
    }
    ctx.write(|tx| {
        let project = match target {
            Target::Root => None,
            Target::Id(id) => projects::find_or_create(ctx, tx, Some(id), None)?,
            Target::Name(name) => projects::find_or_create(ctx, tx, None, Some(name))?,
        };
        let project = project.map(|project| project.id);
        for id in ids {
            let Some(model) = tx.model(id, Access::Write)? else { continue };
            if model.project != project {
                may_leave(tx, model.project.as_deref())?;
            }
            ctx.touched("model", id.as_str());
            tx.place_model(id, None, None, Some(project.as_deref()), ctx.caller.user.as_str())?;
        }
        Ok(project)
    })
}

/// Adds tags, then removes tags. Returns how often a model was matched: once for each of the two steps.
///
/// Errors: 400/12 no ids, or nothing to add or remove.
pub fn update_tags(ctx: &Ctx<'_>, ids: &[String], add: &[String], remove: &[String]) -> Result<usize> {
    if ids.is_empty() {
        return Err(wrong("ids", "name at least one model"));
    }
    if add.is_empty() && remove.is_empty() {
        return Err(wrong("add_tags", "name tags to add or to remove"));
    }
    ctx.write(|tx| {
        let mut matched = 0;
        let mut projects = BTreeSet::new();
        for id in ids {
            let Some(model) = tx.model(id, Access::Write)? else { continue };
            matched += usize::from(!add.is_empty()) + usize::from(!remove.is_empty());
            let tags: BTreeSet<String> = model.tags.into_iter().chain(add.iter().cloned()).collect();
            let tags: Vec<String> = tags.into_iter().filter(|tag| !remove.contains(tag)).collect();
            ctx.touched("model", id.as_str());
            tx.place_model(id, None, Some(&tags), None, ctx.caller.user.as_str())?;
            projects.extend(model.project);
        }
        projects.iter().try_for_each(|project| tx.touch_project(project))?;
        Ok(matched)
    })
}

/// Gives models to everybody, of all tenants. Returns how many.
///
/// Errors: 403/20 (S17); 400/12 no ids; 400/201 one of them is not the tenant's.
pub fn make_public(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    ids.iter().for_each(|id| ctx.touched("model", id.as_str()));
    public::publish(ctx, &MODEL, ids, |id| unknown(ctx, id))
}

/// Takes back models that this tenant made public. Returns how many.
///
/// Errors: 403/20 (S17); 400/12 no ids; 400/201 one of them was not made public by the tenant.
pub fn make_private(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    ids.iter().for_each(|id| ctx.touched("model", id.as_str()));
    public::take_back(ctx, &MODEL, ids, |id| unknown(ctx, id))
}

impl<'a> Target<'a> {
    /// Reads the two fields that name a target; the id wins. `project`: `None` when the key is missing.
    ///
    /// Errors: 400/11 neither.
    pub fn read(project: Option<Option<&'a str>>, name: Option<&'a str>) -> Result<Self> {
        match (project, name) {
            (Some(Some(id)), _) if !id.is_empty() => Ok(Target::Id(id)),
            (_, Some(name)) if !name.is_empty() => Ok(Target::Name(name)),
            (Some(_), _) => Ok(Target::Root),
            (None, _) => Err(ApiError::from(ErrorKind::MissingRequiredFields)
                .with("fields", vec!["project or project_name"])),
        }
    }
}
