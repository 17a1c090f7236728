//! The seats of a room: numbers, grace time, welcome, chat.

mod chat_budget;
mod idle;
pub(crate) mod inputs;
pub(crate) mod lock;
mod names;
mod rtt;
pub(crate) mod saves;
pub(crate) mod seat;
pub(crate) mod token;

use bolide_net::limits::{CHAT_LINES_MAX, CHAT_WINDOW_S};
use bolide_net::{
    ChatText, CloseCode, ErrorCode, PROTOCOL_VERSION, SCHEMA_HASH, ServerMessage, Welcome,
};
use bolide_sim::PlayerId;

use crate::output::{Lane, Output};
use crate::room::Room;
use crate::roster::seat::{Connection, ConnectionId, Seat, Unsaved};
use crate::streams::fanout::{broadcast, refuse, tell};

/// Longest time in seconds that a connection waits for its seat to be stored.
const SAVE_S: f32 = 5.0;

impl Room {
    /// Returns the lowest number that no seat, no bot and no body of the current match has.
    pub(crate) fn free_player_id(&self) -> PlayerId {
        let taken = |id: PlayerId| {
            self.seats.iter().any(|seat| seat.player == id)
                || self.company.bots.iter().any(|bot| bot.player == id)
                || self.play.world.player(id).is_some()
        };
        (0..=u16::MAX).map(PlayerId).find(|id| !taken(*id)).unwrap_or(PlayerId(u16::MAX))
    }

    pub(crate) fn free_lost_seats(&mut self) {
        let (grace, now) = (self.spans.grace, self.now);
        let lost = |seat: &Seat| seat.dropped_at().is_some_and(|dropped| dropped + grace <= now);
        while let Some(index) = self.seats.iter().position(lost) {
            self.free_seat(index);
        }
    }

    /// Requests that a seat be stored. Its connection waits for that, but not for ever.
    pub(crate) fn save(&mut self, index: usize, connection: Connection, token: String) {
        let number = self.next_save();
        let until = self.now + u64::from(self.ticks(SAVE_S));
        let seat = &mut self.seats[index];
        seat.session.unsaved = Some(Unsaved { number, connection, token, until });
        // This request includes all that an earlier one does.
        seat.session.spoken = None;
        self.outputs.push_back(Output::Save { number, seat: Box::new(seat.record()) });
    }

    /// Ends the wait for a seat. The seat is kept for the grace time, unless it was never taken.
    pub(crate) fn give_up_waiting(&mut self, index: usize) {
        let seat = &mut self.seats[index];
        seat.session.unsaved = None;
        if seat.taken {
            seat.session.dropped_at = Some(self.now);
            self.hurry_if_most_ready();
        } else {
            self.free_seat(index);
        }
    }

    /// Closes connections whose seat could not be stored in time. They may try again.
    pub(crate) fn end_long_waits(&mut self) {
        let now = self.now;
        let late = |seat: &Seat| seat.unsaved().is_some_and(|waits| waits.until <= now);
        while let Some(index) = self.seats.iter().position(late) {
            if let Some(waits) = self.seats[index].unsaved() {
                let (to, code) = (waits.connection.id, CloseCode::TryLater);
                let reason = "the seat could not be kept in time";
                self.outputs.push_back(Output::Close { to, code, reason });
            }
            self.give_up_waiting(index);
        }
    }

    /// Handles the end of a connection whose welcome was never sent. If it had joined, no client
    /// knows the token of its seat, which is freed at once. If it had resumed, its session knows
    /// the token before, and the seat is kept for the grace time.
    pub fn handle_unwelcomed(&mut self, connection: ConnectionId) {
        match self.untold(connection) {
            Some(index) => self.free_seat(index),
            None => self.handle_disconnect(connection),
        }
    }

    /// Returns the seat of a connection that has joined and was not welcomed, if it has one. No
    /// client knows the token of that seat.
    #[must_use]
    pub fn untold_seat(&self, connection: ConnectionId) -> Option<PlayerId> {
        self.untold(connection).map(|index| self.seats[index].player)
    }

    /// Returns the seat of a connection that was not welcomed, unless the seat was resumed with an
    /// earlier token.
    fn untold(&self, connection: ConnectionId) -> Option<usize> {
        self.seats.iter().position(|seat| {
            let is_its = seat.is_held_by(connection) || seat.awaits(connection);
            is_its && seat.session.token.previous.is_none()
        })
    }

    pub(crate) fn free_seat(&mut self, index: usize) {
        let seat = self.seats.remove(index);
        self.outputs.push_back(Output::Forget { player: seat.player });
        self.play.leave(seat.player);
        if seat.session.creator {
            self.end_lock();
        }
        self.roster_changed = true;
        self.hurry_if_most_ready();
    }

    pub(crate) fn welcome(&mut self, connection: Connection, player: PlayerId, token: String) {
        let Some(seat) = self.seats.iter().find(|seat| seat.player == player) else { return };
        let welcome = Welcome {
            protocol: PROTOCOL_VERSION,
            schema: format!("{SCHEMA_HASH:016x}"),
            server: self.config.server.clone(),
            room: self.config.id.clone(),
            code: self.config.code.map(|code| code.as_str().to_owned()),
            mode: self.config.mode.name.clone(),
            seat: player.0,
            resume: token,
            seq: seat.inputs.newest_seq(),
            tick_rate: self.config.mode.rules.tick_rate.hz(),
            grace_ticks: u32::try_from(self.spans.grace).unwrap_or(u32::MAX),
            rules: (&self.config.mode.rules).into(),
        };
        let mut messages = vec![ServerMessage::Welcome(Box::new(welcome)), self.match_message()];
        if self.next_match_at.is_some() {
            messages.push(self.result_message());
        }
        messages.extend(self.pause_message());
        messages.push(self.company_message());
        for message in &messages {
            tell(&mut self.outputs, connection, message);
        }
        self.tell_lock_to(connection);
        let seat = self.seats.iter().find(|seat| seat.player == player);
        seat.into_iter().for_each(|seat| seat.tell_sight(connection, &mut self.outputs));
        self.roster_changed = true;
    }

    pub(crate) fn chat(&mut self, index: usize, text: &ChatText) {
        let window = u64::from(self.ticks(CHAT_WINDOW_S));
        let seat = &mut self.seats[index];
        if seat.session.chat.take(self.now, window) {
            let (from, name) = (seat.player.0, seat.session.name.as_str().to_owned());
            let line = ServerMessage::Chat { from, name, text: text.as_str().to_owned() };
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &line);
        } else if let Some(connection) = seat.connection {
            let text = format!(
                "at most {CHAT_LINES_MAX} lines in {CHAT_WINDOW_S} s; this line was not sent"
            );
            refuse(&mut self.outputs, connection, ErrorCode::ChatRate, text);
        }
    }

    /// Refuses an input whose number is so high that too few would be left for later ones.
    pub(crate) fn refuse_seq(&mut self, index: usize, seq: u32) {
        let Seat { connection: Some(connection), inputs, .. } = &self.seats[index] else { return };
        let text = format!("seq is {seq}; allowed is at most {}", inputs.seq_max());
        refuse(&mut self.outputs, *connection, ErrorCode::OutOfRange, text);
    }

    pub(crate) fn ticks(&self, seconds: f32) -> u32 {
        self.config.mode.rules.tick_rate.ticks(seconds)
    }
}
