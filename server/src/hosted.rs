//! One room on its shard, with its journal and the outboxes of its connections. Every call into the room goes through
//! [`Hosted::call`], where a panic ends: it costs this room, never its neighbours. What the room wants done is done in
//! its order; what it says waits until the tick that it says it of is in the journal.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bolide_net::{ClientMessage, CloseCode, Codec, ErrorCode, Frame, ServerMessage};
use bolide_room::{
    ConnectionId, Join, JoinError, Lane, MatchTicket, Output, Recovery, Resume, Room, RoomConfig,
    RoomStatus, SaveNumber, SeatRecord,
};
use bolide_sim::{Phase, PlayerId, Tick};
use tracing::info;
use uuid::Uuid;

use crate::journal::{BatchNumber, JournalError, RoomJournal, Trouble};
use crate::keeper::Keeper;
use crate::measures::{Load, Measures};
use crate::outbox::Outbox;
use crate::store::KeptRoom;
use crate::token::RoomId;

/// Ticks whose frames wait for the journal, at most: with a disk that does nothing, 17 to 51 s. Then the room fails.
const HELD_TICKS_MAX: usize = 1024;

/// A room and what is around it.
pub(crate) struct Hosted {
    room: Room,
    shell: Shell,
    /// What the directory was last told.
    told: RoomStatus,
}

/// What does what a room wants done.
struct Shell {
    id: RoomId,
    journal: RoomJournal,
    keeper: Keeper,
    /// Its seats, as they are kept.
    seats: BTreeMap<PlayerId, SeatRecord>,
    links: BTreeMap<ConnectionId, Link>,
    /// What the call that runs has said so far.
    saying: Vec<Said>,
    /// What its journal records are in, if it has made any.
    batch: Option<BatchNumber>,
    /// What waits for the journal, the oldest first.
    held: VecDeque<Held>,
    /// The shard knows that something waits.
    is_listed: bool,
    /// Whom something was queued for since the last flush, once each.
    addressed: Vec<ConnectionId>,
    measures: Arc<Measures>,
}

/// A connection of a room.
struct Link {
    codec: Codec,
    outbox: Arc<Outbox>,
    /// It is among the addressed.
    is_addressed: bool,
    /// Its task has ended. It leaves the room a tick later, when all that it had sent has been handled.
    abandoned: bool,
    /// A snapshot for it waits for the journal. Until that has left, newer ones are dropped: if they replaced it, a slow
    /// disk would let none ever leave.
    is_awaiting: bool,
}

/// Something for a connection.
enum Said {
    Frame { to: ConnectionId, lane: Lane, frame: Frame },
    Close { to: ConnectionId, code: CloseCode, reason: &'static str },
}

/// What was said and waits for the journal.
struct Held {
    batch: BatchNumber,
    /// The match whose records are in the batch.
    id: Option<Uuid>,
    said: Vec<Said>,
}

/// A room that panicked.
pub(crate) struct Fallen {
    /// The last tick that was whole.
    pub(crate) tick: Tick,
    /// What is needed to begin it again.
    pub(crate) room: KeptRoom,
}

/// A connection that comes in.
pub(crate) struct Arrival {
    pub(crate) connection: ConnectionId,
    pub(crate) codec: Codec,
    pub(crate) outbox: Arc<Outbox>,
}

/// The room cannot go on. It must be removed; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It panicked.
    #[error("the panic above is a bug of this program")]
    Panicked,
    /// Its match cannot be written down, so it must not be played.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Failed {
    /// How those in the room are told.
    const fn told(&self) -> (&'static str, CloseCode, &'static str) {
        match self {
            Failed::Panicked => (
                "this room failed and its match is lost; please join again",
                CloseCode::Internal,
                "the room failed",
            ),
            Failed::Journal(_) => (
                "this match cannot be written down any more and has ended; try again later",
                CloseCode::TryLater,
                "the match cannot be written down",
            ),
        }
    }
}

impl Hosted {
    /// Opens a room.
    pub(crate) fn open(
        id: RoomId,
        config: RoomConfig,
        journal: RoomJournal,
        keeper: Keeper,
        measures: Arc<Measures>,
    ) -> Result<Hosted, Failed> {
        Hosted::host(id, journal, keeper, measures, BTreeMap::new(), |keeper| {
            let ticket = keeper.first_ticket();
            Room::new(config, ticket).expect("the rules of a listed mode are in range")
        })
    }

    /// Opens a room whose match goes on.
    pub(crate) fn recover(
        id: RoomId,
        config: RoomConfig,
        recovery: Recovery,
        journal: RoomJournal,
        keeper: Keeper,
        measures: Arc<Measures>,
    ) -> Result<Hosted, Failed> {
        let seats = recovery.seats.iter().map(|seat| (seat.player, seat.clone())).collect();
        Hosted::host(id, journal, keeper, measures, seats, |_| Room::recover(config, recovery))
    }

