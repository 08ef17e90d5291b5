//! TLS through real sockets: a server thread with our configuration, and the clients that people use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use roundhouse::crypto::ca::LocalAuthority;
use roundhouse::crypto::certificate::{certificates_from_pem, key_from_pem};
use roundhouse::crypto::files::{DataDirLock, write_private};
use roundhouse::crypto::names::{HostName, HostNames};
use roundhouse::server::tls::{
    CertificateSource, Renewal, Renewer, TlsError, acceptor, install_provider, keep_renewed,
};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::yard::python::interpreter;

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n * 24)
}

/// A data directory with a local authority for the usual names.
struct Yard {
    _dir: tempfile::TempDir,
    lock: DataDirLock,
    authority: Arc<LocalAuthority>,
    names: HostNames,
}

impl Yard {
    fn new(made: Timestamp) -> Self {
        install_provider();
        let dir = tempfile::tempdir().unwrap();
        let lock = DataDirLock::acquire(dir.path()).unwrap();
        let names: HostNames = ["clearml.example.com", "localhost", "127.0.0.1", "::1"]
            .iter()
            .map(|n| n.parse::<HostName>().unwrap())
            .collect();
        let authority = Arc::new(LocalAuthority::load_or_create(&lock, &names, made).unwrap());
        Self { _dir: dir, lock, authority, names }
    }

    fn source(&self) -> CertificateSource {
        CertificateSource::LocalAuthority {
            authority: Arc::clone(&self.authority),
            names: self.names.clone(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.lock.dir().join(name)
    }

    fn roots(&self) -> RootCertStore {
        roots_from(&self.path("ca.pem"))
    }

    /// Whoever copied the authority's key.
    fn thief(&self) -> Issuer<'static, KeyPair> {
        let pem = fs::read(self.path("ca-key.pem")).unwrap();
        let key = KeyPair::try_from(&key_from_pem(&pem).unwrap()).unwrap();
        Issuer::from_ca_cert_der(&certificates_from_pem(&pem).unwrap()[0], key).unwrap()
    }
}

fn roots_from(pem: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_from_pem(&fs::read(pem).unwrap()).unwrap() {
        roots.add(certificate).unwrap();
    }
    roots
}

/// Answers every connection with a short HTTP response until the test process ends; returns the port.
fn serve(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket.unwrap());
            let mut request = [0_u8; 4096];
            // A client that refuses the certificate makes this fail; the next one may not.
            if stream.read(&mut request).is_ok() {
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

struct Greeting {
    leaf: CertificateDer<'static>,
    alpn: Option<Vec<u8>>,
    version: rustls::ProtocolVersion,
}

/// Connects as a client that trusts `roots`, for `name`.
fn greet(
    port: u16,
    roots: RootCertStore,
    name: &str,
    config: impl Fn(&mut ClientConfig),
) -> std::io::Result<Greeting> {
    let mut client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config(&mut client);
    greet_with(port, client, name)
}

fn greet_with(port: u16, client: ClientConfig, name: &str) -> std::io::Result<Greeting> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(Greeting {
        leaf: connection.peer_certificates().unwrap()[0].clone(),
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
        version: connection.protocol_version().unwrap(),
    })
}

fn accepted_by(renewer: &Renewer, port: u16, roots: RootCertStore) -> CertificateDer<'static> {
    assert!(renewer.valid_until() > Timestamp::now());
    greet(port, roots, "localhost", |_| {}).unwrap().leaf
}

#[test]
fn both_tls_versions_and_both_http_versions_are_offered() {
    let yard = Yard::new(Timestamp::now());
    let (config, _renewer) = acceptor(yard.source(), Timestamp::now()).unwrap();
    let port = serve(config);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = ClientConfig::builder_with_protocol_versions(&[version])
            .with_root_certificates(yard.roots())
            .with_no_client_auth();
        assert_eq!(greet_with(port, client, "localhost").unwrap().version, version.version);
    }
    for protocol in [b"h2".as_slice(), b"http/1.1"] {
        let greeting =
            greet(port, yard.roots(), "clearml.example.com", |c| c.alpn_protocols = vec![protocol.to_vec()]);
        assert_eq!(greeting.unwrap().alpn.as_deref(), Some(protocol));
    }
    let error = greet(port, yard.roots(), "other.example.com", |_| {}).err().unwrap().to_string();
    assert!(error.contains("not valid for name"), "{error}");
    let error = greet(port, RootCertStore::empty(), "localhost", |_| {}).err().unwrap().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
}

