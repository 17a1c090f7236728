//! One room on its shard, with its journal and the outboxes of its connections. Every call into the room goes through
//! [`Hosted::call`], where a panic ends: it costs this room, never its neighbours. What the room wants done is done in
//! its order, so a tick is in the journal before anybody hears of it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use bolide_net::{ClientMessage, CloseCode, Codec, ErrorCode, ServerMessage};
use bolide_room::{
    ConnectionId, Join, JoinError, Lane, MatchTicket, Output, Recovery, Resume, Room, RoomConfig,
    RoomStatus, SaveNumber, SeatRecord,
};
use bolide_sim::{Phase, PlayerId, Tick};
use tracing::info;

use crate::journals::{JournalWriteError, RoomJournal};
use crate::keeper::Keeper;
use crate::measures::{Load, Measures};
use crate::outbox::Outbox;
use crate::store::KeptRoom;
use crate::token::RoomId;

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
    Journal(#[from] JournalWriteError),
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
            let (links, addressed) = (BTreeMap::new(), Vec::new());
            measures.load(Load::default(), Load::from(&told));
            let shell = Shell { id, journal, keeper, seats, links, addressed, measures };
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
        self.shell.journal.leave();
    }

    /// Ends a room that panicked, so that it can begin again: its connections are told to come back.
    pub(crate) fn fall(mut self) -> Fallen {
        // What the directory was told may be a match behind.
        let RoomStatus { code, locked, mode, match_number, .. } = self.room.status();
        let tick = self.room.world().tick();
        let matches = self.shell.journal.id().map(|id| (match_number, id)).into_iter().collect();
        self.shell.journal.leave();
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
        self.shell
            .links
            .insert(connection, Link { codec, outbox, is_addressed: false, abandoned: false });
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

    /// Calls into the room, does what it wants done, and writes what it said: to each connection once. Nothing else
    /// may call it.
    fn call<T>(&mut self, call: impl FnOnce(&mut Room) -> T) -> Result<T, Failed> {
        let Hosted { room, shell, .. } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let result = call(room);
            while let Some(output) = room.poll_output() {
                shell.carry_out(room, output)?;
            }
            match room.world().phase() {
                Phase::Waiting | Phase::Countdown { .. } => {}
                Phase::Fighting { .. } => shell.journal.keep(),
                Phase::Over { .. } => shell.journal.finish(),
            }
            Ok(result)
        }));
        for connection in shell.addressed.drain(..) {
            let Some(link) = shell.links.get_mut(&connection) else { continue };
            link.is_addressed = false;
            link.outbox.flush();
        }
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
            Output::Send { to, lane, frame } => {
                let Some(link) = self.links.get_mut(&to) else { return Ok(()) };
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
            }
            Output::Close { to, code, reason } => {
                if let Some(link) = self.links.remove(&to) {
                    info!(room = %self.id, connection = to.0, reason, "closed");
                    link.outbox.close(code, reason);
                    link.outbox.flush();
                }
            }
            Output::Journal { id, bytes } => {
                let began = Instant::now();
                self.journal.append(id, &bytes)?;
                self.measures.journal_writes.record(began.elapsed());
                self.measures.journal_bytes.add(bytes.len() as u64);
            }
            Output::Save { number, seat } => {
                self.seats.insert(seat.player, seat.clone());
                self.keeper.seat(room, number, seat);
            }
            Output::SaveLock { number, locked } => self.keeper.lock(room, number, locked),
            Output::Forget { player } => {
                self.seats.remove(&player);
                self.keeper.forget_seat(player);
            }
            Output::WantTicket => self.keeper.ticket(room, room.status().match_number + 1),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use bolide_net::{ClientMessage, Codec, PlayerName, SyncMode};
    use bolide_room::{ConnectionId, Join, RoomConfig, RoomPolicy};
    use bolide_sim::preset;

    use super::{Arrival, Failed, Hosted};
    use crate::journals::Journals;
    use crate::keeper::Keeper;
    use crate::outbox::Outbox;
    use crate::testing::Folder;
    use crate::token::RoomId;

    fn hosted() -> (Hosted, Folder) {
        let folder = Folder::new();
        let journal = Journals::open(&folder.0).expect("a folder").of_room();
        let id = RoomId::random();
        let config = RoomConfig {
            id: id.as_str().to_owned(),
            code: None,
            mode: preset("brawl").expect("a preset"),
            policy: RoomPolicy { grace_s: 0.0, ..RoomPolicy::default() },
            server: "test".to_owned(),
        };
        let measures = Arc::default();
        let opened = Hosted::open(id, config, journal, Keeper::Nowhere, measures);
        (opened.expect("opened"), folder)
    }

    fn join(hosted: &mut Hosted, connection: u64) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::unconnected());
        let arrival = Arrival {
            connection: ConnectionId(connection),
            codec: Codec::Json,
            outbox: Arc::clone(&outbox),
        };
        let name = PlayerName::parse("Ada").expect("a name");
        let (codec, sync) = (Codec::Json, SyncMode::Full);
        let join = Join { name, codec, sync, token: connection.to_string(), creator: false };
        hosted.join(arrival, join).expect("no panic").expect("a seat");
        outbox
    }

    fn said(outbox: &Outbox) -> String {
        String::from_utf8_lossy(&outbox.taken()).into_owned()
    }

    #[test]
    fn a_panic_ends_at_the_edge_of_the_room_and_everybody_in_it_is_told() {
        let (mut hosted, _folder) = hosted();
        let outboxes = [join(&mut hosted, 1), join(&mut hosted, 2)];
        let failed: Result<(), Failed> = hosted.call(|_| panic!("on purpose"));
        assert!(matches!(failed, Err(Failed::Panicked)));
        hosted.bury(&Failed::Panicked);
        for outbox in outboxes {
            assert!(said(&outbox).contains("room_failed"));
            assert_eq!(outbox.closing().map(|closing| closing.code.code()), Some(1011));
        }
    }

    #[test]
    fn a_tick_that_cannot_be_written_down_is_told_to_nobody_and_ends_the_room() {
        let (mut hosted, folder) = hosted();
        let outbox = join(&mut hosted, 1);
        assert!(said(&outbox).contains("welcome"));
        // The first tick tells the roster, and needs a file, for which there is no place.
        fs::remove_dir_all(&folder.0).expect("removed");
        let Err(why) = hosted.tick() else { panic!("no folder") };
        assert!(matches!(why, Failed::Journal(_)));
        assert!(said(&outbox).is_empty(), "nobody hears of a tick that is not in the journal");
        hosted.bury(&why);
        assert!(said(&outbox).contains("room_failed"));
        assert_eq!(outbox.closing().map(|closing| closing.code.code()), Some(1013));
    }

    #[test]
    fn who_joins_and_leaves_within_a_tick_is_news() {
        // The directory was told of the join; when this was forgotten, the seat was never free again.
        let (mut hosted, _folder) = hosted();
        let _outbox = join(&mut hosted, 1);
        assert_eq!(hosted.report().seats_taken, 1);
        hosted.message(ConnectionId(1), ClientMessage::Leave).expect("no panic");
        assert_eq!(hosted.news().map(|status| status.seats_taken), Some(0));
        assert_eq!(hosted.news(), None);
    }

    #[test]
    fn a_connection_whose_task_has_ended_leaves_the_room_and_its_seat_becomes_free() {
        let (mut hosted, _folder) = hosted();
        let stays = join(&mut hosted, 1);
        drop(join(&mut hosted, 2));
        for _ in 0..3 {
            hosted.tick().expect("no panic");
        }
        assert_eq!(hosted.report().seats_taken, 1);
        let said = said(&stays);
        let last = said.rsplit('\u{fffd}').next().expect("a frame");
        assert!(last.contains("[1,"), "a snapshot is the last of a tick: {said}");
        assert!(!hosted.is_empty());
    }
}
