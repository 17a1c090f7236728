//! The inbound side of a WebSocket: turns bytes into events. A message that arrived in one read, as
//! nearly all inputs do, is unmasked in place; everything else is left to tungstenite. It has no
//! socket and counts nothing.

use std::io::{self, Read, Write};
use std::ops::Range;

use bolide_net::FrameKind;
use bytes::{Buf, Bytes};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use crate::violation::{SocketEnd, Violation};

/// Bytes that tungstenite takes at once, and keeps a buffer for. With its default of 128 KiB ten
/// thousand idle connections take 1.3 GB.
const PIECE_BYTES: usize = 256;

/// The inbound side of one connection.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// Boxed, so that the fields that an input touches are adjacent.
    tungstenite: Box<WebSocket<Fed>>,
    /// True if tungstenite has returned every event of the bytes that it was given.
    is_drained: bool,
    message_bytes_max: usize,
}

/// An event of a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Message(FrameKind, Payload),
    /// A ping of the client, to be answered with the same bytes.
    Ping(Bytes),
    /// The answer to a ping of the server, with the number of [`Outbox::push_ping`] if it was such
    /// a one.
    ///
    /// [`Outbox::push_ping`]: crate::Outbox::push_ping
    Pong(Option<u32>),
    /// The client closes; it is to be answered with this code.
    Close(Option<u16>),
    /// The connection is gone, or the client broke the protocol or a budget.
    End(SocketEnd),
}

/// The bytes of a message, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload {
    /// Their range in the buffer that was read into.
    Read(Range<usize>),
    /// The bytes themselves, collected from several pieces.
    Collected(Bytes),
}

impl Payload {
    /// Returns the bytes. `buffer` is what was read into.
    #[inline]
    pub fn bytes<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        match self {
            Payload::Read(range) => &buffer[range.clone()],
            Payload::Collected(bytes) => bytes,
        }
    }

    /// Returns the bytes as an owned value. `buffer` is what was read into.
    pub fn into_bytes(self, buffer: &[u8]) -> Bytes {
        match self {
            Payload::Read(range) => Bytes::copy_from_slice(&buffer[range]),
            Payload::Collected(bytes) => bytes,
        }
    }
}

impl Inbound {
    /// Begins with the bytes that were read together with the handshake.
    pub(crate) fn new(first: Bytes, message_bytes_max: usize) -> Inbound {
        let config = WebSocketConfig::default()
            .read_buffer_size(PIECE_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        let tungstenite = WebSocket::from_raw_socket(Fed(first), Role::Server, Some(config));
        Inbound { tungstenite: Box::new(tungstenite), is_drained: false, message_bytes_max }
    }

    /// Returns the next event of the bytes that have arrived; `None` if there is no more, and
    /// further bytes may be [fed](Inbound::feed).
    pub(crate) fn next(&mut self) -> Option<Received> {
        if self.is_drained {
            return None;
        }
        Some(match self.tungstenite.read() {
            Ok(Message::Text(text)) => data(FrameKind::Text, text.into()),
            Ok(Message::Binary(bytes)) => data(FrameKind::Binary, bytes),
            Ok(Message::Ping(payload)) => Received::Ping(payload),
            Ok(Message::Pong(payload)) => Received::Pong(number(&payload)),
            Ok(Message::Close(frame)) => Received::Close(frame.map(|frame| frame.code.into())),
            Ok(Message::Frame(_)) => Received::End(SocketEnd::Gone),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.is_drained = true;
                return None;
            }
            Err(error) => fault(&error),
        })
    }

    /// Takes further bytes, once there is no more event. `between_messages` is true if all bytes
    /// before them were whole messages.
    pub(crate) fn feed(&mut self, bytes: &mut [u8], between_messages: bool) -> Option<Received> {
        if between_messages
            && let Some((kind, payload)) = whole_message(bytes, self.message_bytes_max)
        {
            return Some(Received::Message(kind, Payload::Read(payload)));
        }
        self.tungstenite.get_mut().0 = Bytes::copy_from_slice(bytes);
        self.is_drained = false;
        self.next()
    }
}

fn number(payload: &[u8]) -> Option<u32> {
    payload.try_into().ok().map(u32::from_be_bytes)
}

const fn data(kind: FrameKind, bytes: Bytes) -> Received {
    Received::Message(kind, Payload::Collected(bytes))
}

const fn fault(error: &Error) -> Received {
    Received::End(match error {
        Error::Capacity(_) => SocketEnd::Violation(Violation::TooBig),
        Error::Utf8(_) => SocketEnd::Violation(Violation::BadUtf8),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => SocketEnd::Gone,
        Error::Protocol(_) => SocketEnd::Violation(Violation::Protocol),
        _ => SocketEnd::Gone,
    })
}

