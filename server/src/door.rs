//! How clients come into a shard and leave it. A shard watches the sockets of its clients itself: between two slots it asks once
//! which of them have something to read, and reads that.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

use crate::client::{Client, End};

// A token holds the whole place.
const _: () = assert!(usize::BITS >= 48);

/// Sockets that are told of at once.
const EVENTS: usize = 1024;

/// How often in a row the system may fail to say which sockets have news: one to two seconds.
const FAILURES_MAX: u32 = 240;

/// Where a client is: the place of his room on its shard, and his in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) room: u32,
    pub(crate) link: u16,
}

/// A client on his way out, and why.
pub(crate) struct Departure {
    pub(crate) client: Box<Client>,
    pub(crate) end: End,
}

/// The door of a shard, for its rooms.
#[derive(Clone, Debug)]
pub(crate) struct Door(Arc<Doorway>);

#[derive(Debug)]
struct Doorway {
    registry: Registry,
    /// Whoever ends clients. It is not bounded: a departure is one of the connections, which are.
    departures: UnboundedSender<Departure>,
}

/// Hears which sockets have something.
pub(crate) struct Ears {
    poll: Poll,
    events: Events,
    /// How often in a row the system did not say.
    failures: u32,
}

/// Opens a door that leads to whoever ends clients.
///
/// # Errors
/// The system has no more of what watches sockets.
pub(crate) fn open(departures: UnboundedSender<Departure>) -> io::Result<(Door, Ears)> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let ears = Ears { poll, events: Events::with_capacity(EVENTS), failures: 0 };
    Ok((Door(Arc::new(Doorway { registry, departures })), ears))
}

impl Door {
    /// Watches the socket of a client who came in there.
    ///
    /// # Errors
    /// The system does not watch it.
    pub(crate) fn watch(&self, client: &Client, place: Place) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.0.registry.register(&mut SourceFd(&client.as_raw_fd()), place.into(), interest)
    }

    /// Lets a client out, to be ended like that.
    pub(crate) fn show_out(&self, client: Box<Client>, end: End) {
        // One whom nobody watches yet need not be forgotten.
        self.0.registry.deregister(&mut SourceFd(&client.as_raw_fd())).ok();
        // Whoever ends clients ends with the server.
        self.0.departures.send(Departure { client, end }).ok();
    }
}

impl Ears {
    /// Calls back for each socket of which there is news: something came, or it takes more. The place is that of its client when it
    /// came in; the client may be gone since. Beside it, whether nothing more will come.
    ///
    /// # Panics
    /// The system failed for hundreds of slots in a row. A shard that cannot read its clients must not go on.
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

    /// The system tells of data and of the end behind it once. A short read used to be taken as all there was: the end was noticed by
    /// a ping that stayed unanswered, after seconds.
    #[test]
    fn the_end_that_came_with_the_last_message_is_heard_after_it() {
        let (door, mut ears) = open(unbounded_channel().0).expect("a poll");
        let commons = ConnectionContext::new(Config::default().budgets);
        let (mut client, peer) = client(1);
        let place = Place { room: 3, link: 7 };
        door.watch(&client, place).expect("watched");
        // That it can be written to.
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
