//! A thread that runs rooms. Between two ticks it sleeps; what connections sent meanwhile is handled before
//! the next tick. It never waits for a socket or another thread. Of the disk it wants that the system takes what a tick
//! adds to a journal, mostly into memory.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, Codec, ErrorCode, PlayerName, RoomCode, SyncMode};
use bolide_room::{
    ConnectionId, Join, JoinError, MatchTicket, Resume, RoomConfig, RoomPolicy, SaveNumber,
};
use bolide_sim::{Mode, Tick};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::directory::{Directory, Reservation};
use crate::hosted::{Arrival, Failed, Fallen, Hosted};
use crate::journals::Journals;
use crate::keeper::Keeper;
use crate::measures::{Kind, Measures, Peak};
use crate::outbox::Outbox;
use crate::recovery::{self, RecoveredRoom};
use crate::schedule::Schedule;
use crate::store::Store;
use crate::token::{RoomId, resume_token};

/// Commands that may wait for a shard. It empties its inbox before each tick of any of its rooms, so this is
/// what thousands of connections send in one tick.
const INBOX_COMMANDS_MAX: usize = 8192;

/// How long a connection waits before it tries a full inbox again.
const RETRY: Duration = Duration::from_millis(5);

/// Panics of a room at one tick after which it is put aside.
const FALLS_MAX: u32 = 3;

/// Seconds between two complaints about ticks that come too late.
const COMPLAINT_S: u64 = 10;

/// What a connection wants of a shard.
pub(crate) enum Command {
    /// Take the seat that was reserved.
    Join { seat: Reservation, name: PlayerName, caller: Caller },
    /// Take a seat again.
    Resume { room: RoomId, token: String, caller: Caller },
    /// Say something in a room.
    Message { room: RoomId, from: ConnectionId, message: ClientMessage },
    /// A seat is kept.
    Saved { room: RoomId, number: SaveNumber },
    /// The ticket of a room's next match is kept.
    Ticket { room: RoomId, ticket: MatchTicket },
    /// Go on with a room of the process before.
    Recover(Box<RecoveredRoom>),
    /// Let a room panic, on purpose.
    #[cfg(test)]
    Panic { room: RoomId },
    /// End the shard. Its rooms go on in the next process.
    Stop,
}

/// A connection that waits for an answer.
pub(crate) struct Caller {
    pub(crate) connection: ConnectionId,
    pub(crate) codec: Codec,
    pub(crate) sync: SyncMode,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The room that was joined, or what the client is told instead.
pub(crate) type Answer = Result<RoomId, Refusal>;

/// Why a `hello` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
}

/// The way into a shard.
#[derive(Clone, Debug)]
pub(crate) struct Inbox(SyncSender<Command>);

/// The thread of the shard has ended.
#[derive(Debug)]
pub(crate) struct ShardGone;

impl Inbox {
    /// Sends a command. When the inbox is full it waits, and with it the connection: its socket is not read
    /// meanwhile.
    pub(crate) async fn send(&self, mut command: Command) -> Result<(), ShardGone> {
        loop {
            match self.0.try_send(command) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => command = back,
                Err(TrySendError::Disconnected(_)) => return Err(ShardGone),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Sends what must not be lost, from a thread that may wait.
    pub(crate) fn put(&self, command: Command) {
        // A shard that is gone needs nothing any more.
        self.0.send(command).ok();
    }

    /// Sends an input. When the inbox is full the input is dropped, which is false: in a later tick it would mean
    /// something else.
    pub(crate) fn send_or_drop(&self, command: Command) -> Result<bool, ShardGone> {
        match self.0.try_send(command) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Disconnected(_)) => Err(ShardGone),
        }
    }
}

/// The rooms of one thread.
struct Shard {
    number: usize,
    inbox: Receiver<Command>,
    directory: Arc<Directory>,
    policy: RoomPolicy,
    journals: Journals,
    /// Where rooms outlive the process, if they do.
    store: Option<Store>,
    /// The way into this shard.
    itself: Inbox,
    rooms: HashMap<RoomId, (Hosted, Schedule)>,
    /// When which room ticks next. A room that is gone is left out when its turn comes.
    agenda: BinaryHeap<Reverse<(Instant, RoomId)>>,
    opened: u64,
    /// Rooms that panicked: after which tick, and how often there.
    falls: HashMap<RoomId, (Tick, u32)>,
    /// From which all schedules count.
    epoch: Instant,
    complained: Option<Instant>,
    measures: Arc<Measures>,
    peak: Peak,
}

