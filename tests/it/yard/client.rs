//! A caller of the API, as an HTTP client sees it.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use reqwest::Method;
use reqwest::blocking::Response;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use roundhouse::server::tls::install_provider;
use serde_json::{Value, json};

/// Somebody who calls the API. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::blocking::Client,
    api: String,
    headers: HeaderMap,
    version: String,
}

/// An answer with its envelope taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// `meta.result_code`.
    pub(crate) code: u16,
    /// `meta.result_subcode`.
    pub(crate) subcode: u16,
    /// `data`.
    pub(crate) data: Value,
    /// `meta`.
    pub(crate) meta: Value,
    /// Headers.
    pub(crate) headers: HeaderMap,
}

impl Answer {
    /// `code/subcode`, as the specifications write it.
    #[track_caller]
    pub(crate) fn is(&self, code: u16, subcode: u16) -> &Self {
        assert_eq!(
            (self.status, self.code, self.subcode),
            (code, code, subcode),
            "wanted {code}/{subcode}, got {} with {}",
            self.meta,
            self.data
        );
        self
    }

    /// The data of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Value {
        self.is(200, 0);
        &self.data
    }

    /// A header's text, empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Takes an envelope apart, and insists that it is one.
#[track_caller]
pub(crate) fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().unwrap();
    let envelope: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("not an envelope ({status}, {error}): {text}"));
    let meta = envelope["meta"].clone();
    let number = |name: &str| u16::try_from(meta[name].as_u64().expect(name)).unwrap();
    let (code, subcode) = (number("result_code"), number("result_subcode"));
    Answer { status, code, subcode, data: envelope["data"].clone(), meta, headers }
}

/// One request being put together.
pub(crate) struct Call {
    http: reqwest::blocking::Client,
    url: String,
    method: Method,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    /// Leaves out credentials (and everything else) that the client would send in this header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    pub(crate) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Lines of a batch.
    pub(crate) fn lines(self, lines: &[Value]) -> Self {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        self.header("content-type", "application/json-lines").bytes(lines.join("\n"))
    }

    /// Sends it; the answer need not be an envelope.
    pub(crate) fn send(self) -> reqwest::Result<Response> {
        let mut request = self.http.request(self.method, &self.url).headers(self.headers);
        if let Some(body) = self.body {
            request = request.body(body);
        }
        request.send()
    }

    /// Sends it and takes the envelope apart.
    #[track_caller]
    pub(crate) fn answer(self) -> Answer {
        read(self.send().unwrap())
    }
}

impl Client {
    /// A client without credentials. Over TLS it trusts the certificate in `ca` and nothing else.
    pub(crate) fn new(api: &str, ca: &Path) -> Self {
        install_provider();
        let mut http = reqwest::blocking::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60));
        if api.starts_with("https") {
            let pem = std::fs::read(ca).unwrap();
            http = http.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
        }
        Self {
            http: http.build().unwrap(),
            api: api.to_owned(),
            headers: HeaderMap::new(),
            version: "2.34".to_owned(),
        }
    }

    /// Sends this header with every call.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        client.headers.insert(name, HeaderValue::from_str(value).unwrap());
        client
    }

    /// Authenticates by Basic.
    pub(crate) fn basic(&self, key: &str, secret: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key}:{secret}"));
        self.with("authorization", &format!("Basic {pair}"))
    }

    /// Authenticates by a token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Acts as another user, with that user's role.
    pub(crate) fn impersonating(&self, user: &str) -> Self {
        self.with("x-clearml-impersonate-as", user)
    }

    /// Speaks another version of the API.
    pub(crate) fn at(&self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self.clone() }
    }

    /// Signs in as the SDK does; further calls carry the token.
    #[track_caller]
    pub(crate) fn signed_in(&self) -> Self {
        self.bearer(&self.token())
    }

    /// A fresh token.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        self.ok("auth.login", json!({}))["token"].as_str().unwrap().to_owned()
    }

    /// A request to a path below the API's root.
    pub(crate) fn path(&self, path: &str) -> Call {
        Call {
            http: self.http.clone(),
            url: format!("{}{path}", self.api),
            method: Method::GET,
            headers: self.headers.clone(),
            body: None,
        }
    }

    /// A request for an endpoint at the client's version, POST.
    pub(crate) fn request(&self, endpoint: &str) -> Call {
        self.path(&format!("/v{}/{endpoint}", self.version)).method(Method::POST)
    }

    /// Calls an endpoint with a JSON body.
    #[track_caller]
    pub(crate) fn call(&self, endpoint: &str, body: Value) -> Answer {
        self.request(endpoint).json(&body).answer()
    }

    /// Calls an endpoint that must succeed; answers its data.
    #[track_caller]
    pub(crate) fn ok(&self, endpoint: &str, body: Value) -> Value {
        let answer = self.call(endpoint, body);
        answer.ok();
        answer.data
    }

    /// The plain HTTP client, for other faces.
    pub(crate) fn http(&self) -> &reqwest::blocking::Client {
        &self.http
    }
}

/// Claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a token has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
