//! Storing one record: whose it becomes, where it lies, and what is refused (docs/import.md, "What becomes of a record").

use serde_json::{Value, json};

use super::{
    archive::Header,
    mark::Maps,
    report::Outcome::{self, Existing, Imported, Refused, Skipped},
};
use crate::{
    domain::{
        Ctx,
        projects::{self, ProjectName},
        tasks::{self, SERVER, Status},
    },
    store::{
        Tx,
        documents::Access,
        events::{OwnerKind, PastValue},
        identity::Profile,
        query::{Collection, MODEL, PROJECT, QUEUE, TASK},
    },
    types::{Json, Result, new_id},
};

/// Longest id, in bytes.
const LONGEST_ID: usize = 128;

/// What became of a record, and what a person should know about it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) notes: Vec<String>,
}

impl Done {
    fn new(outcome: Outcome) -> Done {
        Done { outcome, notes: Vec::new() }
    }

    pub(super) fn because(outcome: Outcome, reason: impl Into<String>) -> Done {
        Done { outcome, notes: vec![reason.into()] }
    }
}

/// Addresses of the other file server, and what they become.
#[derive(Clone, Debug)]
pub(super) struct Rewrite {
    /// Without trailing slash.
    pub(super) from: String,
    /// Without trailing slash.
    pub(super) to: String,
}

impl Rewrite {
    fn address(&self, address: &str) -> Option<String> {
        let rest = address.strip_prefix(&self.from)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{}{rest}", self.to))
    }
}

/// One record on its way into the store.
pub(super) struct Filing<'a> {
    pub(super) ctx: &'a Ctx<'a>,
    pub(super) tx: &'a Tx<'a>,
    pub(super) header: &'a Header,
    pub(super) maps: &'a mut Maps,
    pub(super) rewrite: Option<&'a Rewrite>,
}

