//! A shard's side of its journal thread and of the store. It submits the records of its ticks,
//! learns which batches are done, and sends the frames that waited for them. It also passes on the
//! answers of the store. It writes no file.

use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::Instant;

use bolide_storage::{BatchNumber, JournalThread};

use super::{RoomKey, Shard};

/// The thread of a shard, which is woken when its journals are written.
#[derive(Debug, Default)]
pub(super) struct Sleeper(OnceLock<Thread>);

impl Sleeper {
    pub(super) fn is(&self, thread: &Thread) {
        self.0.get_or_init(|| thread.clone());
    }

    pub(super) fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

impl Shard {
    /// Sleeps, and sends frames meanwhile as soon as their journal is written.
    pub(super) fn sleep(&mut self, until: Instant) {
        if self.journal.is_some() && until <= Instant::now() {
            // A shard that is behind does not sleep. If it shares its core with the journal thread,
            // frames would wait some milliseconds until the kernel takes the core away from the
            // shard.
            thread::yield_now();
        }
        self.poll_journal();
        while let left = until.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            thread::park_timeout(left);
            self.poll_journal();
        }
    }

    /// Submits the journal records of this slot's ticks.
    pub(super) fn submit(&self) -> Option<BatchNumber> {
        self.journal.as_ref().map(|(journal, _)| journal.submit())
    }

    /// Reads which batches are done and which failed, and sends the frames that waited for them.
    pub(super) fn poll_journal(&mut self) {
        let Some((journal, _)) = &self.journal else { return };
        let progress = journal.progress();
        if progress.done == self.written && progress.faults.is_empty() {
            return;
        }
        self.written = progress.done;
        for (id, fault) in progress.faults {
            let Some(room) = self.rooms.find(|(driver, _)| driver.minds(id)) else { continue };
            self.call(room, |driver| driver.journal_fault(id, fault));
            self.note_if_holding(room);
            self.submit();
        }
        let mut holding = std::mem::take(&mut self.holding);
        for room in holding.drain(..) {
            self.call(room, |driver| driver.release(progress.done));
            self.note_if_holding(room);
        }
        // Keeps the memory of the list.
        holding.append(&mut self.holding);
        self.holding = holding;
    }

    /// Passes the answers of the store to their rooms.
    pub(super) fn poll_store(&mut self) {
        while let Some(ack) = self.acks.try_recv() {
            self.call_known(&ack.room, |driver| driver.acknowledged(&ack));
        }
    }

    pub(super) fn note_if_holding(&mut self, room: RoomKey) {
        if self.rooms.get_mut(room).is_some_and(|(driver, _)| driver.begins_to_hold()) {
            self.holding.push(room);
        }
    }

    pub(super) fn journal_thread(&self) -> Option<JournalThread> {
        self.journal.as_ref().map(|(journal, _)| journal.clone())
    }
}
