//! Lists of documents, as every service's `get_all` and `get_all_ex` answer them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::{
    config::Settings,
    domain::{Ctx, tenants},
    store::{
        Snapshot,
        documents::{FindOptions, Found, Public, QueryOptions},
        query::Collection,
    },
    types::{Json, Result},
};

fn hidden_queue_tags(settings: &Settings) -> Vec<String> {
    let mut tags = settings.services.queues.hidden_tags.clone();
    if tenants::queue::per_tenant(settings) {
        tags.push(tenants::queue::APPLICATION.to_owned());
    }
    tags
}

impl Ctx<'_> {
    /// What the endpoint and the settings, not the request, decide about a query.
    pub fn query_options(&self, public: Public) -> QueryOptions {
        let services = &self.app.settings.services;
        QueryOptions {
            version: self.call.version,
            public,
            max_page_size: services.mongo.max_page_size,
            hidden_queue_tags: hidden_queue_tags(&self.app.settings),
            ..QueryOptions::default()
        }
    }

    /// Documents that match a request. `expanded`: references are objects (`get_all_ex`).
    ///
    /// Errors: 400 as the query language names them.
    pub fn list(
        &self,
        snapshot: &Snapshot<'_>,
        collection: &'static Collection,
        request: &Json,
        expanded: bool,
    ) -> Result<Found> {
        let public = if expanded { Public::ByRequest } else { Public::Always };
        self.list_with(snapshot, collection, request, expanded, self.query_options(public))
    }

    /// As [`Ctx::list`] with options of the caller's own.
    pub fn list_with(
        &self,
        snapshot: &Snapshot<'_>,
        collection: &'static Collection,
        request: &Json,
        expanded: bool,
        query: QueryOptions,
    ) -> Result<Found> {
        let subject = self.subject();
        let scrolls = Some((&self.app.store.scrolls, subject.as_str()));
        snapshot.find(collection, request, &FindOptions { query, expanded, scrolls, projection: None })
    }

    /// Some fields of the documents with these ids that the caller may see, by id; hidden ones too.
    ///
    /// Errors: 400 a field that the collection does not have.
    pub fn documents<'a>(
        &self,
        snapshot: &Snapshot<'_>,
        collection: &'static Collection,
        ids: impl IntoIterator<Item = &'a String>,
        fields: &[&str],
        public: Public,
    ) -> Result<HashMap<String, Json>> {
        let ids: BTreeSet<&String> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let query = QueryOptions {
            show_hidden: true,
            only: Some(ids.into_iter().cloned().collect()),
            ..self.query_options(public)
        };
        let fields: Vec<&str> = fields.iter().copied().chain(["id"]).collect();
        let all = Json::from_iter([("page".to_owned(), Value::Null), ("page_size".to_owned(), Value::Null)]);
        let options = FindOptions { query, projection: Some(&fields), ..FindOptions::default() };
        let found = snapshot.find(collection, &all, &options)?.documents;
        Ok(found
            .into_iter()
            .filter_map(|document| Some((document.get("id")?.as_str()?.to_owned(), document)))
            .collect())
    }

    /// Whom scrolls and cursors are bound to (spec/security_rules.md S18): the person within the tenant.
    pub fn subject(&self) -> String {
        format!("{}/{}", self.caller.tenant, self.caller.user)
    }
}
