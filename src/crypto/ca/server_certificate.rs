//! The server's certificate, issued by the local authority: stored, renewed, and proven before it serves.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls_pki_types::{ServerName, UnixTime};
use zeroize::Zeroizing;

use super::super::certificate::{
    CertificateError, ServerCertificate, certificates_from_pem, key_from_pem, provider, to_pem,
};
use super::super::files::{check_private, read_bounded, write_private};
use super::super::names::{HostName, HostNames};
use super::{CaError, LocalAuthority, new_serial, set_validity};

/// Key and certificate of the server.
const SERVER_KEY_FILE: &str = "server-key.pem";

/// 397 days including the first and the last second: the longest that browsers accept.
const SERVER_LIFE: SignedDuration = SignedDuration::from_secs(397 * 24 * 3600 - 1);
/// A server certificate is re-issued when less than this remains.
pub const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Validity begins earlier than now, for clients whose clock is late.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

impl LocalAuthority {
    /// The server's certificate for those of `names` that the authority may vouch for: the stored one while it has
    /// exactly these names and enough time left, else a new one, stored and proven with a client's own checks.
    ///
    /// # Errors
    /// [`CaError::Expired`], [`CaError::Issue`], [`CaError::File`].
    pub fn server_certificate(
        &self,
        names: &HostNames,
        now: Timestamp,
    ) -> Result<ServerCertificate, CaError> {
        if now > self.facts.not_after {
            return Err(CaError::Expired(self.facts.not_after));
        }
        let names: HostNames = names.iter().filter(|n| self.may_vouch_for(n)).cloned().collect();
        match self.stored(&names, now)? {
            Some(stored) => Ok(stored),
            None => self.issue(&names, now),
        }
    }

    /// The stored certificate if it still serves. A damaged file counts as none, since it can be made anew; a key that
    /// others can read is an error, since it may have been copied.
    fn stored(&self, names: &HostNames, now: Timestamp) -> Result<Option<ServerCertificate>, CaError> {
        let path = self.dir.join(SERVER_KEY_FILE);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        check_private(&path)?;
        let pem = read_bounded(&path)?;
        let Ok(stored) = parse_pair(&pem) else {
            tracing::warn!("the stored server certificate is damaged; issuing a new one");
            return Ok(None);
        };
        let enough =
            stored.facts.remaining(now) >= RENEW_BEFORE || stored.facts.not_after >= self.facts.not_after;
        let fits = enough && stored.facts.names == *names && self.prove(&stored, now).is_ok();
        Ok(fits.then_some(stored))
    }

    fn issue(&self, names: &HostNames, now: Timestamp) -> Result<ServerCertificate, CaError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Roundhouse server");
        params.subject_alt_names = names.iter().map(subject_alt_name).collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Strict verifiers (Python from 3.13) want it.
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(new_serial());
        let begin = now.saturating_sub(CLOCK_TOLERANCE).unwrap_or(now);
        let end = begin.saturating_add(SERVER_LIFE).unwrap_or(now).min(self.facts.not_after);
        set_validity(&mut params, begin, end);
        let certificate = params.signed_by(&key, &self.issuer)?;

        let pem =
            Zeroizing::new(format!("{}{}", *Zeroizing::new(key.serialize_pem()), to_pem(certificate.der())));
        let issued = parse_pair(pem.as_bytes()).map_err(|e| CaError::Issue(e.to_string()))?;
        self.prove(&issued, now)?;
        write_private(&self.dir.join(SERVER_KEY_FILE), pem.as_bytes())?;
        tracing::info!(until = %issued.facts.not_after, "issued a server certificate");
        Ok(issued)
    }

    /// Runs the checks of a TLS client that trusts this authority, for every name of the certificate.
    fn prove(&self, certificate: &ServerCertificate, now: Timestamp) -> Result<(), CaError> {
        let refused = |e: &dyn fmt::Display| CaError::Issue(e.to_string());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(|e| refused(&e))?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()))
            .build()
            .map_err(|e| refused(&e))?;
        let leaf = certificate.leaf().ok_or_else(|| refused(&CertificateError::NoCertificate))?;
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        for name in certificate.facts.names.iter() {
            let name = server_name(name)?;
            verifier.verify_server_cert(leaf, &[], &name, &[], now).map_err(|e| refused(&e))?;
        }
        Ok(())
    }
}

fn parse_pair(pem: &[u8]) -> Result<ServerCertificate, CertificateError> {
    ServerCertificate::new(certificates_from_pem(pem)?, key_from_pem(pem)?)
}

fn subject_alt_name(name: &HostName) -> Result<SanType, CaError> {
    Ok(match name {
        HostName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
        HostName::Ip(address) => SanType::IpAddress(*address),
    })
}

fn server_name(name: &HostName) -> Result<ServerName<'static>, CaError> {
    match name {
        HostName::Ip(address) => Ok(ServerName::from(*address)),
        HostName::Dns(name) => ServerName::try_from(name.clone()).map_err(|e| CaError::Issue(e.to_string())),
    }
}
