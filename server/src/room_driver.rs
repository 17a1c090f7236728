//! One room on its shard, with its journal and its clients. Every call into the room goes through
//! [`RoomDriver::call`], where a panic ends: it costs this room, never its neighbours. What the room wants done does its
//! shell.

mod shell;
mod slab;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, CloseCode, ErrorCode, ServerMessage};
use bolide_room::{
    ConnectionId, Join, JoinError, Recovery, Resume, Room, RoomConfig, RoomStatus, SeatRecord,
};
use bolide_sim::{Phase, PlayerId, Tick};
use tracing::info;
use uuid::Uuid;

use self::shell::{Gone, Shell};
use crate::address_quota::Place;
use crate::client::{Client, ConnectionContext, End};
use crate::counters::Cut;
use crate::door::Door;
use crate::drain;
use crate::journal::{BatchNumber, JournalError, RoomJournal, Trouble};
use crate::outbox::Closing;
use crate::random::{RoomId, match_ticket};
use crate::room_store::RoomStore;
use crate::shard_metrics::{Load, ShardMetrics};
use crate::store::{Ack, Outcome, RoomRecord, Saved};

/// A room and what is around it.
pub(crate) struct RoomDriver {
    room: Room,
    shell: Shell,
    /// What the directory was last told.
    told: RoomStatus,
}

/// A room that was taken off its shard.
pub(crate) struct TakenOut {
    /// The last tick that was whole.
    pub(crate) tick: Tick,
    /// What is needed to restore it.
    pub(crate) room: RoomRecord,
}

/// What became of a client who wants in: where he is, or why he may not, and he comes back.
pub(crate) type Arrival = Result<u16, (JoinError, Box<Client>)>;

