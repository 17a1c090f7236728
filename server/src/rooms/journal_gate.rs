//! Holds deliveries back until the tick that they describe is in the journal. They leave in the
//! order in which the room put them out. It sends nothing itself.

use std::collections::VecDeque;

use bolide_net::{CloseCode, Frame};
use bolide_room::{ConnectionId, Lane};
use bolide_storage::{BatchNumber, JournalError};
use uuid::Uuid;

use super::scratch::Scratch;

/// Most ticks whose frames may wait for the journal: 17 to 51 s of a disk that does nothing. Beyond
/// it the room fails.
const DEFERRED_TICKS_MAX: usize = 1024;

/// A frame or a close for a connection.
pub(super) enum Delivery {
    Frame { to: ConnectionId, lane: Lane, frame: Frame },
    Close { to: ConnectionId, code: CloseCode, reason: &'static str },
}

/// The time at which queued frames are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Flush {
    /// At the end of the call.
    #[default]
    Now,
    /// With the frames that follow. The call is a tick without a snapshot.
    Later,
}

/// Deliveries that wait for the journal.
pub(super) struct Deferred {
    batch: BatchNumber,
    /// The match whose records are in the batch.
    id: Option<Uuid>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) flush: Flush,
}

/// The deliveries of a room that are not sent yet.
#[derive(Default)]
pub(super) struct JournalGate {
    /// Deliveries of the current call so far.
    pending: Vec<Delivery>,
    /// The batch with the journal records of the current call, if it has made any.
    batch: Option<BatchNumber>,
    /// Deliveries that wait for the journal, the oldest first.
    deferred: VecDeque<Deferred>,
    /// Something that waited for the journal was sent, by this process or an earlier one.
    was_shown: bool,
}

impl JournalGate {
    /// Adds a delivery of the current call.
    pub(super) fn add(&mut self, delivery: Delivery, scratch: &mut Scratch) {
        if self.pending.capacity() == 0 {
            self.pending = scratch.list();
        }
        self.pending.push(delivery);
    }

    /// Makes the deliveries of the current call wait for a batch, if it is one.
    pub(super) fn wait_for(&mut self, batch: Option<BatchNumber>) {
        self.batch = batch.or(self.batch);
    }

    /// Discards the deliveries of a call whose tick could not be journaled.
    pub(super) fn discard(&mut self) {
        self.pending.clear();
    }

    /// Ends the current call. Returns its deliveries if nothing has to be written before they are
    /// sent. Otherwise they wait, `thinned` by those that are out of date by then.
    ///
    /// # Errors
    /// Too many ticks wait.
    pub(super) fn end_call(
        &mut self,
        id: Option<Uuid>,
        flush: Flush,
        scratch: &mut Scratch,
        thin: impl FnOnce(&mut Vec<Delivery>),
    ) -> Result<Option<Vec<Delivery>>, JournalError> {
        let mut deliveries = std::mem::take(&mut self.pending);
        match (self.batch.take(), self.deferred.back_mut()) {
            (None, None) => return Ok(Some(deliveries)),
            (None, Some(newest)) => {
                thin(&mut deliveries);
                if flush == Flush::Now && !deliveries.is_empty() {
                    newest.flush = Flush::Now;
                }
                newest.deliveries.append(&mut deliveries);
                scratch.keep(deliveries);
            }
            (Some(batch), _) => {
                if self.deferred.len() >= DEFERRED_TICKS_MAX {
                    return Err(JournalError::TooSlow { ticks: self.deferred.len() });
                }
                thin(&mut deliveries);
                self.deferred.push_back(Deferred { batch, id, deliveries, flush });
            }
        }
        Ok(None)
    }

    /// Removes and returns the oldest deliveries, if their batch is done.
    pub(super) fn next_written(&mut self, done: BatchNumber) -> Option<Deferred> {
        let is_written = self.deferred.front().is_some_and(|oldest| oldest.batch <= done);
        let written = if is_written { self.deferred.pop_front() } else { None };
        self.was_shown |= written.is_some();
        if self.deferred.is_empty() {
            // Lets the next one go where the last one was, instead of around a ring.
            self.deferred.clear();
        }
        written
    }

    /// Makes what waits for a match whose journal is in doubt wait for the newest batch.
    pub(super) fn defer_again(&mut self, id: Uuid) {
        let Some(newest) = self.deferred.back().map(|newest| newest.batch) else { return };
        for deferred in self.deferred.iter_mut().filter(|deferred| deferred.id == Some(id)) {
            deferred.batch = newest;
        }
    }

    /// Returns whether deliveries wait for the journal of this match.
    pub(super) fn waits_for(&self, id: Uuid) -> bool {
        self.deferred.iter().any(|deferred| deferred.id == Some(id))
    }

    /// Returns whether deliveries wait for the journal.
    pub(super) fn is_deferring(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// Notes that an earlier process may have sent ticks of the room.
    pub(super) const fn set_shown(&mut self) {
        self.was_shown = true;
    }

    pub(super) const fn was_shown(&self) -> bool {
        self.was_shown
    }
}
