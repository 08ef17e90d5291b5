//! The local authority: issues the server's certificate when nobody gave one.
//!
//! Its certificate goes into the trust stores of a team's machines, so it is made to be worthless to a thief: critical
//! name constraints permit nothing but this server's own names, it cannot create further authorities (path length 0),
//! and it serves no other purpose than server authentication. (rules: spec/security_rules.md S25)
//!
//! Files in the data directory: `ca-key.pem` (key and certificate in one file, so that no crash can separate them),
//! `server-key.pem` (likewise), and two derived public ones, `ca.pem` and `ca-bundle.pem`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData as _, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::certificate::{CertificateError, Facts, certificates_from_pem, fingerprint, key_from_pem, to_pem};
use super::files::{DataDirLock, check_private, read_bounded, write_private};
use super::names::{HostName, HostNames, machine_hostname};
use super::random::random_bytes;

mod outcome;
mod server_certificate;

pub use outcome::{CaError, Decision, REPLACE_COMMAND};
pub use server_certificate::RENEW_BEFORE;

/// Key and certificate of the authority.
const CA_KEY_FILE: &str = "ca-key.pem";
/// Certificate of the authority, for people and machines that want to trust it.
pub const CA_FILE: &str = "ca.pem";
/// Certificate of the authority plus the system's roots: what a client's single "verify" setting points to.
pub const BUNDLE_FILE: &str = "ca-bundle.pem";

const DAY: SignedDuration = SignedDuration::from_hours(24);
const AUTHORITY_LIFE: SignedDuration = SignedDuration::from_hours(3650 * 24);
/// From here on the authority's own end is announced: its successor must reach every machine by hand.
const ANNOUNCE_END: SignedDuration = SignedDuration::from_hours(120 * 24);
/// The local authority of one data directory.
pub struct LocalAuthority {
    dir: PathBuf,
    certificate: CertificateDer<'static>,
    facts: Facts,
    issuer: Issuer<'static, KeyPair>,
}