#[test]
fn the_local_authority_renews_without_a_restart() {
    let made = Timestamp::now() - days(370);
    let yard = Yard::new(made);
    let (config, renewer) = acceptor(yard.source(), made).unwrap();
    let port = serve(config);
    let first = accepted_by(&renewer, port, yard.roots());
    assert!(matches!(renewer.check(made + days(300)), Renewal::Unchanged));
    assert_eq!(accepted_by(&renewer, port, yard.roots()), first);

    let Renewal::Renewed { until } = renewer.check(Timestamp::now()) else { panic!("27 days remained") };
    assert!(until > Timestamp::now() + days(390));
    assert_eq!(renewer.valid_until(), until);
    let second = accepted_by(&renewer, port, yard.roots());
    assert_ne!(second, first);
    assert!(matches!(renewer.check(Timestamp::now()), Renewal::Unchanged));

    // The next start shows the stored one.
    let (config, renewer) = acceptor(yard.source(), Timestamp::now()).unwrap();
    assert_eq!(accepted_by(&renewer, serve(config), yard.roots()), second);
}

#[test]
fn the_timer_renews_by_itself() {
    let made = Timestamp::now() - days(370);
    let yard = Yard::new(made);
    let (config, renewer) = acceptor(yard.source(), made).unwrap();
    let port = serve(config);
    let renewer = Arc::new(renewer);
    let first = accepted_by(&renewer, port, yard.roots());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let timer = keep_renewed(Arc::clone(&renewer), Duration::from_millis(5), Timestamp::now);
        let renewed = async {
            while renewer.valid_until() < Timestamp::now() + days(300) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = timer => unreachable!("it runs for ever"),
            () = renewed => {}
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("not renewed"),
        }
    });
    assert_ne!(accepted_by(&renewer, port, yard.roots()), first);
}

/// A pair of PEM files as an organisation's authority would give them: here self-signed, so it is its own root.
struct Given {
    dir: tempfile::TempDir,
}

