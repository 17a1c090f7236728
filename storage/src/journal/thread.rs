//! The thread that writes the journals of a shard, and the state that both share. The shard
//! collects entries and submits them once per slot. The thread takes all that was submitted, writes
//! it, and reports the batches that are done: written, or synced where frames must not be sent
//! before that. For `group`, a second thread waits for the disk, so that a write never does.
//!
//! The shared state is bounded in bytes. While the disk accepts none, the frames of the shard wait
//! and its ticks continue; beyond the bound, a room that adds to its journal fails.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::batch::Batch;
use super::disk::Disk;
use super::entry::Entry;
use super::writer::{JournalWriter, Synced, Syncs, Tally};
use super::{Durability, JournalError, JournalFault};
use crate::threads::{ThreadStarter, Turns};

/// Bytes that may wait to be written for one shard. A thousand rooms of ten players write 3 MB per
/// second, so a disk may stall for twenty seconds.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// The handle of the thread. Clones share it.
#[derive(Clone, Debug)]
pub struct JournalThread(Arc<Shared>);

/// The number of a submission of a shard. Submissions are counted from 1, and done in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchNumber(u64);

/// The threads that write the journals of a shard, not started yet.
#[derive(Debug)]
pub struct JournalThreads {
    /// The one that waits for the disk.
    pub sync: ThreadStarter,
    /// The one that writes.
    pub write: ThreadStarter,
}

/// A report of the threads, for the figures of their owner. They are called for each turn, on
/// either thread, and must not block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalReport {
    /// All that was submitted meanwhile was written within this time.
    Wrote(Duration),
    /// This many bytes of it are in the files.
    WroteBytes(u64),
    /// A group of files was synced within this time, each of them well or not.
    Synced(Duration),
    /// This many files of a group are on the disk.
    SyncedFiles(u64),
    /// The syncs of this many files of a group failed.
    SyncsFailed(u64),
    /// This many bytes wait to be written.
    WaitingBytes(u64),
    /// Frames have waited for the journal for this long.
    Waited(Duration),
}

/// Takes the reports of both threads.
type Reports = Arc<dyn Fn(JournalReport) + Send + Sync>;

/// Progress that the shard has not read yet.
#[derive(Debug)]
pub struct Progress {
    /// All batches up to this one are done.
    pub done: BatchNumber,
    /// Faults, to be handled before any frame that waits for these batches is sent.
    pub faults: Vec<(Uuid, JournalFault)>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when a batch was submitted, or a group is synced.
    work: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    collecting: Batch,
    submitted: Batch,
    /// The newest submitted batch.
    batch: u64,
    /// Submission time of the oldest batch that the thread has not taken yet.
    since: Option<Instant>,
    done: u64,
    /// Bytes that are collected, submitted or being written.
    bytes: usize,
    faults: Vec<(Uuid, JournalFault)>,
    synced: Option<Synced>,
    /// True if nothing more will be submitted.
    closing: bool,
    /// True if the thread has ended, for whatever reason.
    dead: bool,
}

