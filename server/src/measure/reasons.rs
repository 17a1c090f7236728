//! The reasons to refuse a request or to drop a connection, and how often each happened. All
//! reasons are here, and no peer is refused or dropped without one. It decides nothing. What a
//! client is told is in `close_reason` and `upgrade`.

use std::sync::atomic::{AtomicU64, Ordering};

use bolide_legacy::PageError;
use bolide_transport::Violation;

/// Reason why a request did not become a game socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefuseReason {
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
    /// An endpoint of old relays that does not exist or is not served.
    NotServed,
    /// A person that may not use an endpoint of old relays.
    Stranger,
    /// The site does not say who a person is.
    Site,
    /// The server is stopping.
    Stopping,
}

/// Reason why the server closed a game socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
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

/// Reason why a frame of an old relay's page was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IgnoreReason {
    /// It is none of the old client.
    Malformed,
    /// It is in the name of another player.
    Foreign,
    /// It is before the first frame, or repeats that one.
    Order,
}

/// Number of times that each happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    refused: [AtomicU64; RefuseReason::ALL.len()],
    dropped: [AtomicU64; DropReason::ALL.len()],
    ignored: [AtomicU64; IgnoreReason::ALL.len()],
    inputs_dropped: AtomicU64,
    accepts_failed: AtomicU64,
}

impl Counters {
    pub(crate) fn refused(&self, why: RefuseReason) {
        self.refused_many(why, 1);
    }

    pub(crate) fn refused_many(&self, why: RefuseReason, times: u64) {
        self.refused[why as usize].fetch_add(times, Ordering::Relaxed);
    }

    /// Counts a failure to accept a connection.
    pub(crate) fn accept_failed(&self) {
        self.accepts_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self, why: DropReason) {
        self.dropped[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a frame of an old relay's page.
    pub(crate) fn ignored(&self, why: IgnoreReason) {
        self.ignored[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an input over the budget, which was dropped.
    pub(crate) fn input_dropped(&self) {
        self.inputs_dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns every counter with its name, also those at zero.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let refused = RefuseReason::ALL.iter().map(|why| why.name()).zip(&self.refused);
        let dropped = DropReason::ALL.iter().map(|why| why.name()).zip(&self.dropped);
        let ignored = IgnoreReason::ALL.iter().map(|why| why.name()).zip(&self.ignored);
        let others =
            [("input_dropped", &self.inputs_dropped), ("accept_failed", &self.accepts_failed)];
        let counters = refused.chain(dropped).chain(ignored).chain(others);
        counters.map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}

impl IgnoreReason {
    pub(crate) const ALL: [IgnoreReason; 3] =
        [IgnoreReason::Malformed, IgnoreReason::Foreign, IgnoreReason::Order];

    const fn name(self) -> &'static str {
        match self {
            IgnoreReason::Malformed => "ignored_malformed",
            IgnoreReason::Foreign => "ignored_foreign",
            IgnoreReason::Order => "ignored_order",
        }
    }
}

impl From<&PageError> for IgnoreReason {
    fn from(error: &PageError) -> IgnoreReason {
        match error {
            PageError::TooLong(_)
            | PageError::NotJson
            | PageError::UnknownEvent
            | PageError::Field { .. } => IgnoreReason::Malformed,
            PageError::Stranger => IgnoreReason::Foreign,
            PageError::NotCreated | PageError::CreatedTwice => IgnoreReason::Order,
        }
    }
}

impl RefuseReason {
    pub(crate) const ALL: [RefuseReason; 14] = [
        RefuseReason::Http,
        RefuseReason::Slow,
        RefuseReason::Descriptors,
        RefuseReason::AddressConnections,
        RefuseReason::AddressHandshakes,
        RefuseReason::Addresses,
        RefuseReason::Connections,
        RefuseReason::Origin,
        RefuseReason::Handshake,
        RefuseReason::Forwarded,
        RefuseReason::NotServed,
        RefuseReason::Stranger,
        RefuseReason::Site,
        RefuseReason::Stopping,
    ];

    const fn name(self) -> &'static str {
        match self {
            RefuseReason::Http => "refused_http",
            RefuseReason::Slow => "refused_slow",
            RefuseReason::Descriptors => "refused_descriptors",
            RefuseReason::AddressConnections => "refused_address_connections",
            RefuseReason::AddressHandshakes => "refused_address_handshakes",
            RefuseReason::Addresses => "refused_addresses",
            RefuseReason::Connections => "refused_connections",
            RefuseReason::Origin => "refused_origin",
            RefuseReason::Handshake => "refused_handshake",
            RefuseReason::Forwarded => "refused_forwarded",
            RefuseReason::NotServed => "refused_not_served",
            RefuseReason::Stranger => "refused_stranger",
            RefuseReason::Site => "refused_site",
            RefuseReason::Stopping => "refused_stopping",
        }
    }
}

impl DropReason {
    pub(crate) const ALL: [DropReason; 20] = [
        DropReason::Bytes,
        DropReason::Inputs,
        DropReason::Control,
        DropReason::Fragments,
        DropReason::Hello,
        DropReason::Idle,
        DropReason::Ping,
        DropReason::Unread,
        DropReason::Invalid,
        DropReason::WrongKind,
        DropReason::TooBig,
        DropReason::BadUtf8,
        DropReason::Protocol,
        DropReason::ServerFull,
        DropReason::AddressSeats,
        DropReason::Shard,
        DropReason::System,
        DropReason::Absent,
        DropReason::Panic,
        DropReason::Stopping,
    ];

    const fn name(self) -> &'static str {
        match self {
            DropReason::Bytes => "cut_bytes",
            DropReason::Inputs => "cut_inputs",
            DropReason::Control => "cut_control",
            DropReason::Fragments => "cut_fragments",
            DropReason::Hello => "cut_hello",
            DropReason::Idle => "cut_idle",
            DropReason::Ping => "cut_ping",
            DropReason::Unread => "cut_unread",
            DropReason::Invalid => "cut_invalid",
            DropReason::WrongKind => "cut_wrong_kind",
            DropReason::TooBig => "cut_too_big",
            DropReason::BadUtf8 => "cut_bad_utf8",
            DropReason::Protocol => "cut_protocol",
            DropReason::ServerFull => "cut_server_full",
            DropReason::AddressSeats => "cut_address_seats",
            DropReason::Shard => "cut_shard",
            DropReason::System => "cut_system",
            DropReason::Absent => "cut_absent",
            DropReason::Panic => "cut_panic",
            DropReason::Stopping => "cut_stopping",
        }
    }
}

impl From<Violation> for DropReason {
    fn from(violation: Violation) -> DropReason {
        match violation {
            Violation::Bytes => DropReason::Bytes,
            Violation::Fragments => DropReason::Fragments,
            Violation::TooBig => DropReason::TooBig,
            Violation::BadUtf8 => DropReason::BadUtf8,
            Violation::Protocol => DropReason::Protocol,
            Violation::Unread => DropReason::Unread,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Counters, DropReason, IgnoreReason, RefuseReason};

    #[test]
    fn every_reason_is_counted_under_a_name_of_its_own() {
        let counters = Counters::default();
        for (index, why) in RefuseReason::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, index);
            counters.refused(why);
        }
        for (index, why) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, index);
            counters.dropped(why);
        }
        for (index, why) in IgnoreReason::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, index);
            counters.ignored(why);
        }
        counters.input_dropped();
        counters.accept_failed();
        let names: BTreeSet<&str> = counters.all().map(|(name, _)| name).collect();
        assert_eq!(names.len(), counters.all().count());
        assert!(counters.all().all(|(_, count)| count == 1));
    }
}