impl fmt::Debug for LocalAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAuthority").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl LocalAuthority {
    /// Reads the authority of a data directory, or makes one for `names` when there has never been one. Also refreshes
    /// `ca.pem` and `ca-bundle.pem`.
    ///
    /// # Errors
    /// [`CaError`], except [`CaError::Expired`] and [`CaError::Issue`].
    pub fn load_or_create(lock: &DataDirLock, names: &HostNames, now: Timestamp) -> Result<Self, CaError> {
        match Self::load(lock.dir())? {
            Some(authority) => {
                authority.write_public_files()?;
                Ok(authority)
            }
            None => Self::replace(lock, names, now),
        }
    }

    /// Reads the authority of a data directory; `None` when there has never been one. Changes nothing.
    ///
    /// # Errors
    /// [`CaError::Unusable`], [`CaError::KeyMissing`], [`CaError::File`].
    pub fn load(dir: &Path) -> Result<Option<Self>, CaError> {
        let path = dir.join(CA_KEY_FILE);
        if path.symlink_metadata().is_err() {
            if dir.join(CA_FILE).exists() {
                return Err(CaError::KeyMissing(path));
            }
            return Ok(None);
        }
        check_private(&path)?;
        let pem = read_bounded(&path)?;
        match Self::from_pem(dir, &pem) {
            Ok(authority) => Ok(Some(authority)),
            Err(source) => Err(CaError::Unusable { path, source }),
        }
    }

    fn from_pem(dir: &Path, pem: &[u8]) -> Result<Self, CertificateError> {
        let key = KeyPair::try_from(&key_from_pem(pem)?).map_err(|_| CertificateError::UnusableKey)?;
        let certificate =
            certificates_from_pem(pem)?.into_iter().next().ok_or(CertificateError::NoCertificate)?;
        let facts = Facts::of(&certificate)?;
        if facts.public_key != key.subject_public_key_info() {
            return Err(CertificateError::KeyMismatch);
        }
        if !facts.is_authority {
            return Err(CertificateError::Damaged);
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|_| CertificateError::Damaged)?;
        Ok(Self { dir: dir.to_owned(), certificate, facts, issuer })
    }

    /// Makes a new authority for `names` in place of the former one, whose key is gone then. Every client must trust
    /// the new one; so this happens only at the first start and when somebody asks for it.
    ///
    /// # Errors
    /// [`CaError::File`], [`CaError::Issue`].
    pub fn replace(lock: &DataDirLock, names: &HostNames, now: Timestamp) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        // The random part keeps authorities of one machine apart in a client's trust store.
        let id = u32::from_le_bytes(random_bytes());
        let host = machine_hostname().unwrap_or_else(|| "this server".to_owned());
        let host: String = host.chars().take(24).collect(); // a common name has at most 64 characters
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Roundhouse");
        params.distinguished_name.push(DnType::CommonName, format!("Roundhouse at {host} ({id:08x})"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: names.iter().map(permitted).collect(),
            excluded_subtrees: Vec::new(),
        });
        params.serial_number = Some(new_serial());
        let begin = now.saturating_sub(DAY).unwrap_or(now);
        set_validity(&mut params, begin, begin.saturating_add(AUTHORITY_LIFE).unwrap_or(now));
        let certificate = params.self_signed(&key)?;

        let pem =
            Zeroizing::new(format!("{}{}", *Zeroizing::new(key.serialize_pem()), to_pem(certificate.der())));
        write_private(&lock.dir().join(CA_KEY_FILE), pem.as_bytes())?;
        let authority =
            Self::from_pem(lock.dir(), pem.as_bytes()).map_err(|e| CaError::Issue(e.to_string()))?;
        authority.write_public_files()?;
        Ok(authority)
    }

    /// Whether this authority still fits the server's names and has enough time left.
    pub fn decide(&self, names: &HostNames, now: Timestamp) -> Decision {
        let uncovered: Vec<HostName> = names.iter().filter(|n| !self.may_vouch_for(n)).cloned().collect();
        if !uncovered.is_empty() {
            return Decision::ReplaceForNames(uncovered);
        }
        if self.facts.remaining(now) < ANNOUNCE_END {
            return Decision::ReplaceBeforeEnd(self.facts.not_after);
        }
        Decision::Keep
    }

    fn may_vouch_for(&self, name: &HostName) -> bool {
        self.facts.permitted.as_ref().is_none_or(|permitted| permitted.contains(name))
    }

    /// The authority's certificate in PEM form, as `/ca.pem` serves it.
    pub fn pem(&self) -> String {
        to_pem(&self.certificate)
    }

    /// SHA-256 fingerprint of the authority's certificate, as browsers show it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.certificate)
    }

    /// `ca.pem` and `ca-bundle.pem`, written only when their content changes.
    fn write_public_files(&self) -> Result<(), CaError> {
        let ca = self.pem();
        write_if_changed(&self.dir.join(CA_FILE), &ca)?;
        write_if_changed(&self.dir.join(BUNDLE_FILE), &self.bundle())
    }

    /// The authority and the system's roots, without duplicates (the environment may name our own bundle as the
    /// system's roots).
    fn bundle(&self) -> String {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "some of the system's root certificates cannot be read");
        }
        let mut seen: BTreeSet<&[u8]> = BTreeSet::new();
        let mut bundle = String::new();
        for certificate in std::iter::once(&self.certificate).chain(&system.certs) {
            if seen.insert(certificate) {
                bundle.push_str(&to_pem(certificate));
            }
        }
        bundle
    }
}

fn write_if_changed(path: &Path, content: &str) -> Result<(), CaError> {
    if std::fs::read(path).is_ok_and(|old| old == content.as_bytes()) {
        return Ok(());
    }
    Ok(write_private(path, content.as_bytes())?)
}

/// Times before 1970 count as 1970; [`Timestamp`] ends with the year 9999, as certificates do.
fn set_validity(params: &mut CertificateParams, begin: Timestamp, end: Timestamp) {
    let since_1970 = |t: Timestamp| std::time::Duration::from_secs(u64::try_from(t.as_second()).unwrap_or(0));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_1970(begin);
    params.not_after = epoch + since_1970(end);
}

fn permitted(name: &HostName) -> GeneralSubtree {
    match name {
        HostName::Dns(name) => GeneralSubtree::DnsName(name.clone()),
        HostName::Ip(address) => {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, prefix))
        }
    }
}

/// 16 random bytes, positive (the first bit is clear) and not zero (the second is set).
fn new_serial() -> SerialNumber {
    let mut bytes = random_bytes::<16>();
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

#[cfg(test)]
mod tests;
