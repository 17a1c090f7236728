//! A thread that restores rooms, so that no shard waits for a disk or a replay. A shard only hands
//! over the record of a room that failed. The restorer waits until the journal is written, reads
//! it, and sends the room back to its shard. What the operating system refuses is retried with
//! growing pauses for as long as the server runs. At the start all rooms are tried once before
//! clients can connect.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use bolide_net::RoomCode;
use bolide_room::RoomId;
use bolide_sim::Mode;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::attempts::Attempts;
use crate::data_dir::{DataDir, Segments};
use crate::database::{RoomRecord, Store};
use crate::journal::{BatchNumber, JournalThread};
use crate::restore::{RestoreError, RoomImage, restore};
use crate::threads::{ThreadStarter, Turns};

/// The first pause after the operating system refused something. Each further pause is twice as
/// long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The first pause for a journal that is not written yet. A panic costs the players of the room
/// little more than that.
const FIRST_WRITE_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Bytes that the disk must accept before a room is tried again whose journal could not be written.
/// More than a full state has.
const PROBE_BYTES: usize = 128 << 10;

/// A handle of the thread. Clones share it. The thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Restorer(Sender<AbsentRoom>);

/// A room that no shard runs, and what the restorer is to do with it.
#[derive(Debug)]
pub struct AbsentRoom {
    /// Its record.
    pub room: RoomRecord,
    /// The shard that ran it. None for a room of an earlier process.
    pub shard: Option<usize>,
    /// The batch with the end of its journal.
    pub written: Option<(JournalThread, BatchNumber)>,
    /// The task of the restorer.
    pub purpose: Purpose,
}

/// The task of the restorer for a room that no shard runs.
#[derive(Debug)]
pub enum Purpose {
    /// Host the room again.
    Restore,
    /// Host the room again once the disk accepts writes.
    RestoreOnDisk {
        /// The newest segment may not be on the disk, so another one must begin.
        in_doubt: bool,
    },
    /// Quarantine its journal with this reason, and forget the room.
    Quarantine(String),
}

/// Reason why no shard runs a stored room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It is being restored.
    Restoring,
    /// The operating system refused a resource that restoring it needs, with this error. It is
    /// retried.
    System(String),
    /// Another version of the program wrote its journal, or a program of another game.
    Version,
}

/// A report of the restorer, for the owner of the shards and of the list of rooms. It comes in the
/// call that starts the restorer, and then from its thread.
#[derive(Debug)]
pub enum RestoreReport {
    /// No shard runs this room now. A private one is reported with its code.
    Absent(RoomId, Option<RoomCode>, Absence),
    /// The room is to be hosted.
    Host {
        /// The room.
        image: Box<RoomImage>,
        /// The shard that ran it. None for a room of an earlier process.
        shard: Option<usize>,
        /// True before the thread runs. No client can connect before that.
        at_start: bool,
    },
    /// The room is given up. It is removed from the store already.
    Forgotten(RoomId),
}

/// The receiving end of [`Restorer`], for the thread.
#[derive(Debug)]
pub struct Requests(Receiver<AbsentRoom>);

/// Looks a mode up by its name.
pub type ModeNamed = Box<dyn Fn(&str) -> Option<Mode> + Send>;

/// The parts of the process that the restorer uses.
pub struct RestoreContext {
    /// The folder of the journals.
    pub data_dir: DataDir,
    /// The store of the rooms.
    pub store: Store,
    /// Returns the mode of this name, if it is offered.
    pub mode_named: ModeNamed,
    /// Draws the seed of a match.
    pub draw_seed: fn() -> u64,
    /// Takes the reports.
    pub report: Box<dyn Fn(RestoreReport) + Send>,
}

impl fmt::Debug for RestoreContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoreContext").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// The state of the thread.
struct Worker {
    requests: Requests,
    context: RestoreContext,
    attempts: Attempts,
    waiting: Vec<Waiting>,
    /// The turns of the thread. None before the thread runs.
    turns: Option<Turns>,
}

