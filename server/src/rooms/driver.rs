//! Drives one room on its shard, with its journal and its connections. Calls that change the room
//! go through [`RoomDriver::call`] or [`RoomDriver::flush`], which catch panics: a panic costs this
//! room, never another one. The effects carry out what the room puts out.

mod reading;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, ErrorCode, ServerMessage};
use bolide_room::{Recovery, Room, RoomConfig, SeatRecord};
use bolide_sim::Tick;
use bolide_storage::{BatchNumber, GAME, JournalFault, RoomJournal, RoomRecord};
use tracing::info;
use uuid::Uuid;

use super::commands::{DriverStatus, Entered, Entry, RoomCommand, RoomEnd, Snapshots};
use super::connections::{Connections, Gone};
use super::effects::{Answer, Effects};
use super::failed::RoomFailed;
use super::journal_gate::Flush;
use super::notice::Notice;
use super::room_store::RoomStore;
use super::scratch::Scratch;
use crate::connection::close_reason::CloseReason;
use crate::connection::drain;
use crate::connection::poller::{SocketRegistry, SocketToken};
use crate::connection::{Connection, ConnectionContext};
use crate::measure::reasons::DropReason;
use crate::measure::shard_metrics::ShardMetrics;
use crate::random::match_ticket;

/// A room and its effects. While the room runs, its shard calls `read_ready`, `tick`, `flush`,
/// `handle` and `status`. Others would be worse as commands, which return nothing: `enter` gives a
/// refused connection back, `notify` counts the clients that it reaches, `mode` and
/// `is_affected_by` find a room among all rooms, and `end` and `take_out` consume the driver, so
/// that nobody calls it afterwards.
pub(crate) struct RoomDriver {
    room: Room,
    connections: Connections,
    effects: Effects,
    context: DriverContext,
}

/// The state that a room shares with its shard.
#[derive(Clone)]
pub(crate) struct DriverContext {
    pub(crate) registry: SocketRegistry,
    pub(crate) metrics: Arc<ShardMetrics>,
    pub(crate) connections: Arc<ConnectionContext>,
}

/// The parts of a driver that exist before its room does.
pub(crate) struct RoomSetup {
    pub(crate) journal: RoomJournal,
    pub(crate) room_store: RoomStore,
    pub(crate) context: DriverContext,
}

/// A room that was taken off its shard.
pub(crate) struct TakenOut {
    /// The last complete tick.
    pub(crate) tick: Tick,
    /// The record from which the room can be restored.
    pub(crate) room: RoomRecord,
}

/// Opening.
impl RoomDriver {
    /// Opens a new room.
    pub(crate) fn open(
        setup: RoomSetup,
        config: RoomConfig,
        scratch: &mut Scratch,
    ) -> Result<RoomDriver, RoomFailed> {
        // The match need not be stored yet: every stored seat brings its match along.
        let room =
            || Room::new(config, match_ticket()).expect("the rules of a listed mode are in range");
        RoomDriver::host(setup, &[], scratch, room)
    }

    /// Opens a restored room, which resumes its match.
    pub(crate) fn recover(
        setup: RoomSetup,
        config: RoomConfig,
        recovery: Recovery,
        scratch: &mut Scratch,
    ) -> Result<RoomDriver, RoomFailed> {
        let seats = recovery.seats.clone();
        let mut driver =
            RoomDriver::host(setup, &seats, scratch, || Room::recover(config, recovery))?;
        // The previous process may have sent ticks of it. If that process closed the room and could
        // not store that, the difference cannot be seen here.
        driver.effects.gate.set_shown();
        if !driver.room.is_worth_keeping() {
            driver.effects.journal.keep_if_worth();
        }
        Ok(driver)
    }

    fn host(
        setup: RoomSetup,
        seats: &[SeatRecord],
        scratch: &mut Scratch,
        room: impl FnOnce() -> Room,
    ) -> Result<RoomDriver, RoomFailed> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            seats.iter().for_each(|seat| crate::testing::panic_at(seat.name.as_str().as_bytes()));
            let RoomSetup { journal, room_store, context } = setup;
            let room = room();
            let connections = Connections::new(context.registry.clone());
            let effects = Effects::new(journal, room_store, seats);
            RoomDriver { room, connections, effects, context }
        }));
        let mut driver = opened.map_err(|_| RoomFailed::Panicked)?;
        driver.call(scratch, |_| ())?;
        Ok(driver)
    }
}