impl Filing<'_> {
    /// Stores a record.
    ///
    /// Errors: 400 what is wrong with it; others are failures of the store.
    pub(super) fn file(&mut self, kind: &str, document: Json) -> Result<Done> {
        match kind {
            "user" => self.user(&document),
            "project" => self.project(document),
            "queue" => self.queue(document),
            "task" => self.task(document),
            "model" => self.model(document),
            _ => Ok(Done::because(Refused, "there is no such kind of record")),
        }
    }

    /// What can be said before looking at the content: `None` when it is to be stored.
    fn before(&self, collection: &'static Collection, document: &Json) -> Result<Option<Done>> {
        let Some(id) = text(document, "id").filter(|id| is_id(id)) else {
            return Ok(Some(Done::because(Refused, "the record has no usable id")));
        };
        match reference(document, "company") {
            Some("") => return Ok(Some(Done::because(Skipped, "it is public on the other server"))),
            Some(company) if self.header.company.as_deref().is_some_and(|own| own != company) => {
                return Ok(Some(Done::because(Refused, "it belongs to another tenant than the archive")));
            }
            _ => {}
        }
        Ok(match self.tx.holder_of(collection, id)? {
            None => None,
            Some(holder) if holder == self.tx.scope.company.as_str() => Some(Done::new(Existing)),
            Some(_) => Some(Done::because(Refused, "the id is taken on this server by another tenant")),
        })
    }

    // ---- people

    fn user(&mut self, document: &Json) -> Result<Done> {
        let Some(id) = text(document, "id").filter(|id| is_id(id)) else {
            return Ok(Done::because(Refused, "the record has no usable id"));
        };
        let (outcome, local) = self.person(id, text(document, "name"), text(document, "email"))?;
        Ok(match outcome {
            Existing if local != id => Done::because(Existing, format!("this person is {local} here")),
            outcome => Done::new(outcome),
        })
    }

    /// Who a person of the other server is here: somebody with the same id, e-mail or name, else a new profile, which
    /// nobody can sign in with.
    fn person(&mut self, id: &str, name: Option<&str>, email: Option<&str>) -> Result<(Outcome, String)> {
        if let Some(local) = self.maps.people.get(id) {
            return Ok((Existing, local.clone()));
        }
        let tenant = &self.tx.scope.company;
        let holder = self.tx.profile(id)?.map(|profile| profile.company);
        if holder.as_ref() == Some(tenant) {
            return Ok((Existing, id.to_owned()));
        }
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let mut known = None;
        if let Some(email) = email.filter(|email| !email.is_empty()) {
            known = self
                .tx
                .account_by_email(email)?
                .filter(|found| found.company == *tenant)
                .map(|found| found.id);
        }
        if let (None, Some(name)) = (&known, name) {
            known = self.tx.profile_named(tenant, name)?.map(|profile| profile.id);
        }
        if let Some(known) = known {
            self.maps.people.insert(id.to_owned(), known.to_string());
            return Ok((Existing, known.into()));
        }
        let local = if holder.is_none() { id.to_owned() } else { new_id() };
        self.tx.upsert_profile(&Profile {
            id: local.as_str().into(),
            company: tenant.clone(),
            name: name.unwrap_or(id).to_owned(),
            given_name: None,
            family_name: None,
            avatar: None,
            created: self.tx.now,
            created_in_version: None,
        })?;
        if local != id {
            self.maps.people.insert(id.to_owned(), local.clone());
        }
        Ok((Imported, local))
    }

    /// Puts people of this server in place of those of the other one.
    fn people(&mut self, document: &mut Json) -> Result<()> {
        let name = document.get("user").and_then(|user| user.get("name")).and_then(Value::as_str);
        let local = match reference(document, "user").filter(|id| is_id(id)) {
            Some(id) => self.person(id, name, None)?.1,
            None => SERVER.to_owned(),
        };
        document.insert("user".to_owned(), local.into());
        if let Some(known) = reference(document, "last_changed_by").and_then(|id| self.maps.people.get(id)) {
            document.insert("last_changed_by".to_owned(), known.as_str().into());
        }
        Ok(())
    }

    // ---- places

    fn project(&mut self, mut document: Json) -> Result<Done> {
        if let Some(done) = self.before(&PROJECT, &document)? {
            return Ok(done);
        }
        let id = text(&document, "id").unwrap_or_default().to_owned();
        let sent = text(&document, "name").unwrap_or_default();
        let Some(name) = ProjectName::parse(sent, projects::max_depth(self.ctx))? else {
            return Ok(Done::because(Refused, "a project needs a name"));
        };
        if let Some(known) = self.tx.projects_named(name.full())?.pop() {
            if known.company.is_empty() {
                return Ok(Done::because(Refused, "a public project of this server has its name"));
            }
            self.maps.projects.insert(id, known.id.clone());
            let text = format!("a project of this name is here; what lies in it goes to {}", known.id);
            return Ok(Done::because(Existing, text));
        }
        let parent = projects::ensure(self.ctx, self.tx, name.location())?;
        let mut path = parent.as_ref().map_or_else(Vec::new, |parent| parent.path.clone());
        path.extend(parent.as_ref().map(|parent| parent.id.clone()));
        document.insert("name".to_owned(), name.full().into());
        document.insert("basename".to_owned(), name.basename().into());
        document.insert("parent".to_owned(), parent.map_or(Value::Null, |parent| parent.id.into()));
        document.insert("path".to_owned(), json!(path));
        self.people(&mut document)?;
        self.rewrite_at(&mut document, &["default_output_destination"]);
        self.rewrite_at(&mut document, &["logo_url"]);
        self.store(&PROJECT, document)
    }

    fn queue(&mut self, mut document: Json) -> Result<Done> {
        if let Some(done) = self.before(&QUEUE, &document)? {
            return Ok(done);
        }
        let id = text(&document, "id").unwrap_or_default().to_owned();
        let name = text(&document, "name").unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            return Ok(Done::because(Refused, "a queue needs a name"));
        }
        if let Some(known) = self.tx.queue_named(&name)? {
            let text = format!("a queue of this name is here: {known}");
            self.maps.queues.insert(id, known.into());
            return Ok(Done::because(Existing, text));
        }
        let waiting = document.remove("entries").and_then(|entries| entries.as_array().map(Vec::len));
        document.insert("name".to_owned(), name.into());
        let mut done = self.store(&QUEUE, document)?;
        if let Some(waiting) = waiting.filter(|waiting| *waiting > 0) {
            done.notes
                .push(format!("{waiting} waiting tasks were not put into the queue; enqueue them again"));
        }
        Ok(done)
    }

    /// Puts a task or model where its project is here.
    fn place(&self, document: &mut Json, notes: &mut Vec<String>) -> Result<()> {
        let Some(sent) = reference(document, "project").filter(|id| !id.is_empty()) else {
            document.remove("project");
            return Ok(());
        };
        let local = self.maps.projects.get(sent).map_or(sent, String::as_str);
        match self.tx.project(local, Access::Write)? {
            Some(project) => document.insert("project".to_owned(), project.id.into()),
            None => {
                notes.push(format!("its project {sent} is not here; it has none now"));
                document.remove("project")
            }
        };
        Ok(())
    }

    // ---- tasks and models

    fn task(&mut self, mut document: Json) -> Result<Done> {
        if let Some(done) = self.before(&TASK, &document)? {
            return Ok(done);
        }
        let mut notes = Vec::new();
        if !named(&mut document) {
            return Ok(Done::because(Refused, "a task needs a name"));
        }
        tasks::checked_type(text(&document, "type").unwrap_or_default())?;
        let status: Status = text(&document, "status").unwrap_or_default().parse()?;
        if status == Status::Queued {
            notes.push(
                "it waited in a queue of the other server; here it is a draft to be enqueued".to_owned(),
            );
            document.insert("status".to_owned(), Status::Created.as_str().into());
        }
        self.people(&mut document)?;
        self.place(&mut document, &mut notes)?;
        self.tidy_execution(&mut document);
        self.rewrite_at(&mut document, &["output", "destination"]);
        self.finish(OwnerKind::Task, &TASK, document, notes)
    }

    /// Old servers show parameters and descriptions twice; the modern form counts. Queues may have another id here.
    fn tidy_execution(&self, document: &mut Json) {
        let is_filled = |field: &str| {
            document.get(field).and_then(Value::as_object).is_some_and(|section| !section.is_empty())
        };
        let (parameters, configuration) = (is_filled("hyperparams"), is_filled("configuration"));
        let Some(execution) = document.get_mut("execution").and_then(Value::as_object_mut) else { return };
        if parameters {
            execution.remove("parameters");
        }
        if configuration {
            execution.remove("model_desc");
        }
        if let Some(local) = reference(execution, "queue").and_then(|queue| self.maps.queues.get(queue)) {
            execution.insert("queue".to_owned(), local.as_str().into());
        }
        for artifact in execution.get_mut("artifacts").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(artifact) = artifact.as_object_mut() {
                self.rewrite_at(artifact, &["uri"]);
            }
        }
    }

    fn model(&mut self, mut document: Json) -> Result<Done> {
        if let Some(done) = self.before(&MODEL, &document)? {
            return Ok(done);
        }
        let mut notes = Vec::new();
        if !named(&mut document) {
            return Ok(Done::because(Refused, "a model needs a name"));
        }
        self.people(&mut document)?;
        self.place(&mut document, &mut notes)?;
        self.rewrite_at(&mut document, &["uri"]);
        self.finish(OwnerKind::Model, &MODEL, document, notes)
    }

    fn finish(
        &mut self,
        kind: OwnerKind,
        collection: &'static Collection,
        mut document: Json,
        notes: Vec<String>,
    ) -> Result<Done> {
        let id = text(&document, "id").unwrap_or_default().to_owned();
        let iteration = document.get("last_iteration").and_then(Value::as_i64).unwrap_or_default();
        let metrics = document.remove("last_metrics");
        let mut done = self.store(collection, document)?;
        for value in metrics.iter().filter_map(Value::as_object).flat_map(Json::values) {
            for value in value.as_object().into_iter().flat_map(Json::values) {
                if let Some(value) = past_value(value, iteration) {
                    self.tx.put_last_value(kind, &id, &value)?;
                }
            }
        }
        done.notes.extend(notes);
        Ok(done)
    }

    /// Stores a document with the times that it lacks.
    fn store(&self, collection: &'static Collection, mut document: Json) -> Result<Done> {
        let mut former = json!(self.tx.now.0);
        for time in ["created", "last_update", "last_change"] {
            match document.get(time).filter(|time| !time.is_null()) {
                Some(sent) => former = sent.clone(),
                None => {
                    document.insert(time.to_owned(), former.clone());
                }
            }
        }
        self.tx.insert_document(collection, &document)?;
        Ok(Done::new(Imported))
    }

    /// Makes an address on the other file server one on this server's.
    fn rewrite_at(&self, document: &mut Json, path: &[&str]) {
        let Some(rewrite) = self.rewrite else { return };
        let Some((first, rest)) = path.split_first() else { return };
        let mut value = document.get_mut(*first);
        for name in rest {
            value = value.and_then(|value| value.get_mut(*name));
        }
        if let Some(value) = value
            && let Some(address) = value.as_str().and_then(|text| rewrite.address(text))
        {
            *value = address.into();
        }
    }
}

