//! Members: the sockets in the lobby, and who is behind them.

use core::time::Duration;

use bolide_net::relay::Endpoint;

/// A socket in the lobby, as the slot in which its owner keeps it. Slots are small numbers. One is
/// used again after [`crate::Lobby::handle_leave`] or [`crate::Output::Close`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u32);

/// The time, by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time since the owner began; it never runs backwards.
    pub since_start: Duration,
    /// Seconds since 1970.
    pub unix_s: u64,
}

/// A socket that comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The endpoint that it asked for.
    pub endpoint: Endpoint,
    /// The person behind it.
    pub identity: Identity,
    /// Random bits, from which ids and nicknames are drawn.
    pub draw: u64,
}

/// The person behind a socket, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name of a user who is signed in. Without one, it is a stranger.
    pub user: Option<String>,
    /// The groups of the user.
    pub groups: Vec<String>,
    /// The value of the session cookie.
    pub session: Option<String>,
    /// The cookie of the browser.
    pub browser: Option<Browser>,
}

/// The hash of the cookie by which a browser is known again. Sockets with the same one are one
/// person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Browser(pub [u8; 32]);