/// A room that is to be tried.
struct Waiting {
    absent: AbsentRoom,
    pause: Duration,
    due: Instant,
}

/// State of one pass over all rooms that are due. The folder is read once for all of them, and the
/// disk is probed once.
#[derive(Default)]
struct Pass {
    index: Option<BTreeMap<Uuid, Segments>>,
    is_disk_well: bool,
}

/// The reason for another attempt.
enum Retry {
    /// The end of the journal is not written yet.
    NotWritten,
    /// The operating system refused something.
    System(io::Error),
}

impl Restorer {
    /// Creates a handle and its receiving end. [`start`] starts the thread.
    #[must_use]
    pub fn new() -> (Restorer, Requests) {
        let (sender, receiver) = channel();
        (Restorer(sender), Requests(receiver))
    }

    /// Hands over a room. It must be listed as absent.
    pub fn take(&self, absent: AbsentRoom) {
        // The thread outlives all shards.
        self.0.send(absent).ok();
    }
}

/// Tries each room of the previous process once, and starts the thread for the others.
///
/// # Errors
/// No thread can be started.
pub fn start(
    context: RestoreContext,
    requests: Requests,
    thread: ThreadStarter,
    rooms: Vec<RoomRecord>,
) -> io::Result<()> {
    let attempts = Attempts::open(&context.data_dir);
    let mut worker = Worker { requests, context, attempts, waiting: Vec::new(), turns: None };
    let absent = |room: RoomRecord| {
        worker.report_absent(&room, Absence::Restoring);
        AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore }
    };
    let rooms = rooms.into_iter().map(absent).map(Waiting::new).collect();
    worker.pass(rooms);
    thread.start(move |turns| worker.run(turns))?;
    Ok(())
}

