//! Merges syncs that several threads request at the same time. A caller is answered by a sync that
//! began after its call; all calls during one sync share the next. It knows no file.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The syncs of one file system.
#[derive(Debug, Default)]
pub(super) struct SharedSync {
    state: Mutex<State>,
    has_ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Number of syncs that have begun, including the running one.
    begun: u64,
    ended: u64,
    failures: u64,
}

impl SharedSync {
    /// Waits for a sync that begins from now on, and runs it unless another caller does. Returns
    /// the number of failed syncs since the start. A failure concerns every caller, even on its
    /// first call after it, because the lost bytes may be its own.
    pub(super) fn sync(&self, run: impl FnOnce() -> io::Result<()>) -> u64 {
        let mut state = self.state();
        let wanted = state.begun + 1;
        while state.ended < state.begun {
            state = self.has_ended.wait(state).unwrap_or_else(PoisonError::into_inner);
            if state.ended >= wanted {
                return state.failures;
            }
        }
        state.begun += 1;
        drop(state);
        let failed = run().is_err();
        let mut state = self.state();
        state.ended += 1;
        state.failures += u64::from(failed);
        self.has_ended.notify_all();
        state.failures
    }

    /// Returns the number of failed syncs since the start.
    pub(super) fn failures(&self) -> u64 {
        self.state().failures
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every state between two statements is a valid one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::SharedSync;

    #[test]
    fn callers_that_ask_while_a_sync_runs_share_the_next_one() {
        const CALLERS: usize = 8;
        let (sync, runs) = (SharedSync::default(), AtomicU32::new(0));
        let (running, has_begun) = channel();
        let (resume, may_end) = channel::<()>();
        let (asks, asked) = channel();
        thread::scope(|scope| {
            let (sync, runs) = (&sync, &runs);
            scope.spawn(move || {
                sync.sync(|| {
                    running.send(()).expect("awaited");
                    may_end.recv().expect("sent");
                    Ok(())
                })
            });
            has_begun.recv().expect("it runs");
            for _ in 0..CALLERS {
                let asks = asks.clone();
                scope.spawn(move || {
                    asks.send(()).expect("counted");
                    sync.sync(|| {
                        runs.fetch_add(1, Ordering::Relaxed);
                        Ok(())
                    })
                });
            }
            asked.iter().take(CALLERS).for_each(drop);
            assert_eq!(runs.load(Ordering::Relaxed), 0, "none of them is answered by the first");
            resume.send(()).expect("awaited");
        });
        // The last call may have come after the second sync began.
        assert!((1..=2).contains(&runs.load(Ordering::Relaxed)), "{runs:?}");
    }

    #[test]
    fn a_failure_is_counted_for_every_caller() {
        let sync = SharedSync::default();
        assert_eq!(sync.sync(|| Ok(())), 0);
        assert_eq!(sync.sync(|| Err(io::ErrorKind::Other.into())), 1);
        assert_eq!((sync.sync(|| Ok(())), sync.failures()), (1, 1));
    }
}
