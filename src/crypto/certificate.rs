//! Certificates as files and values: reading PEM, what a certificate says, fingerprints.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree};
use x509_parser::prelude::FromDer as _;

use super::names::{HostName, HostNames};

/// Why a certificate and its key cannot serve. The sentences are for the person who runs the server.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No certificate in the PEM text.
    #[error("there is no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// No private key in the PEM text.
    #[error(
        "there is no private key in PEM form, or one that is protected by a passphrase; a server needs a key that it \
         can read by itself"
    )]
    NoKey,
    /// A certificate that cannot be decoded.
    #[error("the certificate is damaged")]
    Damaged,
    /// An algorithm that TLS clients do not accept.
    #[error(
        "its private key is of a kind that cannot be used for TLS (ECDSA P-256 or P-384, Ed25519 and RSA can)"
    )]
    UnusableKey,
    /// Two halves of different pairs.
    #[error(
        "the private key does not belong to the first certificate; the server's own certificate comes first in the \
         file, the intermediate ones after it"
    )]
    KeyMismatch,
    /// Clients would refuse it.
    #[error("the certificate expired at {0}; clients refuse it, so obtain a new one")]
    Expired(Timestamp),
    /// Clients would refuse it, or the clock is wrong.
    #[error(
        "the certificate is valid only from {0}; clients refuse it until then (is this machine's clock right?)"
    )]
    NotYetValid(Timestamp),
}

/// What a certificate says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Subject alternative names that are host names or addresses. Wildcards are left out.
    pub names: HostNames,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// For an authority: the names that it may vouch for. `None` when it is not an authority or is not constrained.
    pub permitted: Option<HostNames>,
    /// Whether it may sign other certificates.
    pub is_authority: bool,
    /// Public key with its algorithm, DER.
    pub public_key: Vec<u8>,
}

impl Facts {
    /// Reads a certificate in DER form.
    ///
    /// # Errors
    /// [`CertificateError::Damaged`].
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let damaged = |_| CertificateError::Damaged;
        let (_, x509) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::Damaged)?;
        let names = x509
            .subject_alternative_name()
            .map_err(damaged)?
            .map(|san| san.value.general_names.iter().filter_map(san_name).collect())
            .unwrap_or_default();
        let permitted = x509
            .name_constraints()
            .map_err(damaged)?
            .and_then(|constraints| constraints.value.permitted_subtrees.as_ref())
            .map(|subtrees| subtrees.iter().filter_map(permitted_name).collect());
        let time = |t: x509_parser::time::ASN1Time| {
            Timestamp::from_second(t.timestamp()).map_err(|_| CertificateError::Damaged)
        };
        Ok(Self {
            names,
            not_before: time(x509.validity().not_before)?,
            not_after: time(x509.validity().not_after)?,
            permitted,
            is_authority: x509.is_ca(),
            public_key: x509.public_key().raw.to_vec(),
        })
    }

    /// Refuses a certificate outside its validity.
    ///
    /// # Errors
    /// [`CertificateError::Expired`], [`CertificateError::NotYetValid`].
    pub fn check_validity(&self, now: Timestamp) -> Result<(), CertificateError> {
        if now > self.not_after {
            return Err(CertificateError::Expired(self.not_after));
        }
        if now < self.not_before {
            return Err(CertificateError::NotYetValid(self.not_before));
        }
        Ok(())
    }

    /// Time until it expires; negative afterwards.
    pub fn remaining(&self, now: Timestamp) -> SignedDuration {
        self.not_after.duration_since(now)
    }
}

fn san_name(name: &GeneralName<'_>) -> Option<HostName> {
    match name {
        GeneralName::DNSName(text) => text.parse().ok(),
        GeneralName::IPAddress(bytes) => address(bytes).map(HostName::Ip),
        _ => None,
    }
}

/// A permitted subtree that is one host name or one address.
fn permitted_name(subtree: &GeneralSubtree<'_>) -> Option<HostName> {
    match &subtree.base {
        GeneralName::IPAddress(bytes) => {
            let (bytes, mask) = bytes.split_at_checked(bytes.len() / 2)?;
            mask.iter().all(|b| *b == 0xff).then(|| address(bytes).map(HostName::Ip))?
        }
        other => san_name(other),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).into())
}

/// A certificate chain with its private key, checked to belong together and ready for TLS.
#[derive(Debug, Clone)]
pub struct ServerCertificate {
    /// For a TLS configuration.
    pub certified: CertifiedKey,
    /// What the first certificate says.
    pub facts: Facts,
}

impl ServerCertificate {
    /// Puts a chain and its key together. Validity in time is a question of its own: [`Facts::check_validity`].
    ///
    /// # Errors
    /// [`CertificateError`], except for the two about time.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CertificateError> {
        let facts = Facts::of(chain.first().ok_or(CertificateError::NoCertificate)?)?;
        let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|e| match e {
            rustls::Error::InconsistentKeys(_) => CertificateError::KeyMismatch,
            rustls::Error::InvalidCertificate(_) => CertificateError::Damaged,
            _ => CertificateError::UnusableKey,
        })?;
        Ok(Self { certified, facts })
    }

    /// The first certificate of the chain.
    pub fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.certified.cert.first()
    }
}

/// All certificates of a PEM text, in order.
///
/// # Errors
/// [`CertificateError::NoCertificate`], [`CertificateError::Damaged`].
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| CertificateError::Damaged)?;
    if chain.is_empty() { Err(CertificateError::NoCertificate) } else { Ok(chain) }
}

/// The first private key of a PEM text (PKCS#8, PKCS#1 or SEC1, without passphrase).
///
/// # Errors
/// [`CertificateError::NoKey`].
pub fn key_from_pem(pem: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| CertificateError::NoKey)
}

/// A certificate in PEM form, ending with a line break.
pub fn to_pem(certificate: &CertificateDer<'_>) -> String {
    let mut pem = String::from("-----BEGIN CERTIFICATE-----");
    for (i, c) in STANDARD.encode(certificate).chars().enumerate() {
        if i % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

/// SHA-256 fingerprint as browsers and `openssl x509 -fingerprint -sha256` show it: `AB:CD:…`, 32 pairs.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::with_capacity(95);
    for byte in Sha256::digest(certificate) {
        if !text.is_empty() {
            text.push(':');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// The one cryptography provider of this program.
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}
