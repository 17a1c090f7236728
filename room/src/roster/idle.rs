//! Seats of idle sessions. A session that sent nothing during a match only watches, so that no
//! player fights a sleeper or waits for one. After `idle_s` more (ten minutes by default) its seat
//! is freed. So is a seat whose session stays silent for too long while no match begins.

use super::limits::Limits;
use super::seat::Seat;
use crate::ids::RoomTick;
use crate::status::Stage;

/// Returns a seat whose session was idle for too long, as an index.
pub(super) fn sleeper(
    seats: &[Seat],
    limits: &Limits,
    stage: Stage,
    now: RoomTick,
) -> Option<usize> {
    let idle = now.before(limits.idle);
    let silent = if stage == Stage::Waiting { now.before(limits.silent) } else { None };
    // `None` is less than any tick: the room is younger than the limit.
    seats.iter().position(|seat| {
        let session = &seat.session;
        let is_idle = session.idle_since.is_some_and(|since| Some(since) <= idle);
        seat.connection.is_some() && (is_idle || Some(session.silent_since) <= silent)
    })
}

impl Seat {
    /// Marks the seat as idle after a match, if it took part, is connected and sent nothing.
    /// Returns whether it did.
    pub(super) fn note_idle(&mut self, took_part: bool, now: RoomTick) -> bool {
        let is_idle = took_part && self.connection.is_some() && !self.said_something;
        if is_idle {
            self.session.idle_since.get_or_insert(now);
        }
        is_idle
    }

    /// Notes that its client sent something that it does not send automatically. Returns whether
    /// it was idle.
    pub(super) fn wake(&mut self, now: RoomTick) -> bool {
        self.said_something = true;
        self.session.silent_since = now;
        self.session.idle_since.take().is_some()
    }
}
