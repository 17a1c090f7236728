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
use super::writer::{JournalWriter, Synced, Syncs, Tally};
use super::{Durability, Entry, JournalError, JournalFault};
use crate::heartbeat::{Heartbeat, Heartbeats};
use crate::shard_metrics::ShardMetrics;

/// Bytes that may wait to be written for one shard. A thousand rooms of ten players write 3 MB per
/// second, so a disk may stall for twenty seconds.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// The handle of the thread. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct JournalThread(Arc<Shared>);

/// The number of a submission of a shard. Submissions are counted from 1, and done in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchNumber(u64);

/// Progress that the shard has not read yet.
#[derive(Debug)]
pub(crate) struct Progress {
    /// All batches up to this one are done.
    pub(crate) done: BatchNumber,
    /// Faults, to be handled before any frame that waits for these batches is sent.
    pub(crate) faults: Vec<(Uuid, JournalFault)>,
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
    /// Starts the thread of a shard. `wake` is called when there are [`JournalThread::progress`].
    pub(crate) fn start(
        shard: usize,
        disk: impl Disk,
        durability: Durability,
        measures: Arc<ShardMetrics>,
        heartbeats: &Heartbeats,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<(JournalThread, JoinHandle<()>)> {
        let shared = Arc::new(Shared { queue: Mutex::default(), work: Condvar::new() });
        let (groups, to_sync) = channel();
        let syncer = {
            let (shared, measures) = (Arc::clone(&shared), Arc::clone(&measures));
            let heartbeat = heartbeats.add(format!("sync-{shard}"));
            heartbeat.spawn(move |heartbeat| sync(&to_sync, &shared, &measures, &heartbeat))?
        };
        let writer = JournalWriter::new(disk, durability);
        let writes = Arc::clone(&shared);
        let worker = move |heartbeat| Worker {
            shared: writes,
            writer,
            durability,
            measures,
            heartbeat,
            empty: Batch::default(),
            counted: Tally::default(),
            wake,
        };
        let heartbeat = heartbeats.add(format!("journal-{shard}"));
        let thread = heartbeat.spawn(move |heartbeat| worker(heartbeat).run(groups, syncer))?;
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
    pub(crate) fn submit(&self) -> BatchNumber {
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
    pub(crate) fn progress(&self) -> Progress {
        let mut queue = self.0.queue();
        let faults = std::mem::take(&mut queue.faults);
        Progress { done: BatchNumber(queue.done), faults }
    }

    /// Returns whether a batch is done.
    pub(crate) fn is_done(&self, batch: BatchNumber) -> bool {
        self.0.queue().done >= batch.0
    }

    /// Waits until a batch is done. False if that takes too long, or the thread has ended.
    #[cfg(test)]
    pub(crate) fn wait_for(&self, batch: BatchNumber, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while !self.is_done(batch) && !self.0.queue().dead && Instant::now() < until {
            std::thread::yield_now();
        }
        self.is_done(batch)
    }

    /// Ends the thread once the disk has all that was collected.
    pub(crate) fn end(&self) {
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
    measures: Arc<ShardMetrics>,
    heartbeat: Heartbeat,
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
            self.heartbeat.begin(now);
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
            self.heartbeat.rest();
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
            self.measures.journal.writes.record(began.elapsed());
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
        self.measures.journal.waiting_bytes.set(queue.bytes as u64);
        queue.faults.extend(faults);
        drop(queue);
        if has_news {
            if let Some(since) = since {
                self.measures.journal.waits.record(since.elapsed());
            }
            (self.wake)();
        }
    }

    fn sync_here(&mut self) {
        if let Some(group) = self.writer.take_syncs() {
            let began = Instant::now();
            let synced = group.run();
            self.measures.journal.syncs.record(began.elapsed());
            self.writer.synced(synced);
        }
    }

    fn count(&mut self) {
        let (journal, now) = (&self.measures.journal, self.writer.tally());
        let before = std::mem::replace(&mut self.counted, now);
        journal.bytes.add(now.written_bytes - before.written_bytes);
        journal.synced_files.add(now.synced_files - before.synced_files);
        journal.sync_failures.add(now.sync_failures - before.sync_failures);
    }
}

/// Waits for the disk, one group after the other.
fn sync<D: Disk>(
    groups: &Receiver<Syncs<D>>,
    shared: &Shared,
    measures: &ShardMetrics,
    heartbeat: &Heartbeat,
) {
    for group in groups {
        let began = Instant::now();
        heartbeat.begin(began);
        let synced = group.run();
        heartbeat.rest();
        measures.journal.syncs.record(began.elapsed());
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

/// The writer without a thread, for tests that control the order of events.
#[cfg(test)]
pub(crate) struct ManualThread<D: Disk> {
    worker: Worker<D, fn()>,
    group: Option<Syncs<D>>,
}

#[cfg(test)]
impl<D: Disk> ManualThread<D> {
    pub(crate) fn new(disk: D, durability: Durability) -> (JournalThread, ManualThread<D>) {
        let shared = Arc::new(Shared { queue: Mutex::default(), work: Condvar::new() });
        let writer = JournalWriter::new(disk, durability);
        let (measures, counted) = (Arc::default(), Tally::default());
        let writes = Arc::clone(&shared);
        let worker = Worker {
            shared: writes,
            writer,
            durability,
            measures,
            heartbeat: Heartbeats::default().add("journal-0"),
            empty: Batch::default(),
            counted,
            wake: (|| ()) as fn(),
        };
        (JournalThread(shared), ManualThread { worker, group: None })
    }

    /// Writes what was submitted, and handles the sync that has ended.
    pub(crate) fn write(&mut self, now: Duration) {
        let empty = std::mem::take(&mut self.worker.empty);
        let work = self.worker.shared.queue().take_work(empty);
        self.worker.handle(work, now);
    }

    /// Begins a sync if one is due.
    pub(crate) fn begin_sync(&mut self, now: Duration) {
        if self.worker.writer.sync_due().is_some_and(|due| due <= now) && self.group.is_none() {
            self.group = self.worker.writer.take_syncs();
        }
    }

    /// Ends the sync.
    pub(crate) fn end_sync(&mut self) {
        if let Some(group) = self.group.take() {
            self.worker.shared.queue().synced = Some(group.run());
        }
    }
}

#[cfg(test)]
mod tests;
