//! Whose address counts: that of the socket, or behind a trusted proxy the one that the proxy saw. Nobody else is
//! believed, or the budgets of an address could be passed with a header.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

/// A network, written as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or a network; write for example 10.1.2.3, 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Network, NotANetwork> {
        text.parse()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    /// Whether an address is in it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let other = ours.to_bits() ^ theirs.to_bits();
                other.checked_shr(32 - bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let other = ours.to_bits() ^ theirs.to_bits();
                other.checked_shr(128 - bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// The address that counts for a request. `forwarded` are the values of `X-Forwarded-For` in their order. Each proxy
/// adds at the right end whom it saw, so the first one from the right that is no proxy of ours is the client; what
/// stands to its left is hearsay.
pub(crate) fn client_of<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[Network],
) -> IpAddr {
    let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
        if !is_trusted(client) {
            break;
        }
        // What is no address was not added by a proxy of ours that works; it ends what can be known.
        let Some(address) = parse(hop.trim()) else { break };
        client = address.to_canonical();
    }
    client
}

/// An address, as some proxies write it with a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Network, client_of};

    fn check(peer: &str, forwarded: &[&str], trusted: &[&str], expect: &str) {
        let trusted: Vec<Network> =
            trusted.iter().map(|text| text.parse().expect("a network")).collect();
        let peer: IpAddr = peer.parse().expect("an address");
        let client = client_of(peer, forwarded.iter().copied(), &trusted);
        assert_eq!(client.to_string(), expect, "{peer} {forwarded:?} {trusted:?}");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_of_ours_counts() {
        let proxies = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];
        check("127.0.0.1", &["9.9.9.9"], &[], "127.0.0.1");
        check("8.8.8.8", &["9.9.9.9"], &proxies, "8.8.8.8");
        check("127.0.0.1", &[], &proxies, "127.0.0.1");
        check("127.0.0.1", &["9.9.9.9"], &proxies, "9.9.9.9");
        check("::ffff:127.0.0.1", &["9.9.9.9"], &proxies, "9.9.9.9");
        check("127.0.0.1", &["1.1.1.1, 9.9.9.9,10.1.2.3"], &proxies, "9.9.9.9");
        check("127.0.0.1", &["1.1.1.1", "9.9.9.9", "10.1.2.3"], &proxies, "9.9.9.9");
        check("127.0.0.1", &["10.7.7.7, 10.1.2.3"], &proxies, "10.7.7.7");
        check("fd00::1", &["[2001:db8::1]:4711"], &proxies, "2001:db8::1");
        check("127.0.0.1", &["9.9.9.9:4711"], &proxies, "9.9.9.9");
        check("127.0.0.1", &["9.9.9.9, unknown"], &proxies, "127.0.0.1");
        check("127.0.0.1", &["9.9.9.9, nonsense, 10.1.2.3"], &proxies, "10.1.2.3");
    }

    #[test]
    fn networks_are_addresses_with_an_optional_length() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("fd00::/8", "fdff::1", "fe00::"),
            ("::/0", "::1", "1.2.3.4"),
        ] {
            let network: Network = text.parse().expect("a network");
            assert!(network.contains(inside.parse().expect("an address")), "{text} {inside}");
            assert!(!network.contains(outside.parse().expect("an address")), "{text} {outside}");
        }
        for text in ["", "10.0.0.0/33", "fd00::/129", "example.org", "10.0.0.0/-1", "10.0.0.0/"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
