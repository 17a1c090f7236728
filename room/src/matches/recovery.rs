//! The wait for players after a recovery. No tick is stepped until all players are back or their
//! time is over, so that no player is hit before it can see. Reading journals and stored seats is
//! the business of the server.

use bolide_net::ServerMessage;

use crate::ids::RoomTick;
use crate::output::Outputs;
use crate::roster::Roster;
use crate::streams::fanout::broadcast;

/// The wait for players after a recovery.
pub(super) struct Pause {
    /// The tick in which it ends, even if players are missing.
    until: RoomTick,
    /// The missing players that the clients were sent last.
    sent_missing: Vec<u16>,
}

impl Pause {
    /// Begins the wait with the room.
    pub(super) const fn until(until: RoomTick) -> Pause {
        Pause { until, sent_missing: Vec::new() }
    }

    /// Returns whether the wait is over. If not, clients are sent the missing players if those have
    /// changed.
    pub(super) fn is_over(
        &mut self,
        roster: &Roster,
        now: RoomTick,
        outputs: &mut Outputs,
    ) -> bool {
        let missing = roster.missing();
        if missing.is_empty() || self.until <= now {
            return true;
        }
        if missing != self.sent_missing {
            self.sent_missing.clone_from(&missing);
            broadcast(outputs, roster.connections(), &paused(missing, now.until(self.until)));
        }
        false
    }

    /// Returns the message about the wait for a session that comes back.
    pub(super) fn message(&self, roster: &Roster, now: RoomTick) -> ServerMessage {
        paused(roster.missing(), now.until(self.until))
    }
}

/// Returns the message that the wait is over.
pub(super) const fn resumed() -> ServerMessage {
    paused(Vec::new(), 0)
}

const fn paused(missing: Vec<u16>, ticks_left: u32) -> ServerMessage {
    ServerMessage::Paused { missing, ticks_left }
}
