//! Adapter `logging`: the Fluentd forward protocol, version 1, over TCP. Batches ask for an acknowledgement, so that what
//! a dying server still had is sent again.

use std::{
    io::{Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rmp::encode as pack;
use serde::Deserialize;

use super::{Deliver, NAME, file::suffix};
use crate::{
    config::settings::access_log::{Apilog, RotationTime},
    crypto::random::random_bytes,
    domain::audit::Entry,
    types::Millis,
};

/// Connecting, writing and waiting for the acknowledgement each take at most this long.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Forward {
    host: String,
    port: u16,
    rotation: Option<RotationTime>,
    connection: Option<TcpStream>,
}

/// The answer to a batch.
#[derive(Deserialize)]
struct Acknowledged {
    ack: String,
}

impl Forward {
    pub(super) fn new(settings: &Apilog) -> Self {
        let address = &settings.adapters.logging.handler.kwargs;
        Forward {
            host: address.host.clone().unwrap_or_default(),
            port: address.port,
            rotation: settings.rotation.time,
            connection: None,
        }
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let shown = format!("{}:{}", self.host, self.port);
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| format!("{shown} can't be found: {error}"))?;
        let mut last = format!("{shown} has no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream
                        .set_write_timeout(Some(PATIENCE))
                        .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
                        .map_err(|error| error.to_string())?;
                    return Ok(stream);
                }
                Err(error) => last = format!("{shown} can't be reached: {error}"),
            }
        }
        Err(last)
    }

    fn send(&mut self, message: &[u8], chunk: &str) -> Result<(), String> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => self.connect()?,
        };
        connection.write_all(message).map_err(|error| format!("the connection broke: {error}"))?;
        let mut answer = Vec::new();
        let mut part = [0; 512];
        loop {
            let count =
                connection.read(&mut part).map_err(|error| format!("no acknowledgement came: {error}"))?;
            answer.extend_from_slice(part.get(..count).unwrap_or_default());
            match rmp_serde::from_slice::<Acknowledged>(&answer) {
                Ok(answer) if answer.ack == chunk => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                Ok(_) => return Err("the acknowledgement was of another batch".to_owned()),
                Err(_) if count > 0 && answer.len() < 4096 => {}
                Err(_) => return Err("the answer was no acknowledgement".to_owned()),
            }
        }
    }
}

impl Deliver for Forward {
    fn deliver(&mut self, batch: &[Arc<Entry>]) -> Result<(), String> {
        let rotation = self.rotation;
        for part in batch.chunk_by(|a, b| suffix(rotation, a.at) == suffix(rotation, b.at)) {
            let Some(first) = part.first() else { continue };
            let suffix = suffix(rotation, first.at);
            let tag = if suffix.is_empty() { NAME.to_owned() } else { format!("{NAME}.{suffix}") };
            let chunk = STANDARD.encode(random_bytes::<16>());
            let message = message(&tag, part, &chunk).map_err(|error| error.to_string())?;
            self.send(&message, &chunk)?;
        }
        Ok(())
    }
}

/// Forward mode: `[tag, [[time, record], …], {"size": n, "chunk": id}]`.
fn message(tag: &str, entries: &[Arc<Entry>], chunk: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let count = u32::try_from(entries.len())?;
    let mut out = Vec::with_capacity(entries.len() * 1024);
    pack::write_array_len(&mut out, 3)?;
    pack::write_str(&mut out, tag)?;
    pack::write_array_len(&mut out, count)?;
    for entry in entries {
        pack::write_array_len(&mut out, 2)?;
        write_time(&mut out, entry.at)?;
        rmp_serde::encode::write(&mut out, &entry.json)?;
    }
    pack::write_map_len(&mut out, 2)?;
    pack::write_str(&mut out, "size")?;
    pack::write_uint(&mut out, u64::from(count))?;
    pack::write_str(&mut out, "chunk")?;
    pack::write_str(&mut out, chunk)?;
    Ok(out)
}

