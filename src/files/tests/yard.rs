//! A server on a free port, and a client that sends exactly what a test says.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use actix_web::{App as ActixApp, HttpServer, dev::ServerHandle, rt::System, web};

use crate::{
    config::Settings,
    domain::{files::testing::House, origin::OriginPolicy},
    files::{FilesState, configure},
};

pub(super) const PAGE_COOKIE: &str = "roundhouse";

pub(super) struct Yard {
    pub(super) house: House,
    pub(super) port: u16,
    /// A token of the administrator.
    pub(super) token: String,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Yard {
    pub(super) fn start() -> Yard {
        Yard::with(|_| {})
    }

    /// Serves files at `/` and, as on the web port, at `/files`.
    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Yard {
        let house = House::new(change);
        let state = web::Data::new(FilesState {
            app: Arc::clone(&house.app),
            files: Arc::clone(&house.files),
            origins: OriginPolicy::new(&house.app.settings, &house.app.urls, Vec::new()),
            page_cookie: PAGE_COOKIE.to_owned(),
            trusted_proxies: Vec::new(),
        });
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let (below, root) = (state.clone(), state.clone());
                    ActixApp::new()
                        .configure(move |config| configure(config, below, "/files"))
                        .configure(move |config| configure(config, root, ""))
                })
                .workers(2)
                .disable_signals()
                .bind("127.0.0.1:0")
                .unwrap();
                let port = server.addrs().first().unwrap().port();
                let running = server.run();
                send.send((port, running.handle())).unwrap();
                running.await.unwrap();
            });
        });
        let (port, server) = receive.recv().unwrap();
        let token = house.token(&house.admin, 3600);
        Yard { house, port, token, server, thread: Some(thread) }
    }

    pub(super) fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Sends a request without credentials.
    pub(super) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut stream = self.connect();
        stream.write_all(head(method, path, headers, body.len()).as_bytes()).unwrap();
        // A refusal may come, and the connection end, before all was sent.
        let _ = stream.write_all(body);
        Reply::read(&mut stream)
    }

    /// Sends a request of the administrator.
    pub(super) fn call(&self, method: &str, path: &str) -> Reply {
        self.call_with(method, path, &[], b"")
    }

    pub(super) fn call_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers: Vec<_> = headers.iter().copied().chain([("Authorization", bearer.as_str())]).collect();
        self.send(method, path, &headers, body)
    }

    pub(super) fn upload(&self, files: &[(&str, &[u8])]) -> Reply {
        self.call_with("POST", "/", &[FORM], &form(files))
    }

    pub(super) fn put(&self, name: &str, content: &[u8]) {
        assert_eq!(self.upload(&[(name, content)]).status, 200, "{name}");
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        self.call("GET", path)
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        let _ = actix_web::rt::Runtime::new().map(|runtime| runtime.block_on(self.server.stop(false)));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

pub(super) const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=XyZ");

pub(super) fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: box:8081\r\nConnection: close\r\n");
    if length > 0 || method == "POST" {
        text.push_str(&format!("Content-Length: {length}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}

/// The form that the SDK sends.
pub(super) fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in files {
        body.extend_from_slice(
            format!(
                "--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XyZ--\r\n");
    body
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn read(stream: &mut TcpStream) -> Reply {
        let mut bytes = Vec::new();
        // A reset after the answer loses nothing of it.
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Reply { status, headers, body: bytes[end + 4..].to_vec() }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }
}
