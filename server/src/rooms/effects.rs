//! Carries out what a room puts out, in order: journal records, saves, frames and closes. It calls
//! the room only to answer it.

use bolide_room::{MatchTicket, Output, Room, SaveNumber, SeatRecord};
use bolide_sim::{PlayerId, Tick};
use bolide_storage::{Ack, BatchNumber, Outcome, RoomJournal, Saved};
use uuid::Uuid;

use super::connections::Connections;
use super::failed::RoomFailed;
use super::journal_gate::{Delivery, Flush, JournalGate};
use super::room_store::RoomStore;
use super::scratch::Scratch;
use super::seats::StoredSeats;
use crate::connection::address_quota::AddressPermit;
use crate::measure::shard_metrics::ShardMetrics;

/// The effects of a room on its journal, its store and its connections.
pub(super) struct Effects {
    pub(super) journal: RoomJournal,
    pub(super) gate: JournalGate,
    room_store: RoomStore,
    seats: StoredSeats,
    /// The time at which the frames of the current call are written.
    flush: Flush,
}

/// The answer of the store, as far as it concerns the room.
pub(super) enum Answer {
    Saved(SaveNumber),
    Ticket(MatchTicket),
}

impl Effects {
    pub(super) fn new(
        journal: RoomJournal,
        room_store: RoomStore,
        seats: &[SeatRecord],
    ) -> Effects {
        let (seats, gate) = (StoredSeats::restored(seats), JournalGate::default());
        Effects { journal, gate, room_store, seats, flush: Flush::Now }
    }

    /// Carries out one output of the room. Deliveries are collected for
    /// [`Effects::send_or_defer`].
    pub(super) fn carry_out(
        &mut self,
        room: &mut Room,
        output: Output,
        metrics: &ShardMetrics,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        match output {
            Output::Send { to, lane, frame } => {
                self.gate.add(Delivery::Frame { to, lane, frame }, scratch);
            }
            Output::Close { to, code, reason } => {
                self.gate.add(Delivery::Close { to, code, reason }, scratch);
            }
            Output::Journal(records) => self.gate.wait_for(self.journal.append(records)?),
            Output::Save { number, seat } => {
                self.seats.save(number, SeatRecord::clone(&seat));
                self.room_store.seat(room, number, *seat);
                if matches!(self.room_store, RoomStore::Nowhere) {
                    self.seats.saved(number);
                }
            }
            Output::SaveLock { number, locked } => self.room_store.lock(room, number, locked),
            Output::Forget { player } => self.forget_seat(player),
            Output::Refused(code) => metrics.error(code),
            Output::WantTicket { number } => self.room_store.ticket(room, number),
        }
        Ok(())
    }

    /// Sends the deliveries of the current call, or defers them until the journal has its records
    /// and everything before them was sent.
    pub(super) fn send_or_defer(
        &mut self,
        room: &mut Room,
        connections: &mut Connections,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        let (id, flush) = (self.journal.id(), self.flush);
        let thin = |deliveries: &mut Vec<Delivery>| connections.thin(deliveries, room);
        if let Some(deliveries) = self.gate.end_call(id, flush, scratch, thin)? {
            scratch.keep(connections.queue_all(deliveries, room));
        }
        Ok(())
    }

    /// Queues what waited for these batches. The next flush writes it, unless all of it waits for
    /// the next snapshot.
    pub(super) fn release(
        &mut self,
        done: BatchNumber,
        room: &mut Room,
        connections: &mut Connections,
        scratch: &mut Scratch,
    ) {
        self.flush = Flush::Later;
        while let Some(written) = self.gate.next_written(done) {
            if written.flush == Flush::Now {
                self.flush = Flush::Now;
            }
            scratch.keep(connections.queue_all(written.deliveries, room));
        }
    }

    /// Writes what was queued, unless it waits for the next snapshot. `tick` is the last one of the
    /// match.
    pub(super) fn flush(&mut self, connections: &mut Connections, tick: Tick) {
        // Deliveries that could not be journaled are not sent.
        self.gate.discard();
        if std::mem::take(&mut self.flush) == Flush::Now {
            if !self.gate.is_deferring() {
                connections.end_tick(tick);
            }
            connections.flush();
        }
    }

    /// Sets when the frames of the next call are written.
    pub(super) const fn set_flush(&mut self, flush: Flush) {
        self.flush = flush;
    }

    /// Handles an answer of the store. A refused change counts as not answered: the room gives up
    /// or asks again.
    pub(super) fn acknowledged(&mut self, ack: &Ack) -> Option<Answer> {
        let Ack { room_store, saved, outcome, .. } = *ack;
        if !self.room_store.is_answered(room_store) {
            return None;
        }
        match (saved, outcome) {
            (Saved::Number(number), Outcome::Committed) => {
                self.seats.saved(number);
                Some(Answer::Saved(number))
            }
            (Saved::Number(number), Outcome::Refused) => {
                self.seats.not_saved(number);
                None
            }
            (Saved::Match(id), outcome) => {
                self.room_store.ticket_saved(id, outcome).map(Answer::Ticket)
            }
        }
    }

    /// Forgets a seat that is free again.
    pub(super) fn forget_seat(&mut self, player: PlayerId) {
        self.seats.forget(player);
        self.room_store.forget_seat(player);
    }

    /// Counts a seat for an address until it is free again.
    pub(super) fn count_seat(&mut self, player: PlayerId, permit: AddressPermit) {
        self.seats.count(player, permit);
    }

    /// Forgets the room, of which nothing is stored any more but the journals of its matches.
    pub(super) fn forget_room(&self) {
        self.room_store.forget_room();
    }

    /// Returns whether the state of this match's journal affects the room.
    pub(super) fn is_affected_by(&self, id: Uuid) -> bool {
        self.journal.id() == Some(id) || self.gate.waits_for(id)
    }

    pub(super) fn seats(&self) -> impl Iterator<Item = &SeatRecord> {
        self.seats.iter()
    }
}