/// The room cannot go on as it is; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It panicked.
    #[error("the panic above is a bug of this program")]
    Panicked,
    /// Its match cannot be written down, so it must not be played for now.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Failed {
    /// An error message to the clients of a room that is gone for good, and how they are closed.
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

    /// The same where the room is restored.
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
    /// Opens a room.
    pub(crate) fn open(
        id: RoomId,
        config: RoomConfig,
        journal: RoomJournal,
        room_store: RoomStore,
        outside: (Door, Arc<ShardMetrics>),
    ) -> Result<RoomDriver, Failed> {
        // Its match need not be kept yet: each seat brings it along.
        let room =
            || Room::new(config, match_ticket()).expect("the rules of a listed mode are in range");
        RoomDriver::host(id, journal, room_store, outside, BTreeMap::new(), room)
    }

    /// Opens a room whose match goes on.
    pub(crate) fn recover(
        id: RoomId,
        config: RoomConfig,
        recovery: Recovery,
        journal: RoomJournal,
        room_store: RoomStore,
        outside: (Door, Arc<ShardMetrics>),
    ) -> Result<RoomDriver, Failed> {
        let seats = recovery.seats.iter().map(|seat| (seat.player, seat.clone())).collect();
        let mut driver = RoomDriver::host(id, journal, room_store, outside, seats, || {
            Room::recover(config, recovery)
        })?;
        // The process before may have shown it. If it closed the room and could not write that down,
        // nobody can tell the difference.
        driver.shell.was_shown = true;
        if !is_fought(&driver.room) {
            driver.shell.journal.keep_if_fought();
        }
        Ok(driver)
    }

    fn host(
        id: RoomId,
        journal: RoomJournal,
        room_store: RoomStore,
        outside: (Door, Arc<ShardMetrics>),
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

    /// The store has answered. What it refuses is as if it had not: the room gives up or asks again.
    pub(crate) fn acknowledged(&mut self, ack: &Ack) -> Result<(), Failed> {
        let Ack { room_store, saved, outcome, .. } = *ack;
        if !self.shell.room_store.is_answered(room_store) {
            return Ok(());
        }
        match saved {
            Saved::Number(number) => {
                let is_kept = outcome == Outcome::Kept;
                self.shell.saved(number, is_kept);
                if is_kept { self.call(|room| room.handle_saved(number)) } else { Ok(()) }
            }
            Saved::Match(id) => match self.shell.room_store.ticket_saved(id, outcome) {
                Some(ticket) => self.call(|room| room.handle_ticket(ticket)),
                None => Ok(()),
            },
        }
    }

    /// The process ends; the room and its match do not.
    pub(crate) fn leave(mut self) {
        self.shell.journal.keep();
    }

    /// Whether anybody may have seen a tick of the room. If not, there is nothing to restore.
    pub(crate) const fn was_shown(&self) -> bool {
        self.shell.was_shown
    }

    /// Takes a room that failed off its shard, so that it can be restored. Its clients are closed and come back.
    pub(crate) fn take_out(mut self, why: &Failed) -> TakenOut {
        // The status that the directory has may be a match behind.
        let RoomStatus { code, locked, mode, .. } = self.room.status();
        let tick = self.room.world().tick();
        let (number, id) = self.room.current_match();
        let journal = &mut self.shell.journal;
        let before = journal.id().filter(|it| *it != id).or(journal.before());
        let before = before.and_then(|id| Some((number.checked_sub(1)?, id)));
        let matches = [Some((number, id)), before].into_iter().flatten().collect();
        journal.keep();
        let (text, closing) = why.for_now();
        self.let_all_go(text, closing);
        for gone in self.shell.gone.iter().filter(|gone| !gone.was_welcomed) {
            if let Some(player) = self.room.untold_seat(gone.connection) {
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
        let measures = Arc::clone(&self.shell.measures);
        self.shell.let_all_go(|client| {
            if let Some(text) = text {
                measures.error(ErrorCode::RoomFailed);
                let error = ServerMessage::error(ErrorCode::RoomFailed, text);
                let error = client.codec().encode_server(&error);
                client.socket().push(error);
            }
            closing
        });
    }

    /// The room is closed: nothing of it is kept but what its matches left.
    pub(crate) fn close(self) {
        self.shell.room_store.forget_room();
    }

    /// A client takes a free seat, which counts for an address until it is free again.
    pub(crate) fn join(
        &mut self,
        client: Box<Client>,
        join: Join,
        counted: Option<Place>,
    ) -> Result<Arrival, Failed> {
        let mut taken = None;
        let arrival = self.arrive(client, |room, connection| {
            taken = Some(room.handle_join(connection, join)?);
            Ok(())
        });
        self.shell.counted.extend(taken.zip(counted));
        arrival
    }

    /// A client takes his seat again.
    pub(crate) fn resume(
        &mut self,
        client: Box<Client>,
        resume: Resume,
    ) -> Result<Arrival, Failed> {
        self.arrive(client, |room, connection| room.handle_resume(connection, resume).map(|_| ()))
    }

    fn arrive(
        &mut self,
        mut client: Box<Client>,
        enter: impl FnOnce(&mut Room, ConnectionId) -> Result<(), JoinError>,
    ) -> Result<Arrival, Failed> {
        let connection = client.id();
        client.asks_for_seat();
        let place = self.shell.links.insert(client);
        let Err(error) = self.call(|room| enter(room, connection))? else {
            info!(room = %self.shell.id, connection = connection.0, "joined");
            return Ok(Ok(place));
        };
        let link = self.shell.links.remove(connection).expect("nothing was told him yet");
        Ok(Err((error, link.client)))
    }

    /// A client, where he came in.
    pub(crate) fn client(&mut self, place: u16) -> Option<&mut Client> {
        self.shell.links.at(place).map(|link| &mut *link.client)
    }

    /// Whether the client there has asked for a seat and is not welcomed yet.
    pub(crate) fn awaits_welcome(&mut self, place: u16) -> bool {
        self.client(place).is_some_and(|client| client.awaits_welcome())
    }

    /// There is news of the client there, perhaps the last.
    pub(crate) fn has_news(&mut self, place: u16, is_last: bool) {
        if let Some(client) = self.client(place) {
            client.has_news(is_last);
        }
    }

    /// What the client there says next; `None` when that was all, or while it awaits its welcome. One who ends is let go.
    pub(crate) fn hear(
        &mut self,
        place: u16,
        buffer: &mut [u8],
        now: Instant,
        commons: &ConnectionContext,
    ) -> Option<(ConnectionId, ClientMessage)> {
        let client = self.client(place)?;
        let connection = client.id();
        match client.next(buffer, now, commons)? {
            Ok(message) => Some((connection, message)),
            Err(end) => {
                self.shell.let_go(connection, end);
                None
            }
        }
    }

    /// Lets a client go who ends like that.
    pub(crate) fn let_go(&mut self, place: u16, end: End) {
        if let Some(connection) = self.client(place).map(|client| client.id()) {
            self.shell.let_go(connection, end);
        }
    }

    /// Does for its clients what is due without them.
    pub(crate) fn look_after(&mut self, now: Instant, commons: &ConnectionContext) {
        let mut ended = Vec::new();
        for link in self.shell.links.iter_mut().filter(|link| link.client.is_due(now)) {
            if let Err(end) = link.client.on_deadline(now, commons) {
                ended.push((link.client.id(), end));
            }
        }
        for (connection, end) in ended {
            self.shell.let_go(connection, end);
        }
    }

    /// Lets all clients go, because the server stops. It had so many. There is no tick after this, so a match that had none yet
    /// begins its journal here: without one the next process could not go on with it.
    pub(crate) fn farewell(&mut self, open: u32) -> Result<(), Failed> {
        self.shell.let_all_go(|client| drain::closing(client.id(), open));
        // The next process would wait for them.
        for gone in std::mem::take(&mut self.shell.gone) {
            if !gone.was_welcomed {
                self.call(|room| room.handle_unwelcomed(gone.connection))?;
            }
        }
        match self.shell.journal.id() {
            Some(_) => Ok(()),
            None => self.begin_segment(self.room.current_match().1),
        }
    }

    /// Lets all clients go, because the shard has panicked and the process is about to end.
    pub(crate) fn lose_shard(&mut self) {
        self.shell.let_all_go(|client| {
            let cut = Some(Cut::Shard);
            Closing { cut, ..drain::closing(client.id(), u32::MAX) }
        });
    }

    /// A joined connection says something.
    pub(crate) fn message(
        &mut self,
        connection: ConnectionId,
        message: ClientMessage,
    ) -> Result<(), Failed> {
        let is_pong = matches!(message, ClientMessage::Pong(_));
        self.call(|room| room.handle_message(connection, message))?;
        if is_pong && let Some(least) = self.shell.round_trip(connection) {
            self.call(|room| room.handle_round_trip(connection, least))?;
        }
        Ok(())
    }

    /// Lets go of the seats of those who are gone, then advances the room by one tick. If it `shows`, a snapshot is
    /// sent; if not, all that it says waits for the next tick that does: the calls of the system are what costs most.
    pub(crate) fn tick(&mut self, shows: bool) -> Result<(), Failed> {
        for Gone { connection, was_welcomed } in std::mem::take(&mut self.shell.gone) {
            info!(room = %self.shell.id, connection = connection.0, "connection gone");
            self.call(|room| match was_welcomed {
                true => room.handle_disconnect(connection),
                false => room.handle_unwelcomed(connection),
            })?;
        }
        self.shell.lingers = !shows;
        self.call(if shows { Room::handle_tick } else { Room::handle_tick_unshown })
    }

    /// What waited for these batches leaves, to each connection in one write.
    pub(crate) fn release(&mut self, done: BatchNumber) -> Result<(), Failed> {
        let RoomDriver { room, shell, .. } = self;
        shell.is_listed = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| shell.release(room, done)));
        shell.flush();
        outcome.map_err(|_| Failed::Panicked)
    }

    /// Whether something waits for the journal, and nobody has asked since something was released.
    pub(crate) fn begins_to_hold(&mut self) -> bool {
        let holds = !self.shell.held.is_empty();
        holds && !std::mem::replace(&mut self.shell.is_listed, true)
    }

    /// Whether what becomes of the journal of that match matters here.
    pub(crate) fn minds(&self, id: Uuid) -> bool {
        let shell = &self.shell;
        shell.journal.id() == Some(id) || shell.held.iter().any(|held| held.id == Some(id))
    }

    /// The journal of a match that it minds is not well.
    pub(crate) fn trouble(&mut self, id: Uuid, trouble: Trouble) -> Result<(), Failed> {
        match trouble {
            Trouble::Failed(error) => Err(error.into()),
            // A match that is over cannot be written down again, and somebody waits for its end.
            Trouble::InDoubt(error) => {
                if !self.call(|room| room.handle_journal_left(id))? {
                    return Err(error.into());
                }
                // What was in doubt is in the state with which the new segment begins.
                let newest = self.shell.held.back().map(|held| held.batch);
                for held in self.shell.held.iter_mut().filter(|held| held.id == Some(id)) {
                    held.batch = newest.unwrap_or(held.batch);
                }
                Ok(())
            }
        }
    }

    /// Begins another segment of the journal, with all that there is.
    pub(crate) fn begin_segment(&mut self, id: Uuid) -> Result<(), Failed> {
        self.call(|room| room.handle_journal_left(id)).map(|_| ())
    }

    /// Calls into the room, does what it wants done, and writes what it said: to each connection once. Nothing else
    /// may call it.
    fn call<T>(&mut self, call: impl FnOnce(&mut Room) -> T) -> Result<T, Failed> {
        let RoomDriver { room, shell, .. } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let result = call(room);
            while let Some(output) = room.poll_output() {
                shell.carry_out(room, output)?;
            }
            if is_fought(room) {
                shell.journal.keep();
            }
            shell.tell_or_hold(room)?;
            Ok(result)
        }));
        // Nobody hears of what could not be written down.
        shell.saying.clear();
        shell.flush();
        outcome.unwrap_or(Err(Failed::Panicked))
    }

    /// What the directory should be told, if that has changed.
    pub(crate) fn news(&mut self) -> Option<RoomStatus> {
        if self.room.is_still(&self.told) {
            return None;
        }
        let status = self.room.status();
        if (status.phase, status.match_number) != (self.told.phase, self.told.match_number) {
            let RoomStatus { phase, match_number, players, .. } = status;
            info!(room = %self.shell.id, number = match_number, players, "match is {phase}");
        }
        Some(self.report())
    }

    /// What the directory is told now. The next [`RoomDriver::news`] is what has changed since.
    pub(crate) fn report(&mut self) -> RoomStatus {
        let before = std::mem::replace(&mut self.told, self.room.status());
        self.shell.measures.load(Load::from(&before), Load::from(&self.told));
        self.told.clone()
    }

    pub(crate) const fn id(&self) -> &RoomId {
        &self.shell.id
    }

    /// Whether nobody holds a seat, and everybody who held one was told why not: a close may wait for the journal.
    pub(crate) fn is_empty(&self) -> bool {
        self.room.is_empty() && self.shell.links.is_empty()
    }

    /// Ends a room that failed for good.
    pub(crate) fn bury(mut self, why: &Failed) {
        self.shell.room_store.forget_room();
        let (text, closing) = why.for_good();
        self.let_all_go(Some(text), closing);
    }
}

/// Whether a fight has begun.
fn is_fought(room: &Room) -> bool {
    matches!(room.world().phase(), Phase::Fighting { .. } | Phase::Over { .. })
}

impl Drop for RoomDriver {
    fn drop(&mut self) {
        self.shell.measures.load(Load::from(&self.told), Load::default());
    }
}

#[cfg(test)]
impl RoomDriver {
    pub(crate) fn panic(&mut self) -> Result<(), Failed> {
        self.call(|_| panic!("on purpose"))
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