impl JournalThread {
    /// Starts the threads of a shard. `wake` is called when there is [`JournalThread::progress`].
    ///
    /// # Errors
    /// The operating system refuses another thread.
    pub fn start(
        threads: JournalThreads,
        disk: impl Disk,
        durability: Durability,
        reports: impl Fn(JournalReport) + Send + Sync + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<(JournalThread, JoinHandle<()>)> {
        let shared = Arc::new(Shared { queue: Mutex::default(), work: Condvar::new() });
        let reports: Reports = Arc::new(reports);
        let (groups, to_sync) = channel();
        let syncer = {
            let (shared, reports) = (Arc::clone(&shared), Arc::clone(&reports));
            threads.sync.start(move |turns| sync(&to_sync, &shared, &reports, &turns))?
        };
        let writer = JournalWriter::new(disk, durability);
        let writes = Arc::clone(&shared);
        let worker = move |turns| Worker {
            shared: writes,
            writer,
            durability,
            reports,
            turns,
            empty: Batch::default(),
            counted: Tally::default(),
            wake,
        };
        let thread = threads.write.start(move |turns| worker(turns).run(groups, syncer))?;
        Ok((JournalThread(shared), thread))
    }

    /// Collects whole records for the next batch.
    ///
    /// # Errors
    /// Too many bytes wait to be written, or the thread has ended.
    pub(super) fn append(&self, entry: Entry<&[u8]>) -> Result<BatchNumber, JournalError> {
        let mut queue = self.0.queue();
        if queue.dead {
            return Err(JournalError::ThreadEnded);
        }
        let bytes = queue.bytes + entry.bytes();
        if bytes > WAITING_BYTES_MAX {
            return Err(JournalError::TooMuchWaits { bytes: queue.bytes });
        }
        queue.bytes = bytes;
        queue.collecting.push(entry);
        Ok(BatchNumber(queue.batch + 1))
    }

    /// Collects an entry without bytes. There are a few for each match.
    pub(super) fn collect(&self, entry: Entry<&[u8]>) {
        self.0.queue().collecting.push(entry);
    }

    /// Submits the collected entries, if there are any. Returns the newest batch.
    pub fn submit(&self) -> BatchNumber {
        let mut queue = self.0.queue();
        if queue.collecting.is_empty() {
            return BatchNumber(queue.batch);
        }
        let Queue { collecting, submitted, .. } = &mut *queue;
        submitted.append(collecting);
        queue.batch += 1;
        queue.since.get_or_insert_with(Instant::now);
        let batch = BatchNumber(queue.batch);
        drop(queue);
        self.0.work.notify_one();
        batch
    }

    /// Returns the newest batch that is done, and the faults since the last call.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut queue = self.0.queue();
        let faults = std::mem::take(&mut queue.faults);
        Progress { done: BatchNumber(queue.done), faults }
    }

    /// Returns whether a batch is done.
    #[must_use]
    pub fn is_done(&self, batch: BatchNumber) -> bool {
        self.0.queue().done >= batch.0
    }

    /// Waits until a batch is done. False if that takes too long, or the thread has ended.
    #[cfg(any(test, feature = "testing"))]
    pub fn wait_for(&self, batch: BatchNumber, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while !self.is_done(batch) && !self.0.queue().dead && Instant::now() < until {
            std::thread::yield_now();
        }
        self.is_done(batch)
    }

    /// Ends the thread once the disk has all that was collected.
    pub fn end(&self) {
        self.submit();
        self.0.queue().closing = true;
        self.0.work.notify_one();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Every state between two statements is a valid one.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Takes the pending work, in exchange for an empty batch.
    fn take_work(&mut self, empty: Batch) -> Work {
        Work {
            entries: std::mem::replace(&mut self.submitted, empty),
            batch: self.batch,
            since: self.since.take(),
            synced: self.synced.take(),
            closing: self.closing,
        }
    }

    fn has_work(&self) -> bool {
        !self.submitted.is_empty() || self.synced.is_some() || self.closing
    }
}

/// The state of the thread.
struct Worker<D: Disk, W> {
    shared: Arc<Shared>,
    writer: JournalWriter<D>,
    durability: Durability,
    reports: Reports,
    turns: Turns,
    /// A written batch, to be filled again.
    empty: Batch,
    /// The tally of the writer that is already added to the metrics.
    counted: Tally,
    wake: W,
}

/// The work of one turn.
struct Work {
    entries: Batch,
    batch: u64,
    since: Option<Instant>,
    synced: Option<Synced>,
    closing: bool,
}

impl<D: Disk, W: Fn() + Send> Worker<D, W> {
    fn run(mut self, groups: Sender<Syncs<D>>, syncer: JoinHandle<()>) {
        let _end = EndMark(Arc::clone(&self.shared));
        let epoch = Instant::now();
        loop {
            let work = self.wait(epoch);
            let closing = work.closing;
            let now = Instant::now();
            self.turns.begin(now);
            self.handle(work, now - epoch);
            if self.durability == Durability::Group
                && self.writer.sync_due().is_some_and(|due| due <= epoch.elapsed())
                && let Some(group) = self.writer.take_syncs()
            {
                groups.send(group).expect("it ends after this one");
            }
            if closing {
                break;
            }
            self.turns.rest();
        }
        drop(groups);
        syncer.join().ok();
        if let Some(synced) = self.shared.queue().synced.take() {
            self.writer.synced(synced);
        }
        self.sync_here();
        self.count();
    }

