//! The tenants of a person (spec/projects.md 4.2).

use serde_json::{Value, json};

use crate::{
    domain::Ctx,
    store::{
        documents::{FindOptions, Public},
        query::USER,
    },
    types::{Json, Result},
};

/// A tenant and its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companies {
    /// Id of the tenant.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its people, by name.
    pub owners: Vec<Owner>,
}

/// Somebody of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Address of a picture.
    pub avatar: Option<String>,
}

/// The caller's tenant. Everybody belongs to exactly one.
pub fn companies(ctx: &Ctx<'_>) -> Result<Companies> {
    ctx.read(|snapshot| {
        let id = ctx.caller.tenant.as_str();
        let request = Json::from_iter(
            [("order_by", json!(["name"])), ("page", Value::Null), ("page_size", Value::Null)]
                .map(|(key, value)| (key.to_owned(), value)),
        );
        let options = FindOptions {
            query: ctx.query_options(Public::Never),
            projection: Some(&["id", "name", "avatar"]),
            ..FindOptions::default()
        };
        let text = |person: &Json, key: &str| person.get(key).and_then(Value::as_str).map(str::to_owned);
        let people = snapshot.find(&USER, &request, &options)?.documents;
        Ok(Companies {
            id: id.to_owned(),
            name: snapshot.company(id)?.map_or_else(|| id.to_owned(), |company| company.name),
            owners: people
                .iter()
                .map(|person| Owner {
                    id: text(person, "id").unwrap_or_default(),
                    name: text(person, "name").unwrap_or_default(),
                    avatar: text(person, "avatar"),
                })
                .collect(),
        })
    })
}
