//! The matches of a room, one after the other: gathering, bots, stepping, the end, the next one.

use bolide_net::Observer;
use bolide_sim::{Command, Phase, PlayerId, PlayerKind};

use crate::bots::Bot;
use crate::fanout::broadcast;
use crate::feed::Feed;
use crate::inputs::Held;
use crate::output::{Lane, Output};
use crate::room::Room;

impl Room {
    pub(crate) fn enter_match(&mut self, player: PlayerId) {
        let gathering = matches!(self.play.world.phase(), Phase::Waiting | Phase::Countdown { .. });
        if !gathering {
            return;
        }
        let joined = self.play.world.players().len() + self.play.pending.len();
        if joined >= usize::from(self.config.mode.rules.capacity) {
            // A person goes before a bot.
            if let Some(bot) = self.bots.pop() {
                self.play.pending.push(Command::Leave { player: bot.player });
            }
        }
        self.play.pending.push(Command::Join { player, kind: PlayerKind::Human });
    }

    pub(crate) fn fill_with_bots(&mut self) {
        if self.play.world.phase() != Phase::Waiting {
            return;
        }
        let waited = self.now - self.last_join_at >= self.spans.bot_wait;
        let wanted = self.config.policy.bots_fill_to;
        let somebody = self.seats.iter().any(|seat| seat.connection.is_some());
        if !waited || wanted == 0 || !somebody {
            return;
        }
        let rules = &self.config.mode.rules;
        let target = usize::from(wanted.max(rules.fight_at).min(rules.capacity));
        while self.seats.len() + self.bots.len() < target {
            let bot = Bot::next(self.free_player_id(), &self.bots, self.play.number);
            self.play
                .pending
                .push(Command::Join { player: bot.player, kind: PlayerKind::Bot(bot.skill) });
            self.bots.push(bot);
            self.roster_changed = true;
        }
    }

    pub(crate) fn step_world(&mut self) {
        if self.next_match_at.is_some() {
            self.play.events.clear();
            return;
        }
        let tick = self.play.next_tick();
        let inputs = self.seats.iter_mut().filter_map(|seat| {
            let Held { input, view, .. } = seat.inputs.take(tick)?;
            // The step of this tick begins at the world of the one before.
            let ago = view.map_or(0, |view| (tick - 1).saturating_sub(view));
            let rewind_ticks = u8::try_from(ago).unwrap_or(u8::MAX).min(seat.rewind_ticks_max);
            Some(Command::Input { player: seat.player, input, rewind_ticks })
        });
        let records = self.play.step(inputs);
        self.outputs.push_back(Output::Journal(records));
    }

    pub(crate) fn end_match(&mut self) {
        if self.play.world.phase().outcome().is_some() && self.next_match_at.is_none() {
            self.next_match_at =
                Some(self.now + u64::from(self.ticks(self.config.policy.intermission_s)));
            let result = self.result_message();
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &result);
        }
    }

    pub(crate) fn rematch(&mut self, index: usize) {
        if self.next_match_at.is_some() {
            self.seats[index].wants_rematch = true;
            self.hurry_if_all_ready();
        }
    }

    /// Those who lost their connection hold nobody up.
    pub(crate) fn hurry_if_all_ready(&mut self) {
        let mut present = self.seats.iter().filter(|seat| seat.connection.is_some()).peekable();
        if present.peek().is_some() && present.all(|seat| seat.wants_rematch) {
            self.next_match_at = self.next_match_at.map(|at| at.min(self.now + 1));
        }
    }

    pub(crate) fn begin_next_match(&mut self) {
        if self.next_match_at.is_none_or(|at| at > self.now) {
            return;
        }
        // Without a ticket the intermission goes on: a seed is never made up here.
        let Some(ticket) = self.next_ticket.take() else { return };
        self.outputs.push_back(Output::WantTicket);
        self.play = self.play.next(ticket, &self.config.server);
        self.next_match_at = None;
        self.bots.clear();
        self.roster_changed = true;
        (self.places, self.motions) = (Feed::default(), Feed::default());
        for seat in &mut self.seats {
            seat.wants_rematch = false;
            seat.told = None;
            seat.inputs.forget();
            (seat.session.observer, seat.session.feed) = (Observer::default(), Feed::default());
            if let Some(connection) = &mut seat.connection {
                connection.in_step = false;
                self.play
                    .pending
                    .push(Command::Join { player: seat.player, kind: PlayerKind::Human });
            }
        }
        self.seats_told.clear();
    }
}
