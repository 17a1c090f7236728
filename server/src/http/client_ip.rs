//! The address that counts for a client: that of its socket, or behind a trusted proxy the one that
//! the proxy saw. A header from any other peer is ignored. Otherwise a client could evade the
//! budgets of its address with a header.

use std::net::{IpAddr, SocketAddr};

use crate::config::Network;

/// Returns whether an address is in one of the networks.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// A trusted proxy sent `X-Forwarded-For` without an address in the element that it must have
/// appended. Nothing is known about the client then. The proxy's own address must not stand for it,
/// because it may be one that is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnreadableHop;

/// Returns the address that counts for a request. `forwarded` are the values of `X-Forwarded-For`
/// in their order. Each proxy appends the address that it saw, so the client is the first one from
/// the right that is not a trusted proxy. The elements to its left are unverified, and may be any
/// bytes. Empty elements of the list are skipped, as RFC 9110, 5.6.1 requires.
///
/// # Errors
/// A trusted proxy sent the header, and the element that it appended is not an address.
pub(crate) fn client_of<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[Network],
) -> Result<IpAddr, UnreadableHop> {
    let mut client = peer.to_canonical();
    let mut lines = forwarded.rev().peekable();
    if !is_trusted(client, trusted) || lines.peek().is_none() {
        return Ok(client);
    }
    let hops = lines.flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut hops = hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty()).peekable();
    hops.peek().ok_or(UnreadableHop)?;
    for hop in hops {
        if !is_trusted(client, trusted) {
            break;
        }
        client = parse(hop).ok_or(UnreadableHop)?.to_canonical();
    }
    Ok(client)
}

/// Parses an address, with the port that some proxies append.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?;
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Network, UnreadableHop, client_of};

    fn client(peer: &str, forwarded: &[&[u8]], trusted: &[&str]) -> Result<String, UnreadableHop> {
        let trusted: Vec<Network> =
            trusted.iter().map(|text| text.parse().expect("a network")).collect();
        let peer: IpAddr = peer.parse().expect("an address");
        client_of(peer, forwarded.iter().copied(), &trusted).map(|client| client.to_string())
    }

    const PROXIES: [&str; 3] = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];

    #[test]
    fn the_right_most_address_that_is_no_proxy_of_ours_counts() {
        let check = |peer: &str, forwarded: &[&str], expect: &str| {
            let bytes: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
            let client = client(peer, &bytes, &PROXIES);
            assert_eq!(client.as_deref(), Ok(expect), "{peer} {forwarded:?}");
        };
        assert_eq!(client("127.0.0.1", &[b"9.9.9.9"], &[]).as_deref(), Ok("127.0.0.1"));
        check("8.8.8.8", &["9.9.9.9"], "8.8.8.8");
        check("8.8.8.8", &["nonsense"], "8.8.8.8");
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["9.9.9.9"], "9.9.9.9");
        check("::ffff:127.0.0.1", &["9.9.9.9"], "9.9.9.9");
        check("127.0.0.1", &["1.1.1.1, 9.9.9.9,10.1.2.3"], "9.9.9.9");
        check("127.0.0.1", &["1.1.1.1", "9.9.9.9", "10.1.2.3"], "9.9.9.9");
        check("127.0.0.1", &["10.7.7.7, 10.1.2.3"], "10.7.7.7");
        check("fd00::1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("127.0.0.1", &["9.9.9.9:4711"], "9.9.9.9");
        check("127.0.0.1", &[", 9.9.9.9, ,\t"], "9.9.9.9");
    }

    #[test]
    fn hearsay_of_any_bytes_does_not_hide_the_hop_that_a_proxy_appended() {
        let check = |forwarded: &[&[u8]], expect: &str| {
            let client = client("127.0.0.1", forwarded, &PROXIES);
            assert_eq!(client.as_deref(), Ok(expect), "{forwarded:?}");
        };
        // nginx appends to the value that the client sent; HAProxy adds a header line.
        check(&[b"\xff, 198.51.100.7"], "198.51.100.7");
        check(&[b"\xff", b"198.51.100.7"], "198.51.100.7");
        check(&[b"\xc3\xa9\x80,,, 198.51.100.7, 10.1.2.3"], "198.51.100.7");
        check(&[b"nonsense, 198.51.100.7"], "198.51.100.7");
    }

    #[test]
    fn a_proxy_whose_hop_cannot_be_read_never_stands_for_its_client() {
        for forwarded in [
            &[b"9.9.9.9, unknown".as_slice()] as &[&[u8]],
            &[b"9.9.9.9, \xff"],
            &[b"9.9.9.9", b"\xff"],
            &[b"9.9.9.9, nonsense, 10.1.2.3"],
            &[b"9.9.9.9\xff"],
            &[b""],
            &[b" ,", b","],
        ] {
            assert_eq!(
                client("127.0.0.1", forwarded, &PROXIES),
                Err(UnreadableHop),
                "{forwarded:?}"
            );
        }
    }
}
