//! The reasons to refuse a request or to close a connection, the answer of each, and how often each
//! happened. All reasons are here, and no peer is refused or disconnected without one. It decides
//! nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use bolide_net::CloseCode;
use bolide_transport::Violation;

/// Reason why a request did not become a game socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many connections are within HTTP, and this one was idle, stuck or the oldest.
    Http,
    /// An HTTP request, or the reading of its answer, took too long.
    Slow,
    /// The process has no file descriptor to spare.
    Descriptors,
    /// One address has too many connections.
    AddressConnections,
    /// One address opens game sockets too fast.
    AddressHandshakes,
    /// The table of addresses is full.
    Addresses,
    /// The server has its maximum number of game sockets.
    Connections,
    /// The origin of the page is not on the list.
    Origin,
    /// Not a WebSocket handshake, or no known subprotocol.
    Handshake,
    /// A trusted proxy does not report the address that it saw.
    Forwarded,
    /// The server is stopping.
    Stopping,
}

/// Reason why the server closed a game socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Over the budget of bytes.
    Bytes,
    /// Far over the budget of inputs.
    Inputs,
    /// Over the budget of pings, pongs and messages that are not inputs.
    Control,
    /// A message of too many fragments.
    Fragments,
    /// No hello in time.
    Hello,
    /// Nothing arrived for too long.
    Idle,
    /// A ping stayed unanswered.
    Ping,
    /// The outbox of the client exceeds its limit.
    Unread,
    /// Too many invalid messages.
    Invalid,
    /// A text frame where binary was agreed, or the other way round.
    WrongKind,
    /// A message over the limit.
    TooBig,
    /// A text frame that is not UTF-8.
    BadUtf8,
    /// Not the WebSocket protocol.
    Protocol,
    /// No seat is free.
    ServerFull,
    /// Its address holds its maximum number of seats.
    AddressSeats,
    /// Its shard has ended.
    Shard,
    /// The kernel did not watch its socket.
    System,
    /// Its room is stored but not open at the moment.
    Absent,
    /// The decoder panicked on its bytes.
    Panic,
    /// The server is stopping.
    Stopping,
}

/// The close of a connection, as the client gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
    /// The budget or rule that was broken, if the connection is cut and not just closed.
    pub(crate) cut: Option<Cut>,
}

/// Number of times that each happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    refused: [AtomicU64; Refused::ALL.len()],
    cut: [AtomicU64; Cut::ALL.len()],
    inputs_dropped: AtomicU64,
    accepts_failed: AtomicU64,
}

impl Counters {
    pub(crate) fn refused(&self, why: Refused) {
        self.refused_many(why, 1);
    }

    pub(crate) fn refused_many(&self, why: Refused, times: u64) {
        self.refused[why as usize].fetch_add(times, Ordering::Relaxed);
    }