/// Starts the thread of a shard.
pub(crate) fn start(
    number: usize,
    directory: Arc<Directory>,
    policy: RoomPolicy,
    journals: Journals,
    store: Option<Store>,
    measures: Arc<Measures>,
) -> std::io::Result<(Inbox, JoinHandle<()>)> {
    let (sender, inbox) = sync_channel(INBOX_COMMANDS_MAX);
    let itself = Inbox(sender);
    let (rooms, agenda) = (HashMap::new(), BinaryHeap::new());
    let shard = Shard {
        number,
        inbox,
        directory,
        policy,
        journals,
        store,
        itself: itself.clone(),
        rooms,
        agenda,
        opened: 0,
        falls: HashMap::new(),
        epoch: Instant::now(),
        complained: None,
        measures,
        peak: Peak::new(Instant::now()),
    };
    let thread =
        thread::Builder::new().name(format!("shard-{number}")).spawn(move || shard.run())?;
    Ok((itself, thread))
}

impl Shard {
    fn run(mut self) {
        loop {
            if !self.handle_commands() {
                return;
            }
            self.tick_rooms(Instant::now());
        }
    }

    /// Sleeps until the next tick and handles what has come meanwhile; false when the shard is to end.
    fn handle_commands(&mut self) -> bool {
        let Some(Reverse((due, _))) = self.agenda.peek() else {
            // Without a room there is no next tick.
            return self.inbox.recv().is_ok_and(|command| self.handle(command));
        };
        thread::sleep(due.saturating_duration_since(Instant::now()));
        for _ in 0..INBOX_COMMANDS_MAX {
            let Ok(command) = self.inbox.try_recv() else { break };
            if !self.handle(command) {
                return false;
            }
        }
        true
    }

    fn handle(&mut self, command: Command) -> bool {
        match &command {
            Command::Join { .. } | Command::Resume { .. } => self.measures.message(Kind::Hello),
            Command::Message { message, .. } => self.measures.message(message.into()),
            _ => {}
        }
        match command {
            Command::Join { seat, name, caller } => self.join(seat, name, caller),
            Command::Resume { room, token, caller } => self.resume(&room, token, caller),
            Command::Message { room, from, message } => {
                self.message(&room, from, message);
            }
            Command::Saved { room, number } => self.call(&room, |hosted| hosted.saved(number)),
            Command::Ticket { room, ticket } => self.call(&room, |hosted| hosted.ticket(ticket)),
            Command::Recover(room) => self.recover(*room),
            #[cfg(test)]
            Command::Panic { room } => self.call(&room, Hosted::panic),
            Command::Stop => {
                self.rooms.drain().for_each(|(_, (hosted, _))| hosted.leave());
                return false;
            }
        }
        true
    }

    fn join(&mut self, seat: Reservation, name: PlayerName, caller: Caller) {
        let room = seat.room().clone();
        let (arrival, sync, answer) = caller.arrive();
        let (codec, token) = (arrival.codec, resume_token(&room));
        let Some(hosted) = self.find_or_open(&seat) else {
            return refuse(answer, failed());
        };
        let join = Join { name, codec, sync, token, creator: seat.creator() };
        match hosted.join(arrival, join) {
            Ok(Ok(())) => {
                seat.taken(hosted.report());
                answer.send(Ok(room)).ok();
            }
            Ok(Err(error)) => refuse(answer, error.into()),
            Err(why) => {
                refuse(answer, failed());
                self.bury(&room, &why);
            }
        }
    }

    fn resume(&mut self, room: &RoomId, token: String, caller: Caller) {
        let (arrival, sync, answer) = caller.arrive();
        let Some((hosted, _)) = self.rooms.get_mut(room) else {
            return refuse(answer, JoinError::BadResume.into());
        };
        let codec = arrival.codec;
        let resume = Resume { codec, sync, token, fresh_token: resume_token(room) };
        match hosted.resume(arrival, resume) {
            Ok(Ok(())) => drop(answer.send(Ok(room.clone()))),
            Ok(Err(error)) => refuse(answer, error.into()),
            Err(why) => {
                refuse(answer, failed());
                self.bury(room, &why);
            }
        }
    }

