//! The tree: looking projects up, adding, renaming, moving and deleting them.

use rusqlite::{Row, params, params_from_iter};
use sea_query::{Expr, ExprTrait, Query};

use crate::{
    store::{
        Snapshot, Tx,
        documents::Access,
        failed,
        query::{DOCUMENT, Entity, build, listed, visible, writable},
    },
    types::Result,
};

/// A project as far as the rules of the tree need it (spec/projects.md 1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Id.
    pub id: String,
    /// Owner; empty when public.
    pub company: String,
    /// Creator.
    pub user: String,
    /// Full path.
    pub name: String,
    /// Last segment of the name.
    pub basename: String,
    /// Direct parent.
    pub parent: Option<String>,
    /// Ancestors, root first.
    pub path: Vec<String>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// System tags, sorted.
    pub system_tags: Vec<String>,
}

impl Project {
    /// Whether it carries a system tag.
    pub fn is_tagged(&self, tag: &str) -> bool {
        self.system_tags.iter().any(|own| own == tag)
    }

    /// Left out of searches unless asked for.
    pub fn is_hidden(&self) -> bool {
        self.is_tagged("hidden")
    }

    /// A dataset, not the container of datasets (spec/projects.md 3.8).
    pub fn is_dataset(&self) -> bool {
        self.is_tagged("dataset") && self.basename != ".datasets"
    }

    /// A pipeline, not the container of pipelines (spec/projects.md 3.8).
    pub fn is_pipeline(&self) -> bool {
        self.is_tagged("pipeline") && self.basename != ".pipelines"
    }
}

/// A project to be stored.
#[derive(Clone, Debug)]
pub struct NewProject<'a> {
    /// Id.
    pub id: &'a str,
    /// Creator.
    pub user: &'a str,
    /// Full path, normalised.
    pub name: &'a str,
    /// Last segment of the name.
    pub basename: &'a str,
    /// What it is about.
    pub description: &'a str,
    /// Direct parent.
    pub parent: Option<&'a Project>,
    /// Tags.
    pub tags: &'a [String],
    /// System tags.
    pub system_tags: &'a [String],
    /// Where tasks put their output; read by clients only.
    pub default_output_destination: Option<&'a str>,
}

const COLUMNS: [&str; 9] =
    ["id", "company", "user", "name", "basename", "parent", "path", "tags", "system_tags"];

fn read(row: &Row<'_>) -> rusqlite::Result<Project> {
    let list = |index: usize| -> rusqlite::Result<Vec<String>> {
        Ok(serde_json::from_str(&row.get::<_, String>(index)?).unwrap_or_default())
    };
    Ok(Project {
        id: row.get(0)?,
        company: row.get(1)?,
        user: row.get(2)?,
        name: row.get(3)?,
        basename: row.get(4)?,
        parent: row.get(5)?,
        path: list(6)?,
        tags: list(7)?,
        system_tags: list(8)?,
    })
}

pub(crate) use crate::store::sql::json_list;

