//! The matches of a room, one after the other: gathering, bots, steps, the result, the next match.

pub(crate) mod bots;
pub(crate) mod current_match;
pub(crate) mod recovery;
pub(crate) mod skill;

use bolide_net::Observer;
use bolide_sim::{Command, PlayerKind};

use crate::output::{Lane, Output};
use crate::room::{Room, Stage};
use crate::roster::inputs::Held;
use crate::streams::fanout::broadcast;
use crate::streams::snapshot_stream::SnapshotStream;
use crate::streams::spectating::Spectator;

impl Room {
    /// Lets all people present take part while a match gathers, and adds bots up to the number of
    /// the policy.
    pub(crate) fn gather(&mut self) {
        let world = &self.play.world;
        if !self.play.stage().is_gathering() {
            return;
        }
        let mut people = 0;
        for seat in &self.seats {
            let (is_present, takes_part) = (seat.is_present(), world.player(seat.player).is_some());
            people += usize::from(is_present || takes_part);
            if is_present && !takes_part {
                let (player, kind) = (seat.player, PlayerKind::Human);
                self.play.pending.push(Command::Join { player, kind });
            }
        }
        self.keep_company(people);
    }

    pub(crate) fn step_world(&mut self) {
        if self.next_match_at.is_some() {
            self.play.events.clear();
            return;
        }
        let tick = self.play.next_tick();
        let inputs = self.seats.iter_mut().filter_map(|seat| {
            let Held { input, view, .. } = seat.inputs.take(tick)?;
            // The step of this tick begins with the world of the tick before.
            let ago = view.map_or(0, |view| (tick - 1).saturating_sub(view));
            let rewind_ticks = u8::try_from(ago).unwrap_or(u8::MAX).min(seat.rewind_ticks_max);
            Some(Command::Input { player: seat.player, input, rewind_ticks })
        });
        let records = self.play.step(inputs);
        if !records.bytes.is_empty() {
            self.outputs.push_back(Output::Journal(records));
        }
        if self.play.stage() == Stage::Over {
            self.note_idle_seats();
        }
    }

    pub(crate) fn end_match(&mut self) {
        if self.play.stage() == Stage::Over && self.next_match_at.is_none() {
            self.next_match_at =
                Some(self.now + u64::from(self.ticks(self.config.policy.intermission_s)));
            self.note_results();
            let result = self.result_message();
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &result);
        }
    }

    pub(crate) fn rematch(&mut self, index: usize) {
        if self.next_match_at.is_some() {
            self.seats[index].wants_rematch = true;
            self.roster_changed = true;
            self.hurry_if_most_ready();
        }
    }

    /// Brings the next match forward as soon as more than half of the people present vote for it.
    /// Seats without a connection and idle ones are not counted.
    pub(crate) fn hurry_if_most_ready(&mut self) {
        let (mut present, mut ready) = (0, 0);
        for seat in self.seats.iter().filter(|seat| seat.is_present()) {
            present += 1;
            ready += usize::from(seat.wants_rematch);
        }
        if 2 * ready > present {
            self.next_match_at = self.next_match_at.map(|at| at.min(self.now + 1));
        }
    }

    pub(crate) fn begin_next_match(&mut self) {
        if self.next_match_at.is_none_or(|at| at > self.now) {
            return;
        }
        // Without a ticket the intermission goes on: a seed is never made up here.
        let Some(ticket) = self.next_ticket.take() else { return };
        self.play = self.play.next(ticket, &self.config.server);
        self.outputs.push_back(Output::WantTicket { number: self.play.number + 1 });
        self.next_match_at = None;
        self.company.bots.clear();
        self.roster_changed = true;
        (self.places, self.motions) = (SnapshotStream::default(), SnapshotStream::default());
        for seat in &mut self.seats {
            seat.wants_rematch = false;
            seat.said_something = false;
            seat.session.silent_since = self.now;
            seat.sent_private = None;
            seat.inputs.forget();
            (seat.session.observer, seat.session.stream) =
                (Observer::default(), SnapshotStream::default());
            seat.session.spectator = Spectator::default();
            if let Some(connection) = &mut seat.connection {
                connection.in_step = false;
            }
        }
        self.last_sent_seats = None;
    }
}