    fn message(&mut self, room: &RoomId, from: ConnectionId, message: ClientMessage) {
        // If the room has failed in the meantime, the connection is being told.
        let Some((hosted, _)) = self.rooms.get_mut(room) else { return };
        let frees_a_seat = message == ClientMessage::Leave;
        if let Err(why) = hosted.message(from, message) {
            self.bury(room, &why);
        } else if frees_a_seat && let Some(status) = hosted.news() {
            self.directory.update(room, status);
        }
    }

    fn call(&mut self, room: &RoomId, call: impl FnOnce(&mut Hosted) -> Result<(), Failed>) {
        let Some((hosted, _)) = self.rooms.get_mut(room) else { return };
        if let Err(why) = call(hosted) {
            self.bury(room, &why);
        }
    }

    fn recover(&mut self, room: RecoveredRoom) {
        let RecoveredRoom { id, code, mode, recovery, journal } = room;
        let (config, keeper) = (self.config(&id, code, &mode), self.keeper(&id, code, &mode));
        let measures = Arc::clone(&self.measures);
        match Hosted::recover(id.clone(), config, recovery, journal, keeper, measures) {
            Ok(mut hosted) => {
                self.directory.update(&id, hosted.report());
                self.host(id, &mode, hosted);
            }
            Err(why) => self.bury(&id, &why),
        }
    }

