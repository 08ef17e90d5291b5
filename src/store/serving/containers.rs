//! Registrations.

use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    store::{Snapshot, Tx},
    types::{Millis, Result},
};

/// What describes a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct About {
    pub endpoint_name: String,
    pub model_name: String,
    pub model_source: Option<String>,
    pub model_version: Option<String>,
    pub preprocess_artifact: Option<String>,
    pub input_type: Option<String>,
    pub input_size: Option<String>,
    #[serde(default)]
    pub reference: Vec<Reference>,
}

/// Something that a container belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// `app_id`, `app_instance`, `model`, `task` or `url`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id or address.
    pub value: String,
}

/// What a container last reported; nothing before its first report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Seconds.
    pub uptime_sec: Option<i64>,
    /// Since its start.
    pub requests_num: Option<i64>,
    /// Per minute.
    pub requests_min: Option<f64>,
    /// Milliseconds.
    pub latency_ms: Option<i64>,
    /// Processors.
    pub cpu_count: i64,
    /// Graphics processors.
    pub gpu_count: i64,
}

/// A registered container.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// As it calls itself.
    pub id: String,
    /// Where it serves; nothing while it is loading.
    pub endpoint_url: Option<String>,
    /// Where it calls from.
    pub ip: String,
    /// What describes it.
    pub about: About,
    /// What it last reported.
    pub usage: Usage,
    /// When it registered.
    pub register_time: Millis,
    /// Seconds of silence after which it is gone.
    pub register_timeout: i64,
    /// When it was last heard of.
    pub last_activity_time: Millis,
}

const COLUMNS: &str = "id, endpoint_url, ip, about, uptime_sec, requests_num, requests_min, latency_ms, cpu_count, \
                       gpu_count, register_time, register_timeout, last_activity_time";

fn read(row: &Row<'_>) -> rusqlite::Result<Container> {
    Ok(Container {
        id: row.get(0)?,
        endpoint_url: row.get(1)?,
        ip: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        about: serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default(),
        usage: Usage {
            uptime_sec: row.get(4)?,
            requests_num: row.get(5)?,
            requests_min: row.get(6)?,
            latency_ms: row.get(7)?,
            cpu_count: row.get(8)?,
            gpu_count: row.get(9)?,
        },
        register_time: Millis(row.get(10)?),
        register_timeout: row.get(11)?,
        last_activity_time: Millis(row.get(12)?),
    })
}

impl Snapshot<'_> {
    /// The tenant's containers that have not expired, by id.
    pub fn containers(&self) -> Result<Vec<Container>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM serving_container WHERE company = ?1 AND expires > ?2 ORDER BY id"
        );
        self.all(&sql, params![self.scope.company.as_str(), self.now.0], read)
    }

    /// One of them.
    pub fn container(&self, id: &str) -> Result<Option<Container>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM serving_container WHERE company = ?1 AND id = ?2 AND expires > ?3"
        );
        self.one(&sql, params![self.scope.company.as_str(), id, self.now.0], read)
    }
}

impl Tx<'_> {
    /// Stores a registration, replacing an earlier one of the same id; forgets some that have expired.
    pub fn store_container(&self, container: &Container) -> Result<()> {
        let about = serde_json::to_value(&container.about).unwrap_or_default().to_string();
        self.run(
            "INSERT OR REPLACE INTO serving_container (company, id, endpoint_url, ip, about, uptime_sec, requests_num,
                 requests_min, latency_ms, cpu_count, gpu_count, register_time, register_timeout, last_activity_time, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                self.scope.company.as_str(),
                container.id,
                container.endpoint_url,
                container.ip,
                about,
                container.usage.uptime_sec,
                container.usage.requests_num,
                container.usage.requests_min,
                container.usage.latency_ms,
                container.usage.cpu_count,
                container.usage.gpu_count,
                container.register_time.0,
                container.register_timeout,
                container.last_activity_time.0,
                self.now.plus_seconds(container.register_timeout).0,
            ],
        )?;
        let expired = "DELETE FROM serving_container WHERE (company, id) IN
                           (SELECT company, id FROM serving_container WHERE expires < ?1 LIMIT 20)";
        self.run(expired, [self.now.0]).map(drop)
    }

    /// Ends a registration. Returns whether it was there and had not expired.
    pub fn delete_container(&self, id: &str) -> Result<bool> {
        let alive = self.container(id)?.is_some();
        let sql = "DELETE FROM serving_container WHERE company = ?1 AND id = ?2";
        self.run(sql, [self.scope.company.as_str(), id])?;
        Ok(alive)
    }
}
