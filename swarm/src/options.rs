//! The options of a swarm. Whoever parses them keeps to the ranges; no number is checked here.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use bolide_net::{Codec, SyncMode};

/// The options of a swarm.
#[derive(Clone, Debug)]
pub struct SwarmOptions {
    /// Game socket of the server.
    pub url: Target,
    /// Rooms to play in, 1 to 10000.
    pub rooms: u32,
    /// Players in each room, 1 to 1000.
    pub players: u32,
    /// Seconds to measure once all have joined, 1 to 86400.
    pub seconds: u32,
    /// Mode to play.
    pub mode: String,
    /// Format of the messages.
    pub format: Format,
    /// Whole snapshots, deltas with checked hashes, or deltas of motions.
    pub sync: Sync,
    /// Inputs of a living player per second, 0 to 10; 0 stands still.
    pub inputs: u32,
    /// Resume the seat when a connection is lost.
    pub resume: bool,
    /// Seed of the players' decisions.
    pub seed: u64,
    /// Players that join per second, 1 to 10000.
    pub ramp: u32,
    /// Threads to play on, 1 to 256; one per core if none.
    pub threads: Option<u16>,
    /// Server process, to report its CPU and memory (Linux).
    pub server_pid: Option<NonZeroU32>,
}

/// The format of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text frames.
    Json,
    /// Binary frames.
    Msgpack,
}

impl Format {
    /// All formats.
    pub const ALL: &[Format] = &[Format::Json, Format::Msgpack];

    /// Returns the name of the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Msgpack => "msgpack",
        }
    }

    pub(crate) const fn codec(self) -> Codec {
        match self {
            Format::Json => Codec::Json,
            Format::Msgpack => Codec::MessagePack,
        }
    }
}

/// The way in which the server is asked to send the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Whole snapshots.
    Full,
    /// One snapshot, then deltas with hashes to check.
    State,
    /// Like `State`, with motions from which the client computes the places.
    Events,
}

impl Sync {
    /// All ways.
    pub const ALL: &[Sync] = &[Sync::Full, Sync::State, Sync::Events];

    /// Returns the name of the way.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Sync::Full => "full",
            Sync::State => "state",
            Sync::Events => "events",
        }
    }

    pub(crate) const fn mode(self) -> SyncMode {
        match self {
            Sync::Full => SyncMode::Full,
            Sync::State => SyncMode::State,
            Sync::Events => SyncMode::Events,
        }
    }
}

/// The address of a swarm's server: `ws://HOST[:PORT][/PATH]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address. An IPv6 address is without its brackets.
    pub host: String,
    /// The port; 80 if the URL has none.
    pub port: u16,
    /// The path with its slash; `/play` if the URL has none.
    pub path: String,
}

impl Target {
    /// Returns host and port as written in a request.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}{}", self.authority(), self.path)
    }
}

/// An error for a URL that a swarm cannot use. The text gives an example of one that it can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATarget {
    /// A URL for TLS, which is not supported.
    #[error("TLS is not spoken; point it at the server itself, as ws://127.0.0.1:4000/play")]
    Encrypted,
    /// Another kind of URL, or no URL.
    #[error("a game socket begins with ws://, as ws://127.0.0.1:4000/play")]
    Scheme,
    /// No host.
    #[error("there is no host in it; write for example ws://127.0.0.1:4000/play")]
    Host,
    /// An invalid port.
    #[error("`{0}` is no port; allowed is 1 to 65535")]
    Port(String),
    /// Blanks or control characters.
    #[error("a URL has no blanks in it")]
    Blank,
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(url: &str) -> Result<Target, NotATarget> {
        if url.starts_with("wss://") {
            return Err(NotATarget::Encrypted);
        }
        let rest = url.strip_prefix("ws://").ok_or(NotATarget::Scheme)?;
        if rest.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(NotATarget::Blank);
        }
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/play"),
        };
        let (host, port) = match authority.rsplit_once(':') {
            // The last colon separates a port only if no bracket follows: an IPv6 address has its
            // colons in brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(NotATarget::Host);
        }
        let port = port.map_or(Ok(80), |port| {
            port.parse().ok().filter(|port| *port > 0).ok_or(NotATarget::Port(port.to_owned()))
        })?;
        let path = if path == "/" { "/play" } else { path };
        Ok(Target { host: host.to_owned(), port, path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{NotATarget, Target};

    #[test]
    fn a_url_is_a_host_a_port_and_a_path() {
        for (url, expect) in [
            ("ws://127.0.0.1:4000/play", "ws://127.0.0.1:4000/play"),
            ("ws://localhost:4000", "ws://localhost:4000/play"),
            ("ws://arena.example/", "ws://arena.example:80/play"),
            ("ws://[::1]:4000/other", "ws://[::1]:4000/other"),
            ("ws://[::1]", "ws://[::1]:80/play"),
        ] {
            assert_eq!(url.parse::<Target>().map(|target| target.to_string()), Ok(expect.into()));
        }
    }

    #[test]
    fn a_wrong_url_says_what_is_wrong() {
        for (url, expect) in [
            ("http://127.0.0.1:4000", NotATarget::Scheme),
            ("127.0.0.1:4000", NotATarget::Scheme),
            ("", NotATarget::Scheme),
            ("wss://arena.example/play", NotATarget::Encrypted),
            ("ws://", NotATarget::Host),
            ("ws://:4000/play", NotATarget::Host),
            ("ws://localhost:0", NotATarget::Port("0".into())),
            ("ws://localhost:70000", NotATarget::Port("70000".into())),
            ("ws://localhost:x/play", NotATarget::Port("x".into())),
            ("ws://localhost:4000/a b", NotATarget::Blank),
        ] {
            assert_eq!(url.parse::<Target>(), Err(expect), "{url}");
        }
    }
}