    fn host(
        id: RoomId,
        journal: RoomJournal,
        keeper: Keeper,
        measures: Arc<Measures>,
        seats: BTreeMap<PlayerId, SeatRecord>,
        room: impl FnOnce(&Keeper) -> Room,
    ) -> Result<Hosted, Failed> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let room = room(&keeper);
            let told = room.status();
            measures.load(Load::default(), Load::from(&told));
            let shell = Shell {
                id,
                journal,
                keeper,
                seats,
                links: BTreeMap::new(),
                saying: Vec::new(),
                batch: None,
                held: VecDeque::new(),
                is_listed: false,
                addressed: Vec::new(),
                measures,
            };
            Hosted { room, shell, told }
        }));
        let mut hosted = opened.map_err(|_| Failed::Panicked)?;
        hosted.call(|_| ())?;
        Ok(hosted)
    }

    /// What a connection waits for is kept.
    pub(crate) fn saved(&mut self, number: SaveNumber) -> Result<(), Failed> {
        self.call(|room| room.handle_saved(number))
    }

    /// The ticket of the next match is kept.
    pub(crate) fn ticket(&mut self, ticket: MatchTicket) -> Result<(), Failed> {
        self.call(|room| room.handle_ticket(ticket))
    }

    /// The process ends; the room and its match do not.
    pub(crate) fn leave(mut self) {
        self.shell.journal.keep();
    }

    /// Ends a room that panicked, so that it can begin again: its connections are told to come back.
    pub(crate) fn fall(mut self) -> Fallen {
        // What the directory was told may be a match behind.
        let RoomStatus { code, locked, mode, match_number, .. } = self.room.status();
        let tick = self.room.world().tick();
        let matches = self.shell.journal.id().map(|id| (match_number, id)).into_iter().collect();
        self.shell.journal.keep();
        for link in self.shell.links.values() {
            link.outbox.close(CloseCode::Restarting, "the room begins again from its journal");
            link.outbox.flush();
        }
        let seats = self.shell.seats.values().cloned().collect();
        let id = self.shell.id.clone();
        Fallen { tick, room: KeptRoom { id, code, locked, mode, matches, seats } }
    }

    /// The room is closed: nothing of it is kept but what its matches left.
    pub(crate) fn close(self) {
        self.shell.keeper.forget_room();
    }

    /// A connection takes a free seat.
    pub(crate) fn join(
        &mut self,
        arrival: Arrival,
        join: Join,
    ) -> Result<Result<(), JoinError>, Failed> {
        self.arrive(arrival, |room, connection| room.handle_join(connection, join).map(|_| ()))
    }

    /// A connection takes its seat again.
    pub(crate) fn resume(
        &mut self,
        arrival: Arrival,
        resume: Resume,
    ) -> Result<Result<(), JoinError>, Failed> {
        self.arrive(arrival, |room, connection| room.handle_resume(connection, resume).map(|_| ()))
    }

    fn arrive(
        &mut self,
        arrival: Arrival,
        enter: impl FnOnce(&mut Room, ConnectionId) -> Result<(), JoinError>,
    ) -> Result<Result<(), JoinError>, Failed> {
        let Arrival { connection, codec, outbox } = arrival;
        let (is_addressed, abandoned, is_awaiting) = (false, false, false);
        let link = Link { codec, outbox, is_addressed, abandoned, is_awaiting };
        self.shell.links.insert(connection, link);
        let entered = self.call(|room| enter(room, connection))?;
        match &entered {
            Ok(()) => info!(room = %self.shell.id, connection = connection.0, "joined"),
            Err(_) => drop(self.shell.links.remove(&connection)),
        }
        Ok(entered)
    }

    /// A joined connection says something.
    pub(crate) fn message(
        &mut self,
        connection: ConnectionId,
        message: ClientMessage,
    ) -> Result<(), Failed> {
        self.call(|room| room.handle_message(connection, message))
    }

    /// Lets those go whose task has ended, then advances the room by one tick.
    pub(crate) fn tick(&mut self) -> Result<(), Failed> {
        let gone: Vec<ConnectionId> = self
            .shell
            .links
            .iter()
            .filter(|(_, link)| link.abandoned)
            .map(|(connection, _)| *connection)
            .collect();
        for connection in gone {
            self.shell.links.remove(&connection);
            info!(room = %self.shell.id, connection = connection.0, "connection gone");
            self.call(|room| room.handle_disconnect(connection))?;
        }
        for link in self.shell.links.values_mut() {
            link.abandoned = link.outbox.is_abandoned();
        }
        self.call(Room::handle_tick)
    }

    /// What waited for these batches leaves, to each connection in one write.
    pub(crate) fn release(&mut self, done: BatchNumber) -> Result<(), Failed> {
        let Hosted { room, shell, .. } = self;
        shell.is_listed = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while shell.held.front().is_some_and(|held| held.batch <= done)
                && let Some(Held { said, .. }) = shell.held.pop_front()
            {
                shell.tell(room, said);
            }
        }));
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
        let Hosted { room, shell, .. } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let result = call(room);
            while let Some(output) = room.poll_output() {
                shell.carry_out(room, output)?;
            }
            if matches!(room.world().phase(), Phase::Fighting { .. } | Phase::Over { .. }) {
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
        let status = self.room.status();
        if status == self.told {
            return None;
        }
        if (status.phase, status.match_number) != (self.told.phase, self.told.match_number) {
            let RoomStatus { phase, match_number, players, .. } = status;
            info!(room = %self.shell.id, number = match_number, players, "match is {phase}");
        }
        Some(self.report())
    }

    /// What the directory is told now. The next [`Hosted::news`] is what has changed since.
    pub(crate) fn report(&mut self) -> RoomStatus {
        let before = std::mem::replace(&mut self.told, self.room.status());
        self.shell.measures.load(Load::from(&before), Load::from(&self.told));
        self.told.clone()
    }

    /// Whether nobody holds a seat.
    pub(crate) fn is_empty(&self) -> bool {
        self.room.is_empty()
    }

    /// Tells everybody that the room has failed.
    pub(crate) fn bury(self, why: &Failed) {
        self.shell.keeper.forget_room();
        let (text, code, reason) = why.told();
        for link in self.shell.links.values() {
            self.shell.measures.error(ErrorCode::RoomFailed);
            link.outbox
                .push(link.codec.encode_server(&ServerMessage::error(ErrorCode::RoomFailed, text)));
            link.outbox.close(code, reason);
            link.outbox.flush();
        }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.shell.measures.load(Load::from(&self.told), Load::default());
    }
}

