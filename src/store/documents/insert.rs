//! From a document to a row: the inverse of [`super::assemble`], for documents that come whole from another server.
//!
//! The same static description that shapes answers says here where each field is stored, so whatever an answer shows
//! can be stored again. What a document does not say keeps its column's default; unknown fields are dropped.

use rusqlite::{params_from_iter, types::Value as Sql};
use serde_json::{Map, Value};

use crate::{
    store::{
        Snapshot, Tx,
        query::{Collection, Field, Shape, Stored},
    },
    types::{ApiError, ErrorKind, Json, Millis, Result},
};

#[derive(Default)]
struct Columns {
    names: Vec<&'static str>,
    values: Vec<Sql>,
}

impl Columns {
    fn set(&mut self, name: &'static str, value: Option<Sql>) {
        if let Some(value) = value {
            self.names.push(name);
            self.values.push(value);
        }
    }

    fn json(&mut self, name: &'static str, value: Option<Value>) {
        self.set(name, value.map(|value| Sql::Text(value.to_string())));
    }

    fn field(&mut self, field: &'static Field, value: Option<&Value>) -> Result<()> {
        let value = value.filter(|value| !value.is_null());
        match field.stored {
            Stored::Inside | Stored::Metrics | Stored::MetricNames | Stored::Entries => {}
            Stored::Parts => self.members(field, value)?,
            Stored::Tags { system: false } => self.json("tags", part(field, value)?),
            Stored::Tags { system: true } => self.json("system_tags", part(field, value)?),
            Stored::Ancestors => self.json("path", part(field, value)?),
            Stored::Hyperparams => self.json("hyperparams", part(field, value)?),
            Stored::Metadata => self.json("metadata", part(field, value)?),
            Stored::Links("input") => self.json("models_input", part(field, value)?),
            Stored::Links(_) => self.json("models_output", part(field, value)?),
            Stored::Column(column) => match &field.shape {
                Shape::Object(_) => {
                    self.json(column, part(field, value)?);
                    self.members(field, value)?;
                }
                Shape::Map(_) | Shape::Any | Shape::Strings { .. } | Shape::Each(_) => {
                    self.json(column, part(field, value)?);
                }
                _ => self.set(column, part(field, value)?.map(scalar)),
            },
        }
        Ok(())
    }

    /// Members of an object that have columns of their own.
    fn members(&mut self, field: &'static Field, value: Option<&Value>) -> Result<()> {
        let Shape::Object(members) = &field.shape else { return Ok(()) };
        for member in members.iter().filter(|member| member.stored != Stored::Inside) {
            self.field(member, value.and_then(|value| value.get(member.name)))?;
        }
        Ok(())
    }
}

fn scalar(value: Value) -> Sql {
    match value {
        Value::Bool(flag) => Sql::Integer(flag.into()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Sql::Integer(number),
            None => number.as_f64().map_or(Sql::Null, Sql::Real),
        },
        Value::String(text) => Sql::Text(text),
        Value::Null | Value::Array(_) | Value::Object(_) => Sql::Null,
    }
}

fn part(field: &Field, value: Option<&Value>) -> Result<Option<Value>> {
    value.map_or(Ok(None), |value| stored(field.name, &field.shape, value))
}

fn wrong(field: &str, must: &str) -> ApiError {
    ApiError::new(ErrorKind::ValidationError, format!("{field} {must}")).with("field", field)
}

