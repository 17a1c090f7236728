//! Where a shard and the task of a connection meet on the way out. Two lanes: what must arrive, in order and
//! bounded, and one place for the newest snapshot, which replaces the one before it. No socket here.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, PoisonError};

use bolide_net::{CloseCode, Frame};
use tokio::sync::Notify;

/// Frames that may wait in the reliable lane. A tick rarely makes more than four: two ticks a minute apart
/// would do, 256 is a client that has not read for seconds.
const FRAMES_MAX: usize = 256;

/// Bytes that may wait in the reliable lane.
const BYTES_MAX: usize = 64 * 1024;

/// Bytes taken at once, a frame more at most: what is written must fit the socket's write buffer.
const BATCH_BYTES: usize = 16 * 1024;

/// The way out of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    lanes: Mutex<Lanes>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Lanes {
    reliable: VecDeque<Frame>,
    reliable_bytes: usize,
    latest: Option<Frame>,
    closing: Option<Closing>,
}

/// Why the connection is to be closed, as the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
}

/// What is to be written next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// In this order.
    pub(crate) frames: Vec<Frame>,
    /// After them, if nothing is left in the outbox.
    pub(crate) closing: Option<Closing>,
}

impl Outbox {
    /// Queues what must arrive. When the lane is full the client reads too slowly to be played with: the
    /// lane is emptied and the connection closed with 4010.
    pub(crate) fn push(&self, frame: Frame) {
        let mut lanes = self.lanes();
        if lanes.closing.is_some() {
            return;
        }
        lanes.reliable_bytes += frame.bytes.len();
        lanes.reliable.push_back(frame);
        if lanes.reliable.len() > FRAMES_MAX || lanes.reliable_bytes > BYTES_MAX {
            let closing = Closing { code: CloseCode::TooSlow, reason: "too much unread data" };
            *lanes = Lanes { closing: Some(closing), ..Lanes::default() };
        }
    }

    /// Queues the newest snapshot in place of an older one that has not been taken.
    pub(crate) fn replace_latest(&self, frame: Frame) {
        let mut lanes = self.lanes();
        if lanes.closing.is_none() {
            lanes.latest = Some(frame);
        }
    }

    /// Closes the connection after what is queued. The first reason stays.
    pub(crate) fn close(&self, code: CloseCode, reason: &'static str) {
        self.lanes().closing.get_or_insert(Closing { code, reason });
    }

    /// Wakes the task of the connection, once for all that was queued in a tick, so that it is one write.
    pub(crate) fn wake(&self) {
        self.ready.notify_one();
    }

    /// Waits for the next [`wake`](Outbox::wake); one that came before is not lost.
    pub(crate) async fn woken(&self) {
        self.ready.notified().await;
    }

    /// Takes what is to be written next: the reliable lane first, and the snapshot when that is empty.
    pub(crate) fn take(&self) -> Batch {
        let mut lanes = self.lanes();
        let mut batch = Batch::default();
        let mut bytes = 0;
        while bytes < BATCH_BYTES
            && let Some(frame) = lanes.reliable.pop_front()
        {
            bytes += frame.bytes.len();
            batch.frames.push(frame);
        }
        lanes.reliable_bytes -= bytes;
        if lanes.reliable.is_empty() {
            batch.frames.extend(lanes.latest.take());
            batch.closing = mem::take(&mut lanes.closing);
        } else {
            self.ready.notify_one();
        }
        batch
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, Lanes> {
        // Every state of the lanes between two statements is a valid one.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bolide_net::{CloseCode, Frame, FrameKind};

    use super::{BATCH_BYTES, BYTES_MAX, Batch, Closing, FRAMES_MAX, Outbox};

    fn frame(text: &str) -> Frame {
        Frame { kind: FrameKind::Text, bytes: text.to_owned().into() }
    }

    fn texts(batch: &Batch) -> Vec<&str> {
        batch.frames.iter().map(|frame| std::str::from_utf8(&frame.bytes).expect("text")).collect()
    }

    #[test]
    fn the_newest_snapshot_replaces_the_one_before_and_comes_after_the_reliable_lane() {
        let outbox = Outbox::default();
        outbox.replace_latest(frame("snapshot 1"));
        outbox.push(frame("chat 1"));
        outbox.replace_latest(frame("snapshot 2"));
        outbox.push(frame("chat 2"));
        assert_eq!(texts(&outbox.take()), ["chat 1", "chat 2", "snapshot 2"]);
        assert_eq!(outbox.take(), Batch::default());
    }

    #[test]
    fn a_close_comes_after_what_was_queued_and_nothing_comes_after_it() {
        let outbox = Outbox::default();
        outbox.push(frame("error"));
        outbox.close(CloseCode::TryLater, "full");
        outbox.close(CloseCode::Normal, "later");
        outbox.push(frame("lost"));
        outbox.replace_latest(frame("lost"));
        let batch = outbox.take();
        assert_eq!(texts(&batch), ["error"]);
        assert_eq!(batch.closing, Some(Closing { code: CloseCode::TryLater, reason: "full" }));
    }

    #[test]
    fn a_full_reliable_lane_closes_the_connection_and_frees_its_memory() {
        for (size, count) in [(1, FRAMES_MAX), (BYTES_MAX / 4, 4)] {
            let outbox = Outbox::default();
            let text = "x".repeat(size);
            for _ in 0..count {
                outbox.push(frame(&text));
            }
            assert_eq!(outbox.lanes().closing, None);
            outbox.push(frame("the last straw"));
            let batch = outbox.take();
            assert_eq!(batch.frames.len(), 0);
            assert_eq!(batch.closing.map(|closing| closing.code), Some(CloseCode::TooSlow));
        }
    }

    #[test]
    fn much_is_taken_in_parts_and_nothing_is_lost() {
        let outbox = Outbox::default();
        let text = "x".repeat(BATCH_BYTES / 2);
        for _ in 0..5 {
            outbox.push(frame(&text));
        }
        outbox.replace_latest(frame("snapshot"));
        outbox.close(CloseCode::Normal, "bye");
        let batches: Vec<_> = (0..3).map(|_| outbox.take()).collect();
        assert_eq!(batches.iter().map(|batch| batch.frames.len()).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(batches.iter().filter(|batch| batch.closing.is_some()).count(), 1);
        assert!(batches[2].closing.is_some());
    }
}
