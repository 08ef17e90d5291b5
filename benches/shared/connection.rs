//! The client's side of the benches that go over HTTP.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// A connection that is kept open. Speaks just enough HTTP for this.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
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
        self.reader.get_mut().write_all(request).expect("the request is sent");
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).expect("an answer");
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).expect("a body");
        String::from_utf8(body).expect("text")
    }
}
