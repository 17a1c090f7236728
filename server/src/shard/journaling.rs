//! What a shard has to do with the thread that writes its journals: hand over what its ticks add, hear what has become of
//! it, and let go what waited for it; and what the store has answered. It writes nothing.

use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::Instant;

use super::{RoomKey, Shard};
use crate::journal::{BatchNumber, JournalThread};

/// The thread of a shard, to be woken when its journals are written.
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
    /// Sleeps, and in between lets go what has been written down meanwhile.
    pub(super) fn sleep(&mut self, until: Instant) {
        if self.journal.is_some() && until <= Instant::now() {
            // A shard that is behind does not sleep. Where it shares its core with the journal's thread,
            // frames would wait until the kernel takes the core away from it, some milliseconds later.
            thread::yield_now();
        }
        self.heed_journal();
        while let left = until.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            thread::park_timeout(left);
            self.heed_journal();
        }
    }

    /// Hands over what the ticks of this slot have added to journals.
    pub(super) fn submit(&self) -> Option<BatchNumber> {
        self.journal.as_ref().map(|(journal, _)| journal.submit())
    }

    /// Hears what has become of that, and lets go what waited for it.
    pub(super) fn heed_journal(&mut self) {
        let Some((journal, _)) = &self.journal else { return };
        let news = journal.news();
        if news.done == self.heard && news.troubles.is_empty() {
            return;
        }
        self.heard = news.done;
        for (id, trouble) in news.troubles {
            let Some(room) = self.rooms.find(|(driver, _)| driver.minds(id)) else { continue };
            self.call(room, |driver| driver.trouble(id, trouble));
            self.note_if_holding(room);
            self.submit();
        }
        let mut holding = std::mem::take(&mut self.holding);
        for room in holding.drain(..) {
            self.call(room, |driver| driver.release(news.done));
            self.note_if_holding(room);
        }
        // Its memory, for the next ones.
        holding.append(&mut self.holding);
        self.holding = holding;
    }

    /// Hands on what the store has answered.
    pub(super) fn heed_store(&mut self) {
        while let Ok(ack) = self.acks.try_recv() {
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