impl Worker {
    fn run(mut self, turns: Turns) {
        self.turns = Some(turns);
        loop {
            let due = self.waiting.iter().map(|waiting| waiting.due).min();
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            match self.requests.0.recv_timeout(left.unwrap_or(LONGEST_PAUSE)) {
                Ok(absent) => self.waiting.push(Waiting::new(absent)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            let due = self.waiting.extract_if(.., |waiting| waiting.due <= now).collect();
            self.pass(due);
            if let Some(turns) = &self.turns {
                turns.rest();
            }
        }
    }

    /// Tries these rooms once.
    fn pass(&mut self, due: Vec<Waiting>) {
        // Checked before the folder is read, which must contain what the rooms have written.
        let (written, unwritten): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|waiting| waiting.absent.is_written());
        for waiting in unwritten {
            self.wait(waiting, &Retry::NotWritten);
        }
        if written.is_empty() {
            return;
        }
        let mut pass = Pass::default();
        for waiting in written {
            // Each room is a turn of its own. Many rooms may take long without a fault.
            if let Some(turns) = &self.turns {
                turns.begin(Instant::now());
            }
            if let Err(error) = self.attempt(&waiting.absent, &mut pass) {
                self.wait(waiting, &Retry::System(error));
            }
        }
        self.attempts.save();
    }

    fn wait(&mut self, waiting: Waiting, retry: &Retry) {
        let Waiting { absent, pause, .. } = waiting;
        let first = match retry {
            Retry::NotWritten => FIRST_WRITE_PAUSE,
            Retry::System(error) => {
                let room = &absent.room;
                if pause < FIRST_PAUSE {
                    warn!(room = %room.id, %error, "the room cannot be opened; it is tried again");
                }
                self.report_absent(room, Absence::System(error.to_string()));
                FIRST_PAUSE
            }
        };
        let pause = (pause * 2).clamp(first, LONGEST_PAUSE);
        self.waiting.push(Waiting { absent, pause, due: Instant::now() + pause });
    }

    fn attempt(&mut self, absent: &AbsentRoom, pass: &mut Pass) -> io::Result<()> {
        let AbsentRoom { room, shard, purpose, .. } = absent;
        if matches!(purpose, Purpose::RestoreOnDisk { .. }) && !pass.is_disk_well {
            self.context.data_dir.probe(PROBE_BYTES)?;
            pass.is_disk_well = true;
        }
        let index = match &mut pass.index {
            Some(index) => index,
            none => none.insert(self.context.data_dir.index()?),
        };
        if let Purpose::Quarantine(why) = purpose {
            if let Some((_, id)) = room.matches.iter().find(|(_, id)| index.contains_key(id)) {
                self.quarantine(room, *id, why)?;
            }
            self.forget(room);
            return Ok(());
        }
        match restore(room, index, &mut self.attempts) {
            Ok(mut image) => {
                if matches!(purpose, Purpose::RestoreOnDisk { in_doubt: true }) {
                    image.journal = self.context.data_dir.abandon_segment(image.journal)?;
                }
                self.host(image, *shard);
            }
            Err(RestoreError::System(error)) => return Err(error),
            Err(why @ (RestoreError::Version(_) | RestoreError::Game(_))) => {
                warn!(room = %room.id, "the match waits for the program that wrote it: {why}");
                self.report_absent(room, Absence::Version);
            }
            Err(RestoreError::Refused { id, why }) => {
                self.quarantine(room, id, &why)?;
                self.forget(room);
            }
            Err(RestoreError::NoJournal) => match self.begin_again(room, index)? {
                Some(image) => self.host(image, *shard),
                None => {
                    info!(room = %room.id, "the room has no journal and no seat, so it is closed");
                    self.forget(room);
                }
            },
        }
        Ok(())
    }

    /// Begins the match of a room again from its first tick, if a seat is taken in it. No tick of
    /// that match has left the process. `None` if no seat is taken, or if the mode is not offered
    /// any more.
    ///
    /// # Errors
    /// The remains of its journal cannot be quarantined.
    fn begin_again(
        &self,
        room: &RoomRecord,
        index: &BTreeMap<Uuid, Segments>,
    ) -> io::Result<Option<RoomImage>> {
        let mode = Some(&room.mode).filter(|_| !room.seats.is_empty());
        let mode = mode.and_then(|mode| (self.context.mode_named)(mode));
        // The newest match may be the next one, whose ticket was drawn ahead.
        let torn = room.matches.iter().find(|(_, id)| index.contains_key(id));
        let begins = torn.or(room.matches.first()).copied();
        let (Some(mode), Some(begins)) = (mode, begins) else { return Ok(None) };
        let seed = (self.context.draw_seed)();
        let Some(image) = RoomImage::first_tick(room, mode, begins, seed) else { return Ok(None) };
        let id = begins.1;
        if torn.is_some() {
            self.quarantine(room, id, "its first record is torn, so no tick of it was ever shown")?;
        }
        info!(room = %room.id, %id, seats = room.seats.len(), "the match begins again");
        Ok(Some(image))
    }

    /// Hands a room over to its shard.
    fn host(&self, image: RoomImage, shard: Option<usize>) {
        let (image, at_start) = (Box::new(image), self.turns.is_none());
        (self.context.report)(RestoreReport::Host { image, shard, at_start });
    }

    fn report_absent(&self, room: &RoomRecord, why: Absence) {
        (self.context.report)(RestoreReport::Absent(room.id.clone(), room.code, why));
    }

    fn quarantine(&self, room: &RoomRecord, id: Uuid, why: &str) -> io::Result<()> {
        error!(room = %room.id, %id, "the match cannot be resumed, and its journal is put aside: {why}");
        self.context.data_dir.quarantine_journal(id, why)
    }

    fn forget(&self, room: &RoomRecord) {
        self.context.store.forget_room(&room.id);
        (self.context.report)(RestoreReport::Forgotten(room.id.clone()));
    }
}

impl AbsentRoom {
    fn is_written(&self) -> bool {
        self.written.as_ref().is_none_or(|(thread, batch)| thread.is_done(*batch))
    }
}

impl Waiting {
    fn new(absent: AbsentRoom) -> Waiting {
        Waiting { absent, pause: Duration::ZERO, due: Instant::now() }
    }
}

#[cfg(test)]
mod tests;
