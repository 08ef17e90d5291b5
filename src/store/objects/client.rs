//! The HTTP client for object storages: TLS with the system's roots, no redirects, and, for addresses that tenants choose,
//! public hosts only, checked when the connection is made (spec/security_rules.md S23).

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService},
};
use reqwest::{
    StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::CONTENT_RANGE,
};

use super::public::is_public;

/// Which hosts may be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Hosts of the public network, through TLS.
    Public,
    /// Any host: whoever runs the server chose it, or permits private ones.
    Any,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence of a storage in the middle of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes clients for `object_store`.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Reach);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = client(self.0)
            .map_err(|error| object_store::Error::Generic { store: "HTTP", source: Box::new(error) })?;
        Ok(HttpClient::new(Guarded { client, reach: self.0 }))
    }
}

/// Roots are read once: that takes longer than a request.
static TLS: LazyLock<Option<rustls::ClientConfig>> = LazyLock::new(|| {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(config.with_root_certificates(roots).with_no_client_auth())
});

fn client(reach: Reach) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("roundhouse/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT);
    if let Some(tls) = &*TLS {
        builder = builder.tls_backend_preconfigured(tls.clone());
    }
    if reach == Reach::Public {
        builder = builder.https_only(true).dns_resolver(PublicHosts);
    }
    builder.build()
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(
        "the storage's host is not on the public network, and the server's configuration does not permit private hosts \
         (services.storage.allow_private_hosts)"
    )]
    Private,
    #[error("the storage's address makes no sense")]
    Address,
}

/// Resolves names to public addresses only. What is resolved here is what is connected to.
struct PublicHosts;

impl Resolve for PublicHosts {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// A client that also looks at hosts that are addresses already: they are never resolved.
#[derive(Debug)]
struct Guarded {
    client: reqwest::Client,
    reach: Reach,
}

impl Guarded {
    fn check(&self, uri: &str) -> Result<(), Refused> {
        // The same parser that the client uses: `http://127.1` is an address as well.
        let url = reqwest::Url::parse(uri).map_err(|_| Refused::Address)?;
        let host = url.host_str().ok_or(Refused::Address)?;
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match literal {
            Some(address) if self.reach == Reach::Public && !is_public(address) => Err(Refused::Private),
            _ => Ok(()),
        }
    }
}

// Written out as `async_trait` would.
impl HttpService for Guarded {
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            self.check(&request.uri().to_string())
                .map_err(|refused| HttpError::new(HttpErrorKind::Unknown, refused))?;
            let mut response = self.client.call(request).await?;
            // Some storages send the range that was asked for, and forget to say so in the status.
            if response.status() == StatusCode::OK && response.headers().contains_key(CONTENT_RANGE) {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            }
            Ok(response)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_in_every_spelling() {
        let guarded = |reach| Guarded { client: client(reach).unwrap(), reach };
        let public = guarded(Reach::Public);
        for uri in [
            "https://127.0.0.1/b/k",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1:9000/x",
            "https://[::1]/",
        ] {
            assert!(matches!(public.check(uri), Err(Refused::Private)), "{uri}");
            assert!(guarded(Reach::Any).check(uri).is_ok(), "{uri}");
        }
        for uri in ["https://8.8.8.8/b", "https://s3.amazonaws.com/b/k"] {
            assert!(public.check(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn names_of_this_machine_are_refused_when_they_are_resolved() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime
            .block_on(async { client(Reach::Public).unwrap().get("https://localhost:9/").send().await });
        let error = answer.unwrap_err();
        let source = std::iter::successors(std::error::Error::source(&error), |error| error.source());
        assert!(source.last().unwrap().to_string().contains("allow_private_hosts"), "{error:?}");
    }
}