/// A value as it is stored; `None` when it says nothing.
fn stored(field: &str, shape: &Shape, value: &Value) -> Result<Option<Value>> {
    if value.is_null() {
        return Ok(None);
    }
    let out = match shape {
        Shape::Any => value.clone(),
        Shape::Text => match value {
            Value::String(text) => text.as_str().into(),
            // Old servers kept some texts as numbers and flags.
            Value::Number(_) | Value::Bool(_) => value.to_string().into(),
            _ => return Err(wrong(field, "must be text")),
        },
        Shape::Integer => {
            let whole = value.as_i64().or_else(|| {
                value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64)
            });
            whole.ok_or_else(|| wrong(field, "must be a whole number"))?.into()
        }
        Shape::Real => value.as_f64().ok_or_else(|| wrong(field, "must be a number"))?.into(),
        Shape::Flag => value.as_bool().ok_or_else(|| wrong(field, "must be true or false"))?.into(),
        Shape::Time => match (value.as_i64(), value.as_str()) {
            (Some(time), _) => time.into(),
            (None, Some(text)) => {
                Millis::parse_lenient(text).ok_or_else(|| wrong(field, "must be a time"))?.0.into()
            }
            (None, None) => return Err(wrong(field, "must be a time")),
        },
        Shape::Strings { .. } => {
            let items = value.as_array().ok_or_else(|| wrong(field, "must be a list of texts"))?;
            if !items.iter().all(Value::is_string) {
                return Err(wrong(field, "must be a list of texts"));
            }
            value.clone()
        }
        Shape::Reference(_) => match value {
            Value::String(id) => return Ok((!id.is_empty()).then(|| id.as_str().into())),
            Value::Object(document) => match document.get("id") {
                Some(Value::String(id)) => return Ok((!id.is_empty()).then(|| id.as_str().into())),
                None => return Ok(None),
                Some(_) => return Err(wrong(field, "must be an id")),
            },
            _ => return Err(wrong(field, "must be an id, or an object with one")),
        },
        Shape::Map(inner) => {
            let map = value.as_object().ok_or_else(|| wrong(field, "must be an object"))?;
            let mut out = Map::new();
            for (key, value) in map {
                if let Some(value) = stored(field, inner, value)? {
                    out.insert(key.clone(), value);
                }
            }
            Value::Object(out)
        }
        Shape::Object(members) => Value::Object(object(field, members, value)?),
        Shape::Each(members) => {
            let items = value.as_array().ok_or_else(|| wrong(field, "must be a list"))?;
            let items: Result<Vec<Value>> =
                items.iter().map(|item| object(field, members, item).map(Value::Object)).collect();
            Value::Array(items?)
        }
    };
    Ok(Some(out))
}

fn object(field: &str, members: &[Field], value: &Value) -> Result<Json> {
    let map = value.as_object().ok_or_else(|| wrong(field, "must be an object"))?;
    let mut out = Map::new();
    for member in members.iter().filter(|member| member.stored == Stored::Inside) {
        if let Some(value) = part(member, map.get(member.name))? {
            out.insert(member.name.to_owned(), value);
        }
    }
    Ok(out)
}

