//! A socket that no shard has: one of a stranger, or one that ends. Tokio watches it, and a task of its own works it.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bolide_net::CloseCode;
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdRegisterError};
use tokio::time::timeout;

use crate::inbound::Event;
use crate::outbox::Closing;
use crate::socket::Socket;

/// How long a closing connection may take to read what is left for it, and to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for one that sent more than it may, and most probably goes on.
const FLOOD_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The same for one that has not read for seconds.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_millis(50);

/// Bytes read away at once while a connection closes.
const AWAY_BYTES: usize = 4 * 1024;

/// What has a socket.
pub(crate) trait HasSocket: AsRawFd {
    fn socket(&mut self) -> &mut Socket;
}

impl HasSocket for Socket {
    fn socket(&mut self) -> &mut Socket {
        self
    }
}

/// A socket that can be waited for, with what has it.
pub(crate) struct AsyncSocket<T: AsRawFd>(AsyncFd<T>);

impl<T: HasSocket> AsyncSocket<T> {
    /// Has the runtime of the caller watch it.
    ///
    /// # Errors
    /// The system does not; it comes back.
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

    /// Waits until something may have come; meanwhile it writes what waits for the client. It can be dropped and asked again at
    /// any time.
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
        // Before it is read: what comes from now on is told anew.
        guard.clear_ready();
        let socket = guard.get_inner_mut().socket();
        if ready.is_readable() {
            socket.readable();
        }
        if ready.is_writable() {
            socket.writable();
        }
        Ok(())
    }

    fn socket(&mut self) -> &mut Socket {
        self.get_mut().socket()
    }
}

impl AsyncSocket<Socket> {
    /// Waits for the next event, read into the buffer; or tells how it has ended, as [`Socket::ended`] does.
    pub(crate) async fn event(&mut self, buffer: &mut [u8]) -> Result<Event, Option<Closing>> {
        loop {
            if let Some(closing) = self.socket().ended() {
                return Err(closing);
            }
            if let Some(event) = self.socket().event(buffer, Instant::now()) {
                return Ok(event);
            }
            self.more().await.map_err(|_| None)?;
        }
    }
}

/// Writes what is left and a close frame, then reads the client's rest away. Without that, a client in the middle of sending
/// would get a reset instead of the close code.
pub(crate) async fn close(socket: Socket, closing: Closing) {
    let patience = match closing.code {
        CloseCode::TooSlow => SLOW_CLOSE_TIMEOUT,
        CloseCode::Rate | CloseCode::Policy => FLOOD_CLOSE_TIMEOUT,
        _ => CLOSE_TIMEOUT,
    };
    end(socket, Some((closing.code.code(), closing.reason)), patience).await;
}

/// Answers the client's close frame, and ends.
pub(crate) async fn answer_close(socket: Socket, code: Option<u16>) {
    end(socket, code.map(|code| (code, "")), CLOSE_TIMEOUT).await;
}

async fn end(mut socket: Socket, told: Option<(u16, &str)>, patience: Duration) {
    socket.push_close(told);
    let mut watched = match AsyncSocket::new(socket) {
        Ok(watched) => watched,
        Err((socket, _)) => return end_unwatched(socket),
    };
    if timeout(patience, linger(&mut watched)).await.is_err() {
        // Whoever has not read it by now does not want to know. Without a reset the system would keep what is left
        // for him, and ask for minutes whether he takes it.
        watched.socket().stream().set_linger(Some(Duration::ZERO)).ok();
    }
}

/// The same where nobody can wait for the client: what the socket takes at once leaves.
fn end_unwatched(mut socket: Socket) {
    socket.flush();
    socket.stream().shutdown(Shutdown::Write).ok();
    // What is left unread would make the system send a reset behind the close code.
    io::copy(&mut socket.stream().take(AWAY_BYTES as u64), &mut io::sink()).ok();
}

/// An error is a client that is gone.
async fn linger(watched: &mut AsyncSocket<Socket>) -> io::Result<()> {
    watched.socket().flush();
    while watched.socket().is_stuck() {
        watched.ready(Interest::WRITABLE).await?;
    }
    watched.socket().stream().shutdown(Shutdown::Write)?;
    // Not on the stack: it would be part of every connection's task, all its life.
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
