//! Tests of the bytes that an outbox writes, however little the writer takes at a time.

use std::io::{self, IoSlice};

use bolide_net::{Frame, FrameKind};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{FRAMES_MAX, Outbox, SPARE_FRAMES, Written};
use crate::violation::Violation;

const BYTES_MAX: usize = 64 * 1024;

fn outbox() -> Outbox {
    Outbox::new(BYTES_MAX)
}

fn frame(text: &str) -> Frame {
    Frame { kind: FrameKind::Text, bytes: text.to_owned().into() }
}

/// Builds a frame as it must be on the wire. Written a second time here, from RFC 6455, 5.2.
fn framed(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        len @ 0..=125 => bytes.push(u8::try_from(len).expect("short")),
        len @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend(u16::try_from(len).expect("medium").to_be_bytes());
        }
        len => {
            bytes.push(127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// Takes at most `most` bytes.
fn accept(out: &mut Vec<u8>, slices: &[IoSlice<'_>], most: usize) -> usize {
    let before = out.len();
    out.extend(slices.iter().flat_map(|slice| slice.iter()).take(most));
    out.len() - before
}

/// Writes everything, and returns the payloads.
fn drained(outbox: &mut Outbox) -> Vec<String> {
    let mut out = Vec::new();
    assert!(outbox.write(|slices| Ok(accept(&mut out, slices, usize::MAX))).expect("written"));
    let mut texts = Vec::new();
    let mut rest = &out[..];
    while let [_, len @ 0..=125, tail @ ..] = rest {
        let (payload, tail) = tail.split_at(usize::from(*len));
        texts.push(String::from_utf8_lossy(payload).into_owned());
        rest = tail;
    }
    assert!(rest.is_empty(), "short frames only");
    texts
}

/// Takes this many bytes and then blocks.
fn block_after(outbox: &mut Outbox, mut bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let all = outbox.write(|slices| {
        if bytes == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = accept(&mut out, slices, bytes);
        bytes -= taken;
        Ok(taken)
    });
    all.expect("no error");
    out
}

#[test]
fn the_newest_snapshot_replaces_the_one_before_and_comes_after_the_reliable_lane() {
    let mut outbox = outbox();
    outbox.replace_latest(frame("snapshot 1"));
    outbox.push(frame("chat 1"));
    outbox.replace_latest(frame("snapshot 2"));
    outbox.push(frame("chat 2"));
    assert_eq!(drained(&mut outbox), ["chat 1", "chat 2", "snapshot 2"]);
    assert!(drained(&mut outbox).is_empty());
}

#[test]
fn a_broken_chain_is_dropped_whole_and_a_snapshot_begins_a_new_one() {
    let mut outbox = outbox();
    assert!(outbox.chain(frame("delta 1")));
    assert_eq!(drained(&mut outbox), ["delta 1"]);
    assert!(outbox.chain(frame("delta 2")));
    assert!(!outbox.chain(frame("delta 3")), "delta 2 was not taken");
    assert!(drained(&mut outbox).is_empty());
    outbox.replace_latest(frame("snapshot"));
    assert!(!outbox.chain(frame("delta 4")), "nor was the snapshot");
    outbox.replace_latest(frame("snapshot"));
    assert_eq!(drained(&mut outbox), ["snapshot"]);
    assert!(outbox.chain(frame("delta 5")));
}

#[test]
fn a_snapshot_that_has_begun_is_finished_and_counts_as_taken() {
    let mut outbox = outbox();
    outbox.replace_latest(frame("snapshot 1"));
    assert_eq!(block_after(&mut outbox, 1).len(), 1);
    assert!(outbox.chain(frame("delta 2")), "its base is on its way");
    outbox.pong(Bytes::from_static(b"pong"));
    let mut out = Vec::new();
    outbox.write(|slices| Ok(accept(&mut out, slices, usize::MAX))).expect("written");
    let expect = [&framed(1, b"snapshot 1")[1..], &framed(10, b"pong"), &framed(1, b"delta 2")];
    assert_eq!(out, expect.concat());
}

#[test]
fn of_the_answers_to_pings_only_the_last_waits() {
    let mut outbox = outbox();
    for nonce in ["1", "2", "3"] {
        outbox.pong(nonce.into());
        outbox.ping();
    }
    assert_eq!(drained(&mut outbox), ["3", ""]);
}

#[test]
fn a_numbered_ping_keeps_its_place_among_the_frames() {
    let mut outbox = outbox();
    outbox.replace_latest(frame("snapshot"));
    outbox.push(frame("before"));
    outbox.push_ping(0x3132_3334);
    outbox.push(frame("after"));
    let mut out = Vec::new();
    assert!(outbox.write(|slices| Ok(accept(&mut out, slices, usize::MAX))).expect("written"));
    let frames = [(1, "before"), (9, "1234"), (1, "after"), (1, "snapshot")];
    let expect: Vec<u8> =
        frames.iter().flat_map(|(opcode, text)| framed(*opcode, text.as_bytes())).collect();
    assert_eq!(out, expect);
    assert_eq!(outbox.take_written().waiting_bytes, 0);
}

#[test]
fn a_close_comes_after_what_was_queued() {
    let mut outbox = outbox();
    outbox.push(frame("error"));
    outbox.push_close(Some((1013, "full")));
    outbox.replace_latest(frame("snapshot"));
    assert_eq!(drained(&mut outbox), ["error", "snapshot", "\u{3}\u{fffd}full"]);
}

#[test]
fn a_full_reliable_lane_closes_the_connection_and_frees_its_memory() {
    for (size, count, expect) in [(1, FRAMES_MAX, 0), (BYTES_MAX / 4, 4, BYTES_MAX / 4 + 1)] {
        let mut outbox = outbox();
        let text = "x".repeat(size);
        for _ in 0..count {
            outbox.push(frame(&text));
        }
        assert_eq!(outbox.violation(), None);
        let begun = block_after(&mut outbox, 3).len();
        assert_eq!(begun, 3);
        for _ in 0..2 {
            outbox.push(frame(&text));
        }
        assert_eq!(outbox.violation(), Some(Violation::Unread));
        let rest = block_after(&mut outbox, usize::MAX);
        assert_eq!(rest.len(), expect, "what has begun is finished, all else is gone");
        assert_eq!(outbox.reliable.capacity(), 0);
    }
}

#[test]
fn a_lane_that_was_long_once_gives_its_memory_back() {
    let mut outbox = outbox();
    for _ in 0..FRAMES_MAX {
        outbox.push(frame("x"));
    }
    assert_eq!(drained(&mut outbox).len(), FRAMES_MAX);
    assert!(outbox.reliable.capacity() <= SPARE_FRAMES);
    assert_eq!(outbox.reliable_bytes, 0);
}

#[test]
fn a_header_is_as_long_as_the_payload_needs() {
    for len in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
        let mut outbox = Outbox::new(usize::MAX);
        let text = "x".repeat(len);
        outbox.replace_latest(frame(&text));
        let mut out = Vec::new();
        let all = outbox.write(|slices| Ok(accept(&mut out, slices, 1000)));
        assert!(all.expect("written") && out == framed(1, text.as_bytes()), "{len}");
    }
}

#[test]
fn a_writer_that_fails_is_told_and_one_that_was_interrupted_is_asked_again() {
    let mut outbox = outbox();
    outbox.push(frame("x"));
    let error = outbox.write(|_| Err(io::ErrorKind::ConnectionReset.into())).expect_err("reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let mut interrupted = false;
    let all = outbox.write(|slices| {
        if !std::mem::replace(&mut interrupted, true) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(slices.iter().map(|slice| slice.len()).sum())
    });
    assert!(all.expect("written"));
}

/// An item to queue. The number is the length of its payload.
#[derive(Clone, Debug)]
enum Queued {
    Reliable(usize),
    Ping,
    Pong(usize),
}

fn queued() -> impl Strategy<Value = Queued> {
    prop_oneof![
        prop_oneof![0..40_usize, Just(125), Just(126), Just(500)].prop_map(Queued::Reliable),
        Just(Queued::Ping),
        (0..125_usize).prop_map(Queued::Pong),
    ]
}

#[test]
fn what_was_written_is_counted_once_and_what_waits_is_told() {
    let mut outbox = outbox();
    let written = |bytes, frames, replaced, lagged, waiting_bytes| Written {
        bytes,
        frames,
        replaced,
        lagged,
        waiting_bytes,
    };
    outbox.push(frame("hello"));
    outbox.replace_latest(frame("one"));
    outbox.replace_latest(frame("three"));
    assert_eq!(outbox.take_written(), written(0, 0, 1, 0, 10));
    let mut takes = [3].into_iter();
    let some = |slices: &[IoSlice<'_>]| match takes.next() {
        Some(most) => Ok(accept(&mut Vec::new(), slices, most)),
        None => Err(io::ErrorKind::WouldBlock.into()),
    };
    assert!(!outbox.write(some).expect("no error"));
    assert_eq!(
        outbox.take_written(),
        written(3, 0, 0, 0, 4 + 5),
        "the rest of the first, and three"
    );
    drained_rest(&mut outbox);
    assert_eq!(outbox.take_written(), written(4 + 7, 2, 0, 0, 0));
    assert!(outbox.chain(frame("delta 1")) && !outbox.chain(frame("delta 2")));
    assert_eq!(outbox.take_written(), written(0, 0, 0, 1, 0));
    outbox.replace_latest(frame("one"));
    outbox.replace_latest(frame("two"));
    outbox.push(frame(&"x".repeat(BYTES_MAX + 1)));
    assert_eq!(outbox.take_written(), written(0, 0, 1, 0, 0), "a full lane forgets no count");
}

/// Writes everything and ignores it.
fn drained_rest(outbox: &mut Outbox) {
    let all = |slices: &[IoSlice<'_>]| Ok(accept(&mut Vec::new(), slices, usize::MAX));
    assert!(outbox.write(all).expect("written"));
}

fn payload(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from((at * 31 + number) % 251).expect("a byte")).collect()
}

proptest! {
    #[test]
    fn the_stream_is_whole_frames_in_order_however_little_is_taken(
        steps in vec((queued(), vec(prop_oneof![Just(1_usize), 1..500_usize], 0..4)), 1..40),
        every_byte: bool,
    ) {
        let mut outbox = Outbox::new(usize::MAX);
        let (mut out, mut reliable, mut pings) = (Vec::new(), Vec::new(), 0);
        for (number, (what, takes)) in steps.into_iter().enumerate() {
            match what {
                Queued::Reliable(len) => {
                    let bytes = payload(number, len);
                    reliable.push(bytes.clone());
                    outbox.push(Frame { kind: FrameKind::Binary, bytes: bytes.into() });
                }
                Queued::Ping => { pings += 1; outbox.ping() }
                Queued::Pong(len) => outbox.pong(payload(number, len).into()),
            }
            let mut takes = takes.into_iter();
            outbox.write(|slices| match takes.next() {
                Some(most) => Ok(accept(&mut out, slices, most)),
                None => Err(io::ErrorKind::WouldBlock.into()),
            }).expect("no error");
        }
        let most = if every_byte { 1 } else { usize::MAX };
        outbox.push_close(None);
        prop_assert!(outbox.write(|slices| Ok(accept(&mut out, slices, most))).expect("written"));

        // Read back: whole frames, the reliable ones complete and in order, and a close at the end.
        let (mut rest, mut got, mut got_pings) = (&out[..], Vec::new(), 0);
        let mut last = 0;
        while !rest.is_empty() {
            let (len, head) = match rest[1] {
                126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
                127 => (usize::try_from(u64::from_be_bytes(rest[2..10].try_into()?))?, 10),
                short => (usize::from(short), 2),
            };
            last = rest[0] & 0x0f;
            let payload = &rest[head..head + len];
            prop_assert_eq!(&rest[..head + len], &framed(last, payload)[..]);
            match last {
                2 => got.push(payload.to_vec()),
                9 => got_pings += 1,
                8 | 10 => {}
                other => prop_assert!(false, "opcode {}", other),
            }
            rest = &rest[head + len..];
        }
        prop_assert_eq!(got, reliable);
        prop_assert!(got_pings <= pings);
        prop_assert_eq!(last, 8);
    }
}
