//! Polls the sockets of a shard's connections. Once between two slots the shard asks which of them
//! became readable, and reads those. A connection that leaves the shard leaves through here as
//! well.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

use super::{ClientSocket, Connection, Ending, Readiness};

// A token of mio holds a whole `SocketToken`.
const _: () = assert!(usize::BITS >= 48);

/// Maximum number of events per poll.
const EVENTS: usize = 1024;

/// Number of consecutive failures to poll after which a thread panics: one to two seconds of a
/// shard.
const FAILURES_MAX: u32 = 240;

/// The token of a socket: the slot of its room on the shard, and its own slot in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketToken {
    pub(crate) room: u32,
    pub(crate) slot: u16,
}

/// A connection of a room whose socket is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Its slot in its room.
    pub(crate) slot: u16,
    pub(crate) readiness: Readiness,
}

/// The socket of a client that leaves its thread, and the reason.
pub(crate) struct Departure {
    pub(crate) socket: ClientSocket,
    pub(crate) end: Ending,
}

/// The sockets that a shard watches, and the way out for their connections. Rooms share it.
#[derive(Clone, Debug)]
pub(crate) struct SocketRegistry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    /// Leads to the task that closes connections. It is unbounded: each departure is one of the
    /// connections, whose number is bounded.
    departures: UnboundedSender<Departure>,
}

/// Polls for sockets that became ready.
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
    failures: PollFailures,
}

/// The consecutive failures of a thread to poll.
#[derive(Debug, Default)]
pub(crate) struct PollFailures(u32);

impl PollFailures {
    /// Counts a failure of `thread`, and logs the first one.
    ///
    /// # Panics
    /// The poll failed hundreds of times in a row. A thread that cannot read its clients must not
    /// continue.
    pub(crate) fn note(&mut self, thread: &str, error: &io::Error) {
        if error.kind() != io::ErrorKind::Interrupted {
            self.0 += 1;
        }
        if self.0 == 1 {
            warn!(%error, "{thread} cannot ask for its sockets");
        }
        assert!(self.0 < FAILURES_MAX, "{thread} hears nobody any more: {error}");
    }

    /// Forgets the failures, because a poll succeeded.
    pub(crate) const fn reset(&mut self) {
        self.0 = 0;
    }
}

/// Returns the state of the socket of an event.
pub(crate) fn readiness(event: &Event) -> Readiness {
    if event.is_read_closed() { Readiness::HungUp } else { Readiness::Open }
}

/// Creates the poll of a shard. Departures are sent to the task that closes connections.
///
/// # Errors
/// The kernel cannot create another poll.
pub(crate) fn open(departures: UnboundedSender<Departure>) -> io::Result<(SocketRegistry, Poller)> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let poller =
        Poller { poll, events: Events::with_capacity(EVENTS), failures: PollFailures::default() };
    Ok((SocketRegistry(Arc::new(Inner { registry, departures })), poller))
}

impl SocketRegistry {
    /// Watches the socket of a connection that has this token.
    ///
    /// # Errors
    /// The kernel refuses to watch it.
    pub(crate) fn register(&self, connection: &Connection, token: SocketToken) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.0.registry.register(&mut SourceFd(&connection.as_raw_fd()), token.into(), interest)
    }

    /// Takes a connection out of the shard, to be closed for this reason.
    pub(crate) fn release(&self, connection: Box<Connection>, end: Ending) {
        // A socket that is not watched yet cannot be deregistered, which is fine.
        self.0.registry.deregister(&mut SourceFd(&connection.as_raw_fd())).ok();
        // The receiver ends only with the server.
        self.0.departures.send(Departure { socket: connection.into_client(), end }).ok();
    }
}

impl Poller {
    /// Calls `on_ready` with the token of every socket that became readable or writable. The
    /// connection of that token may have left since.
    ///
    /// # Panics
    /// See [`PollFailures::note`].
    pub(crate) fn poll_ready(&mut self, mut on_ready: impl FnMut(SocketToken, Readiness)) {
        loop {
            if let Err(error) = self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
                return self.failures.note("a shard", &error);
            }
            self.failures.reset();
            let mut count = 0;
            for event in &self.events {
                on_ready(event.token().into(), readiness(event));
                count += 1;
            }
            if count < EVENTS {
                return;
            }
        }
    }
}

impl From<SocketToken> for Token {
    fn from(token: SocketToken) -> Token {
        Token((token.room as usize) << 16 | usize::from(token.slot))
    }
}

impl From<Token> for SocketToken {
    fn from(Token(token): Token) -> SocketToken {
        let slot = u16::try_from(token & 0xffff).expect("16 bits");
        SocketToken { room: u32::try_from(token >> 16).expect("as it was made"), slot }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bolide_net::ClientMessage;
    use bolide_transport::READ_BYTES;
    use tokio::sync::mpsc::unbounded_channel;

    use super::{SocketToken, open};
    use crate::config::Config;
    use crate::connection::{ConnectionContext, Ending, Readiness};
    use crate::testing::connection;

    /// The kernel reports data and the end behind it once. A short read used to be taken as all
    /// there was. The end was then noticed seconds later, by a ping that stayed unanswered.
    #[test]
    fn the_end_that_came_with_the_last_message_is_heard_after_it() {
        let (registry, mut poller) = open(unbounded_channel().0).expect("a poll");
        let context = ConnectionContext::new(Config::default().budgets);
        let (mut connection, peer) = connection(1);
        let token = SocketToken { room: 3, slot: 7 };
        registry.register(&connection, token).expect("watched");
        // The first event is that the socket is writable.
        poller.poll_ready(|_, _| ());
        peer.send([r#"{"t":"hello","name":"Ada"}"#.to_owned()].into_iter());
        peer.hang_up();
        let mut ready = Vec::new();
        poller.poll_ready(|token, readiness| ready.push((token, readiness)));
        assert_eq!(ready, [(token, Readiness::HungUp)]);
        connection.mark_ready(Readiness::HungUp);
        let (mut buffer, now) = ([0; READ_BYTES], Instant::now());
        let hello = connection.next(&mut buffer, now, &context);
        assert!(matches!(hello, Some(Ok(ClientMessage::Hello(_)))), "{hello:?}");
        let end = connection.next(&mut buffer, now, &context);
        assert!(matches!(end, Some(Err(Ending::PeerGone))), "{end:?}");
    }
}
