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
use super::{Durability, Entry, JournalError, Trouble};
use crate::heartbeat::{Heartbeat, Heartbeats};
use crate::shard_metrics::ShardMetrics;

/// Bytes that may wait to be written for one shard. A thousand rooms of ten players write 3 MB per
/// second, so a disk may stall for twenty seconds.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// The handle of the thread. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct JournalThread(Arc<Desk>);

/// The number of a submission of a shard. Submissions are counted from 1, and done in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchNumber(u64);

/// Progress that the shard has not read yet.
#[derive(Debug)]
pub(crate) struct News {
    /// All batches up to this one are done.
    pub(crate) done: BatchNumber,
    /// Faults, to be handled before any frame that waits for these batches is sent.
    pub(crate) troubles: Vec<(Uuid, Trouble)>,
}

#[derive(Debug)]
struct Desk {
    papers: Mutex<Papers>,
    /// Notified when a batch was submitted, or a group is synced.
    work: Condvar,
}

#[derive(Debug, Default)]
struct Papers {
    collecting: Batch,
    submitted: Batch,
    /// The newest submitted batch.
    batch: u64,
    /// Submission time of the oldest batch that the thread has not taken yet.
    since: Option<Instant>,
    done: u64,
    /// Bytes that are collected, submitted or being written.
    bytes: usize,
    troubles: Vec<(Uuid, Trouble)>,
    synced: Option<Synced>,
    /// True if nothing more will be submitted.
    is_over: bool,
    /// True if the thread has ended, for whatever reason.
    is_gone: bool,
}

