//! A room on its shard: the driver, the schedule, and what the shard has done for it. Nothing here
//! knows another room.

use std::sync::Arc;

use bolide_room::{RoomId, RoomStatus};
use tracing::info;

use super::schedule::Schedule;
use crate::measure::shard_metrics::{Load, ShardMetrics};
use crate::rooms::RoomDriver;

/// A room on its shard.
pub(super) struct RunningRoom {
    pub(super) id: RoomId,
    pub(super) driver: RoomDriver,
    pub(super) schedule: Schedule,
    /// True if the shard has listed it among the rooms whose frames wait for the journal.
    pub(super) is_deferring: bool,
    reported: Reported,
}

/// The status that the directory has of a room. It is in the gauges of the shard until it is
/// dropped.
struct Reported {
    status: RoomStatus,
    metrics: Arc<ShardMetrics>,
}

impl RunningRoom {
    /// Takes over a room whose current status the directory has, or gets next.
    pub(super) fn new(
        id: RoomId,
        driver: RoomDriver,
        schedule: Schedule,
        metrics: Arc<ShardMetrics>,
    ) -> RunningRoom {
        let reported = Reported::new(driver.status().room, metrics);
        RunningRoom { id, driver, schedule, is_deferring: false, reported }
    }

    /// Returns the current status for the directory, which it gets in any case.
    pub(super) fn report(&mut self) -> RoomStatus {
        let status = self.driver.status().room;
        self.reported.replace(status);
        status
    }

    /// Returns whether the directory gets this status, because it has another one. A new stage is
    /// logged.
    pub(super) fn is_news(&mut self, status: RoomStatus) -> bool {
        let before = self.reported.status;
        if status == before {
            return false;
        }
        self.reported.replace(status);
        let RoomStatus { stage, match_number, players, .. } = status;
        if (stage, match_number) != (before.stage, before.match_number) {
            let stage = stage.name();
            info!(room = %self.id, number = match_number, players, "match is {stage}");
        }
        true
    }
}

impl Reported {
    fn new(status: RoomStatus, metrics: Arc<ShardMetrics>) -> Reported {
        metrics.load(Load::default(), status.into());
        Reported { status, metrics }
    }

    fn replace(&mut self, status: RoomStatus) {
        self.metrics.load(self.status.into(), status.into());
        self.status = status;
    }
}

impl Drop for Reported {
    fn drop(&mut self) {
        self.metrics.load(self.status.into(), Load::default());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use bolide_net::{Codec, PlayerName, SyncMode};
    use bolide_room::{Join, RoomConfig, RoomPolicy};
    use bolide_sim::{TickRate, preset};
    use bolide_storage::RoomJournal;

    use super::{RunningRoom, Schedule};
    use crate::connection::Readiness;
    use crate::connection::poller::Ready;
    use crate::random::room_id;
    use crate::rooms::room_store::RoomStore;
    use crate::rooms::{Entry, RoomDriver, RoomSetup, Scratch};
    use crate::testing::{connection, driver_context};

    /// The directory knew of the join. Regression: it did not learn of the leave, and the seat was
    /// never free again.
    #[test]
    fn who_joins_and_leaves_within_a_tick_is_news() {
        let (id, now, mut scratch) = (room_id(), Instant::now(), Scratch::default());
        let (context, _departing) = driver_context();
        let metrics = Arc::clone(&context.metrics);
        let config = RoomConfig {
            id: id.clone(),
            code: None,
            mode: preset("brawl").expect("a preset"),
            policy: RoomPolicy::default(),
            server: "test".to_owned(),
        };
        let (journal, room_store) = (RoomJournal::new(None), RoomStore::Nowhere);
        let setup = RoomSetup { journal, room_store, context };
        let driver = RoomDriver::open(setup, config, &mut scratch).expect("opened");
        let schedule = Schedule::new(now, now, TickRate::Hz30, 0);
        let mut running = RunningRoom::new(id, driver, schedule, Arc::clone(&metrics));

        let (client, peer) = connection(1);
        let (codec, sync, token) = (Codec::Json, SyncMode::Full, "token".to_owned());
        let name = PlayerName::parse("Ada").expect("a name");
        let join = Join { name, codec, sync, token, creator: false };
        assert!(running.driver.enter(client, Entry::Join(join, None), 0, &mut scratch).is_ok());
        assert_eq!((running.report().seats_taken, metrics.sessions.get()), (1, 1));
        peer.send([r#"{"t":"leave"}"#.to_owned()].into_iter());
        let mut ready = vec![Ready { slot: 0, readiness: Readiness::Open }];
        running.driver.read_ready(&mut ready, now, &mut scratch).expect("no panic");
        let status = running.driver.status().room;
        assert!(running.is_news(status));
        assert_eq!((status.seats_taken, metrics.sessions.get()), (0, 0));
        assert!(!running.is_news(status));
    }
}
