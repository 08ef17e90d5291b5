//! Rows of models: reading what rules need, adding, changing, deleting.

use rusqlite::{params, params_from_iter, types::Value as Sql};
use serde_json::Value;

use crate::{
    store::{Snapshot, Tx, documents::Access, projects::json_list, query::MODEL},
    types::{Json, Result},
};

/// A model as far as the rules need it (spec/models.md 1.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Id.
    pub id: String,
    /// Owner; empty when public.
    pub company: String,
    /// Where it lies.
    pub project: Option<String>,
    /// The task that made it.
    pub task: Option<String>,
    /// Address of the weights.
    pub uri: Option<String>,
    /// Published.
    pub ready: bool,
    /// System tags, sorted.
    pub system_tags: Vec<String>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Map of key to `{key, type, value}`.
    pub metadata: Json,
}

/// A model to be stored.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct NewModel<'a> {
    pub id: &'a str,
    pub user: &'a str,
    pub name: &'a str,
    pub uri: &'a str,
    pub comment: Option<&'a str>,
    pub project: Option<&'a str>,
    pub task: Option<&'a str>,
    pub parent: Option<&'a str>,
    pub framework: Option<&'a str>,
    pub ready: bool,
    pub tags: &'a [String],
    pub system_tags: &'a [String],
    pub labels: Json,
    pub design: Json,
    pub metadata: Json,
    pub ui_cache: Json,
    /// Belongs to everybody.
    pub public: bool,
}

/// A column of a model and its new value; containers as JSON.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Change {
    Name(String),
    Created(i64),
    Project(Option<String>),
    Task(Option<String>),
    Parent(Option<String>),
    Comment(Option<String>),
    Uri(Option<String>),
    Framework(Option<String>),
    Ready(bool),
    Tags(Vec<String>),
    SystemTags(Vec<String>),
    Labels(Json),
    Design(Json),
    Metadata(Json),
    UiCache(Json),
}

impl Change {
    fn column(&self) -> &'static str {
        match self {
            Change::Name(_) => "name",
            Change::Created(_) => "created",
            Change::Project(_) => "project",
            Change::Task(_) => "task",
            Change::Parent(_) => "parent",
            Change::Comment(_) => "comment",
            Change::Uri(_) => "uri",
            Change::Framework(_) => "framework",
            Change::Ready(_) => "ready",
            Change::Tags(_) => "tags",
            Change::SystemTags(_) => "system_tags",
            Change::Labels(_) => "labels",
            Change::Design(_) => "design",
            Change::Metadata(_) => "metadata",
            Change::UiCache(_) => "ui_cache",
        }
    }

    fn value(self) -> Sql {
        match self {
            Change::Name(text) => Sql::Text(text),
            Change::Created(time) => Sql::Integer(time),
            Change::Ready(flag) => Sql::Integer(flag.into()),
            Change::Project(text)
            | Change::Task(text)
            | Change::Parent(text)
            | Change::Comment(text)
            | Change::Uri(text)
            | Change::Framework(text) => text.map_or(Sql::Null, Sql::Text),
            Change::Tags(list) | Change::SystemTags(list) => Sql::Text(json_list(&list)),
            Change::Labels(map) | Change::Design(map) | Change::Metadata(map) | Change::UiCache(map) => {
                Sql::Text(Value::Object(map).to_string())
            }
        }
    }

    /// Whether it counts as a change of the model's content (spec/models.md 1.1).
    fn is_content(&self) -> bool {
        matches!(
            self,
            Change::Uri(_)
                | Change::Framework(_)
                | Change::Design(_)
                | Change::Labels(_)
                | Change::Ready(_)
                | Change::Metadata(_)
                | Change::SystemTags(_)
                | Change::Tags(_)
        )
    }
}

