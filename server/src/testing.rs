//! Helpers that the tests of this crate share. Not part of the server.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use bolide_net::Codec;
use bolide_room::ConnectionId;
use bolide_transport::GameSocket;
use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config::{Budgets, Config};
use crate::connection::dialect::Dialect;
use crate::connection::poller::{self, Departure};
use crate::connection::{Admission, Connection, ConnectionContext};
use crate::rooms::DriverContext;

// A message that is `PANICS` panics in the decoder, and a room with a seat of this name panics when
// it is hosted again.
pub(crate) use bolide_storage::testing::{Folder, PANICS, panic_at, seat};

/// The other end of a client's socket.
#[derive(Debug)]
pub(crate) struct Peer(socket2::Socket);

/// Creates a client that speaks JSON, and its peer.
pub(crate) fn connection(connection_id: u64) -> (Box<Connection>, Peer) {
    connection_within(&Config::default().budgets, connection_id)
}

/// The same with these budgets.
pub(crate) fn connection_within(budgets: &Budgets, connection_id: u64) -> (Box<Connection>, Peer) {
    let (ours, theirs) =
        socket2::Socket::pair(socket2::Domain::UNIX, socket2::Type::STREAM, None).expect("a pair");
    ours.set_nonblocking(true).expect("set");
    theirs.set_nonblocking(true).expect("set");
    let socket = GameSocket::new(ours, Bytes::new(), &budgets.socket(), Instant::now());
    let (admission, dialect) = (Admission::default(), Dialect::Native(Codec::Json));
    let connection =
        Connection::new(ConnectionId(connection_id), dialect, socket, budgets, admission);
    (Box::new(connection), Peer(theirs))
}

impl Peer {
    /// Returns all bytes that have arrived since the last call.
    pub(crate) fn taken(&self) -> Vec<u8> {
        let mut all = Vec::new();
        // The read ends with `WouldBlock`.
        (&self.0).read_to_end(&mut all).ok();
        all
    }

    /// Sends short texts in one write, each as a frame whose mask changes nothing.
    pub(crate) fn send(&self, texts: impl Iterator<Item = String>) {
        let frame = |text: String| {
            let len = u8::try_from(text.len()).ok().filter(|len| *len < 126).expect("short");
            [&[0x81, 0x80 | len, 0, 0, 0, 0], text.as_bytes()].concat()
        };
        let bytes: Vec<u8> = texts.flat_map(frame).collect();
        (&self.0).write_all(&bytes).expect("written");
    }

    /// Sends a close frame with the code 1000.
    pub(crate) fn close(&self) {
        (&self.0).write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]).expect("written");
    }

    /// Shuts down the sending direction.
    pub(crate) fn hang_up(&self) {
        self.0.shutdown(Shutdown::Write).expect("it is open");
    }

    /// Returns the same as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.taken()).into_owned()
    }
}

/// Creates the context of rooms without a shard, and the receiver of the connections that leave.
pub(crate) fn driver_context() -> (DriverContext, UnboundedReceiver<Departure>) {
    let (departures, departing) = unbounded_channel();
    let (registry, _poller) = poller::open(departures).expect("a poll");
    let connections = Arc::new(ConnectionContext::new(Config::default().budgets));
    (DriverContext { registry, metrics: Arc::default(), connections }, departing)
}