/// The calls of the shard; `read_ready` is in `reading.rs`.
impl RoomDriver {
    /// Lets a client in, if the room has or takes a seat for it, and watches its socket. The room
    /// has this slot of its shard.
    pub(crate) fn enter(
        &mut self,
        mut connection: Box<Connection>,
        entry: Entry,
        room_slot: u32,
        scratch: &mut Scratch,
    ) -> Result<Entered, RoomFailed> {
        let id = connection.id();
        connection.asks_for_seat();
        // Before the room is asked, so that it is closed with the others if the room fails.
        let slot = self.connections.insert(connection);
        let (entered, permit) = match entry {
            Entry::Join(join, permit) => {
                (self.call(scratch, |room| room.handle_join(id, join))?, permit)
            }
            Entry::Resume(resume) => {
                (self.call(scratch, |room| room.handle_resume(id, resume))?, None)
            }
        };
        match entered {
            Ok(player) => {
                if let Some(permit) = permit {
                    self.effects.count_seat(player, permit);
                }
                info!(room = %self.room.config().id, connection = id.0, "joined");
                let token = SocketToken { room: room_slot, slot };
                self.connections.register(token, &self.context.connections);
                Ok(Entered::Seated(token))
            }
            Err(error) => {
                let connection = self.connections.take(id).expect("nothing was sent to it yet");
                Ok(Entered::Refused(connection, error))
            }
        }
    }

    /// Handles the deadlines of the connections that are due, reports those that are gone to the
    /// room, then advances it by one tick.
    pub(crate) fn tick(
        &mut self,
        snapshots: Snapshots,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        self.connections.check_deadlines(now, &self.context.connections);
        for Gone { id, was_welcomed, can_resume } in self.connections.take_gone() {
            info!(room = %self.room.config().id, connection = id.0, "connection gone");
            self.call(scratch, |room| match (was_welcomed, can_resume) {
                (true, true) => room.handle_disconnect(id),
                (true, false) => room.handle_message(id, ClientMessage::Leave),
                (false, _) => room.handle_unwelcomed(id),
            })?;
        }
        self.read_answers(now, scratch)?;
        match snapshots {
            Snapshots::Sent => self.call(scratch, Room::handle_tick),
            Snapshots::Withheld => {
                self.effects.set_flush(Flush::Later);
                self.call(scratch, Room::handle_tick_unshown)
            }
        }
    }

    /// Handles a command of the shard.
    pub(crate) fn handle(
        &mut self,
        command: RoomCommand,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        match command {
            RoomCommand::Acknowledge(ack) => match self.effects.acknowledged(&ack) {
                Some(Answer::Saved(number)) => self.call(scratch, |it| it.handle_saved(number)),
                Some(Answer::Ticket(ticket)) => self.call(scratch, |it| it.handle_ticket(ticket)),
                None => Ok(()),
            },
            RoomCommand::JournalFault(id, fault) => self.journal_fault(id, fault, scratch),
            RoomCommand::BeginSegment(id) => self.begin_segment(id, scratch).map(drop),
            RoomCommand::Drain { open } => self.drain(open, scratch),
            RoomCommand::LoseShard => {
                self.connections.disconnect_all(|connection| {
                    let drop_reason = Some(DropReason::Shard);
                    CloseReason { drop_reason, ..drain::closing(connection.id(), u32::MAX) }
                });
                Ok(())
            }
            #[cfg(test)]
            RoomCommand::Panic => self.call(scratch, |_| panic!("on purpose")),
        }
    }

    /// Sends what waited for these batches, with one write per connection.
    pub(crate) fn flush(
        &mut self,
        done: BatchNumber,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        let RoomDriver { room, effects, connections, .. } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            effects.release(done, room, connections, scratch);
        }));
        effects.flush(connections, room.match_tick());
        outcome.map_err(|_| RoomFailed::Panicked)
    }

    /// Returns the state by which the shard decides what to do with the room.
    pub(crate) fn status(&self) -> DriverStatus {
        DriverStatus {
            room: self.room.status(),
            is_empty: self.room.is_empty() && self.connections.is_empty(),
            is_deferring: self.effects.gate.is_deferring(),
            was_shown: self.effects.gate.was_shown(),
        }
    }

    /// Returns the name of its mode.
    pub(crate) fn mode(&self) -> &str {
        &self.room.config().mode.name
    }

    /// Queues a notice for all clients that were welcomed, and returns their number. It waits for
    /// no journal, because it tells nothing of a match.
    pub(crate) fn notify(&mut self, notice: &Notice) -> usize {
        self.connections.notify(notice, &mut self.room)
    }

    /// Returns whether the state of this match's journal affects the room.
    pub(crate) fn is_affected_by(&self, id: Uuid) -> bool {
        self.effects.is_affected_by(id)
    }

    /// Takes the room off its shard for good.
    pub(crate) fn end(mut self, end: RoomEnd<'_>) {
        match end {
            RoomEnd::Kept => self.effects.journal.keep(),
            RoomEnd::Closed => self.effects.forget_room(),
            RoomEnd::Failed(why) => {
                self.effects.forget_room();
                let (text, closing) = why.for_good();
                self.disconnect_all(Some(text), closing);
            }
        }
    }

    /// Takes a failed room off its shard, so that it can be restored. Its clients are closed and
    /// reconnect.
    pub(crate) fn take_out(mut self, why: &RoomFailed) -> TakenOut {
        self.effects.journal.keep();
        let (text, closing) = why.for_now();
        self.disconnect_all(text, closing);
        // No client knows the tokens of these seats.
        for Gone { id, was_welcomed, .. } in self.connections.take_gone() {
            if !was_welcomed && let Some(player) = self.room.untold_seat(id) {
                self.effects.forget_seat(player);
            }
        }
        TakenOut { tick: self.room.match_tick(), room: self.record() }
    }
}

