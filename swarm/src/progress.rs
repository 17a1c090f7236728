//! The progress line of a run: rewritten each second on a terminal, otherwise a plain line every
//! five seconds. It goes to standard error, so that standard output holds only the report.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::live::{Live, Stage};

/// Prints the progress of a run.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
    every: Duration,
    told_at: Instant,
    snapshots: u64,
}

impl Progress {
    pub(crate) fn new(now: Instant) -> Progress {
        let terminal = io::stderr().is_terminal();
        let every = Duration::from_secs(if terminal { 1 } else { 5 });
        Progress { terminal, every, told_at: now, snapshots: 0 }
    }

    /// Prints the state if the interval has passed.
    pub(crate) fn tell(&mut self, now: Instant, live: &Live, players: u64, left: Duration) {
        let since = now - self.told_at;
        if since < self.every {
            return;
        }
        let snapshots = live.snapshots.load(Ordering::Relaxed);
        let rate = (snapshots - self.snapshots) as f64 / since.as_secs_f64();
        (self.told_at, self.snapshots) = (now, snapshots);
        let line = line(live, players, rate, left);
        let mut error = io::stderr().lock();
        // Standard error may be closed.
        if self.terminal {
            write!(error, "\r{line}\x1b[K").and_then(|()| error.flush()).ok();
        } else {
            writeln!(error, "{line}").ok();
        }
    }

    /// Clears the line, so that the report begins at the left.
    pub(crate) fn end(&self) {
        if self.terminal {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}

fn line(live: &Live, players: u64, rate: f64, left: Duration) -> String {
    let stage = match live.stage() {
        Stage::Joining => "joining".to_owned(),
        Stage::Measuring => format!("{:3.0} s left", left.as_secs_f64()),
        Stage::Leaving => "leaving".to_owned(),
    };
    let (joined, lost) = (live.joined.load(Ordering::Relaxed), live.lost.load(Ordering::Relaxed));
    let desyncs = live.desyncs.load(Ordering::Relaxed);
    format!(
        "{stage}   joined {joined}/{players}   {rate:.0} snapshots/s   lost {lost}   desyncs {desyncs}"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::line;
    use crate::live::{Live, Stage};

    #[test]
    fn the_line_says_how_far_it_is() {
        let live = Live::default();
        live.joined.store(7, Ordering::Relaxed);
        let left = Duration::from_secs(9);
        assert_eq!(
            line(&live, 20, 0.0, left),
            "joining   joined 7/20   0 snapshots/s   lost 0   desyncs 0"
        );
        live.set_stage(Stage::Measuring);
        assert!(
            line(&live, 20, 600.0, left).starts_with("  9 s left   joined 7/20   600 snapshots/s")
        );
    }
}
