//! Where a shard and the task of a connection meet on the way out. Two lanes: what must arrive, in order and
//! bounded, and one place for the newest snapshot, which replaces the one before it, or for a delta, which cannot. No
//! socket here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bolide_net::{CloseCode, Frame};
use tokio::sync::Notify;

/// Frames that may wait in the reliable lane. A tick rarely makes more than four of them, so this is a client
/// that has not read for seconds.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
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

    /// Queues a frame that builds on the one before it. If that one has not been taken, neither can be used: both are
    /// dropped, and the answer is false.
    pub(crate) fn chain(&self, frame: Frame) -> bool {
        let mut lanes = self.lanes();
        let in_step = lanes.latest.take().is_none();
        if in_step && lanes.closing.is_none() {
            lanes.latest = Some(frame);
        }
        in_step
    }

    /// Closes the connection after what is queued. The first reason stays.
    pub(crate) fn close(&self, code: CloseCode, reason: &'static str) {
        self.lanes().closing.get_or_insert(Closing { code, reason });
    }

    /// Whether the connection is to be closed, and why.
    pub(crate) fn closing(&self) -> Option<Closing> {
        self.lanes().closing
    }

    /// Whether the task of the connection has ended. What it sent before is in the inbox of its shard by then.
    pub(crate) fn is_abandoned(self: &Arc<Outbox>) -> bool {
        Arc::strong_count(self) == 1
    }

    /// Wakes the task of the connection, once for all that was queued in a tick, so that it is one write.
    pub(crate) fn wake(&self) {
        self.ready.notify_one();
    }

    /// Waits for the next [`wake`](Outbox::wake); one that came before is not lost.
    pub(crate) async fn woken(&self) {
        self.ready.notified().await;
    }

    /// Takes what is to be written next: some of the reliable lane, and the snapshot once that is empty. Call
    /// it again until nothing comes.
    pub(crate) fn take(&self) -> Vec<Frame> {
        let mut lanes = self.lanes();
        let mut frames = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES
            && let Some(frame) = lanes.reliable.pop_front()
        {
            bytes += frame.bytes.len();
            frames.push(frame);
        }
        lanes.reliable_bytes -= bytes;
        if lanes.reliable.is_empty() {
            frames.extend(lanes.latest.take());
        }
        frames
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        // Every state of the lanes between two statements is a valid one.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bolide_net::{CloseCode, Frame, FrameKind};

    use super::{BATCH_BYTES, BYTES_MAX, Closing, FRAMES_MAX, Outbox};

    fn frame(text: &str) -> Frame {
        Frame { kind: FrameKind::Text, bytes: text.to_owned().into() }
    }

    fn taken(outbox: &Outbox) -> Vec<String> {
        outbox
            .take()
            .iter()
            .map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned())
            .collect()
    }

    #[test]
    fn the_newest_snapshot_replaces_the_one_before_and_comes_after_the_reliable_lane() {
        let outbox = Outbox::default();
        outbox.replace_latest(frame("snapshot 1"));
        outbox.push(frame("chat 1"));
        outbox.replace_latest(frame("snapshot 2"));
        outbox.push(frame("chat 2"));
        assert_eq!(taken(&outbox), ["chat 1", "chat 2", "snapshot 2"]);
        assert!(taken(&outbox).is_empty());
    }

    #[test]
    fn a_broken_chain_is_dropped_whole_and_a_snapshot_begins_a_new_one() {
        let outbox = Outbox::default();
        assert!(outbox.chain(frame("delta 1")));
        assert_eq!(taken(&outbox), ["delta 1"]);
        assert!(outbox.chain(frame("delta 2")));
        assert!(!outbox.chain(frame("delta 3")), "delta 2 was not taken");
        assert!(taken(&outbox).is_empty());
        outbox.replace_latest(frame("snapshot"));
        assert!(!outbox.chain(frame("delta 4")), "nor was the snapshot");
        outbox.replace_latest(frame("snapshot"));
        assert_eq!(taken(&outbox), ["snapshot"]);
        assert!(outbox.chain(frame("delta 5")));
    }

    #[test]
    fn a_close_comes_after_what_was_queued_and_nothing_comes_after_it() {
        let outbox = Outbox::default();
        outbox.push(frame("error"));
        outbox.close(CloseCode::TryLater, "full");
        outbox.close(CloseCode::Normal, "later");
        outbox.push(frame("lost"));
        outbox.replace_latest(frame("lost"));
        assert_eq!(taken(&outbox), ["error"]);
        assert_eq!(outbox.closing(), Some(Closing { code: CloseCode::TryLater, reason: "full" }));
    }

    #[test]
    fn a_full_reliable_lane_closes_the_connection_and_frees_its_memory() {
        for (size, count) in [(1, FRAMES_MAX), (BYTES_MAX / 4, 4)] {
            let outbox = Outbox::default();
            let text = "x".repeat(size);
            for _ in 0..count {
                outbox.push(frame(&text));
            }
            assert_eq!(outbox.closing(), None);
            outbox.push(frame("the last straw"));
            assert!(taken(&outbox).is_empty());
            assert_eq!(outbox.closing().map(|closing| closing.code), Some(CloseCode::TooSlow));
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
        let parts: Vec<usize> = (0..4).map(|_| outbox.take().len()).collect();
        assert_eq!(parts, [2, 2, 2, 0]);
    }

    #[test]
    fn it_is_abandoned_when_the_task_of_its_connection_has_let_go() {
        let ours = Arc::new(Outbox::default());
        let theirs = Arc::clone(&ours);
        assert!(!ours.is_abandoned());
        drop(theirs);
        assert!(ours.is_abandoned());
    }
}
