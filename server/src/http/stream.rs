//! A TCP stream within HTTP that reports its progress to `http_connections`. hyper bounds no write:
//! a peer that reads nothing would otherwise keep its connection, and the pending answer, forever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tracing::debug;

use super::connections::HttpConnection;

/// Bytes that the kernel buffers for a reader; Linux doubles it. Without a bound it would buffer
/// megabytes for each peer that reads nothing.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// A stream whose progress is reported.
#[derive(Debug)]
pub(crate) struct HttpStream {
    stream: TcpStream,
    connection: Arc<HttpConnection>,
    is_stuck: bool,
}

impl HttpStream {
    pub(crate) fn new(stream: TcpStream, connection: Arc<HttpConnection>) -> HttpStream {
        // A tick is one small write; waiting to fill a packet would only delay it.
        let set = stream
            .set_nodelay(true)
            .and_then(|()| SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES));
        if let Err(error) = set {
            debug!(%error, "a connection keeps the options that it had");
        }
        HttpStream { stream, connection, is_stuck: false }
    }

    /// Returns the stream, for another protocol.
    pub(crate) fn into_inner(self) -> TcpStream {
        self.stream
    }

    fn wrote(&mut self, written: &Poll<io::Result<usize>>) {
        let now = Instant::now();
        match written {
            Poll::Pending => {
                self.connection.stuck(now);
                self.set_stuck(true);
            }
            Poll::Ready(Ok(bytes)) => {
                self.connection.wrote(*bytes, now);
                self.set_stuck(false);
            }
            Poll::Ready(Err(_)) => {}
        }
    }

    /// Makes a stuck stream send a reset when it is dropped. Otherwise the kernel would keep the
    /// unread rest, and probe the peer for minutes.
    fn set_stuck(&mut self, is_stuck: bool) {
        if is_stuck != self.is_stuck {
            self.is_stuck = is_stuck;
            SockRef::from(&self.stream).set_linger(is_stuck.then_some(Duration::ZERO)).ok();
        }
    }
}

impl AsyncRead for HttpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.connection.read(Instant::now());
        }
        read
    }
}

impl AsyncWrite for HttpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
