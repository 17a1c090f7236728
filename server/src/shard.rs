//! A thread that runs rooms, and reads and writes the sockets of their clients. It sleeps between
//! two slots, even if sockets become ready. Just before a room ticks, all that its clients sent
//! meanwhile is read and handled, because that tick is the first that can use it; see `reading`.
//! While the shard runs it never waits for a socket, the disk or another thread. Another thread
//! writes the journals of its ticks, and wakes this one when their frames may be sent; see
//! `journaling`.

pub(crate) mod handle;
mod journaling;
mod notices;
mod panics;
mod reading;
mod room_table;
mod running_room;
mod schedule;
mod shedding;
mod start;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bolide_net::{ErrorCode, RoomCode};
use bolide_room::{Join, JoinError, Resume, RoomConfig, RoomId, RoomPolicy, Terms};
use bolide_sim::{Mode, Tick};
use bolide_storage::{
    AckReceiver, AckSender, BatchNumber, JournalError, JournalThread, Restorer, RoomJournal, Store,
};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use self::handle::{COMMANDS_MAX, JoinReply, JoinRequest, Requester, ResumeRequest, ShardCommand};
use self::reading::ReadySockets;
use self::room_table::{RoomKey, RoomTable};
use self::running_room::RunningRoom;
use self::schedule::{HALF_SLOT, Schedule};
use self::shedding::Shedding;
pub(crate) use self::start::{ShardContext, start};
use crate::config::Modes;
use crate::connection::join_refusal::JoinRefusal;
use crate::directory::{Directory, Reservation};
use crate::measure::heartbeat::Heartbeat;
use crate::measure::reasons::DropReason;
use crate::measure::shard_metrics::{Kind, Peak, ShardMetrics};
use crate::random::resume_token;
use crate::rooms::room_store::RoomStore;
use crate::rooms::{
    DriverContext, Entered, Entry, RoomCommand, RoomDriver, RoomEnd, RoomFailed, RoomSetup,
    Scratch, Snapshots,
};

/// Longest sleep of a shard. Clients that join wait for that.
const SLEEP_MAX: Duration = Duration::from_millis(8);

/// Seconds between two warnings about late ticks.
const WARNING_INTERVAL_S: u64 = 10;

/// The rooms of one thread.
struct Shard {
    number: usize,
    commands: mpsc::Receiver<ShardCommand>,
    directory: Arc<Directory>,
    policy: RoomPolicy,
    modes: Modes,
    /// Restores rooms that failed, if rooms outlive the process.
    restorer: Option<Restorer>,
    /// The thread that writes the journals, if there are any.
    journal: Option<(JournalThread, JoinHandle<()>)>,
    /// The newest batch known to be done.
    written: BatchNumber,
    /// Rooms whose frames wait for a later batch.
    deferring: Vec<RoomKey>,
    /// The store, if rooms outlive the process.
    store: Option<Store>,
    /// The acknowledgements of the store, and the sending end for the store.
    acks: AckReceiver,
    ack_sender: AckSender,
    rooms: RoomTable<RunningRoom>,
    /// The time of each room's next tick. A room that is gone is skipped when its turn comes.
    agenda: BinaryHeap<Reverse<(Instant, RoomKey)>>,
    opened: u64,
    /// Rooms that panicked, with the tick before the panic, and how often they panicked there.
    panics: HashMap<RoomId, (Tick, u32)>,
    /// The epoch that all schedules share.
    epoch: Instant,
    shedding: Shedding,
    warned_at: Option<Instant>,
    heartbeat: Heartbeat,
    peak: Peak,
    metrics: Arc<ShardMetrics>,
    ready: ReadySockets,
    /// The state that its rooms share with it.
    context: DriverContext,
    /// The memory that it lends to the room that it calls.
    scratch: Scratch,
    /// The number of clients when the server was asked to stop, if it was. From then on no room
    /// ticks.
    draining: Option<u32>,
}

impl Shard {
    fn run(mut self) {
        // Caught here, because in the caller the rooms would be dropped already.
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        if let Err(panic) = worked {
            self.close_all();
            resume_unwind(panic);
        }
    }

    fn work(&mut self) {
        while self.handle_commands().is_continue() {
            let now = Instant::now();
            self.heartbeat.begin(now);
            self.tick_rooms(now);
            self.submit();
        }
    }

