//! Seats whose holders do nothing: after a match without a word they watch, so that nobody fights
//! a sleeper or waits for one, and after ten minutes more the seat is free.

use bolide_net::CloseCode;

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
        if seat.session.idle_since.take().is_some() {
            self.roster_changed = true;
        }
    }

    /// Once a second, frees the seats that have been idle for too long.
    pub(crate) fn free_idle_seats(&mut self) {
        if !self.now.is_multiple_of(self.spans.second) {
            return;
        }
        let (now, bound) = (self.now, u64::from(self.ticks(self.config.policy.idle_s)));
        let is_over = |since: u64| since + bound <= now;
        while let Some(index) = self.seats.iter().position(|seat| {
            seat.connection.is_some() && seat.session.idle_since.is_some_and(is_over)
        }) {
            if let Some(connection) = self.seats[index].connection {
                let (to, code) = (connection.id, CloseCode::Idle);
                let reason = "you did nothing for too long";
                self.outputs.push_back(Output::Close { to, code, reason });
            }
            self.free_seat(index);
        }
    }
}