impl Given {
    fn new() -> Self {
        install_provider();
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn certificate(&self) -> PathBuf {
        self.dir.path().join("server.crt")
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("server.key")
    }

    fn source(&self) -> CertificateSource {
        CertificateSource::Files { certificate: self.certificate(), key: self.key() }
    }

    /// Makes a pair that is valid for these days from now on and answers its two PEM texts.
    fn pair(from: i64, to: i64) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let today = Timestamp::now().as_second();
        let at = |day: i64| {
            let second = u64::try_from(today + day * 24 * 3600).unwrap();
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(second)
        };
        (params.not_before, params.not_after) = (at(from), at(to));
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn put(&self, (certificate, key): &(String, String)) {
        fs::write(self.certificate(), certificate).unwrap();
        write_private(&self.key(), key.as_bytes()).unwrap();
    }

    fn refusal(&self) -> String {
        acceptor(self.source(), Timestamp::now()).expect_err("must be refused").to_string()
    }
}

#[test]
fn a_renewed_pair_of_files_is_shown_and_a_broken_one_is_not() {
    let given = Given::new();
    let (first, second) = (Given::pair(-1, 10), Given::pair(-1, 90));
    given.put(&first);
    let (config, renewer) = acceptor(given.source(), Timestamp::now()).unwrap();
    let port = serve(config);
    let trusting = |pem: &str| {
        let mut roots = RootCertStore::empty();
        roots.add(certificates_from_pem(pem.as_bytes()).unwrap().remove(0)).unwrap();
        greet(port, roots, "localhost", |_| {})
    };
    trusting(&first.0).unwrap();
    assert!(matches!(renewer.check(Timestamp::now()), Renewal::Unchanged));

    // The moment between the two writes of whoever renews: new certificate, old key.
    fs::write(given.certificate(), &second.0).unwrap();
    let Renewal::Kept(error) = renewer.check(Timestamp::now()) else {
        panic!("a mismatch must not be shown")
    };
    assert!(error.to_string().contains("does not belong"), "{error}");
    trusting(&first.0).unwrap();

    write_private(&given.key(), second.1.as_bytes()).unwrap();
    assert!(matches!(renewer.check(Timestamp::now()), Renewal::Renewed { .. }));
    trusting(&second.0).unwrap();
    assert!(trusting(&first.0).is_err(), "the former one is gone");

    for (broken, reason) in [
        (Given::pair(-30, -1), "expired at"),
        (Given::pair(2, 30), "valid only from"),
        (("garbage".to_owned(), Given::pair(-1, 9).1), "no certificate"),
        ((Given::pair(-1, 9).0, "garbage".to_owned()), "no private key"),
    ] {
        given.put(&broken);
        let Renewal::Kept(error) = renewer.check(Timestamp::now()) else { panic!("{reason}") };
        assert!(error.to_string().contains(reason), "{error}");
        trusting(&second.0).unwrap();
    }
    fs::remove_file(given.key()).unwrap();
    assert!(matches!(renewer.check(Timestamp::now()), Renewal::Kept(TlsError::File(_))));
    trusting(&second.0).unwrap();

    given.put(&first);
    assert!(matches!(renewer.check(Timestamp::now()), Renewal::Renewed { .. }), "it recovers");
    trusting(&first.0).unwrap();
}

#[test]
fn unusable_files_refuse_the_start_with_a_sentence() {
    let given = Given::new();
    let pair = Given::pair(-1, 90);
    assert!(given.refusal().starts_with("Cannot read "));
    given.put(&pair);
    assert!(acceptor(given.source(), Timestamp::now()).is_ok(), "the control");

    given.put(&Given::pair(-90, -1));
    let sentence = given.refusal();
    assert!(sentence.contains("expired at") && sentence.contains("--tls-cert"), "{sentence}");
    given.put(&(pair.0.clone(), Given::pair(-1, 90).1));
    assert!(given.refusal().contains("does not belong"));
    given.put(&pair);
    fs::set_permissions(given.key(), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(given.refusal().contains("chmod 600"));
}

/// What `requests`, which the SDK uses, says to `https://name:port/`; every name leads to this machine.
fn requests(python: &Path, name: &str, port: u16, bundle: &Path, strict: bool) -> String {
    let script = r#"
import socket, ssl, sys
import requests
from requests.adapters import HTTPAdapter

name, port, bundle, strict = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "true"
lookup = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: lookup("127.0.0.1", *rest, **named)

class Strict(HTTPAdapter):
    def init_poolmanager(self, *args, **named):
        context = ssl.create_default_context(cafile=bundle)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        super().init_poolmanager(*args, ssl_context=context, **named)

session = requests.Session()
session.trust_env = False
if strict:
    session.mount("https://", Strict())
try:
    answer = session.get(f"https://{name}:{port}/", verify=bundle, timeout=20)
    print(answer.status_code, answer.text)
except requests.exceptions.SSLError as error:
    print(error)
"#;
    let output = Command::new(python)
        .args(["-c", script, name, &port.to_string()])
        .arg(bundle)
        .arg(strict.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn python_requests_accepts_the_server_and_nothing_that_a_thief_signs() {
    let python = interpreter();
    let yard = Yard::new(Timestamp::now());
    let bundle = yard.path("ca-bundle.pem");
    let (config, _renewer) = acceptor(yard.source(), Timestamp::now()).unwrap();
    let port = serve(config);
    for name in ["clearml.example.com", "localhost", "127.0.0.1", "[::1]"] {
        for strict in [false, true] {
            assert_eq!(requests(&python, name, port, &bundle, strict), "200 ok", "{name}, strict: {strict}");
        }
    }
    let refused = requests(&python, "other.example.com", port, &bundle, false);
    assert!(refused.contains("match"), "{refused}");

    // The authority's key is stolen; the thief runs other sites with it.
    let thief = yard.thief();
    for (name, reason) in [("other.example.org", "permitted subtree"), ("127.0.0.2", "permitted subtree")] {
        let key = KeyPair::generate().unwrap();
        let forged = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &thief).unwrap();
        let refused = requests(&python, name, serve(plain(vec![forged.der().clone()], &key)), &bundle, false);
        assert!(refused.contains(reason), "{name}: {refused}");
    }
    // The same forgery for a permitted name passes, so above it is the name that is refused.
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = params.signed_by(&key, &thief).unwrap();
    let answer = requests(&python, "localhost", serve(plain(vec![own.der().clone()], &key)), &bundle, false);
    assert_eq!(answer, "200 ok");

    // An authority below ours is worth nothing, not even for permitted names.
    let sub_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "An authority of the thief's");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let sub = params.signed_by(&sub_key, &thief).unwrap();
    let sub_issuer = Issuer::from_ca_cert_der(sub.der(), sub_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let end = params.signed_by(&key, &sub_issuer).unwrap();
    let chain = vec![end.der().clone(), sub.der().clone()];
    let refused = requests(&python, "localhost", serve(plain(chain, &key)), &bundle, false);
    assert!(refused.contains("path length"), "{refused}");
}

/// A thief's server configuration.
fn plain(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = key_from_pem(key.serialize_pem().as_bytes()).unwrap();
    Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap())
}
