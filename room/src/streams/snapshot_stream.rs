//! A chain of snapshots shared by its receivers: the last snapshot sent, whether the next one is
//! news, and the frames that follow from both. A receiver that was sent the last snapshot gets the
//! difference to it, any other the whole. It compares, hashes and encodes snapshots, and knows
//! nothing of what they hold.

use bolide_net::{Delta, Snapshot, SyncMode};

use super::fanout::Shared;
use crate::connection::Connection;
use crate::ids::RoomTick;
use crate::output::{Lane, Output, Outputs};

/// The last snapshot sent, and its tick. All receivers of a stream are allowed to see the same.
#[derive(Default)]
pub(super) struct SnapshotStream {
    last: Snapshot,
    sent_at: RoomTick,
    hashed_at: RoomTick,
}

/// The room's tick, and the intervals of what is sent regularly.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: RoomTick,
    pub(super) intervals: Intervals,
}

/// Intervals in ticks.
#[derive(Clone, Copy)]
pub(super) struct Intervals {
    /// Between two snapshots when nothing is new.
    pub(super) heartbeat: u64,
    /// Between two deltas that carry the hash of the view.
    pub(super) hash: u64,
}

/// The receivers of a snapshot.
#[derive(Clone, Copy)]
pub(super) struct Audience {
    /// True if there is one.
    pub(super) is_any: bool,
    /// True if all of them have the last snapshot.
    in_step: bool,
}

impl Audience {
    /// No receiver.
    pub(super) const NOBODY: Audience = Audience { is_any: false, in_step: true };

    /// Returns the audience that is this connection alone.
    pub(super) const fn of(connection: &Connection) -> Audience {
        Audience { is_any: true, in_step: connection.in_step }
    }

    /// Adds a connection.
    pub(super) const fn add(&mut self, connection: &Connection) {
        self.is_any = true;
        self.in_step &= connection.in_step;
    }
}

impl SnapshotStream {
    /// Returns the snapshot that the receivers have.
    pub(super) const fn last(&self) -> &Snapshot {
        &self.last
    }

    /// Sends `next` to the receivers if it is news, if one of them has no snapshot yet, or if the
    /// last one was sent a heartbeat ago. Each format and kind is encoded once. `hash` computes the
    /// hash of the receivers' view.
    pub(super) fn send<'a>(
        &mut self,
        next: Snapshot,
        hash: impl FnOnce(&Snapshot) -> u32,
        clock: Clock,
        audience: Audience,
        receivers: impl Iterator<Item = &'a mut Connection>,
        outputs: &mut Outputs,
    ) {
        let Clock { now, intervals } = clock;
        let mut delta = Delta::between(&self.last, &next);
        let heartbeat = now.since(self.sent_at) >= intervals.heartbeat;
        if delta.is_only_later() && audience.in_step && !heartbeat {
            return;
        }
        if now.since(self.hashed_at) >= intervals.hash {
            self.hashed_at = now;
            delta.set_hash(hash(&next));
        }
        self.sent_at = now;
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
