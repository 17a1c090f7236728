//! The read side of a socket with its budgets, below the WebSocket: every byte and every frame header is counted
//! here, because empty continuation frames never reach whoever reads messages. It understands of a frame
//! only where it ends, and judges nothing but amounts.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use crate::counters::Cut;
use crate::rate::{Bucket, Rate};

/// The read side of a socket.
#[derive(Debug)]
pub(crate) struct Meter {
    /// `None` while it moves from one thread to another.
    stream: Option<OwnedReadHalf>,
    /// What came together with the handshake.
    first: Bytes,
    bytes: Bucket,
    rate: Rate,
    fragments: Fragments,
    heard_at: Instant,
    /// Bytes since somebody asked.
    received: u64,
    over: Option<Cut>,
}

impl Meter {
    /// Counts from now on. `first` was read before.
    pub(crate) fn new(
        stream: OwnedReadHalf,
        first: Bytes,
        rate: Rate,
        fragments_max: u32,
        now: Instant,
    ) -> Meter {
        // Even an empty piece would keep the whole buffer of the handshake.
        let first = if first.is_empty() { Bytes::new() } else { first };
        let (bytes, fragments) = (Bucket::new(rate, now), Fragments::new(fragments_max));
        let stream = Some(stream);
        Meter { stream, first, bytes, rate, fragments, heard_at: now, received: 0, over: None }
    }

    /// Why it gave up, if it was it that failed.
    pub(crate) const fn over(&self) -> Option<Cut> {
        self.over
    }

    /// When the last byte came.
    pub(crate) const fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// How many bytes came since the last call.
    pub(crate) const fn take_received(&mut self) -> u64 {
        std::mem::replace(&mut self.received, 0)
    }

    /// The socket itself, for reading without counting.
    pub(crate) const fn stream(&mut self) -> Option<&mut OwnedReadHalf> {
        self.stream.as_mut()
    }

    /// Takes the socket away; until it is put back nothing can be read.
    pub(crate) const fn take(&mut self) -> Option<OwnedReadHalf> {
        self.stream.take()
    }

    /// Puts a socket back, or its successor.
    pub(crate) fn put(&mut self, stream: OwnedReadHalf) {
        self.stream = Some(stream);
    }

    fn count(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.heard_at = Instant::now();
        self.received += bytes.len() as u64;
        let amount = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if !self.bytes.take(self.rate, amount, self.heard_at) {
            return Err(Cut::Bytes);
        }
        if self.fragments.pass(bytes) { Ok(()) } else { Err(Cut::Fragments) }
    }
}

impl AsyncRead for Meter {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.first.is_empty() {
            let Some(stream) = &mut self.stream else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            ready!(Pin::new(stream).poll_read(context, buffer))?;
        } else {
            let len = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first[..len]);
            self.first.advance(len);
            if self.first.is_empty() {
                self.first = Bytes::new();
            }
        }
        let counted = self.count(&buffer.filled()[before..]);
        Poll::Ready(counted.map_err(|cut| {
            self.over = Some(cut);
            io::Error::other("over a budget")
        }))
    }
}

/// The WebSocket answers pings and closes by itself; those answers end here. The connection gives its own, through
/// the outbox, which alone writes.
impl AsyncWrite for Meter {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Counts the frames of each message by their headers, wherever these are cut.
#[derive(Debug)]
struct Fragments {
    head: [u8; HEAD_BYTES_MAX],
    /// Bytes of the header that have come.
    have: usize,
    /// Bytes of the payload that have not.
    left: u64,
    /// Frames of the message so far.
    count: u32,
    max: u32,
}

/// Of a masked frame: two bytes, a long length, the mask.
const HEAD_BYTES_MAX: usize = 14;

impl Fragments {
    const fn new(max: u32) -> Fragments {
        Fragments { head: [0; HEAD_BYTES_MAX], have: 0, left: 0, count: 0, max }
    }