/// The parts of these calls.
impl RoomDriver {
    fn journal_fault(
        &mut self,
        id: Uuid,
        fault: JournalFault,
        scratch: &mut Scratch,
    ) -> Result<(), RoomFailed> {
        match fault {
            JournalFault::Failed(error) => Err(error.into()),
            // A match that is over cannot be journaled again, and its end waits for that journal.
            JournalFault::Unsynced(error) => {
                if !self.begin_segment(id, scratch)? {
                    return Err(error.into());
                }
                // The new segment begins with a full state, which covers what was in doubt.
                self.effects.gate.defer_again(id);
                Ok(())
            }
        }
    }

    /// Begins another segment of the journal, with the full state. Returns false if the match is
    /// over.
    fn begin_segment(&mut self, id: Uuid, scratch: &mut Scratch) -> Result<bool, RoomFailed> {
        self.call(scratch, |room| room.handle_journal_left(id))
    }

    /// Disconnects all clients because the server stops. No tick follows, so a match without a
    /// journal begins it here. Without one the next process could not resume the match.
    fn drain(&mut self, open: u32, scratch: &mut Scratch) -> Result<(), RoomFailed> {
        self.connections.disconnect_all(|connection| drain::closing(connection.id(), open));
        // Otherwise the next process would wait for them.
        for Gone { id, was_welcomed, .. } in self.connections.take_gone() {
            if !was_welcomed {
                self.call(scratch, |room| room.handle_unwelcomed(id))?;
            }
        }
        match self.effects.journal.id() {
            Some(_) => Ok(()),
            None => self.begin_segment(self.room.current_match().1, scratch).map(drop),
        }
    }

    /// Calls into the room, carries out what it puts out, and writes its frames, once per
    /// connection. Only [`RoomDriver::flush`] changes the room without it.
    fn call<T>(
        &mut self,
        scratch: &mut Scratch,
        call: impl FnOnce(&mut Room) -> T,
    ) -> Result<T, RoomFailed> {
        let RoomDriver { room, effects, connections, context } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let result = call(room);
            while let Some(output) = room.poll_output() {
                effects.carry_out(room, output, &context.metrics, scratch)?;
            }
            effects.send_or_defer(room, connections, scratch)?;
            Ok(result)
        }));
        effects.flush(connections, room.match_tick());
        outcome.unwrap_or(Err(RoomFailed::Panicked))
    }

    /// Returns the record from which the room can be restored. It is newer than the status that the
    /// directory has.
    fn record(&self) -> RoomRecord {
        let RoomConfig { id, code, mode, .. } = self.room.config();
        let (number, current) = self.room.current_match();
        // The current match has no journal before its first record.
        let journal = &self.effects.journal;
        let before = journal.id().filter(|id| *id != current).or(journal.before());
        let before = before.and_then(|id| Some((number.checked_sub(1)?, id)));
        RoomRecord {
            id: id.clone(),
            code: *code,
            locked: self.room.status().locked,
            game: GAME.to_owned(),
            mode: mode.name.clone(),
            matches: [Some((number, current)), before].into_iter().flatten().collect(),
            seats: self.effects.seats().cloned().collect(),
        }
    }

    /// Disconnects all clients, after an error message if there is one.
    fn disconnect_all(&mut self, text: Option<&str>, closing: CloseReason) {
        let metrics = &self.context.metrics;
        self.connections.disconnect_all(|connection| {
            if let Some(text) = text {
                metrics.error(ErrorCode::RoomFailed);
                connection.tell(ServerMessage::error(ErrorCode::RoomFailed, text));
            }
            closing
        });
    }
}

#[cfg(test)]
mod tests;
