//! A thread that restores rooms, so that no shard waits for a disk or a replay. A shard only hands
//! over the record of a room that failed. The restorer waits until the journal is written, reads
//! it, and sends the room back to its shard. What the operating system refuses is retried with
//! growing pauses for as long as the server runs. At the start all rooms are tried once before
//! clients can connect.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use bolide_sim::World;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::attempts::Attempts;
use crate::config::Modes;
use crate::directory::{Absence, Directory};
use crate::heartbeat::Heartbeat;
use crate::journal::{BatchNumber, JournalThread, ResumeAt};
use crate::journals::{JournalIndex, Journals};
use crate::random::match_ticket;
use crate::restore::{NotRestored, RestoredRoom, restore};
use crate::shard_handle::{ShardCommand, ShardHandle};
use crate::store::{RoomRecord, Store};

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
pub(crate) struct Restorer(Sender<AbsentRoom>);

/// A room that no shard runs, and what the restorer is to do with it.
#[derive(Debug)]
pub(crate) struct AbsentRoom {
    pub(crate) room: RoomRecord,
    /// The shard that ran it. None for a room of an earlier process.
    pub(crate) shard: Option<usize>,
    /// The batch with the end of its journal.
    pub(crate) written: Option<(JournalThread, BatchNumber)>,
    pub(crate) purpose: Purpose,
}

/// The task of the restorer for a room that no shard runs.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// Host the room again.
    Restore,
    /// Host the room again once the disk accepts writes.
    RestoreOnDisk {
        /// The newest segment may not be on the disk, so another one must begin.
        in_doubt: bool,
    },
    /// Quarantine its journal with this reason, and forget the room.
    PutAside(String),
}

/// The receiving end of [`Restorer`], for the thread.
pub(crate) struct Requests(Receiver<AbsentRoom>);

/// The parts of the server that the restorer uses.
pub(crate) struct Surroundings {
    pub(crate) journals: Journals,
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) shards: Vec<ShardHandle>,
    pub(crate) modes: Modes,
}

/// The state of the thread.
struct Worker {
    requests: Requests,
    surroundings: Surroundings,
    attempts: Attempts,
    waiting: Vec<Waiting>,
    /// The heartbeat of the thread. None before the thread runs; no client can connect before that.
    heartbeat: Option<Heartbeat>,
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
    index: Option<JournalIndex>,
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
    pub(crate) fn new() -> (Restorer, Requests) {
        let (sender, receiver) = channel();
        (Restorer(sender), Requests(receiver))
    }

    /// Hands over a room. It must be listed as absent in the directory.
    pub(crate) fn take(&self, absent: AbsentRoom) {
        // The thread outlives all shards.
        self.0.send(absent).ok();
    }
}

/// Tries each room of the previous process once, and starts the thread for the others.
///
/// # Errors
/// No thread can be started.
pub(crate) fn start(
    data_dir: &Path,
    requests: Requests,
    surroundings: Surroundings,
    heartbeat: Heartbeat,
    kept: Vec<RoomRecord>,
) -> io::Result<()> {
    let attempts = Attempts::open(data_dir);
    let waiting = Vec::new();
    let mut worker = Worker { requests, surroundings, attempts, waiting, heartbeat: None };
    let absent = |room: RoomRecord| {
        worker.surroundings.directory.take_out(&room.id, room.code, Absence::Restoring);
        AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore }
    };
    let kept = kept.into_iter().map(absent).map(Waiting::new).collect();
    worker.pass(kept);
    heartbeat.spawn(move |heartbeat| worker.run(heartbeat))?;
    Ok(())
}

impl Worker {
    fn run(mut self, heartbeat: Heartbeat) {
        self.heartbeat = Some(heartbeat);
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
            if let Some(heartbeat) = &self.heartbeat {
                heartbeat.rest();
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
            if let Some(heartbeat) = &self.heartbeat {
                heartbeat.begin(Instant::now());
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
                let absence = Absence::System(error.to_string());
                self.surroundings.directory.take_out(&room.id, room.code, absence);
                FIRST_PAUSE
            }
        };
        let pause = (pause * 2).clamp(first, LONGEST_PAUSE);
        self.waiting.push(Waiting { absent, pause, due: Instant::now() + pause });
    }

