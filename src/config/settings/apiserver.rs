//! `apiserver.*` (spec/protocol.md 6.4, spec/governance.md 12 and 13).

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value as Json, json};

use super::super::hocon::Value;
use super::super::read::{Leaf, Passthrough, Reader, Seconds, Wrong};
use super::super::section::section;
use super::access_log::{Apilog, Endpoints};
use super::auth::Auth;
use super::network::Network;

section! {
    /// The API server.
    pub struct Apiserver {
        /// The log of API calls.
        apilog: Apilog = Default::default(),
        /// Sign-in, tokens and cookies.
        auth: Auth = Default::default(),
        /// Search for new versions.
        check_for_updates: CheckForUpdates = Default::default(),
        /// Rules for companies.
        company: Company = Default::default(),
        /// Requests from other origins.
        cors: Cors = Default::default(),
        /// Id of the company created at first start.
        default_company: String = "d1bd92a3b039400cbafc60a7a5b1e52b".to_owned(),
        /// What each endpoint leaves in the log of API calls.
        endpoints: Endpoints = Default::default(),
        /// `getting_started` of `users.get_current_user` (spec/protocol.md 4.1).
        getting_started_info: Passthrough = Passthrough(json!({
            "agentName": "clearml",
            "configure": "clearml-init",
            "install": "pip install clearml",
            "packageName": "clearml",
        })),
        /// Where the API listens, unless the command line says so.
        listen: Listen = Default::default(),
        /// Whether API calls are logged (spec/governance.md 13).
        log_calls: bool = true,
        /// Example archives. Accepted; Roundhouse ships none.
        pre_populate: PrePopulate = Default::default(),
        /// Requests.
        request: Request = Default::default(),
        /// Answers.
        response: Response = Default::default(),
        /// Accepted without effect: Roundhouse sends no stack traces.
        return_stack: bool = false,
        /// Accepted without effect: Roundhouse sends no stack traces.
        return_stack_on_code: Passthrough = Passthrough(json!([[500, 0]])),
        /// Accepted without effect: Roundhouse sends no stack traces.
        return_stack_to_caller: bool = false,
        /// Which services answer.
        services: Services = Default::default(),
        /// Usage reports.
        statistics: Statistics = Default::default(),
        /// Proxies whose `X-Forwarded-*` headers are believed: addresses or networks such as `10.0.0.0/8`.
        trusted_proxies: Vec<Network> = Vec::new(),
        /// Version in the path.
        version: Version = Default::default(),
        /// Workers.
        workers: Workers = Default::default(),
    }
}

section! {
    /// Where the API listens.
    pub struct Listen {
        /// Address. The command line's `--bind` wins; without either, the loopback address.
        ip: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST),
        /// Port. The command line's `--api-port` wins.
        port: u16 = 8008,
    }
}

impl Leaf for IpAddr {
    fn read(value: &Value, _: &str, _: &mut Reader) -> Result<Self, Wrong> {
        value
            .as_text()
            .and_then(|text| text.trim().parse().ok())
            .ok_or_else(|| "an IP address such as 127.0.0.1".into())
    }

    fn tree(&self) -> Option<Json> {
        Some(Json::from(self.to_string()))
    }
}

section! {
    /// The version part of API paths (spec/protocol.md 1.2).
    pub struct Version {
        /// Whether a path without version is refused.
        required: bool = false,
        /// Whether a version above the newest is refused; the web app asks for v999.0.
        check_max_version: bool = false,
    }
}

section! {
    /// Requests.
    pub struct Request {
        /// Largest body of an API call, in bytes (spec/security_rules.md S24).
        max_body_bytes: u64 = 64 << 20,
        /// What the bodies of all API calls that are read or worked on may hold in memory, in bytes; two of the largest
        /// always have room. Clients that send more are slowed down, then asked to come again (503).
        max_in_flight_bytes: u64 = 256 << 20,
        /// Prefix removed from paths that start with it.
        strip_prefix: Option<String> = None,
    }
}

