//! Staggers the return of the clients when the server stops. The close reason gives each client
//! another delay, so that the next process does not receive all of them at once. It closes nothing
//! itself.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use bolide_room::ConnectionId;

use super::close_reason::CloseReason;
use crate::measure::reasons::DropReason;

/// Range of the delays. A restart takes about the least; a resumed match waits for its players
/// more than three times as long as the greatest.
const BACK_IN_MS: RangeInclusive<u16> = 500..=3000;

const STEP_MS: usize = 10;

/// Number of clients that return in each step. That makes 400 per second, so that few clients
/// return sooner than many.
const IN_A_STEP: u64 = 4;

/// Returns the close of one of `open` connections when the server stops.
pub(crate) fn closing(connection_id: ConnectionId, open: u32) -> CloseReason {
    CloseReason { reason: stopping(connection_id, open), ..DropReason::Stopping.into() }
}

/// Returns the reason of the close frame of one of `open` connections, with the delay that
/// [`bolide_net::back_in_ms`] reads from it. Connections that were opened one after the other get
/// delays that are far apart.
fn stopping(connection_id: ConnectionId, open: u32) -> &'static str {
    static REASONS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let reason = |ms| format!("the server is stopping; back in {ms} ms");
        BACK_IN_MS.step_by(STEP_MS).map(reason).collect()
    });
    let steps = (u64::from(open) / IN_A_STEP).clamp(10, REASONS.len() as u64);
    // 2^64 divided by the golden ratio: multiples of it are spread evenly.
    let spread = connection_id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let index = usize::try_from((spread * steps) >> 32).expect("less than the number of steps");
    &REASONS[index]
}

#[cfg(test)]
mod tests {
    use bolide_net::back_in_ms;
    use bolide_room::ConnectionId;

    use super::stopping;

    /// Counts the clients whose delay is in each fifth of the range.
    fn spread(open: u32) -> [u32; 5] {
        let mut slots = [0; 5];
        for id in 1..=open {
            let told = stopping(ConnectionId(id.into()), open);
            assert!(told.len() <= 123, "a close frame holds no more");
            let ms = back_in_ms(told).expect("a time");
            slots[usize::from((ms - 500).min(2499) / 500)] += 1;
        }
        slots
    }

    #[test]
    fn many_come_back_evenly_over_two_and_a_half_seconds_and_few_soon() {
        let slots = spread(5000);
        assert!(slots.iter().all(|slot| (980..=1020).contains(slot)), "{slots:?}");
        assert_eq!(spread(200), [200, 0, 0, 0, 0]);
        let told = |id| back_in_ms(stopping(ConnectionId(id), 5000)).expect("a time");
        assert!(told(1).abs_diff(told(2)) > 500, "neighbours are apart");
        stopping(ConnectionId(u64::MAX), u32::MAX);
    }
}
