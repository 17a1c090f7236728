//! The threads of this crate, as the owner of the data folder watches them. The owner starts each
//! of them, so that it can name it, contain its panic, and see how long its current turn takes.

use std::fmt;
use std::io;
use std::thread::JoinHandle;
use std::time::Instant;

/// The work of a thread.
type Body = Box<dyn FnOnce(Turns) + Send>;

/// Starts one thread for this crate.
pub struct ThreadStarter(Box<dyn FnOnce(Body) -> io::Result<JoinHandle<()>>>);

/// The reports of a thread about its turns. When it is dropped, the thread has ended.
pub struct Turns(Box<dyn Fn(Option<Instant>) + Send>);

impl ThreadStarter {
    /// Wraps a function that runs the given body on a new thread.
    pub fn new(
        start: impl FnOnce(Box<dyn FnOnce(Turns) + Send>) -> io::Result<JoinHandle<()>> + 'static,
    ) -> ThreadStarter {
        ThreadStarter(Box::new(start))
    }

    pub(crate) fn start(
        self,
        body: impl FnOnce(Turns) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        (self.0)(Box::new(body))
    }
}

impl Turns {
    /// Wraps a function that takes the time at which a turn begins, or `None` when the thread
    /// waits for something to do.
    pub fn new(report: impl Fn(Option<Instant>) + Send + 'static) -> Turns {
        Turns(Box::new(report))
    }

    /// Begins a turn, which ends the one before.
    pub(crate) fn begin(&self, now: Instant) {
        (self.0)(Some(now));
    }

    /// Ends the turn.
    pub(crate) fn rest(&self) {
        (self.0)(None);
    }
}

impl fmt::Debug for ThreadStarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadStarter")
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}
