//! One WebSocket of the swarm: the handshake, whole frames in, masked frames out. It knows no
//! messages. The library that the server uses copies each frame and hides its size on the wire; a
//! load client can afford neither.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;
use std::task::{Poll, ready};

use bolide_net::Codec;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use super::arrival::{self, Arrival};
use super::frame::{Broken, FRAME_BYTES_MAX, Head, Opcode, head, write};
use super::lost::Lost;
use super::options::Target;

/// A connection that has become a WebSocket.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    /// The beginning of a frame that has not arrived completely.
    rest: Vec<u8>,
    out: Vec<u8>,
}

/// The read buffer that all sockets of a thread share, one after the other.
#[derive(Default)]
pub(crate) struct SharedBuffer(Cell<Vec<u8>>);

/// The whole frames of one read.
#[derive(Debug)]
pub(crate) struct Arrived {
    bytes: Vec<u8>,
    frames: Vec<(Opcode, Range<usize>)>,
    /// The number of bytes read, and the time that they waited to be read.
    pub(crate) arrival: Arrival,
}

impl Arrived {
    pub(crate) fn frames(&self) -> impl Iterator<Item = (Opcode, &[u8])> {
        self.frames.iter().map(|(opcode, range)| (*opcode, &self.bytes[range.clone()]))
    }
}

impl Link {
    /// Connects and performs the handshake.
    pub(crate) async fn open(
        target: &Target,
        address: SocketAddr,
        codec: Codec,
    ) -> Result<Link, Lost> {
        let mut stream =
            TcpStream::connect(address).await.map_err(|error| Lost::connect(&error))?;
        stream.set_nodelay(true).map_err(|error| Lost::socket(&error))?;
        arrival::ask(&stream).map_err(|error| Lost::socket(&error))?;
        let key = generate_key();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n",
            path = target.path,
            host = target.authority(),
            protocol = codec.subprotocol(),
        );
        stream.write_all(request.as_bytes()).await.map_err(|error| Lost::socket(&error))?;
        let mut answer = Vec::with_capacity(512);
        let end = loop {
            if let Some(at) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if answer.len() > ANSWER_BYTES_MAX {
                return Err(Lost::Refused("with a head of more than 16 KiB".to_owned()));
            }
            let read = stream.read_buf(&mut answer).await.map_err(|error| Lost::socket(&error))?;
            if read == 0 {
                return Err(Lost::Ended);
            }
        };
        check_answer(&answer, &key, codec)?;
        answer.drain(..end);
        Ok(Link { stream, rest: answer, out: Vec::new() })
    }

    /// Waits for bytes and cuts them into frames, of which there may be none. This is cancel-safe.
    pub(crate) async fn read(&mut self, shared: &SharedBuffer) -> Result<Arrived, Lost> {
        poll_fn(|context| {
            loop {
                ready!(self.stream.poll_read_ready(context))
                    .map_err(|error| Lost::socket(&error))?;
                let mut buffer = shared.0.take();
                buffer.resize(READ_BYTES, 0);
                let arrival = match arrival::read(&self.stream, &mut buffer) {
                    Ok(Arrival { bytes: 0, .. }) => return Poll::Ready(Err(Lost::Ended)),
                    Ok(arrival) => arrival,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        shared.0.set(buffer);
                        continue;
                    }
                    Err(error) => return Poll::Ready(Err(Lost::socket(&error))),
                };
                let arrived = self.cut(shared, buffer, arrival);
                return Poll::Ready(arrived.map_err(|it| Lost::NotUnderstood(it.to_string())));
            }
        })
        .await
    }

    /// Returns the buffer for the next read of any socket.
    pub(crate) fn done(shared: &SharedBuffer, arrived: Arrived) {
        if arrived.bytes.len() >= READ_BYTES {
            shared.0.set(arrived.bytes);
        }
    }

    fn cut(
        &mut self,
        shared: &SharedBuffer,
        buffer: Vec<u8>,
        arrival: Arrival,
    ) -> Result<Arrived, Broken> {
        let (bytes, end) = if self.rest.is_empty() {
            (buffer, arrival.bytes)
        } else {
            let mut bytes = std::mem::take(&mut self.rest);
            bytes.extend(&buffer[..arrival.bytes]);
            let end = bytes.len();
            shared.0.set(buffer);
            (bytes, end)
        };
        let mut frames = Vec::with_capacity(4);
        let mut at = 0;
        while let Some(Head { opcode, header_bytes, payload_bytes }) = head(&bytes[at..end])? {
            let payload = at + header_bytes..at + header_bytes + payload_bytes;
            if payload.end > end {
                break;
            }
            at = payload.end;
            frames.push((opcode, payload));
        }
        self.rest.extend(&bytes[at..end]);
        Ok(Arrived { bytes, frames, arrival })
    }

    /// Adds a frame to what the next [`Link::flush`] writes.
    pub(crate) fn queue(&mut self, opcode: Opcode, payload: &[u8], key: [u8; 4]) {
        write(&mut self.out, opcode, payload, key);
    }

    /// Shuts down the sending side, so that the server sees that the client is gone.
    pub(crate) async fn end(&mut self) {
        // The server may have closed first.
        self.stream.shutdown().await.ok();
    }

    /// Writes what was queued in one go, and returns its size in bytes.
    pub(crate) async fn flush(&mut self) -> Result<usize, Lost> {
        let written = self.stream.write_all(&self.out).await.map_err(|error| Lost::socket(&error));
        let bytes = self.out.len();
        self.out.clear();
        written.map(|()| bytes)
    }
}

