//! Lists of projects, with statistics where they are asked for (spec/projects.md 3.1, 3.6, 3.7).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    access::unknown,
    selection::{Children, Selected, selected},
    statistics,
};
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::{Access, Found, Public},
        projects::Project,
        query::{PROJECT, truthy},
    },
    types::{Json, Result},
};

/// One project with all its fields.
///
/// Errors: 400/401.
pub fn by_id(ctx: &Ctx<'_>, id: &str) -> Result<Json> {
    ctx.read(|snapshot| snapshot.by_id(&PROJECT, id, Access::Read, ctx.call.version))?
        .ok_or_else(|| unknown(id))
}

/// Projects with plain references, the tenant's own and public ones.
///
/// Errors: 400 as the query language names them.
pub fn list(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| ctx.list(snapshot, &PROJECT, request, false))
}

/// Projects with references as objects, narrowed by what they hold, with statistics.
///
/// Errors: 400 as the query language names them, also for the filters of the content.
pub fn list_expanded(ctx: &Ctx<'_>, request: &Json) -> Result<Found> {
    ctx.read(|snapshot| {
        let asked = Asked::read(request)?;
        let public = match asked.public {
            true => Public::Always,
            false => Public::Never,
        };
        let mut options = ctx.query_options(public);
        let selected = selected(ctx, snapshot, request, &asked)?;
        if let Selected::Only(ids) = &selected {
            if ids.is_empty() {
                return Ok(Found::default());
            }
            options.only = Some(ids.iter().cloned().collect());
        }
        let mut found = ctx.list_with(snapshot, &PROJECT, request, true, options)?;
        complete(ctx, snapshot, &asked, &selected, &mut found.documents)?;
        Ok(found)
    })
}

/// The options of `projects.get_all_ex` beyond the query language (spec/projects.md 3.7).
pub(super) struct Asked<'a> {
    pub(super) request: &'a Json,
    pub(super) public: bool,
    pub(super) search_hidden: bool,
    pub(super) children: Option<Children>,
    pub(super) active_users: Vec<String>,
    /// Condition on the content that is counted.
    pub(super) filter: Option<statistics::Filter>,
}

impl<'a> Asked<'a> {
    fn read(request: &'a Json) -> Result<Self> {
        let given = |key: &str| request.get(key).filter(|value| !value.is_null());
        let public = match given("allow_public") {
            Some(allowed) => truthy(Some(allowed)),
            None => !truthy(given("non_public")),
        };
        Ok(Asked {
            request,
            public,
            search_hidden: truthy(request.get("search_hidden")),
            children: Children::read(given("children_type"))?,
            active_users: statistics::texts("active_users", given("active_users"))?,
            filter: statistics::Filter::read(given("include_stats_filter"))?,
        })
    }

    fn wants(&self, option: &str) -> bool {
        truthy(self.request.get(option))
    }

    /// Whether statistics cover descendants; they do unless told not to.
    pub(super) fn with_children(&self) -> bool {
        match self.request.get("stats_with_children") {
            None | Some(Value::Null) => true,
            value => truthy(value),
        }
    }
}

/// Adds what was asked for to the projects of the page.
fn complete(
    ctx: &Ctx<'_>,
    snapshot: &Snapshot<'_>,
    asked: &Asked<'_>,
    selected: &Selected,
    documents: &mut [Json],
) -> Result<()> {
    let ids: Vec<String> =
        documents.iter().filter_map(|project| project.get("id")?.as_str().map(str::to_owned)).collect();
    let rows: BTreeMap<String, Project> =
        snapshot.projects(&ids, true)?.into_iter().map(|project| (project.id.clone(), project)).collect();
    let mut extra: BTreeMap<String, Json> = ids.iter().map(|id| (id.clone(), Json::new())).collect();
    if asked.search_hidden {
        for project in rows.values().filter(|project| project.is_hidden()) {
            put(&mut extra, &project.id, "hidden", Value::Bool(true));
        }
    }
    let options = {
        let mut options = ctx.query_options(Public::Always);
        options.show_hidden = true;
        options
    };
    if asked.wants("check_own_contents") {
        for (name, counts) in statistics::own_contents(snapshot, asked, &ids, &options)? {
            for id in &ids {
                put(&mut extra, id, name, counts.get(id).copied().unwrap_or_default().into());
            }
        }
    }
    if asked.wants("include_stats") {
        let below = below(snapshot, asked, selected, &ids)?;
        let mut included: Vec<(String, String)> = ids.iter().map(|id| (id.clone(), id.clone())).collect();
        for (root, projects) in &below {
            included.extend(projects.iter().map(|project| (root.clone(), project.id.clone())));
        }
        let mut stats = statistics::of(snapshot, asked, &included, &options)?;
        for id in &ids {
            put(&mut extra, id, "stats", stats.remove(id).unwrap_or_else(|| statistics::nothing(asked)));
            let names: Vec<Value> = below
                .get(id)
                .into_iter()
                .flatten()
                .map(|project| json!({"id": project.id, "name": project.name}))
                .collect();
            put(&mut extra, id, "sub_projects", names.into());
        }
    }
    if asked.wants("include_dataset_stats") {
        let runtimes = snapshot.latest_runtimes(&ids, &options)?;
        for id in &ids {
            let stats = runtimes.get(id).map_or(Value::Null, |runtime| {
                let number = |key: &str| runtime.get(key).cloned().unwrap_or_else(|| 0.into());
                json!({"file_count": number("ds_file_count"), "total_size": number("ds_total_size")})
            });
            put(&mut extra, id, "dataset_stats", stats);
        }
    }
    for document in documents {
        let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
        if let Some(fields) = extra.remove(id) {
            document.extend(fields);
        }
    }
    Ok(())
}

fn put(extra: &mut BTreeMap<String, Json>, id: &str, name: &str, value: Value) {
    if let Some(fields) = extra.get_mut(id) {
        fields.insert(name.to_owned(), value);
    }
}

/// The descendants that statistics cover, by the project they count for, sorted by name (spec/projects.md 3.7.2).
fn below(
    snapshot: &Snapshot<'_>,
    asked: &Asked<'_>,
    selected: &Selected,
    ids: &[String],
) -> Result<BTreeMap<String, Vec<Project>>> {
    let mut by_root: BTreeMap<String, Vec<Project>> = BTreeMap::new();
    if !asked.with_children() {
        return Ok(by_root);
    }
    let with_hidden = asked.search_hidden
        || match asked.children {
            Some(Children::Dataset) => true,
            Some(Children::Pipeline | Children::Report) => asked.filter.is_none(),
            None => false,
        };
    let wanted: BTreeSet<&String> = ids.iter().collect();
    for project in snapshot.projects_below(ids, true)? {
        let allowed = (with_hidden || !project.is_hidden()) && selected.allows(&project.id);
        if !allowed {
            continue;
        }
        for root in project.path.iter().filter(|ancestor| wanted.contains(ancestor)) {
            by_root.entry(root.clone()).or_default().push(project.clone());
        }
    }
    Ok(by_root)
}
