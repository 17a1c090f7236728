//! One WebSocket: messages come in here, what goes out goes through its outbox. It knows no message, and writes
//! nothing itself.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bolide_net::{CloseCode, FrameKind};
use bytes::Bytes;
use futures_util::Stream;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing::debug;

use crate::budgets::Budgets;
use crate::counters::Cut;
use crate::lanes::{Closing, Lanes};
use crate::meter::Meter;
use crate::outbox::{Outbox, send};

/// How long a closing connection may take to read what is left for it, and to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for one that sent more than it may, and most probably goes on.
const FLOOD_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The same for one that has not read for seconds.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_millis(100);

/// Bytes read at once. With tungstenite's default of 128 KiB ten thousand idle connections take 1.3 GB.
const READ_BYTES: usize = 1024;

/// Bytes read away at once while a connection closes.
const AWAY_BYTES: usize = 4 * 1024;

/// A WebSocket of the server's side.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<Meter>,
    outbox: Arc<Outbox>,
}

/// What came of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A message.
    Data(FrameKind, Bytes),
    /// A ping of the client, to be answered with the same bytes.
    Ping(Bytes),
    /// The answer to a ping of ours.
    Pong,
    /// The client closes; it is to be answered with this code.
    Closed(Option<u16>),
    /// The connection is gone.
    Gone,
    /// The client broke the protocol or a budget.
    Broken(Cut),
}

impl Socket {
    /// Takes over a stream after its handshake. `first` was read together with it.
    pub(crate) async fn new(stream: TcpStream, first: Bytes, budgets: &Budgets) -> Socket {
        // The system hides a slow reader for megabytes; here it is to come to light soon.
        let small = budgets.send_buffer_bytes as usize;
        if let Err(error) = SockRef::from(&stream).set_send_buffer_size(small) {
            debug!(%error, "a connection keeps its send buffer");
        }
        let (read, write) = stream.into_split();
        let meter = Meter::new(read, first, budgets.bytes(), budgets.fragments_max, Instant::now());
        let message_bytes_max = Some(budgets.message_bytes_max);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(message_bytes_max)
            .max_frame_size(message_bytes_max);
        let stream = WebSocketStream::from_raw_socket(meter, Role::Server, Some(config)).await;
        let outbox = Outbox::new(Some(write), Lanes::new(budgets.outbox_bytes_max as usize));
        Socket { stream, outbox: Arc::new(outbox) }
    }

    /// The way out.
    pub(crate) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// When the last byte came.
    pub(crate) fn heard_at(&self) -> Instant {
        self.stream.get_ref().heard_at()
    }

    /// How many bytes came since the last call.
    pub(crate) fn take_received(&mut self) -> u64 {
        self.stream.get_mut().take_received()
    }

    /// Takes the socket off the runtime that watches it; `None` when it is gone. Until [`Socket::settle`] there is nothing
    /// to wait for.
    pub(crate) fn depart(&mut self) -> Option<std::net::TcpStream> {
        let (read, write) = (self.stream.get_mut().take()?, self.outbox.take()?);
        read.reunite(write).ok()?.into_std().ok()
    }

    /// Has it watched by the runtime of the caller.
    ///
    /// # Errors
    /// The system does not watch it.
    pub(crate) fn settle(&mut self, stream: std::net::TcpStream) -> io::Result<()> {
        let (read, write) = TcpStream::from_std(stream)?.into_split();
        self.stream.get_mut().put(read);
        self.outbox.put(write);
        Ok(())
    }

    /// Waits for the next event. It can be dropped and asked again at any time.
    pub(crate) async fn event(&mut self) -> Event {
        poll_fn(|context| self.poll_event(context)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(context)) {
            Some(Ok(Message::Text(text))) => Event::Data(FrameKind::Text, text.into()),
            Some(Ok(Message::Binary(bytes))) => Event::Data(FrameKind::Binary, bytes),
            Some(Ok(Message::Ping(payload))) => Event::Ping(payload),
            Some(Ok(Message::Pong(_))) => Event::Pong,
            Some(Ok(Message::Close(frame))) => Event::Closed(frame.map(|frame| frame.code.into())),
            Some(Err(error)) => self.fault(&error),
            Some(Ok(Message::Frame(_))) | None => Event::Gone,
        })
    }

    fn fault(&self, error: &Error) -> Event {
        match error {
            Error::Capacity(_) => Event::Broken(Cut::TooBig),
            Error::Utf8(_) => Event::Broken(Cut::BadUtf8),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Event::Gone,
            Error::Protocol(_) => Event::Broken(Cut::Protocol),
            _ => self.stream.get_ref().over().map_or(Event::Gone, Event::Broken),
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
        let Some(read) = self.stream.get_mut().stream() else { return };
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