#[cfg(test)]
impl Hosted {
    pub(crate) fn panic(&mut self) -> Result<(), Failed> {
        self.call(|_| panic!("on purpose"))
    }
}

impl Shell {
    fn carry_out(&mut self, room: &mut Room, output: Output) -> Result<(), Failed> {
        match output {
            Output::Send { to, lane, frame } => self.saying.push(Said::Frame { to, lane, frame }),
            Output::Close { to, code, reason } => {
                self.saying.push(Said::Close { to, code, reason })
            }
            Output::Journal(records) => {
                let batch = self.journal.append(records)?;
                self.batch = batch.or(self.batch);
            }
            Output::Save { number, seat } => {
                self.seats.insert(seat.player, SeatRecord::clone(&seat));
                self.keeper.seat(room, number, *seat);
            }
            Output::SaveLock { number, locked } => self.keeper.lock(room, number, locked),
            Output::Forget { player } => {
                self.seats.remove(&player);
                self.keeper.forget_seat(player);
            }
            Output::Refused(code) => self.measures.error(code),
            Output::WantTicket => self.keeper.ticket(room, room.status().match_number + 1),
        }
        Ok(())
    }

    /// What the call has said leaves at once, or waits for the journal: for its own records, and for what was said before.
    fn tell_or_hold(&mut self, room: &mut Room) -> Result<(), Failed> {
        let said = std::mem::take(&mut self.saying);
        match (self.batch.take(), self.held.back_mut()) {
            (None, None) => self.tell(room, said),
            (None, Some(_)) => {
                let said = self.without_newer_snapshots(room, said);
                self.held.back_mut().expect("there is one").said.extend(said);
            }
            (Some(batch), _) => {
                if self.held.len() >= HELD_TICKS_MAX {
                    return Err(JournalError::TooSlow { ticks: self.held.len() }.into());
                }
                let said = self.without_newer_snapshots(room, said);
                self.held.push_back(Held { batch, id: self.journal.id(), said });
            }
        }
        Ok(())
    }

    /// Leaves out the snapshots for those who await one. Their next one is whole.
    fn without_newer_snapshots(&mut self, room: &mut Room, mut said: Vec<Said>) -> Vec<Said> {
        said.retain(|said| match said {
            Said::Frame { to, lane: Lane::Latest | Lane::Chained, .. } => {
                let Some(link) = self.links.get_mut(to) else { return false };
                if link.is_awaiting {
                    room.handle_lagged(*to);
                }
                !std::mem::replace(&mut link.is_awaiting, true)
            }
            _ => true,
        });
        said
    }

    fn tell(&mut self, room: &mut Room, mut all: Vec<Said>) {
        for said in all.drain(..) {
            match said {
                Said::Frame { to, lane, frame } => {
                    let Some(link) = self.links.get_mut(&to) else { continue };
                    if !link.is_addressed {
                        link.is_addressed = true;
                        self.addressed.push(to);
                    }
                    match lane {
                        Lane::Reliable => link.outbox.push(frame),
                        Lane::Latest => link.outbox.replace_latest(frame),
                        Lane::Chained => {
                            if !link.outbox.chain(frame) {
                                room.handle_lagged(to);
                            }
                        }
                    }
                    link.is_awaiting &= lane == Lane::Reliable;
                }
                Said::Close { to, code, reason } => {
                    if let Some(link) = self.links.remove(&to) {
                        info!(room = %self.id, connection = to.0, reason, "closed");
                        link.outbox.close(code, reason);
                        link.outbox.flush();
                    }
                }
            }
        }
        if self.saying.capacity() == 0 {
            // Its memory, for the next call.
            self.saying = all;
        }
    }

    fn flush(&mut self) {
        for connection in self.addressed.drain(..) {
            let Some(link) = self.links.get_mut(&connection) else { continue };
            link.is_addressed = false;
            link.outbox.flush();
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
