//! A chain of snapshots shared by its receivers: the last snapshot sent, whether the next one is
//! news, and the frames that follow from both. A receiver that was sent the last snapshot gets the
//! difference to it, any other the whole.

use bolide_net::{Delta, Snapshot, SyncMode};

use crate::output::{Lane, Output, Outputs};
use crate::roster::seat::Connection;
use crate::streams::fanout::Shared;

/// The last snapshot sent, and its tick. All receivers of a stream are allowed to see the same.
#[derive(Default)]
pub(crate) struct SnapshotStream {
    last: Snapshot,
    sent_at: u64,
    hashed_at: u64,
}

/// The room's tick, and the intervals of what is sent regularly.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: u64,
    /// Ticks between two snapshots when nothing is new.
    pub(crate) heartbeat_ticks: u64,
    /// Ticks between two hashes of the view.
    pub(crate) hash_ticks: u64,
}

impl SnapshotStream {
    /// Returns the snapshot that the receivers have.
    pub(crate) const fn last(&self) -> &Snapshot {
        &self.last
    }

    /// Sends `next` to the receivers if it is news, if one of them has no snapshot yet
    /// (`newcomers`), or if the last one was sent a heartbeat ago. Each format and kind is encoded
    /// once. `hash` computes the hash of the receivers' view.
    pub(crate) fn send<'a>(
        &mut self,
        next: Snapshot,
        hash: impl FnOnce(&Snapshot) -> u32,
        clock: Clock,
        newcomers: bool,
        receivers: impl Iterator<Item = &'a mut Connection>,
        outputs: &mut Outputs,
    ) {
        let mut delta = Delta::between(&self.last, &next);
        let heartbeat = clock.now - self.sent_at >= clock.heartbeat_ticks;
        if delta.is_only_later() && !newcomers && !heartbeat {
            return;
        }
        if clock.now - self.hashed_at >= clock.hash_ticks {
            self.hashed_at = clock.now;
            delta.hash = Some(hash(&next));
        }
        self.sent_at = clock.now;
        self.last = next;
        let mut deltas = Shared::new(|codec| codec.encode_delta(&delta));
        let mut wholes = Shared::new(|codec| codec.encode_snapshot(&self.last));
        for receiver in receivers {
            let (lane, frame) = match (receiver.sync, receiver.in_step) {
                (SyncMode::State | SyncMode::Events, true) => {
                    (Lane::Chained, deltas.frame(receiver.codec))
                }
                (SyncMode::Full, _) | (_, false) => (Lane::Latest, wholes.frame(receiver.codec)),
            };
            receiver.in_step = true;
            outputs.push_back(Output::Send { to: receiver.id, lane, frame });
        }
    }
}