/// An entry of `last_metrics`; what older servers do not keep is made up from its last value.
fn past_value(entry: &Value, iteration: i64) -> Option<PastValue<'_>> {
    let number = |name: &str| entry.get(name).and_then(Value::as_f64).filter(|number| number.is_finite());
    let at = |name: &str| entry.get(name).and_then(Value::as_i64).unwrap_or(iteration);
    let value = number("value")?;
    Some(PastValue {
        metric: entry.get("metric")?.as_str()?,
        variant: entry.get("variant")?.as_str()?,
        value,
        min: (number("min_value").unwrap_or(value), at("min_value_iteration")),
        max: (number("max_value").unwrap_or(value), at("max_value_iteration")),
        first: (number("first_value").unwrap_or(value), at("first_value_iteration")),
        count: entry.get("count").and_then(Value::as_i64).unwrap_or(1).max(1),
        mean: number("mean_value").unwrap_or(value),
        x_axis_label: entry.get("x_axis_label").and_then(Value::as_str),
    })
}

/// Trims the name; false when nothing is left.
fn named(document: &mut Json) -> bool {
    let name = text(document, "name").unwrap_or_default().trim().to_owned();
    let named = !name.is_empty();
    document.insert("name".to_owned(), name.into());
    named
}

pub(super) fn text<'a>(document: &'a Json, field: &str) -> Option<&'a str> {
    document.get(field).and_then(Value::as_str)
}

/// The id in a field that holds an id, or an object with one.
fn reference<'a>(document: &'a Json, field: &str) -> Option<&'a str> {
    let value = document.get(field)?;
    value.as_str().or_else(|| value.get("id").and_then(Value::as_str))
}

fn is_id(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(fits)
}
