//! `apiserver.apilog.*` and `apiserver.endpoints.*`: the log of API calls (spec/governance.md 13).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::super::hocon::Value;
use super::super::read::{Leaf, Reader, Seconds, Setting, Wrong, join};
use super::super::section::{choice, section};

section! {
    /// The log of API calls.
    pub struct Apilog {
        /// Where entries go; one adapter or several.
        adapter: Vec<Adapter> = vec![Adapter::Store],
        /// Settings of the adapters.
        adapters: Adapters = Default::default(),
        /// Which groups of fields an entry has.
        log_fields: LogFields = Default::default(),
        /// Whether user, user name, company name, e-mail and key are replaced by `<redacted>`; the role stays.
        redact_identity: bool = false,
        /// Suffix of tags, indexes and file names.
        rotation: Rotation = Default::default(),
        /// The built-in store.
        store: LogStore = Default::default(),
    }
}

choice! {
    /// Where entries of the log go.
    pub enum Adapter {
        /// The built-in store.
        Store = "store",
        /// A file of JSON lines.
        File = "file",
        /// JSON lines on standard output.
        RawLog = "raw_log",
        /// The Fluentd forward protocol.
        Logging = "logging",
        /// An Elasticsearch server.
        Elastic = "elastic",
    }
}

section! {
    /// Settings of the adapters.
    pub struct Adapters {
        /// Of `elastic`.
        elastic: ElasticAdapter = Default::default(),
        /// Of `file`.
        file: FileAdapter = Default::default(),
        /// Of `logging`.
        logging: LoggingAdapter = Default::default(),
    }
}

section! {
    /// The adapter `file`.
    pub struct FileAdapter {
        /// The file; unset: `clearml.apiserver.api-logs` in the data directory. With a rotation its suffix follows.
        path: Option<String> = None,
    }
}

section! {
    /// The adapter `logging`.
    pub struct LoggingAdapter {
        /// Where it sends to.
        handler: LoggingHandler = Default::default(),
    }
}

section! {
    /// Where the adapter `logging` sends to.
    pub struct LoggingHandler {
        /// Its address.
        kwargs: LoggingAddress = Default::default(),
    }
}

section! {
    /// Address of a Fluentd server.
    pub struct LoggingAddress {
        /// Host name or address.
        host: Option<String> = None,
        /// Port.
        port: u16 = 24_224,
    }
}

section! {
    /// The adapter `elastic`. Keys are spelt as in existing deployments.
    pub struct ElasticAdapter {
        /// Address of the server.
        url: Option<String> = None,
        /// How long start waits for the server, in seconds.
        init_timout_sec: Seconds = Seconds::new(60),
        /// Whether entries are sent in bulk.
        bulk_enabled: bool = true,
        /// Longest wait before a bulk is sent, in seconds.
        bulk_write_delay_sec: Seconds = Seconds::new(5),
        /// How long sending may take, in seconds.
        bulk_write_timeout_sec: Seconds = Seconds::new(15),
        /// A bulk of this many entries is sent at once.
        bulk_min_items: u64 = 100,
    }
}

section! {
    /// Which groups of fields an entry has.
    pub struct LogFields {
        /// Who called.
        auth: LogFieldGroup = Default::default(),
        /// Selected headers.
        headers: LogFieldGroup = Default::default(),
        /// Versions asked for and answered.
        version: LogFieldGroup = Default::default(),
        /// Timings.
        stats: LogFieldGroup = Default::default(),
        /// Code, sub-code and message.
        result: LogFieldGroup = Default::default(),
        /// Request and answer, where an endpoint logs them.
        data: LogFieldGroup = Default::default(),
    }
}

section! {
    /// A group of fields.
    pub struct LogFieldGroup {
        /// Whether entries have it.
        enabled: bool = true,
    }
}

section! {
    /// Suffix of tags, indexes and file names.
    pub struct Rotation {
        /// How often the suffix changes; unset: there is none.
        time: Option<RotationTime> = None,
    }
}

choice! {
    /// How often a new suffix begins.
    pub enum RotationTime {
        /// `YYYYMM`.
        Monthly = "monthly",
        /// `YYYYQn`.
        Quarterly = "quarterly",
        /// `YYYY`.
        Yearly = "yearly",
    }
}

