//! Containers by the address they serve.

use std::collections::BTreeMap;

use crate::{
    domain::Ctx,
    store::serving::Container,
    types::{ApiError, ErrorKind, Millis, Result},
};

/// The containers behind one address; never none.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The address.
    pub url: String,
    /// Its containers, by id.
    pub instances: Vec<Container>,
}

impl Endpoint {
    /// The container whose names stand for all of them.
    pub fn first(&self) -> Option<&Container> {
        self.instances.first()
    }

    /// The longest time that one of them is up, in seconds; nothing before their first report.
    pub fn uptime_sec(&self) -> Option<i64> {
        self.instances.iter().filter_map(|container| container.usage.uptime_sec).max()
    }

    /// What all of them answered.
    pub fn requests(&self) -> i64 {
        self.instances.iter().filter_map(|container| container.usage.requests_num).sum()
    }

    /// Mean of their requests per minute, to two decimals.
    pub fn requests_min(&self) -> Option<f64> {
        let values: Vec<f64> =
            self.instances.iter().filter_map(|container| container.usage.requests_min).collect();
        mean(&values).map(two_decimals)
    }

    /// Mean of their latencies, in whole milliseconds.
    pub fn latency_ms(&self) -> Option<i64> {
        let values: Vec<f64> = self
            .instances
            .iter()
            .filter_map(|container| container.usage.latency_ms.map(|milliseconds| milliseconds as f64))
            .collect();
        mean(&values).map(|value| value.round() as i64)
    }

    /// When one of them was last heard of.
    pub fn last_update(&self) -> Option<Millis> {
        self.instances.iter().map(|container| container.last_activity_time).max()
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

pub(super) fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Every address that is served, in their order.
pub fn endpoints(ctx: &Ctx<'_>) -> Result<Vec<Endpoint>> {
    let mut by_url: BTreeMap<String, Vec<Container>> = BTreeMap::new();
    for container in ctx.read(|snapshot| snapshot.containers())? {
        if let Some(url) = container.endpoint_url.clone() {
            by_url.entry(url).or_default().push(container);
        }
    }
    Ok(by_url.into_iter().map(|(url, instances)| Endpoint { url, instances }).collect())
}

/// Containers that serve no address yet, with their age in seconds.
pub fn loading(ctx: &Ctx<'_>) -> Result<Vec<(Container, i64)>> {
    ctx.read(|snapshot| {
        let loading = snapshot.containers()?.into_iter().filter(|container| container.endpoint_url.is_none());
        let age = |container: &Container| (snapshot.now.0 - container.register_time.0).max(0) / 1000;
        Ok(loading.map(|container| (container.clone(), age(&container))).collect())
    })
}

/// What serves one address.
///
/// Errors: 400/1052 nothing does.
pub fn details(ctx: &Ctx<'_>, url: &str) -> Result<Endpoint> {
    endpoints(ctx)?
        .into_iter()
        .find(|endpoint| endpoint.url == url)
        .ok_or_else(|| ApiError::from(ErrorKind::NoContainersForUrl).with("endpoint_url", url))
}
