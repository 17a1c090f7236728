//! A chain of snapshots that its receivers share: what they were sent last, whether there is anything new, and the
//! frames that then go out. Whoever has been handed the last snapshot gets the difference to it, everybody else the whole.

use bolide_net::{Delta, Snapshot, SyncMode};

use crate::fanout::Shared;
use crate::output::{Lane, Output, Outputs};
use crate::seat::Connection;

/// What was sent last, and when. All who share a feed may see the same.
#[derive(Default)]
pub(crate) struct Feed {
    last: Snapshot,
    sent_at: u64,
    hashed_at: u64,
}

/// The room's tick, and how many of them are between what comes regularly.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: u64,
    /// Between two snapshots when nothing is new.
    pub(crate) heartbeat_ticks: u64,
    /// Between two hashes of the view.
    pub(crate) hash_ticks: u64,
}

impl Feed {
    /// What its receivers know.
    pub(crate) const fn last(&self) -> &Snapshot {
        &self.last
    }

    /// Sends `next` to the receivers if there is anything new in it, if somebody has nothing yet (`newcomers`), or if they
    /// have heard nothing for long: one encoding for each format and kind. `hash` is that of what they see.
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
