//! Drives one room on its shard, with its journal and its clients. Calls that change the room go
//! through [`RoomDriver::call`] or [`RoomDriver::release`], which catch panics: a panic costs this
//! room, never another one. The shell carries out what the room puts out.

mod shell;
mod slab;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, CloseCode, ErrorCode, ServerMessage};
use bolide_room::{
    ConnectionId, Join, JoinError, Recovery, Resume, Room, RoomConfig, RoomId, RoomStatus,
    SeatRecord,
};
use bolide_sim::{PlayerId, Tick};
use bolide_storage::{
    Ack, BatchNumber, JournalError, JournalFault, Outcome, RoomJournal, RoomRecord, Saved,
};
use tracing::info;
use uuid::Uuid;

use self::shell::{Gone, Shell};
use crate::address_quota::AddressPermit;
use crate::connection::{Connection, ConnectionContext, End};
use crate::counters::{Closing, Cut};
use crate::drain;
use crate::poller::SocketRegistry;
use crate::random::match_ticket;
use crate::room_store::RoomStore;
use crate::shard_metrics::{Load, ShardMetrics};

/// A room and its effects.
pub(crate) struct RoomDriver {
    room: Room,
    shell: Shell,
    /// The status that the directory has.
    told: RoomStatus,
}

/// A room that was taken off its shard.
pub(crate) struct TakenOut {
    /// The last complete tick.
    pub(crate) tick: Tick,
    /// The record from which the room can be restored.
    pub(crate) room: RoomRecord,
}

/// The result of a join or resume: the place of the client in the room, or the reason why the room
/// refused it, and the client.
pub(crate) type Arrival = Result<u16, (JoinError, Box<Connection>)>;

/// The reason why the room cannot continue. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The room panicked.
    #[error("the panic above is a bug of this program")]
    Panicked,
    /// The match cannot be journaled, so it must not be played for now.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Failed {
    /// The error message and the close for the clients of a room that is gone for good.
    const fn for_good(&self) -> (&'static str, Closing) {
        match self {
            Failed::Panicked => (
                "this room failed and its match is lost; please join again",
                closing(CloseCode::Internal, "the room failed"),
            ),
            Failed::Journal(_) => (
                "this match cannot be written down any more and has ended; try again later",
                closing(CloseCode::TryLater, "the match cannot be written down"),
            ),
        }
    }

    /// The same for a room that is restored.
    const fn for_now(&self) -> (Option<&'static str>, Closing) {
        match self {
            Failed::Panicked => {
                (None, closing(CloseCode::Restarting, "the room begins again from its journal"))
            }
            Failed::Journal(_) => (
                Some(
                    "this match cannot be written down at the moment; its seats are kept, come back for yours later",
                ),
                closing(CloseCode::TryLater, "the match cannot be written down at the moment"),
            ),
        }
    }
}

const fn closing(code: CloseCode, reason: &'static str) -> Closing {
    Closing { code, reason, cut: None }
}

impl RoomDriver {
    /// Opens a new room.
    pub(crate) fn open(
        id: RoomId,
        config: RoomConfig,
        journal: RoomJournal,
        room_store: RoomStore,
        outside: (SocketRegistry, Arc<ShardMetrics>),
    ) -> Result<RoomDriver, Failed> {
        // The match need not be stored yet: every stored seat brings its match along.
        let room =
            || Room::new(config, match_ticket()).expect("the rules of a listed mode are in range");
        RoomDriver::host(id, journal, room_store, outside, BTreeMap::new(), room)
    }

    /// Opens a restored room, which resumes its match.
    pub(crate) fn recover(
        id: RoomId,
        config: RoomConfig,
        recovery: Recovery,
        journal: RoomJournal,
        room_store: RoomStore,
        outside: (SocketRegistry, Arc<ShardMetrics>),
    ) -> Result<RoomDriver, Failed> {
        let seats = recovery.seats.iter().map(|seat| (seat.player, seat.clone())).collect();
        let mut driver = RoomDriver::host(id, journal, room_store, outside, seats, || {
            Room::recover(config, recovery)
        })?;
        // The previous process may have sent ticks of it. If that process closed the room and could
        // not store that, the difference cannot be seen here.
        driver.shell.was_shown = true;
        if !driver.room.is_worth_keeping() {
            driver.shell.journal.keep_if_worth();
        }
        Ok(driver)
    }

