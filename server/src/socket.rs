//! One WebSocket and its write side. Reading and writing go on in one task and neither waits for the other: what
//! a client that does not read still says is heard. It knows no message.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bolide_net::limits::FRAME_BYTES_MAX;
use bolide_net::{CloseCode, Frame, FrameKind};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{self, CloseFrame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a closing connection may take to read what is left for it, and to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// With the default of 128 KiB each, ten thousand idle connections take 1.3 GB.
const BUFFER_BYTES: usize = 4 * 1024;

/// What tungstenite may hold for a client that does not read. Without a limit one client that pings and never
/// reads grew a server by a gigabyte in eight seconds.
const WRITE_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// A WebSocket of the server's side.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    /// Waits until the write buffer has room.
    queue: VecDeque<Message>,
    unflushed: bool,
}

/// What came of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A message.
    Data(FrameKind, Bytes),
    /// A ping of the client; it has been answered.
    Ping,
    /// The answer to a ping of ours.
    Pong,
    /// What was queued has been written.
    Written,
    /// The connection is gone, or the client has closed it.
    Gone,
    /// The client broke the protocol; it is to be closed with this.
    Broken(CloseCode),
}

impl Socket {
    /// Takes over a stream after its handshake.
    pub(crate) async fn new(stream: Upgraded) -> Socket {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let stream =
            WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, Some(config))
                .await;
        Socket { stream, queue: VecDeque::new(), unflushed: false }
    }

    /// Whether something still waits to be written. Nothing should be added then: what waits in the outbox
    /// can still be replaced by something newer.
    pub(crate) fn is_writing(&self) -> bool {
        self.unflushed
    }

    /// Adds frames to what is to be written.
    pub(crate) fn queue(&mut self, frames: impl IntoIterator<Item = Frame>) {
        self.queue.extend(frames.into_iter().map(message));
    }

    /// Adds a ping.
    pub(crate) fn queue_ping(&mut self) {
        self.queue.push_back(Message::Ping(Bytes::new()));
    }

    /// Writes as much as the socket takes now, in one go; [`Socket::event`] goes on with the rest.
    pub(crate) async fn write(&mut self) {
        self.unflushed = true;
        // An error comes again when the next event is asked for.
        poll_fn(|context| Poll::Ready(self.poll_write(context).is_ready())).await;
    }

    /// Waits for the next event, writing meanwhile. It can be dropped and asked again at any time. With
    /// `reading` false only the end of writing is an event.
    pub(crate) async fn event(&mut self, reading: bool) -> Event {
        poll_fn(|context| self.poll_event(context, reading)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>, reading: bool) -> Poll<Event> {
        if self.unflushed {
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(Event::Written),
                Poll::Ready(Err(_)) => return Poll::Ready(Event::Gone),
                Poll::Pending => {}
            }
        }
        if !reading {
            return Poll::Pending;
        }
        loop {
            let event = match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(Message::Text(text))) => Event::Data(FrameKind::Text, text.into()),
                Some(Ok(Message::Binary(bytes))) => Event::Data(FrameKind::Binary, bytes),
                Some(Ok(Message::Ping(_))) => Event::Ping,
                Some(Ok(Message::Pong(_))) => Event::Pong,
                // The next read answers it and ends.
                Some(Ok(Message::Close(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => fault(&error),
                None => Event::Gone,
            };
            return Poll::Ready(event);
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.queue.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_ready(context))?;
            if let Some(message) = self.queue.pop_front() {
                Pin::new(&mut self.stream).start_send(message)?;
            }
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Writes what is left and a close frame, then reads the client's rest away. Without that, a client
    /// in the middle of sending would get a reset instead of the close code.
    pub(crate) async fn close(mut self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code: code.code().into(), reason: reason.into() };
        self.queue.push_back(Message::Close(Some(frame)));
        let linger = async {
            if poll_fn(|context| self.poll_write(context)).await.is_err() {
                return;
            }
            let stream = self.stream.get_mut();
            // Not on the stack: it would be part of every connection's task, all its life.
            let mut rest = vec![0; BUFFER_BYTES];
            if stream.shutdown().await.is_ok() {
                while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            }
        };
        // Whoever has not read it by now does not want to know.
        timeout(CLOSE_TIMEOUT, linger).await.ok();
    }
}

/// A text frame goes out as raw bytes: the codec wrote UTF-8, checking it again for each client would cost
/// more than the copy.
fn message(frame: Frame) -> Message {
    let opcode = match frame.kind {
        FrameKind::Text => Data::Text,
        FrameKind::Binary => Data::Binary,
    };
    Message::Frame(frame::Frame::message(frame.bytes, OpCode::Data(opcode), true))
}

fn fault(error: &Error) -> Event {
    match error {
        Error::Capacity(_) => Event::Broken(CloseCode::TooBig),
        Error::Utf8(_) => Event::Broken(CloseCode::BadUtf8),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Event::Gone,
        Error::Protocol(_) => Event::Broken(CloseCode::Protocol),
        _ => Event::Gone,
    }
}
