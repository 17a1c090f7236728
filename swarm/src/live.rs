//! What all threads of a swarm share: how far the run is, what the progress line shows, and the door through which one
//! room is opened at a time.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::SwarmFailure;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Players join.
    Joining,
    /// All are there, and everything counts.
    Measuring,
    /// Everybody leaves.
    Leaving,
}

/// The state of a run. Its numbers are for people who watch; nothing is decided by their order.
#[derive(Debug, Default)]
pub(crate) struct Live {
    stage: AtomicU8,
    pub(crate) joined: AtomicU32,
    /// Players that were lost after they had joined.
    pub(crate) gone: AtomicU32,
    /// All that were lost, also before they joined.
    pub(crate) lost: AtomicU32,
    pub(crate) snapshots: AtomicU64,
    pub(crate) desyncs: AtomicU64,
    /// Threads that have opened all their rooms, or given up.
    pub(crate) ramped: AtomicU32,
    gave_up: AtomicBool,
    interrupted: AtomicBool,
    /// Whoever opens a room, so that all threads together keep the pace of the ramp.
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

    /// Players that are there.
    pub(crate) fn left(&self) -> u32 {
        self.joined.load(Ordering::Relaxed).saturating_sub(self.gone.load(Ordering::Relaxed))
    }

    pub(crate) fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Takes note of what the server calls itself.
    pub(crate) fn set_server(&self, name: &str) {
        name.clone_into(&mut self.server.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn server(&self) -> String {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody has seen enough: the run ends now, with its report.
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.give_up();
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// No further rooms are opened.
    pub(crate) fn give_up(&self) {
        self.gave_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_given_up(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed)
    }

    /// The run makes no sense; the first reason counts.
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
