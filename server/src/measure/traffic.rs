//! The traffic of all game sockets. Each connection counts for itself and adds its counts here once
//! a second, and when it ends. So no message pays for a number that all cores write. The names are
//! in `metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use bolide_net::ErrorCode;
use bolide_transport::Written;

/// Sums over all connections since the start, at most a second old.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    frames_out: AtomicU64,
    replaced: AtomicU64,
    lagged: AtomicU64,
    /// The bytes that wait now in open connections, and not a sum over time.
    waiting_bytes: AtomicU64,
    errors: [AtomicU64; ErrorCode::ALL.len()],
}

impl Traffic {
    /// Adds the traffic of a connection since the last call. `waiting_before` is what waited then.
    pub(crate) fn add(&self, read_bytes: u64, written: Written, waiting_before: u64) {
        for (sum, amount) in [
            (&self.bytes_in, read_bytes),
            (&self.bytes_out, written.bytes),
            (&self.frames_out, written.frames),
            (&self.replaced, written.replaced),
            (&self.lagged, written.lagged),
            (&self.waiting_bytes, written.waiting_bytes.wrapping_sub(waiting_before)),
        ] {
            if amount != 0 {
                sum.fetch_add(amount, Ordering::Relaxed);
            }
        }
    }

    /// Counts an error message to a client: its message is malformed, or cannot be granted.
    pub(crate) fn error(&self, code: ErrorCode) {
        self.errors[code as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Returns the sums. The waiting bytes are the current state.
    pub(crate) fn written(&self) -> Written {
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Written {
            bytes: of(&self.bytes_out),
            frames: of(&self.frames_out),
            replaced: of(&self.replaced),
            lagged: of(&self.lagged),
            waiting_bytes: of(&self.waiting_bytes),
        }
    }

    /// Error messages that connections sent, by code. Those that rooms sent are in the metrics of
    /// their shards.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (ErrorCode, u64)> + '_ {
        let told = ErrorCode::ALL.into_iter().zip(&self.errors);
        told.map(|(code, count)| (code, count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use bolide_transport::Written;

    use super::Traffic;

    #[test]
    fn what_waits_is_what_the_connections_that_are_open_have() {
        let traffic = Traffic::default();
        let waits = |bytes| Written { bytes: 10, waiting_bytes: bytes, ..Written::default() };
        traffic.add(5, waits(100), 0);
        traffic.add(5, waits(50), 0);
        traffic.add(0, waits(0), 100);
        assert_eq!(
            traffic.written(),
            Written { bytes: 30, waiting_bytes: 50, ..Written::default() }
        );
        assert_eq!(traffic.bytes_in(), 10);
    }
}
