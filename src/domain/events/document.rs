//! Events as they stand on the wire (protocol: spec/events.md 1.1).

use serde_json::{Value, json};

use super::access::Readable;
use crate::{
    domain::Ctx,
    store::{
        Snapshot,
        events::{Batches, EventKind, Image, LogLine, Plot, Point, Series, Vector},
    },
    types::{Json, Millis, Result},
};

/// Writes the events of one entity as documents. Batches are read once.
pub(super) struct Writer<'a> {
    snapshot: &'a Snapshot<'a>,
    entity: &'a str,
    batches: Batches,
    /// Set when the entity is public and another tenant's: the start of addresses that stay hidden.
    hidden: Option<&'a str>,
}

/// What an event says besides its own values.
struct Head<'a> {
    kind: EventKind,
    metric: &'a str,
    variant: &'a str,
    iteration: Option<i64>,
    timestamp: i64,
    batch: i64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(ctx: &'a Ctx<'_>, snapshot: &'a Snapshot<'a>, of: &'a Readable) -> Self {
        let owner = &of.owner;
        // File addresses of a public task's own tenant lead nowhere for others (spec/security_rules.md S17).
        let foreign =
            owner.is_public() && owner.company_origin.as_deref() != Some(snapshot.scope.company.as_str());
        let files = ctx.app.urls.files.as_str();
        let hidden = (foreign && !files.is_empty()).then_some(files);
        Writer { snapshot, entity: &owner.id, batches: Batches::default(), hidden }
    }

    pub(super) fn scalar(&mut self, series: &Series, point: &Point) -> Result<Json> {
        let own = [("value", json!(point.value))];
        self.document(&head(series, point.iteration, point.timestamp, point.batch), &series.key, own)
    }

    pub(super) fn vector(&mut self, series: &Series, vector: &Vector) -> Result<Json> {
        let value: Value = serde_json::from_str(&vector.value).unwrap_or_default();
        self.document(
            &head(series, vector.iteration, vector.timestamp, vector.batch),
            &series.key,
            [("value", value)],
        )
    }

    pub(super) fn image(&mut self, series: &Series, image: &Image) -> Result<Json> {
        let shown = |url: &String| self.hidden.is_none_or(|hidden| !url.starts_with(hidden));
        let url = image.url.clone().filter(shown);
        let own = url.map(|url| ("url", json!(url)));
        self.document(&head(series, image.iteration, image.timestamp, image.batch), &image.key, own)
    }

    pub(super) fn plot(&mut self, series: &Series, plot: &Plot) -> Result<Json> {
        let urls = plot.source_urls.as_deref().filter(|_| self.hidden.is_none());
        let urls = urls.and_then(|urls| serde_json::from_str(urls).ok());
        let own = [
            plot.plot_str.as_deref().map(|figure| ("plot_str", json!(figure))),
            Some(("plot_len", json!(plot.plot_len))),
            urls.map(|urls: Value| ("source_urls", urls)),
            plot.valid.map(|valid| ("valid_plot", json!(valid))),
        ];
        self.document(
            &head(series, plot.iteration, plot.timestamp, plot.batch),
            &series.key,
            own.into_iter().flatten(),
        )
    }

    /// `names`: metric and variant of the line.
    pub(super) fn line(&mut self, names: (&str, &str), line: &LogLine) -> Result<Json> {
        let head = Head {
            kind: EventKind::Log,
            metric: names.0,
            variant: names.1,
            iteration: line.iteration,
            timestamp: line.timestamp,
            batch: line.batch,
        };
        let own = [
            line.level.as_deref().map(|level| ("level", json!(level))),
            line.msg.as_deref().map(|msg| ("msg", json!(msg))),
        ];
        self.document(&head, "", own.into_iter().flatten())
    }

    fn document(
        &mut self,
        head: &Head<'_>,
        key: &str,
        own: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Result<Json> {
        let mut document = Json::new();
        let mut put = |name: &str, value: Value| {
            document.insert(name.to_owned(), value);
        };
        put("timestamp", json!(head.timestamp));
        put("type", json!(head.kind.wire()));
        put("task", json!(self.entity));
        if let Some(iteration) = head.iteration {
            put("iter", json!(iteration));
        }
        put("metric", json!(head.metric));
        put("variant", json!(head.variant));
        if !key.is_empty() {
            put("key", json!(key));
        }
        for (name, value) in own {
            put(name, value);
        }
        if let Some(batch) = self.batches.get(self.snapshot, head.batch)? {
            let extras: Option<Json> =
                batch.extras.as_deref().and_then(|extras| serde_json::from_str(extras).ok());
            for (name, value) in extras.into_iter().flatten() {
                if !document.contains_key(&name) {
                    document.insert(name, value);
                }
            }
            document.insert("model_event".to_owned(), json!(batch.model_event));
            document.insert("@timestamp".to_owned(), json!(batch.received.to_zulu()));
            document.insert("worker".to_owned(), json!(batch.worker));
        }
        Ok(document)
    }

    /// When the batch of an event arrived.
    pub(super) fn received(&mut self, batch: i64) -> Result<Option<Millis>> {
        Ok(self.batches.get(self.snapshot, batch)?.map(|batch| batch.received))
    }
}

fn head(series: &Series, iteration: i64, timestamp: i64, batch: i64) -> Head<'_> {
    Head {
        kind: series.kind,
        metric: &series.metric,
        variant: &series.variant,
        iteration: series.numbered.then_some(iteration),
        timestamp,
        batch,
    }
}
