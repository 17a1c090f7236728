//! A thread that runs rooms. Between two ticks it sleeps; what connections sent meanwhile is handled before
//! the next tick. It never waits for a socket or another thread. Of the disk it wants that the system takes what a tick
//! adds to a journal, mostly into memory.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, Codec, ErrorCode, PlayerName, SyncMode};
use bolide_room::{ConnectionId, Join, JoinError, Resume, RoomConfig, RoomPolicy};
use bolide_sim::Mode;
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::directory::{Directory, Reservation};
use crate::hosted::{Arrival, Failed, Hosted};
use crate::journals::Journals;
use crate::measures::{Kind, Measures, Peak};
use crate::outbox::Outbox;
use crate::schedule::Schedule;
use crate::token::{RoomId, resume_token};

/// Commands that may wait for a shard. It empties its inbox before each tick of any of its rooms, so this is
/// what thousands of connections send in one tick.
const INBOX_COMMANDS_MAX: usize = 8192;

/// How long a connection waits before it tries a full inbox again.
const RETRY: Duration = Duration::from_millis(5);

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
    /// End the shard. Its rooms are dropped.
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
    rooms: HashMap<RoomId, (Hosted, Schedule)>,
    /// When which room ticks next. A room that is gone is left out when its turn comes.
    agenda: BinaryHeap<Reverse<(Instant, RoomId)>>,
    opened: u64,
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
    measures: Arc<Measures>,
) -> std::io::Result<(Inbox, JoinHandle<()>)> {
    let (sender, inbox) = sync_channel(INBOX_COMMANDS_MAX);
    let (rooms, agenda) = (HashMap::new(), BinaryHeap::new());
    let shard = Shard {
        number,
        inbox,
        directory,
        policy,
        journals,
        rooms,
        agenda,
        opened: 0,
        epoch: Instant::now(),
        complained: None,
        measures,
        peak: Peak::new(Instant::now()),
    };
    let thread =
        thread::Builder::new().name(format!("shard-{number}")).spawn(move || shard.run())?;
    Ok((Inbox(sender), thread))
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
            Command::Stop => {}
        }
        match command {
            Command::Join { seat, name, caller } => self.join(seat, name, caller),
            Command::Resume { room, token, caller } => self.resume(&room, token, caller),
            Command::Message { room, from, message } => {
                self.message(&room, from, message);
            }
            Command::Stop => return false,
        }
        true
    }

    fn join(&mut self, seat: Reservation, name: PlayerName, caller: Caller) {
        let room = seat.room().clone();
        let (arrival, sync, answer) = caller.arrive();
        let codec = arrival.codec;
        let Some(hosted) = self.find_or_open(&room, seat.mode()) else {
            return refuse(answer, failed());
        };
        match hosted.join(arrival, Join { name, codec, sync, token: resume_token(&room) }) {
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

    fn find_or_open(&mut self, room: &RoomId, mode: &Mode) -> Option<&mut Hosted> {
        if !self.rooms.contains_key(room) {
            if !self.directory.open(room) {
                return None;
            }
            let config = RoomConfig {
                id: room.as_str().to_owned(),
                mode: mode.clone(),
                policy: self.policy,
                server: concat!("bolide ", env!("CARGO_PKG_VERSION")).to_owned(),
            };
            let measures = Arc::clone(&self.measures);
            let journal = self.journals.of_room();
            let hosted = match Hosted::open(room.clone(), config, journal, measures) {
                Ok(hosted) => hosted,
                Err(why) => {
                    self.bury(room, &why);
                    return None;
                }
            };
            let rate = mode.rules.tick_rate;
            let schedule = Schedule::new(self.epoch, Instant::now(), rate, self.opened);
            self.opened += 1;
            self.agenda.push(Reverse((schedule.due(), room.clone())));
            self.rooms.insert(room.clone(), (hosted, schedule));
            self.measures.rooms_opened.add(1);
            self.measures.rooms.set(self.rooms.len() as u64);
            info!(%room, mode = mode.name, shard = self.number, "room opened");
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
            self.rooms.remove(&room);
            self.measures.rooms.set(self.rooms.len() as u64);
            info!(%room, "room closed");
        } else {
            self.agenda.push(Reverse((due, room)));
        }
    }

    /// Removes a room that failed. The directory first: nobody is sent to it any more.
    fn bury(&mut self, room: &RoomId, why: &Failed) {
        error!(%room, "the room failed and is removed: {why}");
        self.directory.remove(room);
        self.measures.rooms_failed.add(1);
        if let Some((hosted, _)) = self.rooms.remove(room) {
            self.measures.rooms.set(self.rooms.len() as u64);
            hosted.bury();
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