impl JournalThread {
    /// Starts the thread of a shard. `wake` is called when there are [`JournalThread::news`].
    pub(crate) fn start(
        shard: usize,
        disk: impl Disk,
        durability: Durability,
        measures: Arc<ShardMetrics>,
        heartbeats: &Heartbeats,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<(JournalThread, JoinHandle<()>)> {
        let desk = Arc::new(Desk { papers: Mutex::default(), work: Condvar::new() });
        let (groups, to_sync) = channel();
        let syncer = {
            let (desk, measures) = (Arc::clone(&desk), Arc::clone(&measures));
            let heartbeat = heartbeats.add(format!("sync-{shard}"));
            heartbeat.spawn(move |heartbeat| sync(&to_sync, &desk, &measures, &heartbeat))?
        };
        let scribe = JournalWriter::new(disk, durability);
        let writes = Arc::clone(&desk);
        let writer = move |heartbeat| Writer {
            desk: writes,
            scribe,
            durability,
            measures,
            heartbeat,
            empty: Batch::default(),
            counted: Tally::default(),
            wake,
        };
        let heartbeat = heartbeats.add(format!("journal-{shard}"));
        let thread = heartbeat.spawn(move |heartbeat| writer(heartbeat).run(groups, syncer))?;
        Ok((JournalThread(desk), thread))
    }

    /// Collects whole records for the next batch.
    ///
    /// # Errors
    /// Too many bytes wait to be written, or the thread has ended.
    pub(super) fn append(&self, entry: Entry<&[u8]>) -> Result<BatchNumber, JournalError> {
        let mut papers = self.0.papers();
        if papers.is_gone {
            return Err(JournalError::Gone);
        }
        let bytes = papers.bytes + entry.bytes();
        if bytes > WAITING_BYTES_MAX {
            return Err(JournalError::TooMuchWaits { bytes: papers.bytes });
        }
        papers.bytes = bytes;
        papers.collecting.push(entry);
        Ok(BatchNumber(papers.batch + 1))
    }

    /// Collects an entry without bytes. There are a few for each match.
    pub(super) fn collect(&self, entry: Entry<&[u8]>) {
        self.0.papers().collecting.push(entry);
    }

    /// Submits the collected entries, if there are any. Returns the newest batch.
    pub(crate) fn submit(&self) -> BatchNumber {
        let mut papers = self.0.papers();
        if papers.collecting.is_empty() {
            return BatchNumber(papers.batch);
        }
        let Papers { collecting, submitted, .. } = &mut *papers;
        submitted.append(collecting);
        papers.batch += 1;
        papers.since.get_or_insert_with(Instant::now);
        let batch = BatchNumber(papers.batch);
        drop(papers);
        self.0.work.notify_one();
        batch
    }

    /// Returns the newest batch that is done, and the faults since the last call.
    pub(crate) fn news(&self) -> News {
        let mut papers = self.0.papers();
        let troubles = std::mem::take(&mut papers.troubles);
        News { done: BatchNumber(papers.done), troubles }
    }

    /// Returns whether a batch is done.
    pub(crate) fn is_done(&self, batch: BatchNumber) -> bool {
        self.0.papers().done >= batch.0
    }

    /// Waits until a batch is done. False if that takes too long, or the thread has ended.
    #[cfg(test)]
    pub(crate) fn wait_for(&self, batch: BatchNumber, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while !self.is_done(batch) && !self.0.papers().is_gone && Instant::now() < until {
            std::thread::yield_now();
        }
        self.is_done(batch)
    }

    /// Ends the thread once the disk has all that was collected.
    pub(crate) fn end(&self) {
        self.submit();
        self.0.papers().is_over = true;
        self.0.work.notify_one();
    }
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        // Every state between two statements is a valid one.
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Papers {
    /// Takes the pending work, in exchange for an empty batch.
    fn take_work(&mut self, empty: Batch) -> Work {
        Work {
            entries: std::mem::replace(&mut self.submitted, empty),
            batch: self.batch,
            since: self.since.take(),
            synced: self.synced.take(),
            is_over: self.is_over,
        }
    }

    fn has_work(&self) -> bool {
        !self.submitted.is_empty() || self.synced.is_some() || self.is_over
    }
}

/// The state of the thread.
struct Writer<D: Disk, W> {
    desk: Arc<Desk>,
    scribe: JournalWriter<D>,
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
    is_over: bool,
}

impl<D: Disk, W: Fn() + Send> Writer<D, W> {
    fn run(mut self, groups: Sender<Syncs<D>>, syncer: JoinHandle<()>) {
        let _gone = Gone(Arc::clone(&self.desk));
        let epoch = Instant::now();
        loop {
            let work = self.wait(epoch);
            let is_over = work.is_over;
            let now = Instant::now();
            self.heartbeat.begin(now);
            self.handle(work, now - epoch);
            if self.durability == Durability::Group
                && self.scribe.sync_due().is_some_and(|due| due <= epoch.elapsed())
                && let Some(group) = self.scribe.take_syncs()
            {
                groups.send(group).expect("it ends after this one");
            }
            if is_over {
                break;
            }
            self.heartbeat.rest();
        }
        drop(groups);
        syncer.join().ok();
        if let Some(synced) = self.desk.papers().synced.take() {
            self.scribe.synced(synced);
        }
        self.sync_here();
        self.count();
    }

    /// Sleeps until there is work.
    fn wait(&mut self, epoch: Instant) -> Work {
        let mut papers = self.desk.papers();
        while !papers.has_work() {
            let Some(due) = self.scribe.sync_due() else {
                papers = self.desk.work.wait(papers).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = due.saturating_sub(epoch.elapsed());
            if left.is_zero() {
                break;
            }
            let woken = self.desk.work.wait_timeout(papers, left);
            papers = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        papers.take_work(std::mem::take(&mut self.empty))
    }

    fn handle(&mut self, work: Work, now: Duration) {
        let Work { entries, batch, since, synced, .. } = work;
        if let Some(synced) = synced {
            self.scribe.synced(synced);
        }
        let bytes = entries.bytes();
        if !entries.is_empty() {
            let began = Instant::now();
            self.scribe.write(entries.entries(), now);
            self.measures.journal.writes.record(began.elapsed());
        }
        if self.durability == Durability::Strict {
            self.sync_here();
        }
        self.count();
        self.empty = entries.emptied();
        let troubles = self.scribe.take_troubles();
        let mut papers = self.desk.papers();
        let is_news = papers.done < batch || !troubles.is_empty();
        papers.done = batch;
        papers.bytes -= bytes;
        self.measures.journal.waiting_bytes.set(papers.bytes as u64);
        papers.troubles.extend(troubles);
        drop(papers);
        if is_news {
            if let Some(since) = since {
                self.measures.journal.waits.record(since.elapsed());
            }
            (self.wake)();
        }
    }

    fn sync_here(&mut self) {
        if let Some(group) = self.scribe.take_syncs() {
            let began = Instant::now();
            let synced = group.run();
            self.measures.journal.syncs.record(began.elapsed());
            self.scribe.synced(synced);
        }
    }

    fn count(&mut self) {
        let (journal, now) = (&self.measures.journal, self.scribe.tally());
        let before = std::mem::replace(&mut self.counted, now);
        journal.bytes.add(now.written_bytes - before.written_bytes);
        journal.synced_files.add(now.synced_files - before.synced_files);
        journal.sync_failures.add(now.sync_failures - before.sync_failures);
    }
}

/// Waits for the disk, one group after the other.
fn sync<D: Disk>(
    groups: &Receiver<Syncs<D>>,
    desk: &Desk,
    measures: &ShardMetrics,
    heartbeat: &Heartbeat,
) {
    for group in groups {
        let began = Instant::now();
        heartbeat.begin(began);
        let synced = group.run();
        heartbeat.rest();
        measures.journal.syncs.record(began.elapsed());
        desk.papers().synced = Some(synced);
        desk.work.notify_one();
    }
}

/// Marks the thread as ended, however it ends.
struct Gone(Arc<Desk>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.papers().is_gone = true;
    }
}

/// The writer without a thread, for tests that control the order of events.
#[cfg(test)]
pub(crate) struct ByHand<D: Disk> {
    writer: Writer<D, fn()>,
    group: Option<Syncs<D>>,
}

#[cfg(test)]
impl<D: Disk> ByHand<D> {
    pub(crate) fn new(disk: D, durability: Durability) -> (JournalThread, ByHand<D>) {
        let desk = Arc::new(Desk { papers: Mutex::default(), work: Condvar::new() });
        let scribe = JournalWriter::new(disk, durability);
        let (measures, counted) = (Arc::default(), Tally::default());
        let writes = Arc::clone(&desk);
        let writer = Writer {
            desk: writes,
            scribe,
            durability,
            measures,
            heartbeat: Heartbeats::default().add("journal-0"),
            empty: Batch::default(),
            counted,
            wake: (|| ()) as fn(),
        };
        (JournalThread(desk), ByHand { writer, group: None })
    }

    /// Writes what was submitted, and handles the sync that has ended.
    pub(crate) fn write(&mut self, now: Duration) {
        let empty = std::mem::take(&mut self.writer.empty);
        let work = self.writer.desk.papers().take_work(empty);
        self.writer.handle(work, now);
    }

    /// Begins a sync if one is due.
    pub(crate) fn begin_sync(&mut self, now: Duration) {
        if self.writer.scribe.sync_due().is_some_and(|due| due <= now) && self.group.is_none() {
            self.group = self.writer.scribe.take_syncs();
        }
    }

    /// Ends the sync.
    pub(crate) fn end_sync(&mut self) {
        if let Some(group) = self.group.take() {
            self.writer.desk.papers().synced = Some(group.run());
        }
    }
}

#[cfg(test)]
mod tests;
