//! Seats whose holders do nothing: after a match without a word they watch, so that nobody fights
//! a sleeper or waits for one, and after ten minutes more the seat is free. So is one that waits in
//! silence for a match that does not begin.

use bolide_net::CloseCode;
use bolide_sim::Phase;

use crate::config::RoomPolicy;
use crate::output::Output;
use crate::room::Room;

impl Room {
    /// The match is over: whose player took part and said nothing is idle.
    pub(crate) fn note_idle_seats(&mut self) {
        for seat in &mut self.seats {
            let took_part = self.play.world.player(seat.player).is_some();
            if took_part && seat.connection.is_some() && !seat.said_something {
                seat.session.idle_since.get_or_insert(self.now);
                self.roster_changed = true;
            }
        }
    }

    /// Its holder says something that a program does not say by itself.
    pub(crate) fn wake(&mut self, index: usize) {
        let seat = &mut self.seats[index];
        seat.said_something = true;
        seat.session.silent_since = self.now;
        if seat.session.idle_since.take().is_some() {
            self.roster_changed = true;
        }
    }

    /// Once a second, frees the seats whose holders have done nothing for too long.
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

    /// A seat whose holder has done nothing for too long.
    fn sleeper(&self) -> Option<usize> {
        let RoomPolicy { idle_s, private_idle_s, .. } = self.config.policy;
        let began = |seconds| self.now.checked_sub(self.ticks(seconds).into());
        let idle = began(idle_s);
        let patience = if self.is_private() { private_idle_s } else { idle_s };
        let waits = self.play.world.phase() == Phase::Waiting;
        let silent = if waits { began(patience) } else { None };
        // `None` is the least: nothing began so long ago.
        self.seats.iter().position(|seat| {
            let session = &seat.session;
            let is_idle = session.idle_since.is_some_and(|since| Some(since) <= idle);
            seat.connection.is_some() && (is_idle || Some(session.silent_since) <= silent)
        })
    }
}
