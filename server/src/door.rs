//! The entry and exit of a shard's clients. A shard watches the sockets of its clients itself: once
//! between two slots it polls which of them became readable, and reads those.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

use crate::client::{Client, End};

// A token holds a whole `Place`.
const _: () = assert!(usize::BITS >= 48);

/// Maximum number of events per poll.
const EVENTS: usize = 1024;

/// Number of consecutive failures to poll after which the shard panics: one to two seconds.
const FAILURES_MAX: u32 = 240;

/// The position of a client: the slot of its room on the shard, and its own slot in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) room: u32,
    pub(crate) link: u16,
}

/// A client that leaves the shard, and the reason.
pub(crate) struct Departure {
    pub(crate) client: Box<Client>,
    pub(crate) end: End,
}

/// The entry and exit of a shard, shared by its rooms.
#[derive(Clone, Debug)]
pub(crate) struct Door(Arc<Doorway>);

#[derive(Debug)]
struct Doorway {
    registry: Registry,
    /// Leads to the task that closes connections. It is unbounded: each departure is one of the
    /// connections, whose number is bounded.
    departures: UnboundedSender<Departure>,
}

/// Polls for sockets that became ready.
pub(crate) struct Ears {
    poll: Poll,
    events: Events,
    /// Number of consecutive failures to poll.
    failures: u32,
}

/// Creates the poll of a shard. Departures are sent to the task that closes connections.
///
/// # Errors
/// The kernel cannot create another poll.
pub(crate) fn open(departures: UnboundedSender<Departure>) -> io::Result<(Door, Ears)> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let ears = Ears { poll, events: Events::with_capacity(EVENTS), failures: 0 };
    Ok((Door(Arc::new(Doorway { registry, departures })), ears))
}

impl Door {
    /// Watches the socket of a client that has this position.
    ///
    /// # Errors
    /// The kernel refuses to watch it.
    pub(crate) fn watch(&self, client: &Client, place: Place) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.0.registry.register(&mut SourceFd(&client.as_raw_fd()), place.into(), interest)
    }

    /// Takes a client out of the shard, to be closed for this reason.
    pub(crate) fn show_out(&self, client: Box<Client>, end: End) {
        // A socket that is not watched yet cannot be deregistered, which is fine.
        self.0.registry.deregister(&mut SourceFd(&client.as_raw_fd())).ok();
        // The receiver ends only with the server.
        self.0.departures.send(Departure { client, end }).ok();
    }
}

impl Ears {
    /// Calls `hear` with the position of every socket that became readable or writable. The client
    /// of that position may have left since. The flag is true if nothing more will arrive.
    ///
    /// # Panics
    /// The poll failed for hundreds of slots in a row. A shard that cannot read its clients must
    /// not continue.
    pub(crate) fn listen(&mut self, mut hear: impl FnMut(Place, bool)) {
        loop {
            if let Err(error) = self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
                if error.kind() != io::ErrorKind::Interrupted {
                    self.failures += 1;
                }
                if self.failures == 1 {
                    warn!(%error, "a shard cannot ask for its sockets");
                }
                assert!(self.failures < FAILURES_MAX, "a shard hears nobody any more: {error}");
                return;
            }
            self.failures = 0;
            let mut count = 0;
            for event in &self.events {
                hear(event.token().into(), event.is_read_closed());
                count += 1;
            }
            if count < EVENTS {
                return;
            }
        }
    }
}

impl From<Place> for Token {
    fn from(place: Place) -> Token {
        Token((place.room as usize) << 16 | usize::from(place.link))
    }
}

impl From<Token> for Place {
    fn from(Token(token): Token) -> Place {
        let link = u16::try_from(token & 0xffff).expect("16 bits");
        Place { room: u32::try_from(token >> 16).expect("as it was made"), link }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bolide_net::ClientMessage;
    use tokio::sync::mpsc::unbounded_channel;

    use super::{Place, open};
    use crate::client::{ConnectionContext, End};
    use crate::config::Config;
    use crate::socket::READ_BYTES;
    use crate::testing::client;

    /// The kernel reports data and the end behind it once. A short read used to be taken as all
    /// there was. The end was then noticed seconds later, by a ping that stayed unanswered.
    #[test]
    fn the_end_that_came_with_the_last_message_is_heard_after_it() {
        let (door, mut ears) = open(unbounded_channel().0).expect("a poll");
        let commons = ConnectionContext::new(Config::default().budgets);
        let (mut client, peer) = client(1);
        let place = Place { room: 3, link: 7 };
        door.watch(&client, place).expect("watched");
        // The first event is that the socket is writable.
        ears.listen(|_, _| ());
        peer.send([r#"{"t":"hello","name":"Ada"}"#.to_owned()].into_iter());
        peer.hang_up();
        let mut news = Vec::new();
        ears.listen(|place, is_last| news.push((place, is_last)));
        assert_eq!(news, [(place, true)]);
        client.has_news(true);
        let (mut buffer, now) = ([0; READ_BYTES], Instant::now());
        let hello = client.next(&mut buffer, now, &commons);
        assert!(matches!(hello, Some(Ok(ClientMessage::Hello(_)))), "{hello:?}");
        let end = client.next(&mut buffer, now, &commons);
        assert!(matches!(end, Some(Err(End::Gone))), "{end:?}");
    }
}