    /// Sleeps until there is work.
    fn wait(&mut self, epoch: Instant) -> Work {
        let mut queue = self.shared.queue();
        while !queue.has_work() {
            let Some(due) = self.writer.sync_due() else {
                queue = self.shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = due.saturating_sub(epoch.elapsed());
            if left.is_zero() {
                break;
            }
            let woken = self.shared.work.wait_timeout(queue, left);
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.take_work(std::mem::take(&mut self.empty))
    }

    fn handle(&mut self, work: Work, now: Duration) {
        let Work { entries, batch, since, synced, .. } = work;
        if let Some(synced) = synced {
            self.writer.synced(synced);
        }
        let bytes = entries.bytes();
        if !entries.is_empty() {
            let began = Instant::now();
            self.writer.write(entries.entries(), now);
            (self.reports)(JournalReport::Wrote(began.elapsed()));
        }
        if self.durability == Durability::Strict {
            self.sync_here();
        }
        self.count();
        self.empty = entries.emptied();
        let faults = self.writer.take_faults();
        let mut queue = self.shared.queue();
        let has_news = queue.done < batch || !faults.is_empty();
        queue.done = batch;
        queue.bytes -= bytes;
        let waiting = queue.bytes as u64;
        queue.faults.extend(faults);
        drop(queue);
        (self.reports)(JournalReport::WaitingBytes(waiting));
        if has_news {
            if let Some(since) = since {
                (self.reports)(JournalReport::Waited(since.elapsed()));
            }
            (self.wake)();
        }
    }

    fn sync_here(&mut self) {
        if let Some(group) = self.writer.take_syncs() {
            let began = Instant::now();
            let synced = group.run();
            (self.reports)(JournalReport::Synced(began.elapsed()));
            self.writer.synced(synced);
        }
    }

    /// Reports what the writer has counted since the last call.
    fn count(&mut self) {
        let now = self.writer.tally();
        let before = std::mem::replace(&mut self.counted, now);
        let report = |amount: u64, report: fn(u64) -> JournalReport| {
            if amount > 0 {
                (self.reports)(report(amount));
            }
        };
        report(now.written_bytes - before.written_bytes, JournalReport::WroteBytes);
        report(now.synced_files - before.synced_files, JournalReport::SyncedFiles);
        report(now.sync_failures - before.sync_failures, JournalReport::SyncsFailed);
    }
}

/// Waits for the disk, one group after the other.
fn sync<D: Disk>(groups: &Receiver<Syncs<D>>, shared: &Shared, reports: &Reports, turns: &Turns) {
    for group in groups {
        let began = Instant::now();
        turns.begin(began);
        let synced = group.run();
        turns.rest();
        reports(JournalReport::Synced(began.elapsed()));
        shared.queue().synced = Some(synced);
        shared.work.notify_one();
    }
}

/// Marks the thread as ended, however it ends.
struct EndMark(Arc<Shared>);

impl Drop for EndMark {
    fn drop(&mut self) {
        self.0.queue().dead = true;
    }
}

#[cfg(any(test, feature = "testing"))]
pub(super) mod testing;
#[cfg(test)]
mod tests;