section! {
    /// The built-in store.
    pub struct LogStore {
        /// How long entries are kept, in days; 0: for ever.
        retention_days: u64 = 90,
        /// How long security events and the steps of tasks' trails are kept, in days; 0: for ever.
        security_retention_days: u64 = 0,
    }
}

/// Which fields of a request or an answer are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedFields {
    /// None.
    Nothing,
    /// All, redacted.
    Everything,
    /// These top-level fields, redacted.
    Only(Vec<String>),
}

impl Leaf for LoggedFields {
    fn read(value: &Value, at: &str, reader: &mut Reader) -> Result<Self, Wrong> {
        match value.as_bool() {
            Some(true) => Ok(Self::Everything),
            Some(false) => Ok(Self::Nothing),
            None if value.as_array().is_some() => Leaf::read(value, at, reader).map(Self::Only),
            None => Err("true, false or a list of field names".into()),
        }
    }

    fn tree(&self) -> Option<Json> {
        Some(match self {
            Self::Nothing => json!(false),
            Self::Everything => json!(true),
            Self::Only(fields) => json!(fields),
        })
    }
}

section! {
    /// What an endpoint leaves in the log; unset: as the next wider entry says.
    pub struct EndpointRule {
        /// Whether calls are logged.
        log_call: Option<bool> = None,
        /// Fields of the request.
        log_data: Option<LoggedFields> = None,
        /// Fields of the answer.
        log_result_data: Option<LoggedFields> = None,
    }
}

/// What one endpoint leaves in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointLogging {
    /// Whether calls are logged.
    pub log_call: bool,
    /// Fields of the request.
    pub log_data: LoggedFields,
    /// Fields of the answer.
    pub log_result_data: LoggedFields,
}

/// `apiserver.endpoints.<service>.<action>` and `apiserver.endpoints._default`.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// For endpoints without an entry.
    pub default: EndpointRule,
    /// By service and action.
    pub services: BTreeMap<String, BTreeMap<String, EndpointRule>>,
}

/// Endpoints that are called so often, by machines, that an entry for each call would bury the rest.
const NOT_LOGGED: [(&str, &str); 5] = [
    ("debug", "ping"),
    ("workers", "status_report"),
    ("events", "add"),
    ("events", "add_batch"),
    ("tasks", "ping"),
];

impl Endpoints {
    /// What an endpoint leaves in the log: its own entry, else the shipped rule, else the default entry, else calls without
    /// data. Of calls that govern (identities, credentials, access, storage) the request is logged too.
    #[must_use]
    pub fn rule(&self, service: &str, action: &str, governs: bool) -> EndpointLogging {
        let own = self.services.get(service).and_then(|actions| actions.get(action));
        let shipped = NOT_LOGGED.contains(&(service, action)).then_some(false);
        let fields = |pick: fn(&EndpointRule) -> Option<&LoggedFields>| {
            own.and_then(pick).or_else(|| pick(&self.default)).cloned()
        };
        let request = if governs { LoggedFields::Everything } else { LoggedFields::Nothing };
        EndpointLogging {
            log_call: own
                .and_then(|rule| rule.log_call)
                .or(shipped)
                .or(self.default.log_call)
                .unwrap_or(true),
            log_data: fields(|rule| rule.log_data.as_ref()).unwrap_or(request),
            log_result_data: fields(|rule| rule.log_result_data.as_ref()).unwrap_or(LoggedFields::Nothing),
        }
    }
}

impl Setting for Endpoints {
    fn apply(&mut self, value: &Value, at: &str, reader: &mut Reader) {
        if value.is_null() {
            return;
        }
        let Some(object) = value.as_object() else {
            reader.wrong_type(at, value, "a section in braces");
            return;
        };
        for (key, value) in object.iter() {
            let at = join(at, key);
            match key {
                "_default" | "_default_" => self.default.apply(value, &at, reader),
                service => self.services.entry(service.to_owned()).or_default().apply(value, &at, reader),
            }
        }
    }

    fn tree(&self) -> Option<Json> {
        let mut tree = self.services.tree()?;
        tree.as_object_mut()?.insert("_default".to_owned(), self.default.tree()?);
        Some(tree)
    }
}
