//! The age of the current turn of each thread that matches depend on. A thread stores the time when
//! a turn begins, and that it is idle; each is one relaxed atomic store with a time that it has
//! read anyway. Any other thread may read it. `readiness` draws the conclusions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bolide_storage::{ThreadStarter, Turns};

use super::shard_metrics::nanoseconds;
use super::threads::Failures;

/// The heartbeats of all threads of a server. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heartbeats {
    pulses: Arc<Mutex<Vec<Arc<Pulse>>>>,
    failures: Failures,
}

/// The heartbeat of one thread, which owns it: when it is dropped, the thread has ended.
#[derive(Debug)]
pub(crate) struct Heartbeat(Arc<Pulse>);

/// The activity of a thread, as other threads see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The thread waits until there is something to do.
    Idle,
    /// The thread has worked on one turn for this long.
    For(Duration),
    /// The thread has ended or panicked.
    Ended,
}

#[derive(Debug)]
struct Pulse {
    thread: String,
    epoch: Instant,
    /// Nanoseconds after the epoch at which the turn began, or one of the two values below.
    turn: AtomicU64,
    failures: Failures,
}

const IDLE: u64 = 0;
const ENDED: u64 = u64::MAX;

impl Heartbeats {
    /// Adds a heartbeat for a thread of that name, which is idle until its first turn.
    pub(crate) fn add(&self, thread: impl Into<String>) -> Heartbeat {
        let (thread, epoch) = (thread.into(), Instant::now());
        let (turn, failures) = (AtomicU64::new(IDLE), self.failures.clone());
        let pulse = Arc::new(Pulse { thread, epoch, turn, failures });
        self.pulses().push(Arc::clone(&pulse));
        Heartbeat(pulse)
    }

    /// Returns all threads by name, with their turns.
    pub(crate) fn turns(&self, now: Instant) -> Vec<(String, Turn)> {
        self.pulses().iter().map(|pulse| (pulse.thread.clone(), pulse.turn(now))).collect()
    }

    /// Returns the record of the first panic of a thread.
    pub(crate) const fn failures(&self) -> &Failures {
        &self.failures
    }

    fn pulses(&self) -> MutexGuard<'_, Vec<Arc<Pulse>>> {
        // A list that is only appended to is always consistent.
        self.pulses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heartbeat {
    /// Returns the name of its thread.
    pub(crate) fn thread(&self) -> &str {
        &self.0.thread
    }

    /// Returns the record that a panic of its thread goes to.
    pub(crate) fn failures(&self) -> &Failures {
        &self.0.failures
    }

    /// Lends the heartbeat to a thread of the storage.
    pub(crate) fn starter(self) -> ThreadStarter {
        ThreadStarter::new(move |body| {
            self.spawn(move |heartbeat| {
                body(Turns::new(move |turn| match turn {
                    Some(now) => heartbeat.begin(now),
                    None => heartbeat.rest(),
                }));
            })
        })
    }

    /// Begins a turn, which ends the one before.
    pub(crate) fn begin(&self, now: Instant) {
        let since = nanoseconds(now.saturating_duration_since(self.0.epoch));
        self.0.turn.store(since.clamp(IDLE + 1, ENDED - 1), Ordering::Relaxed);
    }

    /// Ends the turn: the thread waits for something to do.
    pub(crate) fn rest(&self) {
        self.0.turn.store(IDLE, Ordering::Relaxed);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.turn.store(ENDED, Ordering::Relaxed);
    }
}

impl Pulse {
    fn turn(&self, now: Instant) -> Turn {
        match self.turn.load(Ordering::Relaxed) {
            IDLE => Turn::Idle,
            ENDED => Turn::Ended,
            since => {
                let began = self.epoch + Duration::from_nanos(since);
                Turn::For(now.saturating_duration_since(began))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Heartbeats, Turn};

    #[test]
    fn a_turn_lasts_until_the_next_begins_or_the_thread_rests_and_a_panic_ends_the_thread() {
        let heartbeats = Heartbeats::default();
        let heartbeat = heartbeats.add("shard-0");
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        let turn = |now: Instant| match &heartbeats.turns(now)[..] {
            [(thread, turn)] if thread == "shard-0" => *turn,
            turns => panic!("{turns:?}"),
        };
        let now = later(10);
        assert_eq!(turn(now), Turn::Idle);
        heartbeat.begin(now);
        assert_eq!(turn(now), Turn::For(Duration::ZERO));
        assert_eq!(turn(now + Duration::from_secs(7)), Turn::For(Duration::from_secs(7)));
        heartbeat.begin(now + Duration::from_secs(6));
        assert_eq!(turn(now + Duration::from_secs(7)), Turn::For(Duration::from_secs(1)));
        heartbeat.rest();
        assert_eq!(turn(now), Turn::Idle);
        let thread = std::thread::spawn(move || {
            heartbeat.begin(now);
            panic!("as a thread may");
        });
        thread.join().expect_err("it panics");
        assert_eq!(turn(now), Turn::Ended);
    }
}