    /// Sleeps until the next tick, but not too long, then handles what has arrived meanwhile.
    /// Breaks when the shard is to end.
    fn handle_commands(&mut self) -> ControlFlow<()> {
        let Some(due) = self.next_due() else {
            self.heartbeat.rest();
            let command = self.commands.blocking_recv();
            self.heartbeat.begin(Instant::now());
            return command.map_or(ControlFlow::Break(()), |command| self.handle(command));
        };
        // Ready sockets do not end the sleep: a wakeup for each of a thousand would cost more than
        // reading them.
        self.sleep(due.min(Instant::now() + SLEEP_MAX));
        self.poll_store();
        self.ready.poll();
        for _ in 0..COMMANDS_MAX {
            let Ok(command) = self.commands.try_recv() else { break };
            self.handle(command)?;
        }
        ControlFlow::Continue(())
    }

    /// The time of the next tick, if a room has one. There are no ticks once the server stops: a
    /// tick without the players would leave their bodies to bots and to the zone.
    fn next_due(&self) -> Option<Instant> {
        let next = self.agenda.peek().filter(|_| self.draining.is_none());
        next.map(|Reverse((due, _))| *due)
    }

    fn handle(&mut self, command: ShardCommand) -> ControlFlow<()> {
        match command {
            ShardCommand::Join(request) => self.join(*request),
            ShardCommand::Resume(request) => self.resume(*request),
            ShardCommand::Host(room) => self.host_image(*room),
            ShardCommand::Notify { notice, reached } => {
                reached.send(self.notify(&notice)).ok();
            }
            #[cfg(test)]
            ShardCommand::Panic { room: Some(room) } => {
                let room = self.rooms.key(&room);
                room.into_iter().for_each(|room| self.command(room, RoomCommand::Panic));
            }
            #[cfg(test)]
            ShardCommand::Panic { room: None } => panic!("on purpose"),
            #[cfg(test)]
            ShardCommand::EndJournal => self.journal_thread().expect("there are journals").end(),
            ShardCommand::Drain { open } => {
                self.draining = Some(open);
                for room in self.rooms.keys() {
                    self.command(room, RoomCommand::Drain { open });
                }
            }
            ShardCommand::Stop => {
                // The disk may have refused something since the last tick.
                self.poll_journal();
                self.leave_rooms();
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Leaves all rooms as they are, with their journals on the disk. The next process resumes
    /// them.
    fn leave_rooms(&mut self) {
        self.rooms.drain().for_each(|running| running.driver.end(RoomEnd::Kept));
        if let Some((journal, thread)) = self.journal.take() {
            journal.end();
            thread.join().ok();
        }
    }

    /// Closes all clients after a panic of the shard, because the process is about to end. Clients
    /// in rooms resume their seats later, those still in the queue try again later.
    fn close_all(&mut self) {
        self.directory.lose_shard(self.number);
        for key in self.rooms.keys() {
            if let Some(running) = self.rooms.get_mut(key) {
                running.driver.handle(RoomCommand::LoseShard, &mut self.scratch).ok();
            }
        }
        self.commands.close();
        while let Some(command) = self.commands.blocking_recv() {
            if let Some(Requester { connection, reply, .. }) = command.into_requester() {
                reply.send(JoinReply::Seated).ok();
                self.context.registry.release(connection, DropReason::Shard.into());
            }
        }
        self.leave_rooms();
    }

    fn join(&mut self, request: JoinRequest) {
        let JoinRequest { seat, counted, name, requester } = request;
        let Requester { connection, sync, reply } = requester;
        self.metrics.message(Kind::Hello);
        let Some(key) = self.find_or_open(&seat) else {
            return drop(reply.send(JoinReply::Refused(connection, room_failed())));
        };
        let Some(running) = self.rooms.get_mut(key) else { return };
        let (codec, token) = (connection.codec(), resume_token(seat.room()));
        let join = Join { name, codec, sync, token, creator: seat.creator() };
        let entry = Entry::Join(join, counted);
        let entered = running.driver.enter(connection, entry, key.slot(), &mut self.scratch);
        let room = seat.room().clone();
        if matches!(entered, Ok(Entered::Seated(_))) {
            seat.taken(running.report());
        }
        self.reply(key, &room, entered, reply);
    }

    fn resume(&mut self, request: ResumeRequest) {
        let ResumeRequest { room, token, requester } = request;
        let Requester { connection, sync, reply } = requester;
        self.metrics.message(Kind::Hello);
        let Some((key, running)) = self.rooms.known(&room) else {
            // The room was taken out while the request was on its way.
            let is_absent = self.directory.is_absent(&room);
            let why = if is_absent {
                JoinRefusal::Drop(DropReason::Absent)
            } else {
                JoinError::BadResume.into()
            };
            return drop(reply.send(JoinReply::Refused(connection, why)));
        };
        let (codec, fresh_token) = (connection.codec(), resume_token(&room));
        let resume = Resume { codec, sync, token, fresh_token };
        let entry = Entry::Resume(resume);
        let entered = running.driver.enter(connection, entry, key.slot(), &mut self.scratch);
        self.reply(key, &room, entered, reply);
    }

    /// Replies to a client that wants to join or resume. If it has its seat, its socket is read
    /// from now on.
    fn reply(
        &mut self,
        key: RoomKey,
        room: &RoomId,
        entered: Result<Entered, RoomFailed>,
        reply: oneshot::Sender<JoinReply>,
    ) {
        match entered {
            Ok(Entered::Seated(token)) => {
                reply.send(JoinReply::Seated).ok();
                match self.draining {
                    Some(open) => self.command(key, RoomCommand::Drain { open }),
                    None => self.ready.add(token),
                }
            }
            Ok(Entered::Refused(connection, error)) => {
                reply.send(JoinReply::Refused(connection, error.into())).ok();
            }
            Err(why) => {
                // The connection is in the room and is closed with the others.
                reply.send(JoinReply::Seated).ok();
                self.fail_room(room, &why);
            }
        }
    }

    fn command(&mut self, room: RoomKey, command: RoomCommand) {
        self.call(room, |driver, scratch| driver.handle(command, scratch));
    }

    /// Calls a room, if it is still there.
    fn call(
        &mut self,
        room: RoomKey,
        call: impl FnOnce(&mut RoomDriver, &mut Scratch) -> Result<(), RoomFailed>,
    ) {
        let Some(RunningRoom { id, driver, .. }) = self.rooms.get_mut(room) else { return };
        if let Err(why) = call(driver, &mut self.scratch) {
            let id = id.clone();
            self.fail_room(&id, &why);
        }
    }

    fn config(&self, room: &RoomId, code: Option<RoomCode>, mode: &Mode) -> RoomConfig {
        RoomConfig {
            id: room.clone(),
            code,
            mode: mode.clone(),
            policy: self.modes.policy(mode, self.policy),
            server: concat!("bolide ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    fn room_store(&self, room: &RoomId, code: Option<RoomCode>, mode: &Mode) -> RoomStore {
        let Some(store) = &self.store else { return RoomStore::Nowhere };
        let store = (store.clone(), self.ack_sender.clone());
        RoomStore::store(store, room.clone(), &mode.name, code)
    }

    fn setup(&self, journal: RoomJournal, room_store: RoomStore) -> RoomSetup {
        RoomSetup { journal, room_store, context: self.context.clone() }
    }

    fn host(&mut self, id: RoomId, mode: &Mode, driver: RoomDriver) -> RoomKey {
        let rate = Terms::of(&mode.rules).rate;
        let schedule = Schedule::new(self.epoch, Instant::now(), rate, self.opened);
        self.opened += 1;
        info!(room = %id, mode = mode.name, shard = self.number, "room opened");
        let due = schedule.due();
        let running = RunningRoom::new(id.clone(), driver, schedule, Arc::clone(&self.metrics));
        let room = self.rooms.insert(id, running);
        self.agenda.push(Reverse((due, room)));
        self.metrics.rooms_opened.add(1);
        self.metrics.rooms.set(self.rooms.len() as u64);
        room
    }

    fn find_or_open(&mut self, seat: &Reservation) -> Option<RoomKey> {
        let (room, code, mode) = (seat.room(), seat.code(), seat.mode());
        if let Some(key) = self.rooms.key(room) {
            return Some(key);
        }
        if !self.directory.open(room) {
            return None;
        }
        let (config, room_store) =
            (self.config(room, code, mode), self.room_store(room, code, mode));
        let journal = RoomJournal::new(self.journal_thread());
        let setup = self.setup(journal, room_store);
        match RoomDriver::open(setup, config, &mut self.scratch) {
            Ok(driver) => Some(self.host(room.clone(), mode, driver)),
            Err(why) => {
                self.fail_room(room, &why);
                None
            }
        }
    }

    /// Ticks the rooms of the oldest slot that is due. A shard that is behind runs the next slot at
    /// once, but first submits the records of this one and sends what is written.
    fn tick_rooms(&mut self, now: Instant) {
        let Some(first) = self.next_due().filter(|due| *due <= now) else { return };
        let end = now.min(first + HALF_SLOT);
        if self.shedding.note(now.saturating_duration_since(first), now) {
            self.log_shedding();
        }
        while self.next_due().is_some_and(|due| due <= end)
            && let Some(Reverse((_, room))) = self.agenda.pop()
        {
            self.tick_room(room, now);
        }
    }

    /// Reads the clients of a room, then ticks it.
    fn tick_room(&mut self, room: RoomKey, now: Instant) {
        let Some(RunningRoom { id, driver, schedule, .. }) = self.rooms.get_mut(room) else {
            return;
        };
        if let Some(ready) = self.ready.of(room)
            && let Err(why) = driver.read_ready(ready, now, &mut self.scratch)
        {
            let id = id.clone();
            return self.fail_room(&id, &why);
        }
        let mut began = Instant::now();
        let late = began.saturating_duration_since(schedule.due());
        let before = schedule.ticks();
        let turn = schedule.turn(now);
        let due = schedule.due();
        let shows = self.shedding.shows(room.slot(), before..schedule.ticks());
        self.metrics.turn(late, turn.ticks, turn.slipped);
        self.metrics.withheld(turn.ticks - u32::from(shows).min(turn.ticks));
        let ticked = (1..=turn.ticks).try_for_each(|tick| {
            // A client cannot use a snapshot that another one follows at once.
            let is_shown = shows && tick == turn.ticks;
            let snapshots = if is_shown { Snapshots::Sent } else { Snapshots::Withheld };
            let ticked = driver.tick(snapshots, now, &mut self.scratch);
            let ended = Instant::now();
            self.metrics.tick(&mut self.peak, ended - began, ended);
            began = ended;
            ticked
        });
        match ticked {
            Ok(()) => self.end_turn(room, due),
            Err(why) => {
                let id = id.clone();
                self.fail_room(&id, &why);
            }
        }
        if let Some(behind) = turn.slipped {
            self.warn_late(behind, now);
        }
    }

    /// Reports what the turn of a room has changed. Closes the room if nobody is in it, and
    /// otherwise plans its next tick.
    fn end_turn(&mut self, room: RoomKey, due: Instant) {
        let Some(running) = self.rooms.get_mut(room) else { return };
        let status = running.driver.status();
        if running.is_news(status.room) {
            self.directory.update(&running.id, status.room);
        }
        if status.is_empty && self.directory.remove_if_unused(&running.id) {
            let id = running.id.clone();
            return self.close(&id);
        }
        self.note_if_deferring(room);
        self.agenda.push(Reverse((due, room)));
    }

    /// Closes a room that has no client and no seat, and will have none.
    fn close(&mut self, room: &RoomId) {
        if let Some(driver) = self.take(room) {
            driver.end(RoomEnd::Closed);
        }
        self.panics.remove(room);
        info!(%room, "room closed");
    }

    /// Takes a room off the shard.
    fn take(&mut self, room: &RoomId) -> Option<RoomDriver> {
        let taken = self.rooms.remove(room);
        self.metrics.rooms.set(self.rooms.len() as u64);
        taken.map(|running| running.driver)
    }

    /// Removes a room that failed. It is restored if a client may have seen a tick of it. The
    /// directory is updated first, so that no client is sent to the room any more.
    fn fail_room(&mut self, room: &RoomId, why: &RoomFailed) {
        // Then no room of this shard can be journaled. The shard ends and leaves all rooms to the
        // next process.
        assert!(!matches!(why, RoomFailed::Journal(JournalError::ThreadEnded)), "{why}");
        self.metrics.rooms_failed.add(1);
        let Some(driver) = self.take(room) else {
            error!(%room, "the room cannot be opened: {why}");
            return self.directory.remove(room);
        };
        if let Err(driver) = self.take_out(driver, why) {
            error!(%room, "the room failed and is removed: {why}");
            self.directory.remove(room);
            driver.end(RoomEnd::Failed(why));
        }
    }

    fn log_shedding(&self) {
        let (shard, interval_ticks) = (self.number, self.shedding.interval_ticks());
        self.metrics.snapshot_interval_ticks.set(interval_ticks.into());
        if interval_ticks > 1 {
            warn!(shard, interval_ticks, "short of time: rooms send fewer snapshots");
        } else {
            info!(shard, interval_ticks, "rooms send a snapshot in each tick again");
        }
    }

    fn warn_late(&mut self, behind: Duration, now: Instant) {
        if self.warned_at.is_none_or(|last| now - last > Duration::from_secs(WARNING_INTERVAL_S)) {
            self.warned_at = Some(now);
            let late_ms = u64::try_from(behind.as_millis()).unwrap_or(u64::MAX);
            warn!(
                shard = self.number,
                late_ms, "ticks come too late; this machine is too busy for its rooms"
            );
        }
    }
}

fn room_failed() -> JoinRefusal {
    let text = "this room failed; please join again".to_owned();
    JoinRefusal::Error { code: ErrorCode::RoomFailed, text, drop_reason: None }
}

#[cfg(test)]
mod tests;
