//! Whose request it is: the peer, or what a trusted proxy says (spec/security_rules.md S22).

use std::net::IpAddr;

use crate::config::settings::network::Network;

/// The address of the caller. Forwarding headers count only from trusted peers; `X-Forwarded-For` is walked from the
/// right to the first address that is not trusted.
pub fn peer_address(
    peer: Option<IpAddr>,
    forwarded_for: Option<&str>,
    real_ip: Option<&str>,
    trusted: &[Network],
) -> String {
    let Some(peer) = peer.map(|address| address.to_canonical()) else { return "untrackable".to_owned() };
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer.to_string();
    }
    let forwarded = forwarded_for.unwrap_or_default().rsplit(',');
    let mut addresses =
        forwarded.map_while(|part| part.trim().parse::<IpAddr>().ok()).map(|a| a.to_canonical());
    if let Some(address) = addresses.find(|address| !is_trusted(*address)) {
        return address.to_string();
    }
    match real_ip.and_then(|text| text.trim().parse::<IpAddr>().ok()) {
        Some(address) => address.to_canonical().to_string(),
        None => peer.to_string(),
    }
}

/// The host (with its port) that the caller asked for: the Host header, or what a trusted proxy says it was. No grant
/// depends on what anybody else writes into forwarding headers (spec/security_rules.md S21).
pub fn requested_host<'a>(
    peer: Option<IpAddr>,
    host: &'a str,
    forwarded_host: Option<&'a str>,
    trusted: &[Network],
) -> &'a str {
    let is_trusted = peer
        .map(|address| address.to_canonical())
        .is_some_and(|address| trusted.iter().any(|network| network.contains(address)));
    let forwarded = forwarded_host.filter(|_| is_trusted).unwrap_or_default();
    match forwarded.split(',').next().unwrap_or_default().trim() {
        "" => host,
        named => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_count_from_trusted_peers_only() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let from = |peer: &str, forwarded: Option<&str>, real: Option<&str>| {
            peer_address(Some(peer.parse().unwrap()), forwarded, real, &trusted)
        };
        assert_eq!(from("192.0.2.1", Some("198.51.100.7"), Some("198.51.100.8")), "192.0.2.1");
        assert_eq!(from("10.0.0.1", Some("203.0.113.9, 198.51.100.7, 10.0.0.2"), None), "198.51.100.7");
        assert_eq!(from("10.0.0.1", Some("198.51.100.7, nonsense"), None), "10.0.0.1");
        assert_eq!(from("10.0.0.1", None, Some("198.51.100.8")), "198.51.100.8");
        assert_eq!(from("::ffff:10.0.0.1", None, None), "10.0.0.1");
        assert_eq!(peer_address(None, None, None, &trusted), "untrackable");
    }

    #[test]
    fn a_forwarded_host_counts_from_trusted_peers_only() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let from = |peer: &str, forwarded: Option<&'static str>| {
            requested_host(Some(peer.parse().unwrap()), "box:8008", forwarded, &trusted)
        };
        assert_eq!(from("192.0.2.1", Some("evil.example")), "box:8008");
        assert_eq!(from("10.0.0.1", Some("ui.example, inner")), "ui.example");
        assert_eq!(from("10.0.0.1", None), "box:8008");
        assert_eq!(requested_host(None, "box:8008", Some("evil.example"), &trusted), "box:8008");
    }
}