impl Snapshot<'_> {
    /// A model that the scope may read (public ones included) or change.
    pub fn model(&self, id: &str, access: Access) -> Result<Option<Model>> {
        const FIELDS: [&str; 9] =
            ["id", "company", "project", "task", "uri", "ready", "tags", "system_tags", "metadata"];
        let Some(document) = self.fields(&MODEL, id, access, &FIELDS)? else { return Ok(None) };
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        let list = |key: &str| -> Vec<String> {
            let items = document.get(key).and_then(Value::as_array);
            items.into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
        };
        Ok(Some(Model {
            id: id.to_owned(),
            company: text("company").unwrap_or_default(),
            project: text("project"),
            task: text("task"),
            uri: text("uri"),
            ready: document.get("ready").and_then(Value::as_bool).unwrap_or_default(),
            tags: list("tags"),
            system_tags: list("system_tags"),
            metadata: document.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default(),
        }))
    }
}

impl Tx<'_> {
    /// Adds a model.
    pub fn insert_model(&self, model: &NewModel<'_>) -> Result<()> {
        let company = if model.public { "" } else { self.scope.company.as_str() };
        let object = |map: &Json| Value::Object(map.clone()).to_string();
        self.run(
            "INSERT INTO model (id, company, project, user, name, created, last_update, last_change, last_changed_by, ready,
                                task, parent, framework, uri, comment, tags, system_tags, labels, metadata, design, ui_cache,
                                company_origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?4, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            params![
                model.id,
                company,
                model.project,
                model.user,
                model.name,
                self.now.0,
                model.ready,
                model.task,
                model.parent,
                model.framework,
                model.uri,
                model.comment,
                json_list(model.tags),
                json_list(model.system_tags),
                object(&model.labels),
                object(&model.metadata),
                object(&model.design),
                object(&model.ui_cache),
                model.public.then(|| self.scope.company.as_str()),
            ],
        )
        .map(drop)
    }

    /// Changes columns of a model of the tenant and says when and by whom; returns whether `last_update` moved, which
    /// it does when the content changed. The caller has checked that the scope may change it.
    pub fn change_model(&self, id: &str, changes: Vec<Change>, user: &str) -> Result<bool> {
        let content = changes.iter().any(Change::is_content);
        let mut set = vec!["last_change = ?3", "last_changed_by = ?4"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        if content {
            set.push("last_update = ?3".to_owned());
        }
        let mut values: Vec<Sql> = vec![
            Sql::Text(id.to_owned()),
            Sql::Text(self.scope.company.as_str().to_owned()),
            Sql::Integer(self.now.0),
            Sql::Text(user.to_owned()),
        ];
        for change in changes {
            set.push(format!("{} = ?{}", change.column(), values.len() + 1));
            values.push(change.value());
        }
        let sql = format!("UPDATE model SET {} WHERE id = ?1 AND company = ?2", set.join(", "));
        self.run(&sql, params_from_iter(values))?;
        Ok(content)
    }

    /// As [`Tx::change_model`] without moving `last_update`: archiving and moving are no change of content.
    pub fn place_model(
        &self,
        id: &str,
        system_tags: Option<&[String]>,
        tags: Option<&[String]>,
        project: Option<Option<&str>>,
        user: &str,
    ) -> Result<()> {
        self.run(
            "UPDATE model SET system_tags = coalesce(?3, system_tags), tags = coalesce(?4, tags),
                 project = iif(?5, ?6, project), last_change = ?7, last_changed_by = ?8 WHERE id = ?1 AND company = ?2",
            params![
                id,
                self.scope.company.as_str(),
                system_tags.map(json_list),
                tags.map(json_list),
                project.is_some(),
                project.flatten(),
                self.now.0,
                user,
            ],
        )
        .map(drop)
    }

    /// Removes models of the tenant with their events; returns how many there were.
    pub fn delete_models<T: AsRef<str>>(&self, ids: &[T]) -> Result<usize> {
        for id in ids {
            self.delete_events(id.as_ref())?;
        }
        let sql = "DELETE FROM model WHERE id IN (SELECT value FROM json_each(?1)) AND company = ?2";
        self.run(sql, params![json_list(ids), self.scope.company.as_str()])
    }
}
