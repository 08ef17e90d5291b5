#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls_pki_types::{ServerName, UnixTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::*;
use crate::crypto::certificate::{ServerCertificate, provider};
use crate::crypto::files::FileError;

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n * 24)
}

fn names(names: &[&str]) -> HostNames {
    names.iter().map(|n| n.parse::<HostName>().unwrap()).collect()
}

fn usual() -> HostNames {
    names(&["clearml.example.com", "localhost", "127.0.0.1", "::1", "10.0.0.5"])
}

struct Yard {
    _dir: tempfile::TempDir,
    lock: DataDirLock,
}

impl Yard {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lock = DataDirLock::acquire(dir.path()).unwrap();
        Self { _dir: dir, lock }
    }

    fn authority(&self) -> LocalAuthority {
        LocalAuthority::load_or_create(&self.lock, &usual(), now()).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.lock.dir().join(name)
    }
}

/// What a client that trusts `authority` says to `chain` when it meant to reach `name`.
fn client_check(authority: &LocalAuthority, chain: &[CertificateDer<'_>], name: &str) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider())).build().unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(now().as_second().unsigned_abs()));
    let name = ServerName::try_from(name).unwrap();
    let (leaf, intermediates) = chain.split_first().unwrap();
    verifier.verify_server_cert(leaf, intermediates, &name, &[], at).map(|_| ()).map_err(|e| e.to_string())
}

fn leaf(certificate: &ServerCertificate) -> CertificateDer<'static> {
    certificate.leaf().unwrap().clone()
}

#[test]
fn clients_accept_every_name_of_the_server_and_no_other() {
    let yard = Yard::new();
    let authority = yard.authority();
    let issued = leaf(&authority.server_certificate(&usual(), now()).unwrap());
    for name in ["clearml.example.com", "localhost", "127.0.0.1", "::1", "10.0.0.5"] {
        client_check(&authority, std::slice::from_ref(&issued), name).unwrap();
    }
    for name in ["example.com", "evil.example.com", "clearml.example.com.evil.org", "10.0.0.6", "127.0.0.2"] {
        let error = client_check(&authority, std::slice::from_ref(&issued), name).unwrap_err();
        assert!(error.contains("not valid for"), "{name}: {error}");
    }
}

/// What the constraints are for: a thief with the authority's key.
#[test]
fn clients_refuse_what_a_stolen_key_signs_for_other_names() {
    let yard = Yard::new();
    let authority = yard.authority();
    for name in ["www.example.org", "example.com", "10.0.0.6", "2001:db8::1"] {
        let key = KeyPair::generate().unwrap();
        let forged = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &authority.issuer)
            .unwrap();
        let error = client_check(&authority, &[forged.der().clone()], name).unwrap_err();
        assert!(error.contains("NameConstraintViolation"), "{name}: {error}");
    }
    // The control: the same forgery for a permitted name is accepted, so it is the name that is refused above.
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["clearml.example.com".to_owned()]).unwrap();
    let own = params.signed_by(&key, &authority.issuer).unwrap();
    client_check(&authority, &[own.der().clone()], "clearml.example.com").unwrap();
}

#[test]
fn the_authority_is_narrow_and_its_key_private() {
    let yard = Yard::new();
    let authority = yard.authority();
    let (_, x509) = X509Certificate::from_der(&authority.certificate).unwrap();
    let constraints = x509.name_constraints().unwrap().unwrap();
    assert!(constraints.critical);
    assert_eq!(constraints.value.permitted_subtrees.as_ref().unwrap().len(), 5);
    let basic = x509.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && basic.value.ca);
    assert_eq!(basic.value.path_len_constraint, Some(0));
    assert_eq!(authority.facts.permitted, Some(usual()));
    let life = authority.facts.not_after.duration_since(authority.facts.not_before);
    assert_eq!(life.as_hours(), 3650 * 24);
    authority.server_certificate(&usual(), now()).unwrap();
    for file in ["ca-key.pem", "server-key.pem"] {
        assert_eq!(fs::metadata(yard.path(file)).unwrap().permissions().mode() & 0o7777, 0o600, "{file}");
    }
    assert!(!fs::read_to_string(yard.path("ca.pem")).unwrap().contains("PRIVATE"));
}

#[test]
fn the_server_certificate_is_for_servers_and_not_too_long() {
    let yard = Yard::new();
    let issued = yard.authority().server_certificate(&usual(), now()).unwrap();
    assert_eq!(issued.facts.names, usual());
    let days_valid = issued.facts.not_after.duration_since(issued.facts.not_before).as_hours() / 24;
    assert!((390..397).contains(&days_valid), "{days_valid}");
    let der = leaf(&issued);
    let (_, x509) = X509Certificate::from_der(&der).unwrap();
    let usage = x509.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && !usage.client_auth && !usage.any && !usage.code_signing);
    assert!(!x509.is_ca());
}

#[test]
fn certificates_are_kept_until_names_or_time_call_for_a_new_one() {
    let yard = Yard::new();
    let authority = yard.authority();
    let first = leaf(&authority.server_certificate(&usual(), now()).unwrap());
    assert_eq!(leaf(&authority.server_certificate(&usual(), now() + days(360)).unwrap()), first);

    let renewed = authority.server_certificate(&usual(), now() + days(368)).unwrap();
    assert_ne!(leaf(&renewed), first, "less than 30 days remained");
    assert!(renewed.facts.not_after > now() + days(368 + 390));

    let fewer = names(&["clearml.example.com", "localhost", "127.0.0.1", "::1"]);
    let changed = authority.server_certificate(&fewer, now() + days(368)).unwrap();
    assert_eq!(changed.facts.names, fewer);
}

