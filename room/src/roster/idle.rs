//! Seats of idle sessions. A session that sent nothing during a match only watches, so that no
//! player fights a sleeper or waits for one. After `idle_s` more (ten minutes by default) its seat
//! is freed. So is a seat whose session stays silent for too long while no match begins.

use bolide_net::CloseCode;

use crate::config::RoomPolicy;
use crate::output::Output;
use crate::room::{Room, Stage};

impl Room {
    /// Marks seats as idle after a match: those that took part, are connected and sent nothing.
    pub(crate) fn note_idle_seats(&mut self) {
        for seat in &mut self.seats {
            let took_part = self.play.world.player(seat.player).is_some();
            if took_part && seat.connection.is_some() && !seat.said_something {
                seat.session.idle_since.get_or_insert(self.now);
                self.roster_changed = true;
            }
        }
    }

    /// Notes that the client of a seat sent something that it does not send automatically.
    pub(crate) fn wake(&mut self, index: usize) {
        let seat = &mut self.seats[index];
        seat.said_something = true;
        seat.session.silent_since = self.now;
        if seat.session.idle_since.take().is_some() {
            self.roster_changed = true;
        }
    }

    /// Frees the seats of sessions that were idle for too long. Runs once a second.
    pub(crate) fn free_idle_seats(&mut self) {
        if !self.now.is_multiple_of(self.spans.second) {
            return;
        }
        while let Some(index) = self.sleeper() {
            if let Some(connection) = self.seats[index].connection {
                let (to, code) = (connection.id, CloseCode::Idle);
                let reason = "you did nothing for too long";
                self.outputs.push_back(Output::Close { to, code, reason });
            }
            self.free_seat(index);
        }
    }

    /// Returns a seat whose session was idle for too long.
    fn sleeper(&self) -> Option<usize> {
        let RoomPolicy { idle_s, private_idle_s, .. } = self.config.policy;
        let began = |seconds| self.now.checked_sub(self.ticks(seconds).into());
        let idle = began(idle_s);
        let patience = if self.is_private() { private_idle_s } else { idle_s };
        let waits = self.play.stage() == Stage::Waiting;
        let silent = if waits { began(patience) } else { None };
        // `None` is less than any tick: the room is younger than the limit.
        self.seats.iter().position(|seat| {
            let session = &seat.session;
            let is_idle = session.idle_since.is_some_and(|since| Some(since) <= idle);
            seat.connection.is_some() && (is_idle || Some(session.silent_since) <= silent)
        })
    }
}