/// Size of a read in bytes.
const READ_BYTES: usize = 64 * 1024;

const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// The largest frame is at least as large as one read.
const _: () = assert!(FRAME_BYTES_MAX >= READ_BYTES);

fn check_answer(answer: &[u8], key: &str, codec: Codec) -> Result<(), Lost> {
    let text = String::from_utf8_lossy(answer);
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 101") {
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body.trim());
        let said: String = format!("{status} {body}").chars().take(200).collect();
        return Err(Lost::Refused(said.trim().to_owned()));
    }
    let header = |name: &str| {
        let found = lines.clone().filter_map(|line| line.split_once(':'));
        found
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    };
    if header("Sec-WebSocket-Accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(Lost::Refused("with a handshake that is none".to_owned()));
    }
    if header("Sec-WebSocket-Protocol") != Some(codec.subprotocol()) {
        return Err(Lost::Refused(format!("without the subprotocol {}", codec.subprotocol())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bolide_net::Codec;
    use tungstenite::handshake::derive_accept_key;

    use super::check_answer;
    use crate::lost::Lost;

    fn check(answer: &str, expect: Result<(), &str>) {
        let answer = answer.replace("ACCEPT", &derive_accept_key(b"key")).replace('\n', "\r\n");
        let found = check_answer(answer.as_bytes(), "key", Codec::Json);
        assert_eq!(found, expect.map_err(|said| Lost::Refused(said.to_owned())));
    }

    #[test]
    fn only_a_whole_handshake_will_do() {
        let protocol = "Sec-WebSocket-Protocol: bolide.v1.json\n";
        let accept = "sec-websocket-accept: ACCEPT\n";
        check(&format!("HTTP/1.1 101 Switching Protocols\n{accept}{protocol}\n"), Ok(()));
        check(&format!("HTTP/1.1 101 Yes\n{protocol}\n"), Err("with a handshake that is none"));
        check(
            &format!("HTTP/1.1 101 Yes\n{accept}\n"),
            Err("without the subprotocol bolide.v1.json"),
        );
        check(
            "HTTP/1.1 503 Service Unavailable\nRetry-After: 5\n\nthe server is full\n",
            Err("HTTP/1.1 503 Service Unavailable the server is full"),
        );
        check("SSH-2.0-OpenSSH\n\n", Err("SSH-2.0-OpenSSH"));
    }
}
