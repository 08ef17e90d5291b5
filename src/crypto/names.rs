//! The names under which clients reach this server, as certificates know them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls_pki_types::DnsName;

/// One name that a certificate can vouch for: a host name or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostName {
    /// Lower case, ASCII, without a trailing dot.
    Dns(String),
    /// Never an IPv4 address in IPv6 clothes.
    Ip(IpAddr),
}

/// A text that is neither a host name nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither a host name nor an IP address, so no certificate can be issued for it. Give a name like \
     clearml.example.com (international names in their xn-- form) or an address, without scheme, port or path."
)]
pub struct InvalidName(String);

impl FromStr for HostName {
    type Err = InvalidName;

    /// Accepts what stands in the host part of a URL, so also an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        match DnsName::try_from(name.as_str()) {
            Ok(_) => Ok(Self::Dns(name)),
            Err(_) => Err(InvalidName(text.to_owned())),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// Every name of this server, without duplicates, in a stable order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostNames(BTreeSet<HostName>);

impl HostNames {
    /// The public hosts (of the three public URLs), this machine's names, the loopback names, and the address that the
    /// server binds to unless that is "all addresses".
    ///
    /// # Errors
    /// [`InvalidName`] for a public host; what the machine calls itself is left out silently when it is unusable.
    pub fn gather<'a>(
        public_hosts: impl IntoIterator<Item = &'a str>,
        bind: IpAddr,
    ) -> Result<Self, InvalidName> {
        let mut names =
            public_hosts.into_iter().map(str::parse).collect::<Result<BTreeSet<HostName>, _>>()?;
        names.extend([machine_hostname(), machine_fqdn()].into_iter().flatten().map(HostName::Dns));
        names.insert(HostName::Dns("localhost".to_owned()));
        names.insert(HostName::Ip(IpAddr::from([127, 0, 0, 1])));
        names.insert(HostName::Ip(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16])));
        if !bind.is_unspecified() {
            names.insert(HostName::Ip(bind.to_canonical()));
        }
        Ok(Self(names))
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &HostName> {
        self.0.iter()
    }

    /// Whether the set has this name.
    pub fn contains(&self, name: &HostName) -> bool {
        self.0.contains(name)
    }
}

impl FromIterator<HostName> for HostNames {
    fn from_iter<I: IntoIterator<Item = HostName>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

/// What the machine calls itself, when that is a valid host name.
pub fn machine_hostname() -> Option<String> {
    usable(hostname::get().ok()?.to_str()?)
}

/// The machine's fully qualified name: its own name when that has a domain, else the one that `/etc/hosts` gives it.
/// The network is not asked: a start without a working resolver must not wait.
pub fn machine_fqdn() -> Option<String> {
    let hostname = machine_hostname()?;
    if hostname.contains('.') {
        return Some(hostname);
    }
    canonical_name(&std::fs::read_to_string("/etc/hosts").ok()?, &hostname)
}

/// The first name on the first line of a hosts file that lists `hostname`, when it has a domain.
fn canonical_name(hosts: &str, hostname: &str) -> Option<String> {
    let mut lines =
        hosts.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace().skip(1));
    let canonical = lines.find(|names| names.clone().any(|n| n.eq_ignore_ascii_case(hostname)))?.next()?;
    usable(canonical).filter(|name| name.contains('.') && !name.starts_with("localhost."))
}

fn usable(name: &str) -> Option<String> {
    match name.parse() {
        Ok(HostName::Dns(name)) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn texts(names: &HostNames) -> Vec<String> {
        names.iter().map(HostName::to_string).collect()
    }

    #[test]
    fn names_are_normalised_and_nonsense_is_refused() {
        let parse = |text: &str| text.parse::<HostName>().map(|n| n.to_string());
        assert_eq!(parse("ClearML.Example.COM.").unwrap(), "clearml.example.com");
        assert_eq!(parse("[2001:db8::1]").unwrap(), "2001:db8::1");
        assert_eq!(parse("::ffff:10.0.0.5").unwrap(), "10.0.0.5");
        assert_eq!(parse("gpu_node").unwrap(), "gpu_node");
        for bad in ["", "https://x", "a b", "x:8080", "münchen.de", "*.example.com", "-x", "a..b", "."] {
            assert_eq!(parse(bad), Err(InvalidName(bad.to_owned())));
        }
    }

    #[test]
    fn all_addresses_is_not_a_name_but_one_address_is() {
        let any = HostNames::gather(["clearml.example.com"], IpAddr::from([0, 0, 0, 0])).unwrap();
        for expected in ["clearml.example.com", "localhost", "127.0.0.1", "::1"] {
            assert!(texts(&any).contains(&expected.to_owned()), "{expected}");
        }
        assert!(!texts(&any).contains(&"0.0.0.0".to_owned()));
        let one = HostNames::gather([], IpAddr::from([10, 0, 0, 5])).unwrap();
        assert!(texts(&one).contains(&"10.0.0.5".to_owned()));
        assert!(HostNames::gather(["https://x"], IpAddr::from([0, 0, 0, 0])).is_err());
    }

    #[test]
    fn the_hosts_file_gives_the_domain() {
        let hosts =
            "127.0.0.1 localhost\n# 10.0.0.9 old.example.com vm1\n127.0.1.1\tVM1.Example.com vm1 # me\n";
        assert_eq!(canonical_name(hosts, "vm1").unwrap(), "vm1.example.com");
        assert_eq!(canonical_name(hosts, "vm2"), None);
        assert_eq!(canonical_name("127.0.0.1 localhost vm1", "vm1"), None);
        assert_eq!(canonical_name("127.0.0.1 localhost.localdomain vm1", "vm1"), None);
    }
}
