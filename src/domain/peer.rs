//! Where a request comes from.

use std::net::IpAddr;

use crate::config::settings::network::Network;

/// The address of the client. Forwarding headers count only from trusted peers, and the list is walked from the right
/// to the first address that is not trusted (spec/security_rules.md S22).
pub fn peer_address(
    peer: Option<IpAddr>,
    forwarded_for: Option<&str>,
    real_ip: Option<&str>,
    trusted: &[Network],
) -> String {
    let Some(peer) = peer.map(|address| address.to_canonical()) else {
        return "untrackable".to_owned();
    };
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer.to_string();
    }
    if let Some(list) = forwarded_for {
        let addresses = list.rsplit(',').map_while(|part| part.trim().parse::<IpAddr>().ok());
        if let Some(address) =
            addresses.map(|address| address.to_canonical()).find(|address| !is_trusted(*address))
        {
            return address.to_string();
        }
    }
    match real_ip {
        Some(address) if address.parse::<IpAddr>().is_ok() => address.to_owned(),
        _ => peer.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarding_headers_count_only_from_trusted_peers() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let from = |peer: &str, forwarded: Option<&str>, real: Option<&str>| {
            peer_address(Some(peer.parse().unwrap()), forwarded, real, &trusted)
        };
        assert_eq!(from("10.0.0.1", Some("6.6.6.6, 1.2.3.4, 10.9.9.9"), None), "1.2.3.4");
        assert_eq!(from("::ffff:10.0.0.1", None, Some("1.2.3.4")), "1.2.3.4");
        assert_eq!(from("10.0.0.1", Some("nonsense"), Some("nonsense")), "10.0.0.1");
        assert_eq!(from("9.9.9.9", Some("1.2.3.4"), Some("1.2.3.4")), "9.9.9.9");
        assert_eq!(peer_address(None, Some("1.2.3.4"), None, &trusted), "untrackable");
    }
}
