//! Creating, describing, renaming and publishing projects (spec/projects.md 3.2, 3.3, 3.16).

use serde_json::Value;

use super::{
    access::{unknown, writable},
    name::ProjectName,
    place::{self, Blank, Named, max_depth, named, public_exists, taken},
};
use crate::{
    domain::{Ctx, public, tags},
    store::{Tx, projects::Project, query::PROJECT},
    types::{ApiError, ErrorKind, Json, Result},
};

/// What `projects.create` takes.
#[derive(Clone, Debug, Default)]
pub struct NewProject {
    /// Full path; missing ancestors are made.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// System tags.
    pub system_tags: Vec<String>,
    /// Where tasks put their output.
    pub default_output_destination: Option<String>,
}

/// Creates a project and returns its id.
///
/// Errors: 400/16 a reserved tag; 400/409 too deep; 400/407 no name; 400/801 the name is taken; 400/414 by a public
/// project; 400/12 a part of the name is too short.
pub fn create(ctx: &Ctx<'_>, new: &NewProject) -> Result<String> {
    let tags = tags::checked(new.tags.clone())?;
    let system_tags = tags::checked(new.system_tags.clone())?;
    let name = ProjectName::parse(&new.name, max_depth(ctx))?.ok_or_else(no_name)?;
    ctx.write(|tx| {
        match named(tx, name.full())? {
            Named::Own(_) => {
                return Err(taken(name.full()).with("company", ctx.caller.tenant.as_str()));
            }
            Named::Public => return Err(public_exists(name.full())),
            Named::Nothing => {}
        }
        let destination = new.default_output_destination.as_deref().map(str::trim);
        let blank =
            Blank { description: &new.description, tags: &tags, system_tags: &system_tags, destination };
        place::add(ctx, tx, &name, &blank).map(|project| project.id)
    })
}

fn no_name() -> ApiError {
    ApiError::new(ErrorKind::InvalidProjectName, "a project needs a name")
}

/// The fields that [`update`] takes.
const EDITABLE: [&str; 5] = ["name", "description", "tags", "system_tags", "default_output_destination"];

/// Changes the fields that are sent; null clears all but the name. Returns them as the answer shows them.
///
/// Errors: 400/401, 403/21; 400/16 a reserved tag; 400/408 the name would move the project; 400/12 the new name is
/// too short; 400/801, 400/414 it is taken.
pub fn update(ctx: &Ctx<'_>, id: &str, changes: &Json) -> Result<Json> {
    ctx.touched("project", id);
    let mut fields = Json::new();
    for key in EDITABLE {
        if let Some(value) = changes.get(key) {
            let shown = match (key, value) {
                ("tags" | "system_tags", list) => Value::from(tags::of(Some(list))?),
                (_, value) => value.clone(),
            };
            fields.insert(key.to_owned(), shown);
        }
    }
    let text = |key: &str| fields.get(key).map(|value| value.as_str().map(str::trim));
    let list = |key: &str| fields.get(key).map(|value| tags::of(Some(value))).transpose();
    let (tags, system_tags) = (list("tags")?, list("system_tags")?);
    ctx.write(|tx| {
        let project = writable(tx, id)?;
        if let Some(Some(name)) = text("name").map(|name| name.filter(|name| !name.is_empty())) {
            rename(ctx, tx, &project, name)?;
        }
        let description = fields.get("description").map(Value::as_str);
        tx.describe_project(id, description, text("default_output_destination"))?;
        tx.tag_project(id, tags.as_deref(), system_tags.as_deref())?;
        tx.touch_project(id)
    })?;
    Ok(fields)
}

fn rename(ctx: &Ctx<'_>, tx: &Tx<'_>, project: &Project, name: &str) -> Result<()> {
    let name = ProjectName::parse(name, max_depth(ctx))?.ok_or_else(no_name)?;
    let location = project.name.rsplit_once('/').map_or("", |(location, _)| location);
    if name.location() != location {
        return Err(ApiError::new(
            ErrorKind::CannotUpdateProjectLocation,
            "send the full path with only its last part changed; projects.move changes the rest",
        )
        .with("name", name.full()));
    }
    name.check_length()?;
    if name.full() == project.name {
        return Ok(());
    }
    match named(tx, name.full())? {
        Named::Own(_) => return Err(taken(name.full())),
        Named::Public => return Err(public_exists(name.full())),
        Named::Nothing => {}
    }
    tx.rename_project(project, name.full(), name.basename())
}

/// Gives projects to everybody, of all tenants. Returns how many.
///
/// Errors: 403/20 (S17); 400/12 no ids; 400/401 one of them is not the tenant's; 400/801 a name is taken.
pub fn make_public(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    ids.iter().for_each(|id| ctx.touched("project", id.as_str()));
    public::publish(ctx, &PROJECT, ids, unknown)
}

/// Takes back projects that this tenant made public. Returns how many.
///
/// Errors: 403/20 (S17); 400/12 no ids; 400/401 one of them was not made public by the tenant; 400/801.
pub fn make_private(ctx: &Ctx<'_>, ids: &[String]) -> Result<usize> {
    ids.iter().for_each(|id| ctx.touched("project", id.as_str()));
    public::take_back(ctx, &PROJECT, ids, unknown)
}
