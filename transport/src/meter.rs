//! Counts a client's traffic below the WebSocket layer: every byte and every frame header. Message
//! readers cannot do that, because empty continuation frames never reach them. It understands only
//! where a frame ends, and limits nothing but amounts.

use std::hint::black_box;
use std::time::Instant;

use crate::token_bucket::{Rate, TokenBucket};
use crate::violation::Violation;

/// The traffic received on one socket, and the budgets that are left.
#[derive(Debug)]
pub(crate) struct Meter {
    bytes: TokenBucket,
    rate: Rate,
    fragments: Fragments,
    heard_at: Instant,
    /// Bytes since the last [`Meter::take_received`].
    received: u64,
    over: Option<Violation>,
}

impl Meter {
    /// Starts to count. `first` is what was read from the socket before.
    pub(crate) fn new(first: &[u8], rate: Rate, fragments_max: u32, now: Instant) -> Meter {
        let (bytes, fragments) = (TokenBucket::new(rate, now), Fragments::new(fragments_max));
        let mut meter = Meter { bytes, rate, fragments, heard_at: now, received: 0, over: None };
        if !first.is_empty() {
            meter.count(first, now);
        }
        meter
    }

    /// The time of the last byte.
    pub(crate) const fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// Returns the number of bytes received since the last call.
    pub(crate) const fn take_received(&mut self) -> u64 {
        std::mem::replace(&mut self.received, 0)
    }

    /// Returns whether the bytes received so far end with a whole message.
    pub(crate) const fn is_between_messages(&self) -> bool {
        self.fragments.is_between_messages()
    }

    /// Returns whether a close frame was received, or is among the bytes `ahead`, which are not
    /// counted yet.
    pub(crate) fn has_close(&self, ahead: &[u8]) -> bool {
        let mut fragments = self.fragments.clone();
        fragments.pass(ahead);
        fragments.has_close
    }

    /// Prefetches the fields that counting an input touches.
    pub(crate) fn warm(&self) {
        black_box((self.bytes, self.received));
    }

    /// The budget that is exhausted, if any. Nothing more must be read then.
    pub(crate) const fn over(&self) -> Option<Violation> {
        self.over
    }

    /// Counts received bytes.
    pub(crate) fn count(&mut self, bytes: &[u8], now: Instant) {
        self.heard_at = now;
        self.received += bytes.len() as u64;
        let amount = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if !self.bytes.take(self.rate, amount, now) {
            self.over = Some(Violation::Bytes);
        } else if !self.fragments.pass(bytes) {
            self.over = Some(Violation::Fragments);
        }
    }
}

/// Counts the frames of each message by their headers, which may arrive in parts.
#[derive(Clone, Debug)]
struct Fragments {
    head: [u8; HEAD_BYTES_MAX],
    /// Bytes of the header that have arrived.
    have: usize,
    /// Bytes of the payload that have not arrived yet.
    left: u64,
    /// Frames of the current message so far.
    count: u32,
    max: u32,
    /// The header of a close frame was received.
    has_close: bool,
}

/// Longest header of a masked frame: two bytes, a 64-bit length and the mask.
const HEAD_BYTES_MAX: usize = 14;

impl Fragments {
    const fn new(max: u32) -> Fragments {
        Fragments { head: [0; HEAD_BYTES_MAX], have: 0, left: 0, count: 0, max, has_close: false }
    }

    /// Advances over bytes. Returns false if a message has too many frames.
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

    const fn is_between_messages(&self) -> bool {
        self.have == 0 && self.left == 0 && self.count == 0
    }

    /// The length of the header, as far as the bytes received so far determine it.
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

    /// Begins a frame whose header is complete.
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
            // A control frame may stand between the fragments of a message.
            self.has_close |= opcode == 8;
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
    use std::time::Instant;

    use super::{Fragments, Meter};
    use crate::token_bucket::Rate;

    /// Builds a masked frame.
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

    /// Feeds these frames in chunks of several sizes. The index of the frame that exceeds the limit
    /// must always be the same.
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
            // Continuations without a message violate the protocol, but they must still be counted.
            check(&[(MORE, len); 20], Some(16));
        }
    }

    #[test]
    fn a_close_frame_is_found_wherever_it_is_cut_and_looking_ahead_counts_nothing() {
        let bytes = [frame(0x82, 126), frame(0x89, 8), frame(0x88, 2), frame(0x82, 8)].concat();
        let begun = bytes.len() - frame(0x82, 8).len() - frame(0x88, 2).len();
        // A close frame counts once its header is complete.
        let is_close = |len: usize| len >= begun + 6;
        for cut in 0..=bytes.len() {
            let (rate, now) = (Rate { per_s: 1000, burst: 1000 }, Instant::now());
            let mut meter = Meter::new(&bytes[..cut], rate, 16, now);
            assert_eq!(meter.has_close(&[]), is_close(cut), "{cut}");
            assert!(meter.has_close(&bytes[cut..]), "{cut}");
            assert_eq!(meter.take_received(), cut as u64);
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
