//! Public addresses: given, stored at first start, or derived (DESIGN.md, "public address").

use super::options::{Options, Ports};
use crate::domain::PublicUrls;

/// Works out the public addresses. `stored` is what the first start decided, so that a renamed machine does not change
/// the addresses that files are stored under.
pub fn public_urls(
    options: &Options,
    ports: Ports,
    configured: Configured<'_>,
    stored: Option<&str>,
) -> PublicUrls {
    let scheme = if options.speaks_tls() { "https" } else { "http" };
    let base =
        options.public_url.as_deref().or(configured.web).map(|url| url.trim_end_matches('/').to_owned());
    let (host_scheme, host, given_port) = match base.as_deref().and_then(split) {
        Some((scheme, host, port)) => (scheme.to_owned(), host.to_owned(), port),
        None => (scheme.to_owned(), stored.map_or_else(|| options.default_host(), str::to_owned), None),
    };
    let at = |port: u16| match (host_scheme.as_str(), port) {
        ("http", 80) | ("https", 443) => format!("{host_scheme}://{host}"),
        _ => format!("{host_scheme}://{host}:{port}"),
    };
    // Behind a proxy everything is reached through the pages' address.
    let behind_proxy = base.is_some() && (options.insecure_http || matches!(ports, Ports::One(_)));
    let (web, api, files) = match (ports, &base) {
        (_, Some(base)) if behind_proxy => (base.clone(), format!("{base}/api"), format!("{base}/files")),
        (Ports::One(port), _) => {
            let base = at(port);
            (base.clone(), format!("{base}/api"), format!("{base}/files"))
        }
        (Ports::Three { api, web, files }, Some(base)) if given_port.is_some() || !options.speaks_tls() => {
            let web = if given_port.is_some() { base.clone() } else { at(web) };
            (web, at(api), at(files))
        }
        (Ports::Three { api, web, files }, _) => (at(web), at(api), at(files)),
    };
    let or = |configured: Option<&str>, derived: String| {
        configured.map_or(derived, |url| url.trim_end_matches('/').to_owned())
    };
    let web = or(configured.web.filter(|_| options.public_url.is_none()), web);
    let mut origins = vec![origin(&web)];
    if host == "localhost" {
        origins.push(origin(&web.replacen("localhost", "127.0.0.1", 1)));
    }
    PublicUrls { api: or(configured.api, api), files: or(configured.files, files), web, origins }
}

/// `services.organization.public_urls`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Configured<'a> {
    /// Pages.
    pub web: Option<&'a str>,
    /// API.
    pub api: Option<&'a str>,
    /// Files.
    pub files: Option<&'a str>,
}

/// Scheme, host and port of an address.
pub fn split(url: &str) -> Option<(&str, &str, Option<u16>)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Some((scheme, host, Some(port.parse().ok()?))),
        _ => Some((scheme, authority, None)),
    }
}

/// The host of an address, without brackets.
pub fn host(url: &str) -> Option<&str> {
    split(url).map(|(_, host, _)| host.trim_start_matches('[').trim_end_matches(']'))
}

fn origin(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn options(bind: Option<IpAddr>, public: Option<&str>) -> Options {
        Options {
            data: "d".into(),
            config: None,
            bind,
            ports: Ports::default(),
            public_url: public.map(str::to_owned),
            tls: None,
            insecure_http: false,
        }
    }

    #[test]
    fn loopback_is_plain_and_called_localhost() {
        let urls = public_urls(&options(None, None), Ports::default(), Configured::default(), None);
        assert_eq!(urls.web, "http://localhost:8080");
        assert_eq!(urls.api, "http://localhost:8008");
        assert_eq!(urls.files, "http://localhost:8081");
        assert_eq!(urls.origins, ["http://localhost:8080", "http://127.0.0.1:8080"]);
    }

    #[test]
    fn one_port_has_prefixes_and_other_binds_speak_tls() {
        let all = Some(IpAddr::from(Ipv4Addr::UNSPECIFIED));
        let options = options(all, Some("https://track.example:8443/"));
        let urls = public_urls(&options, Ports::One(8443), Configured::default(), None);
        assert_eq!(urls.web, "https://track.example:8443");
        assert_eq!(urls.api, "https://track.example:8443/api");
        assert_eq!(urls.files, "https://track.example:8443/files");
    }

    #[test]
    fn a_stored_host_survives_and_configuration_wins() {
        let all = Some(IpAddr::from(Ipv4Addr::UNSPECIFIED));
        let configured = Configured { files: Some("https://files.example/"), ..Configured::default() };
        let urls = public_urls(&options(all, None), Ports::default(), configured, Some("box.lan"));
        assert_eq!(urls.api, "https://box.lan:8008");
        assert_eq!(urls.files, "https://files.example");
    }
}
