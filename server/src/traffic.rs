//! What goes over the game sockets. Each connection counts for itself and adds it up here once a second, and when it ends:
//! no message pays for a number that all cores write. Nothing is named here: that is `metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use bolide_net::ErrorCode;

/// The sums over all connections since the start, a second old at most.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    frames_out: AtomicU64,
    replaced: AtomicU64,
    lagged: AtomicU64,
    /// Of those that are open, and no sum over time.
    waiting_bytes: AtomicU64,
    errors: [AtomicU64; ErrorCode::ALL.len()],
}

/// What a client was written, since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Bytes that the system took, headers of frames among them.
    pub(crate) bytes: u64,
    /// Frames that are out to their last byte.
    pub(crate) frames: u64,
    /// Snapshots that a newer one replaced before they were begun.
    pub(crate) replaced: u64,
    /// Deltas that came before their baseline was begun; the next snapshot is whole.
    pub(crate) lagged: u64,
    /// Bytes that wait now.
    pub(crate) waiting_bytes: u64,
}

impl Traffic {
    /// A connection has read and written so much since the last time, and `waiting_before` waited then.
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

    /// A client was told that a message of his is wrong, or cannot be granted.
    pub(crate) fn error(&self, code: ErrorCode) {
        self.errors[code as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// The sums; what waits is a state.
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

    /// How often connections told each code. What rooms tell themselves is in the measures of their shards.
    pub(crate) fn errors(&self) -> impl Iterator<Item = (ErrorCode, u64)> + '_ {
        let told = ErrorCode::ALL.into_iter().zip(&self.errors);
        told.map(|(code, count)| (code, count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Traffic, Written};

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
