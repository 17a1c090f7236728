//! A socket under tokio's reactor, served by its own task. Sockets outside a shard are of this
//! kind: before the client has joined a room, and while its connection closes.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bolide_net::CloseCode;
use bolide_transport::{GameSocket, Received, SocketEnd};
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdRegisterError};
use tokio::time::timeout;

use super::close_reason::CloseReason;

/// Maximum time for the client of a closing connection to read what is left and to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for a client that exceeded its budget, and most probably continues to send.
const FLOOD_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The same for a client that has not read for seconds.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_millis(50);

/// Bytes that are read and discarded at once while a connection closes.
const AWAY_BYTES: usize = 4 * 1024;

/// A socket that can be awaited, with its owner.
pub(crate) struct AsyncSocket<T: AsRawFd>(AsyncFd<T>);

impl<T: AsRawFd + AsMut<GameSocket>> AsyncSocket<T> {
    /// Registers the socket with the runtime of the caller.
    ///
    /// # Errors
    /// The kernel refuses to watch the socket; `inner` is returned.
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for things that let go of their descriptor; a socket keeps it"
    )]
    pub(crate) fn new(inner: T) -> Result<AsyncSocket<T>, (T, io::Error)> {
        AsyncFd::try_new(inner).map(AsyncSocket).map_err(AsyncFdRegisterError::into_parts)
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Waits until the socket may have become readable; meanwhile writes what waits for the client.
    /// It can be dropped and called again at any time.
    ///
    /// # Errors
    /// The runtime ends.
    pub(crate) async fn more(&mut self) -> io::Result<()> {
        let is_stuck = self.socket().is_stuck();
        let also = if is_stuck { Interest::WRITABLE } else { Interest::READABLE };
        self.ready(Interest::READABLE | also).await
    }

    async fn ready(&mut self, interest: Interest) -> io::Result<()> {
        let mut guard = self.0.ready_mut(interest).await?;
        let ready = guard.ready();
        // Cleared before the socket is read, so that what arrives from now on is reported again.
        guard.clear_ready();
        let socket = guard.get_inner_mut().as_mut();
        if ready.is_readable() {
            socket.readable();
        }
        if ready.is_writable() {
            socket.writable();
        }
        Ok(())
    }

    fn socket(&mut self) -> &mut GameSocket {
        self.get_mut().as_mut()
    }
}

impl AsyncSocket<GameSocket> {
    /// Waits for the next event, whose payload is read into the buffer.
    pub(crate) async fn next(&mut self, buffer: &mut [u8]) -> Received {
        loop {
            if let Some(end) = self.socket().ended() {
                return Received::End(end);
            }
            if let Some(event) = self.socket().next(buffer, Instant::now()) {
                return event;
            }
            if self.more().await.is_err() {
                return Received::End(SocketEnd::Gone);
            }
        }
    }
}

/// Writes what is left and a close frame, then reads and discards what the client still sends.
/// Without that, a client in the middle of sending would get a reset instead of the close code.
pub(crate) async fn close(socket: GameSocket, closing: CloseReason) {
    let patience = match closing.code {
        CloseCode::TooSlow => SLOW_CLOSE_TIMEOUT,
        CloseCode::Rate | CloseCode::Policy => FLOOD_CLOSE_TIMEOUT,
        _ => CLOSE_TIMEOUT,
    };
    end(socket, Some((closing.code.code(), closing.reason)), patience).await;
}

/// Answers the client's close frame, then closes the connection.
pub(crate) async fn answer_close(socket: GameSocket, code: Option<u16>) {
    end(socket, code.map(|code| (code, "")), CLOSE_TIMEOUT).await;
}

async fn end(mut socket: GameSocket, told: Option<(u16, &str)>, patience: Duration) {
    socket.outbox().push_close(told);
    let mut watched = match AsyncSocket::new(socket) {
        Ok(watched) => watched,
        Err((socket, _)) => return end_unwatched(socket),
    };
    if timeout(patience, linger(&mut watched)).await.is_err() {
        // A client that has not read it by now is given up. Without a reset the kernel would keep
        // what is left, and retry sending it for minutes.
        watched.socket().stream().set_linger(Some(Duration::ZERO)).ok();
    }
}

/// Closes a socket that cannot be watched. Only what the socket takes at once is sent.
fn end_unwatched(mut socket: GameSocket) {
    socket.flush();
    socket.stream().shutdown(Shutdown::Write).ok();
    // Unread bytes would make the kernel send a reset behind the close code.
    io::copy(&mut socket.stream().take(AWAY_BYTES as u64), &mut io::sink()).ok();
}

/// Writes what is left, then reads until the client closes. An error means that the client is gone.
async fn linger(watched: &mut AsyncSocket<GameSocket>) -> io::Result<()> {
    watched.socket().flush();
    while watched.socket().is_stuck() {
        watched.ready(Interest::WRITABLE).await?;
    }
    watched.socket().stream().shutdown(Shutdown::Write)?;
    // Not on the stack, where it would be part of every connection's task for its whole life.
    let mut away = vec![0; AWAY_BYTES];
    loop {
        match watched.socket().stream().read(&mut away) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                watched.ready(Interest::READABLE).await?;
            }
            Err(error) => return Err(error),
        }
    }
}
