//! A client that does what no library would: it writes frames byte by byte, and reads only on
//! request.

use std::net::SocketAddr;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::PATIENCE;

/// The first bytes of frames.
pub mod first {
    /// A text frame, the whole message.
    pub const TEXT: u8 = 0x81;
    /// The first frame of a text message.
    pub const TEXT_BEGINS: u8 = 0x01;
    /// A frame in the middle of a message.
    pub const GOES_ON: u8 = 0x00;
    /// The last frame of a message.
    pub const ENDS: u8 = 0x80;
    /// A ping.
    pub const PING: u8 = 0x89;
    /// A pong.
    pub const PONG: u8 = 0x8a;
}

/// The kernel's receive buffer for a client.
const RECEIVE_BYTES: u32 = 16 * 1024;

/// A handshake between its path and the empty line at its end.
const HANDSHAKE: &str = " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A game socket without a library.
#[derive(Debug)]
pub struct Raw {
    /// The socket.
    pub stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    /// Opens a socket for JSON, with the handshake done.
    ///
    /// # Errors
    /// The server refuses or is gone. The text is the head of its answer.
    pub async fn open(address: SocketAddr) -> Result<Raw, String> {
        Raw::open_with(address, "").await
    }

    /// The same with more header lines of any bytes, each ended by CR LF.
    ///
    /// # Errors
    /// As [`Raw::open`].
    pub async fn open_with(address: SocketAddr, headers: impl AsRef<[u8]>) -> Result<Raw, String> {
        Raw::open_path(address, "/play", headers).await
    }

    /// The same at another path.
    ///
    /// # Errors
    /// As [`Raw::open`].
    pub async fn open_path(
        address: SocketAddr,
        path: &str,
        headers: impl AsRef<[u8]>,
    ) -> Result<Raw, String> {
        let text = |error: std::io::Error| error.to_string();
        let socket = TcpSocket::new_v4().map_err(text)?;
        // Otherwise the kernel would buffer megabytes for a client that does not read.
        socket.set_recv_buffer_size(RECEIVE_BYTES).map_err(text)?;
        let mut stream = socket.connect(address).await.map_err(text)?;
        let request =
            [b"GET ", path.as_bytes(), HANDSHAKE.as_bytes(), headers.as_ref(), b"\r\n"].concat();
        stream.write_all(&request).await.map_err(text)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, stream.read_u8()).await.expect("an answer");
            head.push(byte.map_err(text)?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        if head.starts_with("HTTP/1.1 101") {
            Ok(Raw { stream, unread: Vec::new() })
        } else {
            Err(head)
        }
    }

    /// Opens a socket and takes a seat.
    pub async fn join(address: SocketAddr, mode: &str) -> Raw {
        let mut raw = Raw::open(address).await.expect("a socket");
        let hello = format!(r#"{{"t":"hello","name":"Raw","mode":"{mode}"}}"#);
        raw.send(&frame(first::TEXT, hello.as_bytes())).await;
        loop {
            let (first, payload) = raw.next().await.expect("an answer");
            // On a busy machine the first ping overtakes the answer.
            if first == first::PING {
                raw.send(&frame(first::PONG, &payload)).await;
                continue;
            }
            assert!(payload.starts_with(br#"{"t":"welcome""#), "{first} {payload:?}");
            return raw;
        }
    }

    /// Sends bytes unchanged. Returns false when the server takes no more.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Sends bytes again and again, and reads nothing, until the server takes no more.
    pub async fn flood(&mut self, bytes: &[u8]) {
        let flood = async { while self.send(bytes).await {} };
        timeout(PATIENCE, flood).await.expect("the server puts an end to it");
    }

    /// Returns the next frame's first byte and its payload, or `None` at the end.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((len, frame)) = whole(&self.unread) {
                self.unread.drain(..len);
                return Some(frame);
            }
            let mut part = [0; 4096];
            let read = timeout(PATIENCE, self.stream.read(&mut part)).await.expect("no silence");
            match read {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.unread.extend(&part[..read]),
            }
        }
    }

    /// Reads, without answering, until the server closes, and returns code and reason. `None` if it
    /// ended without a close frame.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            let (first, payload) = self.next().await?;
            if first == 0x88 {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                return Some((code, String::from_utf8_lossy(&payload[2..]).into_owned()));
            }
        }
    }

    /// Returns whether the server has ended the connection, as far as the kernel knows without a
    /// read.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        let ready = self.stream.ready(Interest::READABLE).now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("set");
    }
}

/// Builds a masked frame.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len @ 0..=125) => bytes.push(0x80 | len),
        _ => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(payload.len()).expect("at most 64 KiB").to_be_bytes());
        }
    }
    // A mask of zeros is a mask.
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Returns the first frame of these bytes, if it is whole: its length, first byte and payload.
fn whole(bytes: &[u8]) -> Option<(usize, (u8, Vec<u8>))> {
    let [first, short, rest @ ..] = bytes else { return None };
    let (head, len) = match (short & 0x7f, rest) {
        (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (126 | 127, _) => {
            let long = bytes.get(2..10)?.try_into().ok()?;
            (10, usize::try_from(u64::from_be_bytes(long)).ok()?)
        }
        (short, _) => (2, usize::from(short)),
    };
    let payload = bytes.get(head..head + len)?;
    Some((head + len, (*first, payload.to_vec())))
}