section! {
    /// Answers.
    pub struct Response {
        /// Headers of every answer.
        headers: ResponseHeaders = Default::default(),
    }
}

section! {
    /// Headers of every answer.
    pub struct ResponseHeaders {
        /// Header `Server`.
        server: String = "clearml".to_owned(),
    }
}

section! {
    /// Requests of pages from other origins (spec/protocol.md 1.9, spec/security_rules.md S20).
    pub struct Cors {
        /// Origins that may call.
        origins: CorsOrigins = CorsOrigins::WebOnly,
        /// Whether such calls may carry cookies.
        supports_credentials: bool = true,
    }
}

/// Origins whose pages may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Only the server's own pages: the default.
    WebOnly,
    /// Any origin, written `"*"`; never together with cookies (spec/security_rules.md S20).
    Any,
    /// These origins, and the server's own pages.
    Listed(Vec<String>),
}

impl Leaf for CorsOrigins {
    fn read(value: &Value, at: &str, reader: &mut Reader) -> Result<Self, Wrong> {
        let origins: Vec<String> = Leaf::read(value, at, reader)?;
        if origins.iter().any(|origin| origin.trim() == "*") {
            return Ok(Self::Any);
        }
        Ok(Self::Listed(
            origins.iter().map(|origin| origin.trim().trim_end_matches('/').to_ascii_lowercase()).collect(),
        ))
    }

    fn tree(&self) -> Option<Json> {
        Some(match self {
            Self::WebOnly => Json::Null,
            Self::Any => json!("*"),
            Self::Listed(origins) => json!(origins),
        })
    }

    fn null() -> Option<Self> {
        Some(Self::WebOnly)
    }
}

section! {
    /// Rules for companies (tenants).
    pub struct Company {
        /// Whether two active companies must differ in name, case folded.
        unique_names: bool = true,
    }
}

section! {
    /// Which services answer (spec/security_rules.md D).
    pub struct Services {
        /// Names of services whose endpoints answer 404/0 and whose pages are hidden.
        excluded: Vec<String> = Vec::new(),
    }
}

section! {
    /// Example archives imported into an empty store.
    pub struct PrePopulate {
        /// Whether to import.
        enabled: bool = false,
        /// Archives or directories of archives.
        zip_files: Vec<String> = Vec::new(),
        /// Whether a failure stops the server.
        fail_on_error: bool = false,
        /// Where artifacts are unpacked.
        artifacts_path: Option<String> = None,
    }
}

section! {
    /// Workers.
    pub struct Workers {
        /// Whether reports of unknown workers register them.
        auto_register: bool = true,
        /// Whether silent workers are unregistered.
        auto_unregister: bool = true,
        /// How long a worker's task may stay silent, in seconds.
        task_update_timeout: Seconds = Seconds::new(600),
        /// How long a worker may stay silent when it does not say, in seconds.
        default_timeout: Seconds = Seconds::new(600),
    }
}

section! {
    /// Search for new versions: off, since Roundhouse calls nobody unasked.
    pub struct CheckForUpdates {
        /// Whether to ask.
        enabled: bool = false,
        /// How often, in seconds.
        check_interval_sec: Seconds = Seconds::new(86_400),
        /// Whom to ask.
        url: Option<String> = None,
    }
}

section! {
    /// Usage reports (spec/protocol.md 2.4). Nothing is sent.
    pub struct Statistics {
        /// Whether `server.report_stats_option` can be switched on.
        supported: bool = true,
        /// How often, in hours.
        report_interval_hours: u64 = 24,
        /// Agents silent for longer do not count, in days.
        agent_relevant_threshold_days: u64 = 30,
        /// Whom to send to.
        url: Option<String> = None,
        /// Attempts.
        max_retries: u32 = 5,
        /// Wait between attempts, in seconds.
        max_backoff_sec: Seconds = Seconds::new(5),
    }
}