/// EventTime: extension type 0 with seconds and nanoseconds.
fn write_time(out: &mut Vec<u8>, at: Millis) -> Result<(), Box<dyn std::error::Error>> {
    let seconds = u32::try_from(at.0.div_euclid(1000))?;
    let nanoseconds = u32::try_from(at.0.rem_euclid(1000) * 1_000_000)?;
    pack::write_ext_meta(out, 8, 0)?;
    out.extend_from_slice(&seconds.to_be_bytes());
    out.extend_from_slice(&nanoseconds.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::{Value, json};

    use super::*;
    use crate::config::Settings;

    /// What a Fluentd server gets: tag, times and records, and how often it was sent.
    type Message = (String, Vec<(rmp_serde_ext::Time, Value)>, Options);

    #[derive(Deserialize)]
    struct Options {
        size: u64,
        chunk: String,
    }

    /// EventTime as serde sees an extension.
    mod rmp_serde_ext {
        #[derive(serde::Deserialize)]
        #[serde(rename = "_ExtStruct")]
        pub(super) struct Time(pub(super) (i8, serde_bytes_like::Bytes));

        pub(super) mod serde_bytes_like {
            pub(in super::super) struct Bytes(pub(in super::super) Vec<u8>);

            impl<'de> serde::Deserialize<'de> for Bytes {
                fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                    struct Visitor;
                    impl serde::de::Visitor<'_> for Visitor {
                        type Value = Bytes;
                        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                            f.write_str("bytes")
                        }
                        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                            Ok(Bytes(bytes.to_vec()))
                        }
                        fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                            Ok(Bytes(bytes))
                        }
                    }
                    input.deserialize_bytes(Visitor)
                }
            }
        }
    }

    /// Answers as Fluentd does, `refusals` times with a closed connection first; returns what it acknowledged.
    fn receiver(listener: TcpListener, refusals: usize, messages: usize) -> Vec<Message> {
        let mut got = Vec::new();
        for nth in 0.. {
            let (mut stream, _) = listener.accept().unwrap();
            if nth < refusals {
                continue;
            }
            let mut bytes = Vec::new();
            let mut part = [0; 4096];
            while got.len() < messages {
                let count = stream.read(&mut part).unwrap();
                if count == 0 {
                    break;
                }
                bytes.extend_from_slice(&part[..count]);
                if let Ok(message) = rmp_serde::from_slice::<Message>(&bytes) {
                    bytes.clear();
                    let mut answer = Vec::new();
                    pack::write_map_len(&mut answer, 1).unwrap();
                    pack::write_str(&mut answer, "ack").unwrap();
                    pack::write_str(&mut answer, &message.2.chunk).unwrap();
                    stream.write_all(&answer).unwrap();
                    got.push(message);
                }
            }
            if got.len() == messages {
                return got;
            }
        }
        got
    }

    fn entry(at: i64, name: &str) -> Arc<Entry> {
        Arc::new(Entry {
            at: Millis(at),
            row: None,
            json: json!({"endpoint": name, "result": {"code": 200}, "n": null}),
        })
    }

    #[test]
    fn case_56_a_fluentd_server_gets_entries_and_a_lost_batch_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut settings = Settings::default().apiserver.apilog;
        settings.adapters.logging.handler.kwargs.host = Some("127.0.0.1".to_owned());
        settings.adapters.logging.handler.kwargs.port = listener.local_addr().unwrap().port();
        settings.rotation.time = Some(RotationTime::Quarterly);
        let server = std::thread::spawn(move || receiver(listener, 1, 2));
        let mut forward = Forward::new(&settings);
        let batch = [entry(1_795_000_000_123, "tasks.edit"), entry(1_795_000_001_000, "debug.ping")];
        assert!(forward.deliver(&batch).is_err(), "the connection was closed without an acknowledgement");
        forward.deliver(&batch).unwrap();
        forward.deliver(&[entry(1_795_000_002_000, "auth.login")]).unwrap();
        let got = server.join().unwrap();
        let (tag, records, options) = &got[0];
        assert_eq!((tag.as_str(), options.size), ("clearml.apiserver.api-logs.2026Q4", 2));
        assert_eq!(records[0].1, json!({"endpoint": "tasks.edit", "result": {"code": 200}, "n": null}));
        let (kind, time) = &records[0].0.0;
        assert_eq!((*kind, &time.0[..4]), (0, &1_795_000_000_u32.to_be_bytes()[..]));
        assert_eq!(&time.0[4..], &123_000_000_u32.to_be_bytes()[..]);
        assert_eq!(got[1].1[0].1["endpoint"], "auth.login");
    }
}
