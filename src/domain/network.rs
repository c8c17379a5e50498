//! Networks of client addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// The lengths of the prefixes at which clients are told apart, from one client to a whole provider: IPv4, IPv6. An IPv6
/// subscriber controls a /64, often a /56, sometimes a /48.
const LEVELS: [(u8, u8); 3] = [(32, 64), (28, 56), (24, 48)];

/// The networks that an address belongs to, the smallest first: one subscriber, and the blocks around it.
pub fn networks(address: IpAddr) -> [IpNet; 3] {
    LEVELS.map(|(v4, v6)| network(address, v4, v6))
}

/// The network of one subscriber: an IPv4 address, or the /64 of an IPv6 address.
pub fn subscriber(address: IpAddr) -> IpNet {
    let [(v4, v6), ..] = LEVELS;
    network(address, v4, v6)
}

/// The network that is shown and stored for an address, /24 or /48: it tells a user where a session was begun, and does
/// not identify a person.
pub fn neighbourhood(address: IpAddr) -> String {
    let [.., (v4, v6)] = LEVELS;
    network(address, v4, v6).to_string()
}

fn network(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    let address = address.to_canonical();
    let length = if address.is_ipv4() { v4 } else { v6 };
    // Fails only for a prefix that is longer than the address.
    IpNet::new(address, length).unwrap_or_else(|_| address.into()).trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_subscriber() {
        let parse = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2::1"), parse("2001:db8:1:2:ffff::9"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), parse("192.0.2.1"));
        assert_ne!(parse("192.0.2.1"), parse("192.0.2.2"));
    }

    #[test]
    fn addresses_are_shown_without_the_part_that_identifies_a_client() {
        let shown = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(shown("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(shown("2001:db8:1:2::1"), "2001:db8:1::/48");
        assert_eq!(shown("::ffff:192.0.2.1"), "192.0.2.0/24");
    }
}
