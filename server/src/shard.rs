//! A thread that runs rooms, and the tasks of the connections that joined them. Between two ticks it sleeps, sockets or not:
//! what clients sent meanwhile is read, all of it at once, and handled before the next tick, which is the first that could
//! heed it. It never waits for a socket, the disk or another thread: what its ticks add to journals another thread writes,
//! and wakes this one when their frames may leave; what it has to do for that is in `journaling`.

mod journaling;
mod restarting;
mod rooms;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, ErrorCode, RoomCode};
use bolide_room::{ConnectionId, Join, JoinError, Resume, RoomConfig, RoomPolicy};
use bolide_sim::{Mode, Tick};
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tracing::{error, info, warn};

pub(crate) use self::rooms::RoomKey;

use self::journaling::Sleeper;
use self::rooms::Rooms;
use crate::directory::{Directory, Reservation};
use crate::hosted::{Failed, Hosted};
use crate::inbox::{Answer, Comeback, Command, INBOX_COMMANDS_MAX, Inbox, Newcomer, Refusal};
use crate::journal::{BatchNumber, Durability, JournalThread, RoomJournal};
use crate::journals::Journals;
use crate::keeper::Keeper;
use crate::measures::{Kind, Measures, Peak};
use crate::recovery::RecoveredRoom;
use crate::schedule::Schedule;
use crate::store::Store;
use crate::token::{RoomId, resume_token};

/// How long a shard may sleep. It matters to whoever waits for more than a tick: a large frame that goes in pieces, the
/// answer to a ping or a close frame.
const SLEEP_MAX: Duration = Duration::from_millis(8);

/// Seconds between two complaints about ticks that come too late.
const COMPLAINT_S: u64 = 10;