    fn host(
        id: RoomId,
        journal: RoomJournal,
        room_store: RoomStore,
        outside: (SocketRegistry, Arc<ShardMetrics>),
        seats: BTreeMap<PlayerId, SeatRecord>,
        room: impl FnOnce() -> Room,
    ) -> Result<RoomDriver, Failed> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            seats.values().for_each(|seat| crate::testing::panic_at(seat.name.as_str().as_bytes()));
            let room = room();
            let told = room.status();
            outside.1.load(Load::default(), Load::from(&told));
            let shell = Shell::new(id, journal, room_store, seats, outside);
            RoomDriver { room, shell, told }
        }));
        let mut driver = opened.map_err(|_| Failed::Panicked)?;
        driver.call(|_| ())?;
        Ok(driver)
    }

    /// Handles an acknowledgement of the store. A refused change counts as not answered: the room
    /// gives up or asks again.
    pub(crate) fn acknowledged(&mut self, ack: &Ack) -> Result<(), Failed> {
        let Ack { room_store, saved, outcome, .. } = *ack;
        if !self.shell.room_store.is_answered(room_store) {
            return Ok(());
        }
        match saved {
            Saved::Number(number) => {
                let is_kept = outcome == Outcome::Committed;
                self.shell.saved(number, is_kept);
                if is_kept { self.call(|room| room.handle_saved(number)) } else { Ok(()) }
            }
            Saved::Match(id) => match self.shell.room_store.ticket_saved(id, outcome) {
                Some(ticket) => self.call(|room| room.handle_ticket(ticket)),
                None => Ok(()),
            },
        }
    }

    /// Releases the room at the end of the process. The room and its match are kept for the next
    /// process.
    pub(crate) fn leave(mut self) {
        self.shell.journal.keep();
    }

    /// Returns whether a client may have been sent a tick of the room. If not, there is nothing to
    /// restore.
    pub(crate) const fn was_shown(&self) -> bool {
        self.shell.was_shown
    }

    /// Takes a failed room off its shard, so that it can be restored. Its clients are closed and
    /// reconnect.
    pub(crate) fn take_out(mut self, why: &Failed) -> TakenOut {
        // The status in the directory may be a match behind.
        let RoomStatus { code, locked, mode, .. } = self.room.status();
        let tick = self.room.match_tick();
        let (number, id) = self.room.current_match();
        let journal = &mut self.shell.journal;
        let before = journal.id().filter(|it| *it != id).or(journal.before());
        let before = before.and_then(|id| Some((number.checked_sub(1)?, id)));
        let matches = [Some((number, id)), before].into_iter().flatten().collect();
        journal.keep();
        let (text, closing) = why.for_now();
        self.let_all_go(text, closing);
        for gone in self.shell.gone.iter().filter(|gone| !gone.was_welcomed) {
            if let Some(player) = self.room.untold_seat(gone.connection_id) {
                self.shell.seats.remove(&player);
                self.shell.room_store.forget_seat(player);
            }
        }
        let seats = self.shell.seats.values().cloned().collect();
        let id = self.shell.id.clone();
        TakenOut { tick, room: RoomRecord { id, code, locked, mode, matches, seats } }
    }

    /// Closes all clients, after an error message if there is one.
    fn let_all_go(&mut self, text: Option<&str>, closing: Closing) {
        let metrics = Arc::clone(&self.shell.metrics);
        self.shell.let_all_go(|connection| {
            if let Some(text) = text {
                metrics.error(ErrorCode::RoomFailed);
                let error = ServerMessage::error(ErrorCode::RoomFailed, text);
                let error = connection.codec().encode_server(&error);
                connection.socket().outbox().push(error);
            }
            closing
        });
    }

    /// Closes the room. Nothing of it is stored any more, except the journals of its matches.
    pub(crate) fn close(self) {
        self.shell.room_store.forget_room();
    }

    /// Gives a free seat to a client. The seat counts for an address until it is free again.
    pub(crate) fn join(
        &mut self,
        connection: Box<Connection>,
        join: Join,
        counted: Option<AddressPermit>,
    ) -> Result<Arrival, Failed> {
        let mut taken = None;
        let arrival = self.arrive(connection, |room, connection_id| {
            taken = Some(room.handle_join(connection_id, join)?);
            Ok(())
        });
        self.shell.counted.extend(taken.zip(counted));
        arrival
    }

    /// Gives a client its seat back.
    pub(crate) fn resume(
        &mut self,
        connection: Box<Connection>,
        resume: Resume,
    ) -> Result<Arrival, Failed> {
        self.arrive(connection, |room, connection_id| {
            room.handle_resume(connection_id, resume).map(|_| ())
        })
    }

    fn arrive(
        &mut self,
        mut connection: Box<Connection>,
        enter: impl FnOnce(&mut Room, ConnectionId) -> Result<(), JoinError>,
    ) -> Result<Arrival, Failed> {
        let connection_id = connection.id();
        connection.asks_for_seat();
        let place = self.shell.links.insert(connection);
        let Err(error) = self.call(|room| enter(room, connection_id))? else {
            info!(room = %self.shell.id, connection = connection_id.0, "joined");
            return Ok(Ok(place));
        };
        let link = self.shell.links.remove(connection_id).expect("nothing was told him yet");
        Ok(Err((error, link.connection)))
    }

    /// Returns the client at this place.
    pub(crate) fn connection(&mut self, place: u16) -> Option<&mut Connection> {
        self.shell.links.at(place).map(|link| &mut *link.connection)
    }

    /// Returns whether the client at this place has asked for a seat and is not welcomed yet.
    pub(crate) fn awaits_welcome(&mut self, place: u16) -> bool {
        self.connection(place).is_some_and(|connection| connection.awaits_welcome())
    }

    /// Notes that the socket of the client at this place is ready, perhaps for the last time.
    pub(crate) fn mark_ready(&mut self, place: u16, is_last: bool) {
        if let Some(connection) = self.connection(place) {
            connection.mark_ready(is_last);
        }
    }

    /// Returns the next message of the client at this place. `None` if there is no more, or while
    /// the client awaits its welcome. A client that has ended is disconnected.
    pub(crate) fn hear(
        &mut self,
        place: u16,
        buffer: &mut [u8],
        now: Instant,
        context: &ConnectionContext,
    ) -> Option<(ConnectionId, ClientMessage)> {
        let connection = self.connection(place)?;
        let connection_id = connection.id();
        match connection.next(buffer, now, context)? {
            Ok(message) => Some((connection_id, message)),
            Err(end) => {
                self.shell.let_go(connection_id, end);
                None
            }
        }
    }

    /// Disconnects the client at this place, for this reason.
    pub(crate) fn let_go(&mut self, place: u16, end: End) {
        if let Some(connection_id) = self.connection(place).map(|connection| connection.id()) {
            self.shell.let_go(connection_id, end);
        }
    }

    /// Handles the deadlines of the clients that are due.
    pub(crate) fn look_after(&mut self, now: Instant, context: &ConnectionContext) {
        let mut ended = Vec::new();
        for link in self.shell.links.iter_mut().filter(|link| link.connection.is_due(now)) {
            if let Err(end) = link.connection.on_deadline(now, context) {
                ended.push((link.connection.id(), end));
            }
        }
        for (connection_id, end) in ended {
            self.shell.let_go(connection_id, end);
        }
    }

    /// Disconnects all clients because the server stops. `open` is the number of clients that it
    /// had. No tick follows, so a match without a journal begins it here. Without one the next
    /// process could not resume the match.
    pub(crate) fn drain(&mut self, open: u32) -> Result<(), Failed> {
        self.shell.let_all_go(|connection| drain::closing(connection.id(), open));
        // Otherwise the next process would wait for them.
        for gone in std::mem::take(&mut self.shell.gone) {
            if !gone.was_welcomed {
                self.call(|room| room.handle_unwelcomed(gone.connection_id))?;
            }
        }
        match self.shell.journal.id() {
            Some(_) => Ok(()),
            None => self.begin_segment(self.room.current_match().1),
        }
    }

    /// Disconnects all clients because the shard has panicked and the process is about to end.
    pub(crate) fn lose_shard(&mut self) {
        self.shell.let_all_go(|connection| {
            let cut = Some(Cut::Shard);
            Closing { cut, ..drain::closing(connection.id(), u32::MAX) }
        });
    }

    /// Handles a message of a connection that has joined.
    pub(crate) fn message(
        &mut self,
        connection_id: ConnectionId,
        message: ClientMessage,
    ) -> Result<(), Failed> {
        let is_pong = matches!(message, ClientMessage::Pong(_));
        self.call(|room| room.handle_message(connection_id, message))?;
        if is_pong && let Some(least) = self.shell.round_trip(connection_id) {
            self.call(|room| room.handle_round_trip(connection_id, least))?;
        }
        Ok(())
    }

    /// Reports the connections that are gone to the room, then advances it by one tick. If it
    /// `shows`, a snapshot is sent. If not, all frames of this tick wait for the next tick that
    /// does, because system calls cost the most.
    pub(crate) fn tick(&mut self, shows: bool) -> Result<(), Failed> {
        for Gone { connection_id, was_welcomed } in std::mem::take(&mut self.shell.gone) {
            info!(room = %self.shell.id, connection = connection_id.0, "connection gone");
            self.call(|room| match was_welcomed {
                true => room.handle_disconnect(connection_id),
                false => room.handle_unwelcomed(connection_id),
            })?;
        }
        self.shell.lingers = !shows;
        self.call(if shows { Room::handle_tick } else { Room::handle_tick_unshown })
    }

    /// Sends what waited for these batches, with one write per connection.
    pub(crate) fn release(&mut self, done: BatchNumber) -> Result<(), Failed> {
        let RoomDriver { room, shell, .. } = self;
        shell.is_listed = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| shell.release(room, done)));
        shell.flush();
        outcome.map_err(|_| Failed::Panicked)
    }

    /// Returns whether frames wait for the journal, once after each [`RoomDriver::release`].
    pub(crate) fn begins_to_hold(&mut self) -> bool {
        let holds = !self.shell.held.is_empty();
        holds && !std::mem::replace(&mut self.shell.is_listed, true)
    }

    /// Returns whether the state of this match's journal affects the room.
    pub(crate) fn minds(&self, id: Uuid) -> bool {
        let shell = &self.shell;
        shell.journal.id() == Some(id) || shell.held.iter().any(|held| held.id == Some(id))
    }

    /// Handles a fault of the journal of a match that the room [minds](RoomDriver::minds).
    pub(crate) fn journal_fault(&mut self, id: Uuid, fault: JournalFault) -> Result<(), Failed> {
        match fault {
            JournalFault::Failed(error) => Err(error.into()),
            // A match that is over cannot be journaled again, and its end waits for that journal.
            JournalFault::Unsynced(error) => {
                if !self.call(|room| room.handle_journal_left(id))? {
                    return Err(error.into());
                }
                // The new segment begins with a full state, which covers what was in doubt.
                let newest = self.shell.held.back().map(|held| held.batch);
                for held in self.shell.held.iter_mut().filter(|held| held.id == Some(id)) {
                    held.batch = newest.unwrap_or(held.batch);
                }
                Ok(())
            }
        }
    }

    /// Begins another segment of the journal, with the full state.
    pub(crate) fn begin_segment(&mut self, id: Uuid) -> Result<(), Failed> {
        self.call(|room| room.handle_journal_left(id)).map(|_| ())
    }

    /// Calls into the room, carries out what it puts out, and writes its frames, once per
    /// connection. Only [`RoomDriver::release`] changes the room without it.
    fn call<T>(&mut self, call: impl FnOnce(&mut Room) -> T) -> Result<T, Failed> {
        let RoomDriver { room, shell, .. } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let result = call(room);
            while let Some(output) = room.poll_output() {
                shell.carry_out(room, output)?;
            }
            shell.tell_or_hold(room)?;
            Ok(result)
        }));
        // Messages that could not be journaled are not sent.
        shell.saying.clear();
        shell.flush();
        outcome.unwrap_or(Err(Failed::Panicked))
    }

    /// Returns the status for the directory, if it has changed.
    pub(crate) fn changed_status(&mut self) -> Option<RoomStatus> {
        if self.room.is_still(&self.told) {
            return None;
        }
        let status = self.room.status();
        if (status.stage, status.match_number) != (self.told.stage, self.told.match_number) {
            let RoomStatus { stage, match_number, players, .. } = status;
            let stage = stage.name();
            info!(room = %self.shell.id, number = match_number, players, "match is {stage}");
        }
        Some(self.report())
    }

    /// Returns the current status for the directory. The next [`RoomDriver::changed_status`]
    /// compares with it.
    pub(crate) fn report(&mut self) -> RoomStatus {
        let before = std::mem::replace(&mut self.told, self.room.status());
        self.shell.metrics.load(Load::from(&before), Load::from(&self.told));
        self.told.clone()
    }

    pub(crate) const fn id(&self) -> &RoomId {
        &self.shell.id
    }

    /// Returns whether no seat is taken and no client is left. A close frame may still wait for the
    /// journal.
    pub(crate) fn is_empty(&self) -> bool {
        self.room.is_empty() && self.shell.links.is_empty()
    }

    /// Ends a room that failed for good.
    pub(crate) fn fail(mut self, why: &Failed) {
        self.shell.room_store.forget_room();
        let (text, closing) = why.for_good();
        self.let_all_go(Some(text), closing);
    }
}

impl Drop for RoomDriver {
    fn drop(&mut self) {
        self.shell.metrics.load(Load::from(&self.told), Load::default());
    }
}

#[cfg(test)]
impl RoomDriver {
    pub(crate) fn panic(&mut self) -> Result<(), Failed> {
        self.call(|_| panic!("on purpose"))
    }
}

#[cfg(test)]
mod tests;
