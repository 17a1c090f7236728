//! A shard's side of its journal thread and of the store. It submits the records of its ticks,
//! learns which batches are done, and sends the frames that waited for them. It also passes on the
//! answers of the store. It writes no file.

use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::Instant;

use bolide_storage::JournalThread;

use super::{RoomKey, Shard};
use crate::rooms::RoomCommand;

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
    pub(super) fn submit(&self) {
        if let Some((journal, _)) = &self.journal {
            journal.submit();
        }
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
            let Some(room) = self.rooms.find(|running| running.driver.is_affected_by(id)) else {
                continue;
            };
            self.command(room, RoomCommand::JournalFault(id, fault));
            self.note_if_deferring(room);
            self.submit();
        }
        let mut deferring = std::mem::take(&mut self.deferring);
        for room in deferring.drain(..) {
            if let Some(running) = self.rooms.get_mut(room) {
                running.is_deferring = false;
            }
            self.call(room, |driver, scratch| driver.flush(progress.done, scratch));
            self.note_if_deferring(room);
        }
        // Keeps the memory of the list.
        deferring.append(&mut self.deferring);
        self.deferring = deferring;
    }

    /// Passes the answers of the store to their rooms.
    pub(super) fn poll_store(&mut self) {
        while let Some(ack) = self.acks.try_recv() {
            if let Some(room) = self.rooms.key(&ack.room) {
                self.command(room, RoomCommand::Acknowledge(ack));
            }
        }
    }

    /// Lists a room whose frames wait for the journal, unless it is listed already.
    pub(super) fn note_if_deferring(&mut self, room: RoomKey) {
        let Some(running) = self.rooms.get_mut(room) else { return };
        if !running.is_deferring && running.driver.status().is_deferring {
            running.is_deferring = true;
            self.deferring.push(room);
        }
    }

    pub(super) fn journal_thread(&self) -> Option<JournalThread> {
        self.journal.as_ref().map(|(journal, _)| journal.clone())
    }
}
