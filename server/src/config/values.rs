//! Settings that are texts of a certain form: addresses to listen on, origins, and networks. Each
//! is checked when it is parsed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::http::uri::Authority;

/// An address to listen on, written as `IP:PORT` or `localhost:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

/// The error for a text that is not an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an address to listen on; write IP:PORT, for example 127.0.0.1:4000 or 0.0.0.0:4000"
)]
pub struct NotAnAddress(String);

impl FromStr for ListenAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<ListenAddress, NotAnAddress> {
        let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let local = local.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        local
            .or_else(|| text.parse().ok())
            .map(ListenAddress)
            .ok_or_else(|| NotAnAddress(text.to_owned()))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The origin of a page as a browser sends it: `https://example.org`, with a port unless it is the
/// scheme's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for a text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrigin {
    /// The text is not a scheme and a host, or has more than these.
    #[error(
        "`{0}` is not an origin; write for example https://example.org or http://localhost:8080"
    )]
    Malformed(String),
    /// A browser would send it in another form.
    #[error(
        "`{0}` has letters outside of ASCII, which browsers do not send; write the host in Punycode, for example \
         https://xn--bcher-kva.example for https://bücher.example"
    )]
    NotAscii(String),
}

impl Origin {
    /// Returns whether a browser sent this origin.
    pub(crate) fn is(&self, sent: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(sent)
    }

    /// Parses an origin into the form that browsers send: in lower case, and without the default
    /// port of its scheme.
    fn parse(text: &str) -> Option<Origin> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://")?;
        let usual_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority: Authority = rest.strip_suffix('/').unwrap_or(rest).parse().ok()?;
        let host = authority.host();
        let is_name = |host: &str| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(is_letter)
        };
        let is_ipv6 = |host: &str| {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            bare.is_some_and(|bare| bare.parse::<Ipv6Addr>().is_ok())
        };
        if !is_name(host) && !is_ipv6(host) {
            return None;
        }
        // The authority has nothing before the host, and only a port behind it.
        let after = authority.as_str().strip_prefix(host)?;
        if after.is_empty() {
            return Some(Origin(format!("{scheme}://{host}")));
        }
        let digits =
            after.strip_prefix(':').filter(|port| port.bytes().all(|b| b.is_ascii_digit()))?;
        let port: u16 = digits.parse().ok()?;
        let port = if port == usual_port { String::new() } else { format!(":{port}") };
        Some(Origin(format!("{scheme}://{host}{port}")))
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Origin, NotAnOrigin> {
        Origin::parse(text).ok_or_else(|| match text.is_ascii() {
            true => NotAnOrigin::Malformed(text.to_owned()),
            false => NotAnOrigin::NotAscii(text.to_owned()),
        })
    }
}

/// A network, written as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Text that is not a network.
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

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    /// Returns whether an address is in this network.
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

#[cfg(test)]
mod tests {
    use super::{ListenAddress, Network, Origin};

    #[test]
    fn addresses_are_ip_and_port_or_localhost_and_port() {
        for (text, expect) in [
            ("0.0.0.0:80", Some("0.0.0.0:80")),
            ("localhost:4001", Some("127.0.0.1:4001")),
            ("[::1]:4000", Some("[::1]:4000")),
            ("4000", None),
            ("localhost:99999", None),
            ("example.org:80", None),
        ] {
            let got = text.parse::<ListenAddress>().ok().map(|address| address.to_string());
            assert_eq!(got.as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn origins_are_what_a_browser_sends() {
        for (text, sent, expect) in [
            ("https://example.org", "https://example.org", Some(true)),
            ("https://Example.org/", "https://example.org", Some(true)),
            ("https://example.org", "https://example.org.evil.net", Some(false)),
            ("https://example.org", "https://example.or", Some(false)),
            ("https://example.org", "http://example.org", Some(false)),
            ("http://localhost:8080", "http://localhost:8081", Some(false)),
            ("https://example.org", "null", Some(false)),
            ("example.org", "", None),
            ("https://*.example.org", "", None),
            ("https://", "", None),
            ("https://example.org/play", "", None),
            ("https://example.org;script-src", "", None),
            ("https://bücher.example", "", None),
            ("https://example.org?", "", None),
            ("https://a@example.org", "", None),
            ("https://example.org@", "", None),
            ("https://example.org:", "", None),
            ("https://example.org:99999", "", None),
            ("https://example.org:+80", "", None),
            ("https://exa mple.org", "", None),
            ("https://[::1", "", None),
            ("wss://example.org", "", None),
            ("HTTPS://Example.Org:443", "https://example.org", Some(true)),
            ("https://example.org:0443/", "https://example.org", Some(true)),
            ("http://example.org:80", "http://example.org", Some(true)),
            ("http://example.org:443", "http://example.org:443", Some(true)),
            ("https://example.org:80", "https://example.org:80", Some(true)),
            ("http://[::1]:80", "http://[::1]", Some(true)),
            ("http://[::1]:8080", "http://[::1]:8080", Some(true)),
            ("http://192.0.2.1:8080", "http://192.0.2.1:8080", Some(true)),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example", Some(true)),
        ] {
            let got = text.parse::<Origin>().ok().map(|origin| origin.is(sent.as_bytes()));
            assert_eq!(got, expect, "{text} {sent}");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused_with_the_reason() {
        let refused = |text: &str| text.parse::<Origin>().expect_err("refused").to_string();
        assert_eq!(
            refused("https://bücher.example"),
            "`https://bücher.example` has letters outside of ASCII, which browsers do not send; write the host in Punycode, \
             for example https://xn--bcher-kva.example for https://bücher.example"
        );
        assert!(refused("example.org").contains("is not an origin; write for example https://"));
        let printed = "HTTPS://Example.org:443/".parse::<Origin>().expect("an origin").to_string();
        assert_eq!(printed, "https://example.org", "what is printed is what is compared");
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
