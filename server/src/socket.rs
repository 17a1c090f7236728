//! One WebSocket: messages come in here, what goes out goes through its outbox. It knows no message, and writes
//! nothing itself.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bolide_net::CloseCode;
use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tracing::debug;

use crate::budgets::Budgets;
use crate::incoming::{Event, Incoming};
use crate::lanes::{Closing, Lanes};
use crate::meter::{Meter, Stop};
use crate::outbox::{Outbox, send};

/// How long a closing connection may take to read what is left for it, and to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for one that sent more than it may, and most probably goes on.
const FLOOD_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The same for one that has not read for seconds.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_millis(100);

/// Bytes read at once.
const READ_BYTES: usize = 1024;

/// Bytes read away at once while a connection closes.
const AWAY_BYTES: usize = 4 * 1024;

/// A WebSocket of the server's side.
#[derive(Debug)]
pub(crate) struct Socket {
    meter: Meter,
    incoming: Incoming,
    outbox: Arc<Outbox>,
}

impl Socket {
    /// Takes over a stream after its handshake. `first` was read together with it.
    pub(crate) fn new(stream: TcpStream, first: Bytes, budgets: &Budgets) -> Socket {
        // The system hides a slow reader for megabytes; here it is to come to light soon.
        let small = budgets.send_buffer_bytes as usize;
        if let Err(error) = SockRef::from(&stream).set_send_buffer_size(small) {
            debug!(%error, "a connection keeps its send buffer");
        }
        let (read, write) = stream.into_split();
        let meter =
            Meter::new(read, &first, budgets.bytes(), budgets.fragments_max, Instant::now());
        let incoming = Incoming::new(first, budgets.message_bytes_max);
        let outbox = Outbox::new(Some(write), Lanes::new(budgets.outbox_bytes_max as usize));
        Socket { meter, incoming, outbox: Arc::new(outbox) }
    }

    /// The way out.
    pub(crate) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// When the last byte came.
    pub(crate) fn heard_at(&self) -> Instant {
        self.meter.heard_at()
    }

    /// How many bytes came since the last call.
    pub(crate) fn take_received(&mut self) -> u64 {
        self.meter.take_received()
    }

    /// Takes the socket off the runtime that watches it; `None` when it is gone. Until [`Socket::settle`] there is nothing
    /// to wait for.
    pub(crate) fn depart(&mut self) -> Option<std::net::TcpStream> {
        let (read, write) = (self.meter.take()?, self.outbox.take()?);
        read.reunite(write).ok()?.into_std().ok()
    }

    /// Has it watched by the runtime of the caller.
    ///
    /// # Errors
    /// The system does not watch it.
    pub(crate) fn settle(&mut self, stream: std::net::TcpStream) -> io::Result<()> {
        let (read, write) = TcpStream::from_std(stream)?.into_split();
        self.meter.put(read);
        self.outbox.put(write);
        Ok(())
    }

    /// Waits for the next event. It can be dropped and asked again at any time.
    pub(crate) async fn event(&mut self) -> Event {
        poll_fn(|context| self.poll_event(context, Instant::now())).await
    }

    /// The same at this time. One poll reads once, and again only if that made no event.
    pub(crate) fn poll_event(&mut self, context: &mut Context<'_>, now: Instant) -> Poll<Event> {
        loop {
            if let Some(event) = self.incoming.next() {
                return Poll::Ready(event);
            }
            let between_messages = self.meter.is_between_messages();
            let mut room = [const { MaybeUninit::uninit() }; READ_BYTES];
            let mut buffer = ReadBuf::uninit(&mut room);
            match ready!(self.meter.poll_read(context, &mut buffer, now)) {
                Ok(()) => {}
                Err(Stop::Gone) => return Poll::Ready(Event::Gone),
                Err(Stop::Over(cut)) => return Poll::Ready(Event::Broken(cut)),
            }
            if let Some(event) = self.incoming.come(buffer.filled_mut(), between_messages) {
                return Poll::Ready(event);
            }
        }
    }

    /// Writes what is left and a close frame, then reads the client's rest away. Without that, a client
    /// in the middle of sending would get a reset instead of the close code. From the beginning on the room
    /// knows that nobody reads.
    pub(crate) async fn close(self, closing: Closing) {
        let timeout = match closing.code {
            CloseCode::TooSlow => SLOW_CLOSE_TIMEOUT,
            CloseCode::Rate | CloseCode::Policy => FLOOD_CLOSE_TIMEOUT,
            _ => CLOSE_TIMEOUT,
        };
        self.end(Some((closing.code.code(), closing.reason)), timeout).await;
    }

    /// Lets go of a connection that is gone.
    pub(crate) fn abandon(self) {
        self.outbox.retire();
    }

    /// Answers the client's close frame, and ends.
    pub(crate) async fn answer_close(self, code: Option<u16>) {
        self.end(code.map(|code| (code, "")), CLOSE_TIMEOUT).await;
    }

    async fn end(mut self, told: Option<(u16, &str)>, patience: Duration) {
        let retired = self.outbox.retire();
        drop(self.outbox);
        let Some((mut write, mut lanes)) = retired else { return };
        lanes.push_close(told);
        let Some(read) = self.meter.stream() else { return };
        let linger = linger(&mut write, &mut lanes, read);
        if timeout(patience, linger).await.is_ok() {
            return;
        }
        // Whoever has not read it by now does not want to know. Without a reset the system would keep what is left
        // for him, and ask for minutes whether he takes it.
        write.as_ref().set_zero_linger().ok();
    }
}

/// Writes as much as goes at once; whether that was all.
fn write_now(write: &OwnedWriteHalf, lanes: &mut Lanes) -> bool {
    lanes.write(|slices| send(write, slices)).unwrap_or(true)
}

async fn linger(write: &mut OwnedWriteHalf, lanes: &mut Lanes, read: &mut OwnedReadHalf) {
    while !write_now(write, lanes) {
        if write.writable().await.is_err() {
            return;
        }
    }
    // Not on the stack: it would be part of every connection's task, all its life.
    let mut away = vec![0; AWAY_BYTES];
    if write.shutdown().await.is_ok() {
        while read.read(&mut away).await.is_ok_and(|read| read > 0) {}
    }
}
