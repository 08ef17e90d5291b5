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
}