    fn config(&self, room: &RoomId, code: Option<RoomCode>, mode: &Mode) -> RoomConfig {
        RoomConfig {
            id: room.as_str().to_owned(),
            code,
            mode: mode.clone(),
            policy: self.policy,
            server: concat!("bolide ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    fn keeper(&self, room: &RoomId, code: Option<RoomCode>, mode: &Mode) -> Keeper {
        match &self.store {
            None => Keeper::Nowhere,
            Some(store) => Keeper::Store {
                store: store.clone(),
                shard: self.itself.clone(),
                room: room.clone(),
                mode: mode.name.clone(),
                code,
            },
        }
    }

    fn host(&mut self, room: RoomId, mode: &Mode, hosted: Hosted) {
        let rate = mode.rules.tick_rate;
        let schedule = Schedule::new(self.epoch, Instant::now(), rate, self.opened);
        self.opened += 1;
        // A room that begins again has a turn already.
        self.agenda.retain(|Reverse((_, other))| *other != room);
        self.agenda.push(Reverse((schedule.due(), room.clone())));
        info!(%room, mode = mode.name, shard = self.number, "room opened");
        self.rooms.insert(room, (hosted, schedule));
        self.measures.rooms_opened.add(1);
        self.measures.rooms.set(self.rooms.len() as u64);
    }

    fn find_or_open(&mut self, seat: &Reservation) -> Option<&mut Hosted> {
        let (room, code, mode) = (seat.room(), seat.code(), seat.mode());
        if !self.rooms.contains_key(room) {
            if !self.directory.open(room) {
                return None;
            }
            let (config, keeper) = (self.config(room, code, mode), self.keeper(room, code, mode));
            let (journal, measures) = (self.journals.of_room(), Arc::clone(&self.measures));
            match Hosted::open(room.clone(), config, journal, keeper, measures) {
                Ok(hosted) => self.host(room.clone(), mode, hosted),
                Err(why) => {
                    self.bury(room, &why);
                    return None;
                }
            }
        }
        self.rooms.get_mut(room).map(|(hosted, _)| hosted)
    }

    fn tick_rooms(&mut self, now: Instant) {
        while let Some(Reverse((due, _))) = self.agenda.peek()
            && *due <= now
            && let Some(Reverse((_, room))) = self.agenda.pop()
        {
            self.tick_room(room, now);
        }
    }

    fn tick_room(&mut self, room: RoomId, now: Instant) {
        let Some((hosted, schedule)) = self.rooms.get_mut(&room) else { return };
        let mut began = Instant::now();
        let late = began.saturating_duration_since(schedule.due());
        let turn = schedule.turn(now);
        let due = schedule.due();
        self.measures.turn(late, turn.ticks, turn.slipped);
        let ticked = (0..turn.ticks).try_for_each(|_| {
            let ticked = hosted.tick();
            let ended = Instant::now();
            self.measures.tick(&mut self.peak, ended - began, ended);
            began = ended;
            ticked
        });
        let news = if ticked.is_ok() { hosted.news() } else { None };
        let unused = hosted.is_empty();
        if let Some(status) = news {
            self.directory.update(&room, status);
        }
        if let Some(behind) = turn.slipped {
            self.complain(behind, now);
        }
        if let Err(why) = ticked {
            self.bury(&room, &why);
        } else if unused && self.directory.remove_if_unused(&room) {
            if let Some(hosted) = self.take(&room) {
                hosted.close();
            }
            self.falls.remove(&room);
            info!(%room, "room closed");
        } else {
            self.agenda.push(Reverse((due, room)));
        }
    }

    /// Takes a room off the shard.
    fn take(&mut self, room: &RoomId) -> Option<Hosted> {
        let taken = self.rooms.remove(room);
        self.measures.rooms.set(self.rooms.len() as u64);
        taken.map(|(hosted, _)| hosted)
    }

    /// Begins a room that panicked again, from its journal; but not for ever at the same tick: what makes it panic is there.
    fn restart(&mut self, room: &RoomId) {
        let Some(hosted) = self.take(room) else { return };
        self.measures.rooms_failed.add(1);
        let Fallen { tick, room: kept } = hosted.fall();
        let falls = self.falls.entry(room.clone()).or_insert((tick, 0));
        *falls = if falls.0 == tick { (tick, falls.1 + 1) } else { (tick, 1) };
        let (matches, hopeless) = (kept.matches.clone(), falls.1 >= FALLS_MAX);
        let journals = self.journals.clone();
        let again = move || recovery::restart(kept, &journals).map_err(|why| why.to_string());
        let again = catch_unwind(AssertUnwindSafe(again));
        let again = again.unwrap_or_else(|_| Err("its replay panics".to_owned()));
        let why = match again {
            Ok(again) if !hopeless => {
                error!(%room, %tick, "the room panicked and begins again from its journal");
                return self.recover(again);
            }
            Ok(_) => format!("the room panicked {FALLS_MAX} times after tick {tick}"),
            Err(why) => why,
        };
        error!(%room, %tick, "the room panicked and is put aside: {why}");
        for (_, id) in matches {
            if let Err(error) = self.journals.put_aside(id, &why) {
                error!(%room, %error, "its journal cannot be put aside");
            }
        }
        self.falls.remove(room);
        self.directory.remove(room);
        if let Some(store) = &self.store {
            store.forget_room(room);
        }
    }

    /// Removes a room that failed. The directory first: nobody is sent to it any more.
    fn bury(&mut self, room: &RoomId, why: &Failed) {
        if matches!(why, Failed::Panicked) && self.rooms.contains_key(room) {
            return self.restart(room);
        }
        error!(%room, "the room failed and is removed: {why}");
        self.directory.remove(room);
        self.falls.remove(room);
        self.measures.rooms_failed.add(1);
        if let Some(hosted) = self.take(room) {
            hosted.bury(why);
        }
    }

    fn complain(&mut self, behind: Duration, now: Instant) {
        if self.complained.is_none_or(|last| now - last > Duration::from_secs(COMPLAINT_S)) {
            self.complained = Some(now);
            let late_ms = u64::try_from(behind.as_millis()).unwrap_or(u64::MAX);
            warn!(
                shard = self.number,
                late_ms, "ticks come too late; this machine is too busy for its rooms"
            );
        }
    }
}

impl Caller {
    fn arrive(self) -> (Arrival, SyncMode, oneshot::Sender<Answer>) {
        let Caller { connection, codec, sync, outbox, answer } = self;
        (Arrival { connection, codec, outbox }, sync, answer)
    }
}

impl From<JoinError> for Refusal {
    fn from(error: JoinError) -> Refusal {
        Refusal { code: error.code(), text: error.to_string() }
    }
}

fn failed() -> Refusal {
    Refusal { code: ErrorCode::RoomFailed, text: "this room failed; please join again".to_owned() }
}

/// If nobody waits for the answer any more, the connection has ended: the seat is let go by its outbox.
fn refuse(answer: oneshot::Sender<Answer>, refusal: Refusal) {
    answer.send(Err(refusal)).ok();
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bolide_net::{Codec, NewRoom, PlayerName, SyncMode, WantedRoom};
    use bolide_room::{ConnectionId, RoomPolicy};
    use bolide_sim::preset;
    use tokio::sync::oneshot;

    use super::{Answer, Caller, Command, Inbox, start};
    use crate::directory::Directory;
    use crate::journals::Journals;
    use crate::outbox::Outbox;
    use crate::store::Store;
    use crate::testing::Folder;
    use crate::token::RoomId;

    fn caller(connection: u64) -> (Caller, Arc<Outbox>, oneshot::Receiver<Answer>) {
        let outbox = Arc::new(Outbox::unconnected());
        let (answer, answered) = oneshot::channel();
        let (codec, sync) = (Codec::Json, SyncMode::Full);
        let connection = ConnectionId(connection);
        let caller = Caller { connection, codec, sync, outbox: Arc::clone(&outbox), answer };
        (caller, outbox, answered)
    }

    /// What the outbox is told until it says that.
    fn until(outbox: &Outbox, what: &str) -> String {
        let mut told = String::new();
        let patience = Instant::now() + Duration::from_secs(30);
        while !told.contains(what) {
            assert!(Instant::now() < patience, "{what} is not in {told}");
            told += &String::from_utf8_lossy(&outbox.taken());
            std::thread::yield_now();
        }
        told
    }

    fn token(welcome: &str) -> String {
        let (_, token) = welcome.split_once("\"resume\":\"").expect("a token");
        token.split('"').next().expect("its end").to_owned()
    }

    /// What opens the room of a welcome.
    fn code(welcome: &str) -> &str {
        let (_, code) = welcome.split_once("\"code\":\"").expect("a private room");
        code.split('"').next().expect("its end")
    }

    fn resume(inbox: &Inbox, room: &RoomId, token: String, connection: u64) -> Arc<Outbox> {
        let (caller, outbox, _answered) = caller(connection);
        inbox.put(Command::Resume { room: room.clone(), token, caller });
        outbox
    }

    /// A panic costs the sessions of the room a reconnect, and nobody else anything; one that comes back at the same tick is
    /// given up, with the journal kept.
    #[test]
    fn a_room_that_panics_begins_again_from_its_journal_but_not_for_ever() {
        let folder = Folder::new();
        let directory = Arc::new(Directory::new(100, 100, 1));
        let journals = Journals::open(&folder.0).expect("a folder");
        let (store, ..) = Store::open(&folder.0).expect("a store");
        let policy = RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() };
        let (inbox, _thread) =
            start(0, Arc::clone(&directory), policy, journals, Some(store), Arc::default())
                .expect("a thread");
        let mut welcomes = Vec::new();
        for (connection, mode) in [(1, "duel"), (2, "brawl")] {
            let mode = preset(mode).expect("a preset");
            let private = WantedRoom::New(NewRoom::Private);
            let seat = directory.reserve(&private, &mode).expect("a seat");
            let room = seat.room().clone();
            let (caller, outbox, _answered) = caller(connection);
            let name = PlayerName::parse("Ada").expect("a name");
            inbox.put(Command::Join { seat, name, caller });
            welcomes.push((room, until(&outbox, "welcome"), outbox));
        }
        let [(room, welcome, outbox), (_, _, neighbour)] = &welcomes[..] else { panic!("two") };
        until(outbox, "[1,");
        inbox.put(Command::Panic { room: room.clone() });
        let outbox = resume(&inbox, room, token(welcome), 10);
        let told = until(&outbox, "[1,");
        assert_eq!(code(&told), code(welcome), "it is as private as it was");
        // Between these no tick is stepped, because nobody has come back.
        for _ in 0..3 {
            inbox.put(Command::Panic { room: room.clone() });
        }
        until(neighbour, "[1,");
        assert!(neighbour.closing().is_none(), "its neighbour has noticed nothing");
        let patience = Instant::now() + Duration::from_secs(30);
        while directory.shard_of(room).is_some() {
            assert!(Instant::now() < patience, "it is given up");
            std::thread::yield_now();
        }
        let aside = fs::read_dir(folder.0.join("journals/quarantine")).expect("a folder").count();
        assert_eq!(aside, 2, "a journal and a reason");
    }
}
