//! The messages of clients that concern the roster: inputs, chat, pongs, locks and votes.

use bolide_net::limits::{CHAT_LINES_MAX, CHAT_WINDOW_S};
use bolide_net::{ChatText, ErrorCode, InputMessage, ServerMessage};

use super::Roster;
use super::seat::Seat;
use crate::ids::RoomTick;
use crate::output::Outputs;
use crate::streams::fanout::{broadcast, refuse};

/// `index` is that of the client's seat, as [`Roster::held_by`] returned it.
impl Roster {
    /// Notes that a client sent something. The first time after a resume its seat is stored again,
    /// without the token before.
    pub(crate) fn heard(&mut self, index: usize, outputs: &mut Outputs) {
        if self.seats[index].heard() {
            self.seats[index].session.spoken = Some(self.next_save());
            outputs.extend(self.seats[index].spoken_request());
        }
    }

    /// Notes that a client sent something that it does not send automatically.
    pub(crate) fn wake(&mut self, index: usize, now: RoomTick) {
        self.changed |= self.seats[index].wake(now);
    }

    /// Keeps an input until its tick. Refuses one whose number is so high that too few would be
    /// left for later ones.
    pub(crate) fn input(
        &mut self,
        index: usize,
        input: InputMessage,
        next_tick: u32,
        outputs: &mut Outputs,
    ) {
        let Seat { connection, inputs, .. } = &mut self.seats[index];
        let (seq, seq_max) = (input.seq, inputs.seq_max());
        if seq <= seq_max {
            inputs.push(input, next_tick);
        } else if let Some(connection) = *connection {
            let text = format!("seq is {seq}; allowed is at most {seq_max}");
            refuse(outputs, connection, ErrorCode::OutOfRange, text);
        }
    }

    /// Sends a line of chat to all, if its client has not sent too many.
    pub(crate) fn chat(
        &mut self,
        index: usize,
        text: &ChatText,
        now: RoomTick,
        outputs: &mut Outputs,
    ) {
        let seat = &mut self.seats[index];
        if seat.session.chat.take(now, self.limits.chat) {
            let (from, name) = (seat.player.0, seat.name().to_owned());
            let line = ServerMessage::Chat { from, name, text: text.as_str().to_owned() };
            broadcast(outputs, self.connections(), &line);
        } else if let Some(connection) = seat.connection {
            let text = format!(
                "at most {CHAT_LINES_MAX} lines in {CHAT_WINDOW_S} s; this line was not sent"
            );
            refuse(outputs, connection, ErrorCode::ChatRate, text);
        }
    }

    /// Takes an answer to a ping.
    pub(crate) fn pong(&mut self, index: usize, nonce: u32, now: RoomTick) {
        self.seats[index].pong(nonce, now, &self.terms);
    }

    /// Handles a request to lock or open the room. Clients learn of it only once it is stored; see
    /// [`Output::SaveLock`].
    pub(crate) fn want_lock(&mut self, index: usize, locked: bool, outputs: &mut Outputs) {
        let seat = &self.seats[index];
        if !seat.session.creator {
            let Some(connection) = seat.connection else { return };
            let text = "only who created a room may lock it, and this seat did not".to_owned();
            return refuse(outputs, connection, ErrorCode::NotCreator, text);
        }
        if self.lock.wanted() != locked {
            let number = self.next_save();
            self.lock.want(number, locked);
            outputs.extend(self.lock.request());
        }
    }

    /// Takes a vote for the next match.
    pub(crate) fn vote(&mut self, index: usize) {
        self.seats[index].wants_rematch = true;
        self.changed = true;
    }
}