impl Snapshot<'_> {
    /// Whose document this id is, in any tenant: ids are unique on the server. An empty answer means public.
    ///
    /// For the one who brings documents with ids of their own; what it answers must not reach a client.
    pub fn holder_of(&self, collection: &'static Collection, id: &str) -> Result<Option<String>> {
        let sql = format!("SELECT company FROM {} WHERE id = ?1", collection.table);
        self.one(&sql, [id], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Stores a whole document, in the form of answers, with its id and times, as the scope's tenant's. `last_metrics`
    /// are kept as they stand. References may be ids or objects with one.
    ///
    /// Errors: 400/12 a field has the wrong shape; 400/801 id or name is taken.
    pub fn insert_document(&self, collection: &'static Collection, document: &Json) -> Result<()> {
        let mut columns = Columns::default();
        for field in collection.fields {
            match field.name {
                "company" => {
                    columns.set("company", Some(Sql::Text(self.scope.company.as_str().to_owned())));
                }
                // Nothing of what is stored here is public.
                "company_origin" => {}
                name => columns.field(field, document.get(name))?,
            }
        }
        let holes = vec!["?"; columns.names.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({holes})", collection.table, columns.names.join(", "));
        self.run(&sql, params_from_iter(columns.values))?;
        Ok(())
    }

    /// Removes a document of the tenant with its events; triggers remove what is derived from it.
    pub fn remove_document(&self, collection: &'static Collection, id: &str) -> Result<()> {
        self.delete_events(id)?;
        let sql = format!("DELETE FROM {} WHERE id = ?1 AND company = ?2", collection.table);
        self.run(&sql, [id, self.scope.company.as_str()]).map(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        store::{
            Lane, Scope, Store,
            documents::Access,
            query::{MODEL, TASK},
        },
        types::Version,
    };

    fn map(value: Value) -> Json {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_was_stored_is_what_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let scope = Scope::tenant("t");
        let task = map(json!({
            "id": "t1", "name": "n", "type": "training", "status": "published", "company": {"id": "elsewhere"},
            "user": {"id": "u", "name": "Ann"}, "created": "2024-05-06T07:08:09.123000+00:00",
            "published": "2024-05-06T08:08:09.5Z", "last_update": "2024-05-06T08:08:09+00:00",
            "last_change": 1_714_979_289_000_i64, "last_iteration": 7, "parent": {"id": "p1"}, "project": {},
            "tags": ["b", "a"], "system_tags": ["development"],
            "execution": {"queue": {"id": "q1"}, "framework": "x", "unknown": 1,
                "artifacts": [{"key": "k", "type": "json", "uri": "http://h/f", "mode": "output", "content_size": 5}]},
            "models": {"input": [{"name": "m", "model": {"id": "m1", "name": "M"}, "updated": "2024-05-06T07:08:09+00:00"}]},
            "hyperparams": {"Args": {"a.b/$c": {"section": "Args", "name": "a.b/$c", "value": 5, "type": null}}},
            "runtime": {"any": [1, {"x": null}]}, "unknown": true,
        }));
        store.write(&scope, Lane::Documents, |tx| tx.insert_document(&TASK, &task)).unwrap();
        let read = store
            .read(&scope, |snapshot| snapshot.by_id(&TASK, "t1", Access::Read, Version::CURRENT))
            .unwrap()
            .unwrap();
        let want = [
            ("company", json!("t")),
            ("user", json!("u")),
            ("created", json!("2024-05-06T07:08:09.123000+00:00")),
            ("published", json!("2024-05-06T08:08:09.500000+00:00")),
            ("parent", json!("p1")),
            ("tags", json!(["a", "b"])),
            ("hyperparams", json!({"Args": {"a.b/$c": {"section": "Args", "name": "a.b/$c", "value": "5"}}})),
            ("runtime", json!({"any": [1, {"x": null}]})),
        ];
        for (field, value) in want {
            assert_eq!(read[field], value, "{field}");
        }
        assert!(!read.contains_key("project") && !read.contains_key("unknown"));
        assert_eq!(read["execution"]["queue"], "q1");
        assert_eq!(read["execution"]["artifacts"][0]["content_size"], 5);
        assert_eq!(read["models"]["input"][0]["model"], "m1");
        assert_eq!(read["models"]["input"][0]["updated"], "2024-05-06T07:08:09+00:00");
        let holder = store.read(&Scope::tenant("other"), |snapshot| snapshot.holder_of(&TASK, "t1"));
        assert_eq!(holder.unwrap().as_deref(), Some("t"));
    }

    #[test]
    fn a_field_of_the_wrong_shape_is_named_and_nothing_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let scope = Scope::tenant("t");
        for (field, bad) in [
            ("created", json!("yesterday")),
            ("ready", json!("yes")),
            ("tags", json!(["a", 1])),
            ("labels", json!([])),
            ("task", json!(5)),
            ("name", json!({})),
        ] {
            let mut model = map(json!({"id": "m", "name": "n", "user": "u", "created": 1, "last_update": 1,
                "last_change": 1, "ready": true}));
            model.insert(field.to_owned(), bad);
            let error = store.write(&scope, Lane::Documents, |tx| tx.insert_document(&MODEL, &model));
            let error = error.unwrap_err();
            assert_eq!((error.kind(), &error.data()["field"]), (ErrorKind::ValidationError, &json!(field)));
            let holder = store.read(&scope, |snapshot| snapshot.holder_of(&MODEL, "m")).unwrap();
            assert_eq!(holder, None, "{field}");
        }
    }
}