    fn attempt(&mut self, absent: &AbsentRoom, pass: &mut Pass) -> io::Result<()> {
        let AbsentRoom { room, shard, purpose, .. } = absent;
        if matches!(purpose, Purpose::RestoreOnDisk { .. }) && !pass.is_disk_well {
            self.surroundings.journals.probe(PROBE_BYTES)?;
            pass.is_disk_well = true;
        }
        let index = match &mut pass.index {
            Some(index) => index,
            none => none.insert(self.surroundings.journals.index()?),
        };
        if let Purpose::PutAside(why) = purpose {
            if let Some((_, id)) = room.matches.iter().find(|(_, id)| index.has(*id)) {
                self.put_aside(room, *id, why)?;
            }
            self.forget(room);
            return Ok(());
        }
        match restore(room, index, &mut self.attempts) {
            Ok(mut restored) => {
                if matches!(purpose, Purpose::RestoreOnDisk { in_doubt: true }) {
                    restored.journal = self.surroundings.journals.leave(restored.journal)?;
                }
                self.host(restored, *shard);
            }
            Err(NotRestored::System(error)) => return Err(error),
            Err(NotRestored::Version(why)) => {
                warn!(room = %room.id, "the match waits for the program that wrote it: {why}");
                let directory = &self.surroundings.directory;
                directory.take_out(&room.id, room.code, Absence::Version);
            }
            Err(NotRestored::Refused { id, why }) => {
                self.put_aside(room, id, &why)?;
                self.forget(room);
            }
            Err(NotRestored::NoJournal) => match self.begin_again(room, index)? {
                Some(restored) => self.host(restored, *shard),
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
        index: &JournalIndex,
    ) -> io::Result<Option<RestoredRoom>> {
        let mode = self.surroundings.modes.get(&room.mode).filter(|_| !room.seats.is_empty());
        // The newest match may be the next one, whose ticket was drawn ahead.
        let torn = room.matches.iter().find(|(_, id)| index.has(*id));
        let begins = torn.or(room.matches.first()).copied();
        let (Some(mode), Some((number, id))) = (mode.cloned(), begins) else { return Ok(None) };
        let Ok(world) = World::new(mode.rules.clone(), match_ticket().seed) else {
            return Ok(None);
        };
        if torn.is_some() {
            self.put_aside(room, id, "its first record is torn, so no tick of it was ever shown")?;
        }
        info!(room = %room.id, %id, seats = room.seats.len(), "the match begins again");
        let journal = ResumeAt { id, segment: 0, whole_bytes: None };
        Ok(Some(RestoredRoom { room: room.clone(), mode, number, world, journal }))
    }

    /// Sends a room to its shard. Before clients can connect, the room is also listed here. Later
    /// only the shard lists it, because no client may be sent to the shard before the room is
    /// there.
    fn host(&self, restored: RestoredRoom, shard: Option<usize>) {
        let Surroundings { directory, shards, .. } = &self.surroundings;
        let shard = shard.unwrap_or_else(|| directory.next_shard());
        if self.heartbeat.is_none() {
            let RestoredRoom { room, mode, .. } = &restored;
            let seats = u16::try_from(room.seats.len()).unwrap_or(u16::MAX);
            directory.list_restored(&room.id, room.code, mode, shard, seats);
        }
        shards[shard].put(ShardCommand::Restored(Box::new(restored)));
    }

    fn put_aside(&self, room: &RoomRecord, id: Uuid, why: &str) -> io::Result<()> {
        error!(room = %room.id, %id, "the match cannot be resumed, and its journal is put aside: {why}");
        self.surroundings.journals.put_aside(id, why)
    }

    fn forget(&self, room: &RoomRecord) {
        self.surroundings.store.forget_room(&room.id);
        self.surroundings.directory.remove(&room.id);
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
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    use bolide_sim::journal::Writer;
    use bolide_sim::{Tick, World, preset};
    use tokio::sync::mpsc::Receiver;
    use uuid::Uuid;

    use super::{AbsentRoom, Purpose, Requests, Restorer, Surroundings, Waiting, Worker};
    use crate::attempts::Attempts;
    use crate::config::Modes;
    use crate::directory::{Absence, Directory};
    use crate::heartbeat::Heartbeats;
    use crate::journal::sim_disk::SimDisk;
    use crate::journal::{Durability, ManualThread, ResumeAt, RoomJournal};
    use crate::journals::Journals;
    use crate::random::room_id;
    use crate::shard_handle::{ShardCommand, ShardHandle};
    use crate::store::{RoomRecord, Store};
    use crate::testing::{Folder, seat};

    /// Creates a restorer without its thread, and a room with a journal.
    fn stage(folder: &Folder) -> (Worker, Receiver<ShardCommand>, RoomRecord) {
        let journals = Journals::open(&folder.0).expect("a folder");
        let (store, ..) =
            Store::open(&folder.0, Heartbeats::default().add("store")).expect("opens");
        let directory = Arc::new(Directory::new(100, 100, 1));
        let (shard, commands) = ShardHandle::new();
        let (shards, modes) = (vec![shard], Modes::default());
        let surroundings = Surroundings { journals, store, directory, shards, modes };
        let (_, requests): (Restorer, Requests) = Restorer::new();
        let attempts = Attempts::open(&folder.0);
        let waiting = Vec::new();
        let heartbeat = Some(Heartbeats::default().add("restorer"));
        let worker = Worker { requests, surroundings, attempts, waiting, heartbeat };
        let id = Uuid::from_u128(5);
        let world = World::new(preset("duel").expect("a preset").rules, 7).expect("in range");
        folder.file(&format!("journals/{id}.journal"), &Writer::new(&world, "test").take());
        let (mode, matches, seats) = ("duel".to_owned(), vec![(1, id)], Vec::new());
        let room = RoomRecord { id: room_id(), code: None, locked: false, mode, matches, seats };
        worker.surroundings.directory.take_out(&room.id, None, Absence::Restoring);
        (worker, commands, room)
    }

    /// Tries all waiting rooms, also those that are not due.
    fn pass(worker: &mut Worker) {
        let due = std::mem::take(&mut worker.waiting);
        worker.pass(due);
    }

    /// A journal that is not written in time is not damaged. Regression: it was quarantined for
    /// that.
    #[test]
    fn a_journal_that_is_not_written_yet_is_waited_for_with_growing_pauses() {
        let folder = Folder::new();
        let (mut worker, mut commands, room) = stage(&folder);
        let (journal, mut disk) = ManualThread::new(SimDisk::default(), Durability::Group);
        let at = ResumeAt { id: room.matches[0].1, segment: 0, whole_bytes: None };
        drop(RoomJournal::resume(Some(journal.clone()), at));
        let written = Some((journal.clone(), journal.submit()));
        let absent = AbsentRoom { room, shard: Some(0), written, purpose: Purpose::Restore };
        worker.waiting.push(Waiting::new(absent));
        let mut pauses = Vec::new();
        for _ in 0..14 {
            pass(&mut worker);
            let [waiting] = &worker.waiting[..] else { panic!("it waits") };
            pauses.push(waiting.pause);
        }
        assert!(pauses.is_sorted());
        assert_eq!((pauses[0], pauses[13]), (Duration::from_millis(10), Duration::from_secs(30)));
        assert!(commands.try_recv().is_err());
        disk.write(Duration::ZERO);
        pass(&mut worker);
        assert!(worker.waiting.is_empty());
        assert!(matches!(commands.try_recv(), Ok(ShardCommand::Restored(_))));
    }

    #[test]
    fn what_the_system_refuses_is_told_and_tried_again_and_forgets_nothing() {
        let folder = Folder::new();
        let (mut worker, mut commands, room) = stage(&folder);
        let journal = folder.0.join(format!("journals/{}.journal", room.matches[0].1));
        let whole = fs::read(&journal).expect("a journal");
        fs::remove_file(&journal).expect("removed");
        fs::create_dir(&journal).expect("made");
        let absent = AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore };
        worker.waiting.push(Waiting::new(absent));
        pass(&mut worker);
        pass(&mut worker);
        assert_eq!(worker.waiting[0].pause, Duration::from_secs(2));
        let absent = worker.surroundings.directory.absent();
        assert_eq!((absent.system, absent.error.is_some()), (1, true));
        fs::remove_dir(&journal).expect("removed");
        fs::write(&journal, whole).expect("written");
        pass(&mut worker);
        assert!(matches!(commands.try_recv(), Ok(ShardCommand::Restored(_))));
        assert!(!folder.0.join("restoring").exists());
    }

    /// A power cut in the first moment of a room's first match. Regression: the journal was
    /// quarantined and the room forgotten with all its seats, although no client was ever sent a
    /// tick of it.
    #[test]
    fn a_match_whose_first_record_is_torn_begins_again_for_those_who_have_a_seat() {
        for (seats, begins) in [(vec![seat()], true), (Vec::new(), false)] {
            let folder = Folder::new();
            let (mut worker, mut commands, mut room) = stage(&folder);
            let id = room.matches[0].1;
            room.matches.insert(0, (2, Uuid::from_u128(6)));
            let file = folder.0.join(format!("journals/{id}.journal"));
            let torn = fs::read(&file).expect("a journal")[..12].to_vec();
            fs::write(&file, &torn).expect("torn");
            room.seats = seats;
            let absent = AbsentRoom { room, shard: None, written: None, purpose: Purpose::Restore };
            worker.waiting.push(Waiting::new(absent));
            pass(&mut worker);
            let restored = commands.try_recv().ok();
            assert_eq!(restored.is_some(), begins);
            let Some(ShardCommand::Restored(restored)) = restored else { continue };
            assert_eq!(
                (restored.world.tick(), restored.number, restored.room.seats.len()),
                (Tick(0), 1, 1)
            );
            assert_eq!(restored.journal, ResumeAt { id, segment: 0, whole_bytes: None });
            let aside = folder.0.join(format!("journals/quarantine/{id}.journal"));
            assert_eq!(fs::read(aside).expect("nothing is lost"), torn);
        }
    }

    /// The content of a segment whose sync failed is unknown. Nothing is appended to it, not even
    /// by a later process.
    #[test]
    fn a_segment_in_doubt_is_left_for_good() {
        let folder = Folder::new();
        let (mut worker, mut commands, room) = stage(&folder);
        for _ in 0..2 {
            let purpose = Purpose::RestoreOnDisk { in_doubt: true };
            let absent = AbsentRoom { room: room.clone(), shard: None, written: None, purpose };
            worker.waiting.push(Waiting::new(absent));
            pass(&mut worker);
            let Ok(ShardCommand::Restored(restored)) = commands.try_recv() else {
                panic!("restored")
            };
            assert_eq!((restored.journal.segment, restored.journal.whole_bytes), (1, None));
            let left = folder.0.join(format!("journals/{}.1.journal", room.matches[0].1));
            assert_eq!(fs::read(left).expect("made"), b"");
        }
    }
}