    /// Counts a failure to accept a connection.
    pub(crate) fn accept_failed(&self) {
        self.accepts_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn cut(&self, why: Cut) {
        self.cut[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an input over the budget, which was dropped.
    pub(crate) fn input_dropped(&self) {
        self.inputs_dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns every counter with its name, also those at zero.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let refused = Refused::ALL.iter().map(|why| why.name()).zip(&self.refused);
        let cut = Cut::ALL.iter().map(|why| why.name()).zip(&self.cut);
        let dropped =
            [("input_dropped", &self.inputs_dropped), ("accept_failed", &self.accepts_failed)];
        let counters = refused.chain(cut).chain(dropped);
        counters.map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}

impl Refused {
    pub(crate) const ALL: [Refused; 11] = [
        Refused::Http,
        Refused::Slow,
        Refused::Descriptors,
        Refused::AddressConnections,
        Refused::AddressHandshakes,
        Refused::Addresses,
        Refused::Connections,
        Refused::Origin,
        Refused::Handshake,
        Refused::Forwarded,
        Refused::Stopping,
    ];

    const fn name(self) -> &'static str {
        match self {
            Refused::Http => "refused_http",
            Refused::Slow => "refused_slow",
            Refused::Descriptors => "refused_descriptors",
            Refused::AddressConnections => "refused_address_connections",
            Refused::AddressHandshakes => "refused_address_handshakes",
            Refused::Addresses => "refused_addresses",
            Refused::Connections => "refused_connections",
            Refused::Origin => "refused_origin",
            Refused::Handshake => "refused_handshake",
            Refused::Forwarded => "refused_forwarded",
            Refused::Stopping => "refused_stopping",
        }
    }

    /// Returns the answer to the client, for those that get one.
    pub(crate) const fn answer(self) -> (StatusCode, &'static str) {
        let later = StatusCode::SERVICE_UNAVAILABLE;
        let many = StatusCode::TOO_MANY_REQUESTS;
        match self {
            Refused::Handshake => (StatusCode::BAD_REQUEST, "this is no handshake of a WebSocket"),
            Refused::Forwarded => (
                StatusCode::BAD_REQUEST,
                "the proxy in front of this server sends an X-Forwarded-For whose last element is no address; \
                 it has to append the one that it sees",
            ),
            Refused::AddressConnections => {
                (many, "your address has too many connections; close one")
            }
            Refused::AddressHandshakes => {
                (many, "your address opens game sockets too fast; try again later")
            }
            Refused::Http | Refused::Descriptors | Refused::Addresses | Refused::Connections => {
                (later, "this server has too many connections")
            }
            Refused::Slow => (StatusCode::REQUEST_TIMEOUT, "this request took too long"),
            Refused::Origin => (
                StatusCode::FORBIDDEN,
                "this server takes no players from the page you come from; its operator sets `origins`",
            ),
            Refused::Stopping => (later, "this server is stopping"),
        }
    }
}

impl Cut {
    pub(crate) const ALL: [Cut; 20] = [
        Cut::Bytes,
        Cut::Inputs,
        Cut::Control,
        Cut::Fragments,
        Cut::Hello,
        Cut::Idle,
        Cut::Ping,
        Cut::Unread,
        Cut::Invalid,
        Cut::WrongKind,
        Cut::TooBig,
        Cut::BadUtf8,
        Cut::Protocol,
        Cut::ServerFull,
        Cut::AddressSeats,
        Cut::Shard,
        Cut::System,
        Cut::Absent,
        Cut::Panic,
        Cut::Stopping,
    ];

    const fn name(self) -> &'static str {
        match self {
            Cut::Bytes => "cut_bytes",
            Cut::Inputs => "cut_inputs",
            Cut::Control => "cut_control",
            Cut::Fragments => "cut_fragments",
            Cut::Hello => "cut_hello",
            Cut::Idle => "cut_idle",
            Cut::Ping => "cut_ping",
            Cut::Unread => "cut_unread",
            Cut::Invalid => "cut_invalid",
            Cut::WrongKind => "cut_wrong_kind",
            Cut::TooBig => "cut_too_big",
            Cut::BadUtf8 => "cut_bad_utf8",
            Cut::Protocol => "cut_protocol",
            Cut::ServerFull => "cut_server_full",
            Cut::AddressSeats => "cut_address_seats",
            Cut::Shard => "cut_shard",
            Cut::System => "cut_system",
            Cut::Absent => "cut_absent",
            Cut::Panic => "cut_panic",
            Cut::Stopping => "cut_stopping",
        }
    }

    /// Returns the close code and its text.
    pub(crate) const fn told(self) -> (CloseCode, &'static str) {
        match self {
            Cut::Bytes => (CloseCode::Rate, "too many bytes"),
            Cut::Inputs | Cut::Control => (CloseCode::Rate, "too many messages"),
            Cut::Fragments => (CloseCode::Policy, "a message of too many fragments"),
            Cut::Hello => (CloseCode::Policy, "no hello in time"),
            Cut::Idle => (CloseCode::TooSlow, "nothing came for too long"),
            Cut::Ping => (CloseCode::TooSlow, "a ping stayed unanswered"),
            Cut::Unread => (CloseCode::TooSlow, "too much unread data"),
            Cut::Invalid => (CloseCode::InvalidMessage, "too many invalid messages"),
            Cut::WrongKind => {
                (CloseCode::WrongFrameKind, "json has text frames, msgpack has binary frames")
            }
            Cut::TooBig => (CloseCode::TooBig, "a message has at most 16 KiB"),
            Cut::BadUtf8 => (CloseCode::BadUtf8, "a text frame is UTF-8"),
            Cut::Protocol => (CloseCode::Protocol, "not the WebSocket protocol"),
            Cut::ServerFull => (CloseCode::TryLater, "the server is full"),
            Cut::AddressSeats => (CloseCode::TryLater, "your address holds too many seats"),
            Cut::Shard => (CloseCode::TryLater, "this part of the server failed"),
            Cut::System => (CloseCode::TryLater, "the server cannot watch this socket now"),
            Cut::Absent => (CloseCode::Restarting, "this room is not open at the moment"),
            Cut::Panic => (CloseCode::Internal, "the server failed while it read what you sent"),
            Cut::Stopping => (CloseCode::Restarting, "the server is stopping"),
        }
    }
}

impl From<Violation> for Cut {
    fn from(violation: Violation) -> Cut {
        match violation {
            Violation::Bytes => Cut::Bytes,
            Violation::Fragments => Cut::Fragments,
            Violation::TooBig => Cut::TooBig,
            Violation::BadUtf8 => Cut::BadUtf8,
            Violation::Protocol => Cut::Protocol,
            Violation::Unread => Cut::Unread,
        }
    }
}

impl From<Cut> for Closing {
    fn from(cut: Cut) -> Closing {
        let (code, reason) = cut.told();
        Closing { code, reason, cut: Some(cut) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Counters, Cut, Refused};

    #[test]
    fn every_reason_is_counted_under_a_name_of_its_own() {
        let counters = Counters::default();
        for (index, why) in Refused::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, index);
            counters.refused(why);
        }
        for (index, why) in Cut::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, index);
            counters.cut(why);
        }
        counters.input_dropped();
        counters.accept_failed();
        let names: BTreeSet<&str> = counters.all().map(|(name, _)| name).collect();
        assert_eq!(names.len(), counters.all().count());
        assert!(counters.all().all(|(_, count)| count == 1));
    }
}
