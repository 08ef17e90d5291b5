//! Lists of documents, as every service's `get_all` and `get_all_ex` answer them.

use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        documents::{FindOptions, Found, Public, QueryOptions},
        query::Collection,
    },
    types::{Json, Result},
};

impl Ctx<'_> {
    /// What the endpoint and the settings, not the request, decide about a query.
    pub fn query_options(&self, public: Public) -> QueryOptions {
        let services = &self.app.settings.services;
        QueryOptions {
            version: self.call.version,
            public,
            max_page_size: services.mongo.max_page_size,
            hidden_queue_tags: services.queues.hidden_tags.clone(),
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

    /// Whom scrolls and cursors are bound to (spec/security_rules.md S18): the person within the tenant.
    pub fn subject(&self) -> String {
        format!("{}/{}", self.caller.tenant, self.caller.user)
    }
}