#[test]
fn the_same_authority_comes_back_after_a_restart() {
    let yard = Yard::new();
    let first = yard.authority();
    let certificate = leaf(&first.server_certificate(&usual(), now()).unwrap());
    let again = yard.authority();
    assert_eq!(again.fingerprint(), first.fingerprint());
    assert_eq!(leaf(&again.server_certificate(&usual(), now()).unwrap()), certificate);
}

#[test]
fn new_names_ask_for_a_new_authority_and_the_old_names_stay_served() {
    let yard = Yard::new();
    let authority = yard.authority();
    assert_eq!(authority.decide(&usual(), now()), Decision::Keep);
    let more: HostNames = usual().iter().cloned().chain(["ml.example.net".parse().unwrap()]).collect();
    let decision = authority.decide(&more, now());
    assert_eq!(decision, Decision::ReplaceForNames(vec!["ml.example.net".parse().unwrap()]));
    assert!(
        decision.to_string().contains("ml.example.net") && decision.to_string().contains(REPLACE_COMMAND)
    );
    let issued = authority.server_certificate(&more, now()).unwrap();
    assert_eq!(issued.facts.names, usual());
    assert_eq!(yard.authority().fingerprint(), authority.fingerprint(), "never replaced without being told");

    let replaced = LocalAuthority::replace(&yard.lock, &more, now()).unwrap();
    assert_ne!(replaced.fingerprint(), authority.fingerprint());
    assert_eq!(replaced.decide(&more, now()), Decision::Keep);
    let issued = replaced.server_certificate(&more, now()).unwrap();
    client_check(&replaced, &[leaf(&issued)], "ml.example.net").unwrap();
    assert!(
        client_check(&authority, &[leaf(&issued)], "localhost").is_err(),
        "the former one vouches for nothing new"
    );
}

#[test]
fn the_end_of_the_authority_is_announced_and_bounds_certificates() {
    let yard = Yard::new();
    let authority = yard.authority();
    let late = now() + days(3600);
    assert_eq!(authority.decide(&usual(), late), Decision::ReplaceBeforeEnd(authority.facts.not_after));
    let last = authority.server_certificate(&usual(), late).unwrap();
    assert_eq!(last.facts.not_after, authority.facts.not_after);
    assert_eq!(leaf(&authority.server_certificate(&usual(), late + days(30)).unwrap()), leaf(&last));
    assert!(matches!(authority.server_certificate(&usual(), now() + days(3651)), Err(CaError::Expired(_))));
}

#[test]
fn an_unusable_authority_is_an_error_never_a_new_one() {
    let yard = Yard::new();
    let fingerprint = yard.authority().fingerprint();
    let key_file = yard.path("ca-key.pem");
    let whole = fs::read(&key_file).unwrap();
    let load = || LocalAuthority::load_or_create(&yard.lock, &usual(), now());

    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(load(), Err(CaError::File(FileError::NotPrivate { .. }))));

    let other = Yard::new();
    other.authority();
    let foreign = fs::read_to_string(other.path("ca-key.pem")).unwrap();
    let foreign_key = foreign.split("-----BEGIN CERT").next().unwrap();
    let mixed = format!("{foreign_key}{}", fs::read_to_string(yard.path("ca.pem")).unwrap());
    for content in [&whole[..whole.len() / 3], b"", mixed.as_bytes()] {
        write_private(&key_file, content).unwrap();
        let error = load().unwrap_err();
        assert!(matches!(error, CaError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("--with-keys"), "{error}");
    }

    fs::remove_file(&key_file).unwrap();
    assert!(matches!(load(), Err(CaError::KeyMissing(_))));
    write_private(&key_file, &whole).unwrap();
    assert_eq!(load().unwrap().fingerprint(), fingerprint);
}

#[test]
fn a_damaged_server_certificate_is_issued_anew_but_an_exposed_one_is_refused() {
    let yard = Yard::new();
    let authority = yard.authority();
    let first = leaf(&authority.server_certificate(&usual(), now()).unwrap());
    let path = yard.path("server-key.pem");
    write_private(&path, b"torn").unwrap();
    assert_ne!(leaf(&authority.server_certificate(&usual(), now()).unwrap()), first);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let error = authority.server_certificate(&usual(), now()).unwrap_err();
    assert!(matches!(error, CaError::File(FileError::NotPrivate { .. })), "{error}");
}

#[test]
fn the_bundle_begins_with_the_authority_and_has_no_duplicates() {
    let yard = Yard::new();
    let authority = yard.authority();
    let bundle = certificates_from_pem(&fs::read(yard.path("ca-bundle.pem")).unwrap()).unwrap();
    assert_eq!(bundle.first(), Some(&authority.certificate));
    let unique: BTreeSet<&[u8]> = bundle.iter().map(AsRef::as_ref).collect();
    assert_eq!(unique.len(), bundle.len());
    let system: BTreeSet<Vec<u8>> =
        rustls_native_certs::load_native_certs().certs.iter().map(|c| c.to_vec()).collect();
    assert_eq!(bundle.len(), system.len() + 1);
    assert_eq!(fs::read_to_string(yard.path("ca.pem")).unwrap(), authority.pem());
}

#[test]
fn fingerprints_look_like_those_of_browsers() {
    // SHA-256 of "abc", a published test vector.
    let expected =
        "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";
    assert_eq!(fingerprint(&CertificateDer::from_slice(b"abc")), expected);
}
