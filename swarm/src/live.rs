//! State that all threads of a swarm share: the stage of the run, the figures of the progress line,
//! and the lock under which one room is opened at a time.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::SwarmFailure;

/// The stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Players are joining.
    Joining,
    /// All players have joined, and everything counts.
    Measuring,
    /// All players are leaving.
    Leaving,
}

/// The state of a run. Its numbers are for display; no decision depends on their memory order.
#[derive(Debug, Default)]
pub(crate) struct Live {
    stage: AtomicU8,
    pub(crate) joined: AtomicU32,
    /// Players that were lost after they had joined.
    pub(crate) gone: AtomicU32,
    /// All lost players, including those that never joined.
    pub(crate) lost: AtomicU32,
    pub(crate) snapshots: AtomicU64,
    pub(crate) desyncs: AtomicU64,
    /// Threads that have opened all their rooms, or have given up.
    pub(crate) ramped: AtomicU32,
    gave_up: AtomicBool,
    interrupted: AtomicBool,
    /// Held while a room is opened, so that all threads together keep the pace of the ramp.
    pub(crate) door: AsyncMutex<()>,
    pub(crate) rooms: AtomicU32,
    failure: Mutex<Option<SwarmFailure>>,
    server: Mutex<String>,
}

impl Live {
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Joining,
            1 => Stage::Measuring,
            _ => Stage::Leaving,
        }
    }

    /// Returns the number of players that joined and were not lost.
    pub(crate) fn left(&self) -> u32 {
        self.joined.load(Ordering::Relaxed).saturating_sub(self.gone.load(Ordering::Relaxed))
    }

    pub(crate) fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Stores the name under which the server introduces itself.
    pub(crate) fn set_server(&self, name: &str) {
        name.clone_into(&mut self.server.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn server(&self) -> String {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the run now, with its report, at the user's request.
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.give_up();
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Stops the opening of further rooms.
    pub(crate) fn give_up(&self) {
        self.gave_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_given_up(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed)
    }

    /// Fails the run. The first reason is kept.
    pub(crate) fn fail(&self, failure: SwarmFailure) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
        self.give_up();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(crate) fn take_failure(&self) -> Option<SwarmFailure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