    /// Passes over bytes; false when a message has a frame too many.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let skip = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left -= skip as u64;
            bytes = &bytes[skip..];
            while self.left == 0
                && let [byte, rest @ ..] = bytes
            {
                bytes = rest;
                self.head[self.have] = *byte;
                self.have += 1;
                if self.have == self.head_len() && !self.begin() {
                    return false;
                }
            }
        }
        true
    }

    /// How long the header is, as far as one can tell.
    const fn head_len(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        mask + match self.head[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    /// The header is complete: a frame begins.
    fn begin(&mut self) -> bool {
        self.have = 0;
        let [first, second, a, b, c, d, e, f, g, h, ..] = self.head;
        self.left = match second & 0x7f {
            126 => u16::from_be_bytes([a, b]).into(),
            127 => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            short => short.into(),
        };
        let (ends, opcode) = (first & 0x80 != 0, first & 0x0f);
        if opcode >= 8 {
            // One of control may stand between the fragments of a message.
            return true;
        }
        self.count = if opcode == 0 { self.count.saturating_add(1) } else { 1 };
        let fine = self.count <= self.max;
        if ends {
            self.count = 0;
        }
        fine
    }
}

#[cfg(test)]
mod tests {
    use super::Fragments;

    /// A masked frame.
    fn frame(first: u8, len: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match len {
            0..=125 => bytes.push(0x80 | u8::try_from(len).expect("short")),
            126..=0xffff => {
                bytes.push(0xfe);
                bytes.extend(u16::try_from(len).expect("medium").to_be_bytes());
            }
            _ => {
                bytes.push(0xff);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend([7; 4]);
        bytes.extend(vec![0x01; len]);
        bytes
    }

    /// Passes these frames in parts of each size; the index of the one that is too much must always be the same.
    fn check(frames: &[(u8, usize)], expect: Option<usize>) {
        for part in [1, 2, 3, 5, 7, 14, 1000, usize::MAX] {
            let mut fragments = Fragments::new(16);
            let refused = frames.iter().position(|(first, len)| {
                let bytes = frame(*first, *len);
                let mut parts = bytes.chunks(part.min(bytes.len()));
                !parts.all(|part| fragments.pass(part))
            });
            assert_eq!(refused, expect, "{frames:?} in parts of {part}");
        }
    }

    #[test]
    fn a_message_has_so_many_frames_and_no_more_whatever_their_size() {
        const BEGIN: u8 = 0x01;
        const MORE: u8 = 0x00;
        const END: u8 = 0x80;
        const WHOLE: u8 = 0x82;
        const PING: u8 = 0x89;
        check(&[(WHOLE, 0); 100], None);
        check(&[(WHOLE, 125), (WHOLE, 126), (WHOLE, 70_000), (PING, 125), (WHOLE, 1)], None);
        for len in [0, 1, 300] {
            let mut sixteen = vec![(BEGIN, len)];
            sixteen.extend([(MORE, len); 14]);
            sixteen.push((END, len));
            check(&[&sixteen[..], &sixteen, &[(PING, 3)], &sixteen].concat(), None);
            let with_pings: Vec<_> = sixteen.iter().flat_map(|it| [*it, (PING, 5)]).collect();
            check(&with_pings, None);
            let mut many = sixteen.clone();
            many.pop();
            many.extend([(MORE, len); 2]);
            check(&many, Some(16));
            // Without a message to continue it is no protocol, but it must not be free.
            check(&[(MORE, len); 20], Some(16));
        }
    }

    #[test]
    fn a_frame_that_claims_to_be_endless_is_passed_over() {
        let mut fragments = Fragments::new(16);
        assert!(
            fragments
                .pass(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4])
        );
        assert_eq!(fragments.left, u64::MAX);
        assert!(fragments.pass(&[0; 1000]));
        assert_eq!(fragments.left, u64::MAX - 1000);
    }
}