/// The rooms of one thread.
struct Shard {
    number: usize,
    inbox: mpsc::Receiver<Command>,
    directory: Arc<Directory>,
    policy: RoomPolicy,
    journals: Option<Journals>,
    /// Who writes them, if there are any.
    journal: Option<(JournalThread, JoinHandle<()>)>,
    /// Up to which batch that is done, as far as the shard has heard.
    heard: BatchNumber,
    /// Rooms whose frames wait for a later one.
    holding: Vec<RoomKey>,
    /// Where rooms outlive the process, if they do.
    store: Option<Store>,
    /// The way into this shard.
    itself: Inbox,
    rooms: Rooms<(Hosted, Schedule)>,
    /// When which room ticks next. A room that is gone is left out when its turn comes.
    agenda: BinaryHeap<Reverse<(Instant, RoomKey)>>,
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
    (journals, durability): (Option<Journals>, Durability),
    store: Option<Store>,
    measures: Arc<Measures>,
) -> std::io::Result<(Inbox, JoinHandle<()>)> {
    let sleeper = Arc::new(Sleeper::default());
    let journal = match &journals {
        Some(journals) => {
            let (files, measures) = (journals.files()?, Arc::clone(&measures));
            let sleeper = Arc::clone(&sleeper);
            let wake = move || sleeper.wake();
            Some(JournalThread::start(number, files, durability, measures, wake)?)
        }
        None => None,
    };
    // Whoever asks it for a turn gets all that is ready done.
    let runtime = runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(u32::MAX)
        .build()?;
    let (itself, inbox) = Inbox::new(runtime.handle().clone());
    let (rooms, agenda) = (Rooms::new(), BinaryHeap::new());
    let shard = Shard {
        number,
        inbox,
        directory,
        policy,
        journals,
        journal,
        heard: BatchNumber::default(),
        holding: Vec::new(),
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
    let thread = thread::Builder::new()
        .name(format!("shard-{number}"))
        .spawn(move || shard.run(&runtime))?;
    sleeper.is(thread.thread());
    Ok((itself, thread))
}

impl Shard {
    fn run(mut self, runtime: &Runtime) {
        runtime.block_on(async {
            while self.handle_commands().await {
                self.tick_rooms(Instant::now());
                self.submit();
            }
        });
    }

    /// Sleeps until the next tick, or for a while, and handles what has come meanwhile; false when the shard is to end.
    async fn handle_commands(&mut self) -> bool {
        let Some(Reverse((due, _))) = self.agenda.peek() else {
            // Without a room there is no next tick.
            return self.inbox.recv().await.is_some_and(|command| self.handle(command));
        };
        // The whole thread: to be woken by each of a thousand sockets would cost more than to read them.
        self.sleep((*due).min(Instant::now() + SLEEP_MAX));
        // The first turn learns which sockets are ready, in the second their tasks run.
        yield_now().await;
        yield_now().await;
        for _ in 0..INBOX_COMMANDS_MAX {
            let Ok(command) = self.inbox.try_recv() else { break };
            if !self.handle(command) {
                return false;
            }
        }
        true
    }

    fn handle(&mut self, command: Command) -> bool {
        match command {
            Command::Input { room, from, input } => {
                self.message(room, from, ClientMessage::Input(input));
            }
            Command::Message { room, from, message } => self.message(room, from, *message),
            Command::Join(newcomer) => self.join(*newcomer),
            Command::Resume(comeback) => self.resume(*comeback),
            Command::Saved { room, number } => self.call_known(&room, |it| it.saved(number)),
            Command::Ticket { room, ticket } => self.call_known(&room, |it| it.ticket(ticket)),
            Command::Recover(room) => self.recover(*room),
            #[cfg(test)]
            Command::Panic { room } => self.call_known(&room, Hosted::panic),
            Command::Stop => {
                self.rooms.drain().for_each(|(hosted, _)| hosted.leave());
                if let Some((journal, thread)) = self.journal.take() {
                    journal.end();
                    thread.join().ok();
                }
                return false;
            }
        }
        true
    }

    fn join(&mut self, newcomer: Newcomer) {
        let Newcomer { seat, name, caller } = newcomer;
        self.measures.message(Kind::Hello);
        let (arrival, sync, answer) = caller.arrive();
        let (codec, token) = (arrival.codec, resume_token(seat.room()));
        let Some((key, hosted)) = self.find_or_open(&seat) else {
            return refuse(answer, failed());
        };
        let join = Join { name, codec, sync, token, creator: seat.creator() };
        match hosted.join(arrival, join) {
            Ok(Ok(())) => {
                seat.taken(hosted.report());
                answer.send(Ok(key)).ok();
            }
            Ok(Err(error)) => refuse(answer, error.into()),
            Err(why) => {
                refuse(answer, failed());
                self.bury(seat.room(), &why);
            }
        }
    }

    fn resume(&mut self, comeback: Comeback) {
        let Comeback { room, token, caller } = comeback;
        self.measures.message(Kind::Hello);
        let (arrival, sync, answer) = caller.arrive();
        let Some((key, (hosted, _))) = self.rooms.known(&room) else {
            return refuse(answer, JoinError::BadResume.into());
        };
        let codec = arrival.codec;
        let resume = Resume { codec, sync, token, fresh_token: resume_token(&room) };
        match hosted.resume(arrival, resume) {
            Ok(Ok(())) => drop(answer.send(Ok(key))),
            Ok(Err(error)) => refuse(answer, error.into()),
            Err(why) => {
                refuse(answer, failed());
                self.bury(&room, &why);
            }
        }
    }

    fn message(&mut self, room: RoomKey, from: ConnectionId, message: ClientMessage) {
        self.measures.message((&message).into());
        // If the room has failed in the meantime, the connection is being told.
        let Some((hosted, _)) = self.rooms.get_mut(room) else { return };
        let frees_a_seat = message == ClientMessage::Leave;
        if let Err(why) = hosted.message(from, message) {
            let id = hosted.id().clone();
            self.bury(&id, &why);
        } else if frees_a_seat && let Some(status) = hosted.news() {
            self.directory.update(hosted.id(), status);
        }
    }

    fn call_known(&mut self, room: &RoomId, call: impl FnOnce(&mut Hosted) -> Result<(), Failed>) {
        if let Some(room) = self.rooms.key(room) {
            self.call(room, call);
        }
    }

    fn call(&mut self, room: RoomKey, call: impl FnOnce(&mut Hosted) -> Result<(), Failed>) {
        let Some((hosted, _)) = self.rooms.get_mut(room) else { return };
        if let Err(why) = call(hosted) {
            let id = hosted.id().clone();
            self.bury(&id, &why);
        }
    }

    fn recover(&mut self, room: RecoveredRoom) {
        let RecoveredRoom { id, code, mode, recovery, journal } = room;
        let (config, keeper) = (self.config(&id, code, &mode), self.keeper(&id, code, &mode));
        let measures = Arc::clone(&self.measures);
        let must_begin = journal.whole_bytes.is_none().then_some(journal.id);
        let journal = RoomJournal::go_on(self.journal_thread(), journal);
        match Hosted::recover(id.clone(), config, recovery, journal, keeper, measures) {
            Ok(mut hosted) => {
                self.directory.update(&id, hosted.report());
                let room = self.host(&mode, hosted);
                if let Some(of_match) = must_begin {
                    self.call(room, |hosted| hosted.begin_segment(of_match));
                    self.note_if_holding(room);
                }
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

    fn host(&mut self, mode: &Mode, hosted: Hosted) -> RoomKey {
        let rate = mode.rules.tick_rate;
        let schedule = Schedule::new(self.epoch, Instant::now(), rate, self.opened);
        self.opened += 1;
        info!(room = %hosted.id(), mode = mode.name, shard = self.number, "room opened");
        let due = schedule.due();
        let room = self.rooms.insert(hosted.id().clone(), (hosted, schedule));
        self.agenda.push(Reverse((due, room)));
        self.measures.rooms_opened.add(1);
        self.measures.rooms.set(self.rooms.len() as u64);
        room
    }

    fn find_or_open(&mut self, seat: &Reservation) -> Option<(RoomKey, &mut Hosted)> {
        let (room, code, mode) = (seat.room(), seat.code(), seat.mode());
        if self.rooms.key(room).is_none() {
            if !self.directory.open(room) {
                return None;
            }
            let (config, keeper) = (self.config(room, code, mode), self.keeper(room, code, mode));
            let journal = RoomJournal::new(self.journal_thread());
            let measures = Arc::clone(&self.measures);
            match Hosted::open(room.clone(), config, journal, keeper, measures) {
                Ok(hosted) => drop(self.host(mode, hosted)),
                Err(why) => {
                    self.bury(room, &why);
                    return None;
                }
            }
        }
        self.rooms.known(room).map(|(key, (hosted, _))| (key, hosted))
    }

    fn tick_rooms(&mut self, now: Instant) {
        while let Some(Reverse((due, _))) = self.agenda.peek()
            && *due <= now
            && let Some(Reverse((_, room))) = self.agenda.pop()
        {
            self.tick_room(room, now);
        }
    }

    fn tick_room(&mut self, room: RoomKey, now: Instant) {
        let Some((hosted, schedule)) = self.rooms.get_mut(room) else { return };
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
        if ticked.is_ok()
            && let Some(status) = hosted.news()
        {
            self.directory.update(hosted.id(), status);
        }
        match ticked {
            Err(why) => {
                let id = hosted.id().clone();
                self.bury(&id, &why);
            }
            Ok(()) if hosted.is_empty() && self.directory.remove_if_unused(hosted.id()) => {
                let id = hosted.id().clone();
                self.close(&id);
            }
            Ok(()) => {
                if hosted.begins_to_hold() {
                    self.holding.push(room);
                }
                self.agenda.push(Reverse((due, room)));
            }
        }
        if let Some(behind) = turn.slipped {
            self.complain(behind, now);
        }
    }

    /// Nobody is in the room, nor will be.
    fn close(&mut self, room: &RoomId) {
        if let Some(hosted) = self.take(room) {
            hosted.close();
        }
        self.falls.remove(room);
        info!(%room, "room closed");
    }

    /// Takes a room off the shard.
    fn take(&mut self, room: &RoomId) -> Option<Hosted> {
        let taken = self.rooms.remove(room);
        self.measures.rooms.set(self.rooms.len() as u64);
        taken.map(|(hosted, _)| hosted)
    }

    /// Removes a room that failed. The directory first: nobody is sent to it any more.
    fn bury(&mut self, room: &RoomId, why: &Failed) {
        if matches!(why, Failed::Panicked) && self.rooms.key(room).is_some() {
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

fn failed() -> Refusal {
    Refusal { code: ErrorCode::RoomFailed, text: "this room failed; please join again".to_owned() }
}

/// If nobody waits for the answer any more, the connection has ended: the seat is let go by its outbox.
fn refuse(answer: oneshot::Sender<Answer>, refusal: Refusal) {
    answer.send(Err(refusal)).ok();
}

#[cfg(test)]
mod tests;