impl Snapshot<'_> {
    fn projects_where(&self, conditions: impl IntoIterator<Item = Expr>) -> Result<Vec<Project>> {
        let mut select = Query::select();
        for column in COLUMNS {
            select.column((DOCUMENT, column));
        }
        select.from_as("project", DOCUMENT);
        for condition in conditions {
            select.and_where(condition);
        }
        let (sql, values) = build(&select)?;
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map(params_from_iter(values), read).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// A project that the scope may read (public ones included) or change.
    pub fn project(&self, id: &str, access: Access) -> Result<Option<Project>> {
        let allowed = match access {
            Access::Read => visible(Entity::Project, self.scope, true),
            Access::Write => writable(Entity::Project, self.scope),
        };
        Ok(self.projects_where([allowed, Expr::col((DOCUMENT, "id")).eq(id)])?.pop())
    }

    /// The readable ones among these projects, in no particular order.
    pub fn projects<T: AsRef<str>>(&self, ids: &[T], public: bool) -> Result<Vec<Project>> {
        let wanted: Vec<String> = ids.iter().map(|id| id.as_ref().to_owned()).collect();
        let named = Expr::col((DOCUMENT, "id")).in_subquery(listed(wanted.iter()));
        self.projects_where([visible(Entity::Project, self.scope, public), named])
    }

    /// Everything readable below these projects, themselves excluded, by name.
    pub fn projects_below<T: AsRef<str>>(&self, ids: &[T], public: bool) -> Result<Vec<Project>> {
        let below = Expr::cust_with_values(
            "\"t\".\"seq\" IN (SELECT \"project\" FROM \"project_path\" WHERE \"ancestor\" IN (SELECT value FROM json_each(?)))",
            [json_list(ids)],
        );
        let mut found = self.projects_where([visible(Entity::Project, self.scope, public), below])?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The readable projects of this last name that are one of these or lie directly in one of them; with `top`, those
    /// at the top level too.
    pub fn projects_called<T: AsRef<str>>(
        &self,
        basename: &str,
        ids: &[T],
        top: bool,
    ) -> Result<Vec<Project>> {
        let list = || listed(ids.iter().map(AsRef::as_ref));
        let column = |name: &'static str| Expr::col((DOCUMENT, name));
        let mut place = column("id").in_subquery(list()).or(column("parent").in_subquery(list()));
        if top {
            place = place.or(column("parent").is_null());
        }
        let public = visible(Entity::Project, self.scope, true);
        self.projects_where([public, column("basename").eq(basename), place])
    }

    /// Who made the tenant's readable projects, or those of them that are named.
    pub fn project_makers(&self, ids: Option<&[String]>) -> Result<Vec<String>> {
        let found = match ids {
            Some(ids) => self.projects(ids, false)?,
            None => self.projects_where([visible(Entity::Project, self.scope, false)])?,
        };
        Ok(found.into_iter().map(|project| project.user).collect())
    }

    /// Ids of the readable projects that these people made.
    pub fn projects_of_users(&self, users: &[String], public: bool) -> Result<Vec<String>> {
        let made = Expr::col((DOCUMENT, "user")).in_subquery(listed(users.iter()));
        let found = self.projects_where([visible(Entity::Project, self.scope, public), made])?;
        Ok(found.into_iter().map(|project| project.id).collect())
    }

    /// The tenant's own and the public project of exactly this name, whatever the access rules: names are unique in
    /// the whole tenant. Uses `project (company, name)`.
    pub fn projects_named(&self, name: &str) -> Result<Vec<Project>> {
        let sql =
            format!("SELECT {} FROM project WHERE company IN (?1, '') AND name = ?2", COLUMNS.join(", "));
        self.all(&sql, params![self.scope.company.as_str(), name], read)
    }

    /// The tenant's projects below one project, whatever the access rules: the tree must stay whole. Parents come
    /// before their children. Uses `project_path_by_ancestor`.
    pub fn subtree(&self, id: &str) -> Result<Vec<Project>> {
        let sql = format!(
            "SELECT {} FROM project WHERE seq IN (SELECT project FROM project_path WHERE ancestor = ?1)
             AND company = ?2 ORDER BY json_array_length(path), name",
            COLUMNS.join(", ")
        );
        self.all(&sql, params![id, self.scope.company.as_str()], read)
    }
}

impl Tx<'_> {
    /// Adds a project of the tenant.
    ///
    /// Errors: 400/801 when the tenant has one of this name.
    pub fn insert_project(&self, project: &NewProject<'_>) -> Result<Project> {
        let path: Vec<String> =
            project.parent.map_or_else(Vec::new, |parent| path_below(&parent.path, &parent.id));
        self.run(
            "INSERT INTO project (id, company, user, name, basename, description, created, last_update, parent, path,
                                  tags, system_tags, default_output_destination)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                project.id,
                self.scope.company.as_str(),
                project.user,
                project.name,
                project.basename,
                project.description,
                self.now.0,
                project.parent.map(|parent| parent.id.as_str()),
                json_list(&path),
                json_list(project.tags),
                json_list(project.system_tags),
                project.default_output_destination,
            ],
        )?;
        Ok(Project {
            id: project.id.to_owned(),
            company: self.scope.company.as_str().to_owned(),
            user: project.user.to_owned(),
            name: project.name.to_owned(),
            basename: project.basename.to_owned(),
            parent: project.parent.map(|parent| parent.id.clone()),
            path,
            tags: project.tags.to_vec(),
            system_tags: project.system_tags.to_vec(),
        })
    }

    /// Moves `last_update` to now. Unknown and foreign ids are left alone, so that callers need not look first.
    pub fn touch_project(&self, id: &str) -> Result<()> {
        let sql = "UPDATE project SET last_update = ?2 WHERE id = ?1 AND company = ?3";
        self.run(sql, params![id, self.now.0, self.scope.company.as_str()]).map(drop)
    }

    /// Sets a project's text columns; `None` clears. The caller has checked that the scope may change it.
    pub fn describe_project(
        &self,
        id: &str,
        description: Option<Option<&str>>,
        default_output_destination: Option<Option<&str>>,
    ) -> Result<()> {
        self.run(
            "UPDATE project SET description = iif(?2, ?3, description),
                 default_output_destination = iif(?4, ?5, default_output_destination)
             WHERE id = ?1 AND company = ?6",
            params![
                id,
                description.is_some(),
                description.flatten(),
                default_output_destination.is_some(),
                default_output_destination.flatten(),
                self.scope.company.as_str(),
            ],
        )
        .map(drop)
    }

    /// Replaces tag lists; absent ones stay.
    pub fn tag_project(
        &self,
        id: &str,
        tags: Option<&[String]>,
        system_tags: Option<&[String]>,
    ) -> Result<()> {
        self.run(
            "UPDATE project SET tags = coalesce(?2, tags), system_tags = coalesce(?3, system_tags)
             WHERE id = ?1 AND company = ?4",
            params![id, tags.map(json_list), system_tags.map(json_list), self.scope.company.as_str()],
        )
        .map(drop)
    }

    /// Gives a project a new name in the same place; names below it follow. All of them count as changed.
    ///
    /// Errors: 400/801 when a name is taken.
    pub fn rename_project(&self, project: &Project, name: &str, basename: &str) -> Result<()> {
        let company = self.scope.company.as_str();
        self.run(
            "UPDATE project SET name = ?2 || substr(name, length(?3) + 1), last_update = ?4
             WHERE (id = ?1 OR seq IN (SELECT project FROM project_path WHERE ancestor = ?1)) AND company = ?5",
            params![project.id, name, project.name, self.now.0, company],
        )?;
        let sql = "UPDATE project SET basename = ?2 WHERE id = ?1 AND company = ?3";
        self.run(sql, params![project.id, basename, company]).map(drop)
    }

    /// Gives a project and everything below it a new place. Names below it follow; all of them count as changed.
    ///
    /// Errors: 400/801 when a name is taken.
    pub fn place_project(&self, project: &Project, name: &str, parent: Option<&Project>) -> Result<usize> {
        let path = parent.map_or_else(Vec::new, |parent| path_below(&parent.path, &parent.id));
        let basename = name.rsplit('/').next().unwrap_or(name);
        let place = |id: &str, name: &str, basename: &str, parent: Option<&str>, path: &[String]| {
            self.run(
                "UPDATE project SET name = ?2, basename = ?3, parent = ?4, path = ?5, last_update = ?6
                 WHERE id = ?1 AND company = ?7",
                params![id, name, basename, parent, json_list(path), self.now.0, self.scope.company.as_str()],
            )
        };
        // Read before the first change: the tree below is found by the old path.
        let below = self.subtree(&project.id)?;
        place(&project.id, name, basename, parent.map(|parent| parent.id.as_str()), &path)?;
        for child in &below {
            let rest = child.name.strip_prefix(&project.name).unwrap_or(&child.name);
            let from = child.path.iter().position(|id| *id == project.id).unwrap_or(0);
            let tail = child.path.get(from..).unwrap_or_default();
            let path: Vec<String> = path.iter().chain(tail).cloned().collect();
            place(&child.id, &format!("{name}{rest}"), &child.basename, child.parent.as_deref(), &path)?;
        }
        Ok(below.len())
    }

    /// Removes rows; what they held is the caller's concern. Returns how many there were.
    pub fn delete_projects<T: AsRef<str>>(&self, ids: &[T]) -> Result<usize> {
        let sql = "DELETE FROM project WHERE id IN (SELECT value FROM json_each(?1)) AND company = ?2";
        self.run(sql, params![json_list(ids), self.scope.company.as_str()])
    }
}

fn path_below(path: &[String], id: &str) -> Vec<String> {
    path.iter().cloned().chain([id.to_owned()]).collect()
}