/// Unmasks the message in place and returns its range, if these bytes are exactly one message in
/// one short frame.
///
/// ```text
/// 1 000 opcode | 1 length 7 | mask 4 | payload up to 125 bytes
/// ```
fn whole_message(bytes: &mut [u8], bytes_max: usize) -> Option<(FrameKind, Range<usize>)> {
    let all = bytes.len();
    let [first, second, rest @ ..] = bytes else { return None };
    let kind = match *first {
        0x81 => FrameKind::Text,
        0x82 => FrameKind::Binary,
        _ => return None,
    };
    let ([a, b, c, d], payload) = rest.split_first_chunk_mut::<4>()?;
    let (len, mask) = (payload.len(), [*a, *b, *c, *d]);
    if len > bytes_max.min(125) || usize::from(*second) != 0x80 + len {
        return None;
    }
    let unmask = |payload: &mut [u8]| {
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    };
    unmask(payload);
    if kind == FrameKind::Text && str::from_utf8(payload).is_err() {
        // Left to tungstenite, which refuses it like any other.
        unmask(payload);
        return None;
    }
    Some((kind, all - len..all))
}

/// The reader of tungstenite. tungstenite answers pings and closes by itself; those answers are
/// discarded here, because the outbox is the only way out.
#[derive(Debug)]
struct Fed(Bytes);

impl Read for Fed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            // Even an empty slice would keep the whole allocation alive, also that of a handshake.
            self.0 = Bytes::new();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let len = self.0.len().min(buffer.len());
        self.0.copy_to_slice(&mut buffer[..len]);
        Ok(len)
    }
}

impl Write for Fed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bolide_net::FrameKind;
    use bytes::Bytes;
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

    use super::{Inbound, Received, data};
    use crate::violation::{SocketEnd, Violation};

    const BYTES_MAX: usize = 300;

    /// Returns a masked frame.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0xa5, 0x00, 0x3c, 0xff];
        let mut bytes = vec![first];
        match u16::try_from(payload.len()).expect("short") {
            short @ 0..=125 => bytes.push(0x80 | short.to_be_bytes()[1]),
            medium => {
                bytes.push(0xfe);
                bytes.extend(medium.to_be_bytes());
            }
        }
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// Returns all events up to the one that ends the connection, read as
    /// [`GameSocket`](crate::GameSocket) does.
    fn events(pieces: &[Vec<u8>], between: impl Fn(usize) -> bool) -> Vec<Received> {
        let mut inbound = Inbound::new(Bytes::new(), BYTES_MAX);
        let mut events = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let mut buffer = piece.clone();
            let mut next = inbound.feed(&mut buffer, between(index));
            while let Some(event) = next {
                let event = match event {
                    Received::Message(kind, payload) => data(kind, payload.into_bytes(&buffer)),
                    other => other,
                };
                let ends = matches!(event, Received::Close(_) | Received::End(_));
                events.push(event);
                if ends {
                    return events;
                }
                next = inbound.next();
            }
        }
        events
    }

    const fn broken(violation: Violation) -> Received {
        Received::End(SocketEnd::Violation(violation))
    }

    #[test]
    fn a_message_in_one_piece_is_one_event() {
        for (first, kind) in [(0x81, FrameKind::Text), (0x82, FrameKind::Binary)] {
            for len in [0, 1, 125, 126, BYTES_MAX] {
                let payload = vec![b'x'; len];
                let event = data(kind, payload.clone().into());
                assert_eq!(events(&[frame(first, &payload)], |_| true), [event], "{len} bytes");
            }
        }
        let too_big = frame(0x82, &[0; BYTES_MAX + 1]);
        assert_eq!(events(&[too_big], |_| true), [broken(Violation::TooBig)]);
        let no_text = frame(0x81, &[b'a', 0xff]);
        assert_eq!(events(&[no_text], |_| true), [broken(Violation::BadUtf8)]);
        let not_masked = vec![0x82, 1, 0];
        assert_eq!(events(&[not_masked], |_| true), [broken(Violation::Protocol)]);
    }

    #[test]
    fn the_answer_to_a_numbered_ping_has_its_number() {
        for (payload, number) in
            [(&b"1234"[..], Some(0x3132_3334)), (b"", None), (b"123", None), (b"12345", None)]
        {
            let pong = Received::Pong(number);
            assert_eq!(events(&[frame(0x8a, payload)], |_| true), [pong], "{payload:?}");
        }
    }

    fn frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let first = prop_oneof![
            6 => Just(0x82), 4 => Just(0x81), 1 => Just(0x01), 1 => Just(0x02), 2 => Just(0x80), 1 => Just(0x00),
            1 => Just(0x89), 1 => Just(0x8a), 1 => Just(0x88), 1 => any::<u8>()
        ];
        let payload = prop_oneof![
            3 => vec(b' '..b'~', 0..20), 1 => vec(any::<u8>(), 0..20), 1 => vec(b'a'..b'c', 120..310)
        ];
        vec((first, payload).prop_map(|(first, payload)| frame(first, &payload)), 0..8)
    }

    proptest! {
        /// Compares frame by frame, where the fast path is taken, with byte by byte, where it never
        /// is.
        #[test]
        fn the_short_way_and_the_long_one_lead_to_the_same_events(frames in frames()) {
            let mut is_whole = vec![true];
            for frame in &frames {
                // A control frame may stand between the fragments of a message.
                let before = is_whole[is_whole.len() - 1];
                is_whole.push(if frame[0] & 0x0f >= 8 { before } else { frame[0] & 0x80 != 0 });
            }
            let bytes: Vec<Vec<u8>> = frames.concat().into_iter().map(|byte| vec![byte]).collect();
            proptest::prop_assert_eq!(
                events(&frames, |index| is_whole[index]),
                events(&bytes, |_| false)
            );
        }
    }
}
