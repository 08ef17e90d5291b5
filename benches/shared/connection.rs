//! The client's side of the benches that go over HTTP.
// Each bench uses a part of it.
#![allow(dead_code)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// A connection that is kept open. Speaks just enough HTTP for this.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

/// What stands above a body.
struct Head {
    /// The line with the status.
    status: String,
    /// Length of the body in bytes, 0 when it is not told.
    length: usize,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) fn open(host: &str) -> Connection {
        let stream = TcpStream::connect(host).expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        Connection { reader: BufReader::new(stream) }
    }

    /// Sends a whole request and waits for the body of its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> String {
        self.ask(request).1
    }

    /// Sends a whole request and waits for the line with the status and the body.
    pub(crate) fn ask(&mut self, request: &[u8]) -> (String, String) {
        let Head { status, length } = self.begin(request);
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).expect("a body");
        (status, String::from_utf8(body).expect("text"))
    }

    /// Sends a request; the bytes of its chunked answer, which is dropped as it comes.
    pub(crate) fn download(&mut self, request: &[u8]) -> u64 {
        self.begin(request);
        let mut size = 0;
        loop {
            let length = u64::from_str_radix(&self.line(), 16).expect("the length of a chunk");
            std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink()).expect("a chunk");
            self.line();
            if length == 0 {
                return size;
            }
            size += length;
        }
    }

    fn begin(&mut self, request: &[u8]) -> Head {
        self.reader.get_mut().write_all(request).expect("the request is sent");
        let mut head = Head { status: self.line(), length: 0 };
        loop {
            let line = self.line();
            if line.is_empty() {
                return head;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                head.length = text.trim().parse().expect("a length");
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("an answer");
        line.trim().to_owned()
    }
}
