//! When the clients of a server that stops are told to come back: each at another time, so that the next process is not asked
//! by all of them at once. It closes nothing itself.

use std::sync::LazyLock;

use bolide_room::ConnectionId;

/// The first and the last of them come back after so long: a restart needs about the first, and a match that goes on waits
/// for its players three times as long as the last.
const BACK_IN_MS: std::ops::RangeInclusive<u16> = 500..=3000;

const STEP_MS: usize = 10;

/// The reason of the close frame of a connection, with what [`bolide_net::back_in_ms`] reads from it. Connections that were
/// opened one after the other are told times that are far apart.
pub(crate) fn stopping(connection: ConnectionId) -> &'static str {
    static REASONS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let reason = |ms| format!("the server is stopping; back in {ms} ms");
        BACK_IN_MS.step_by(STEP_MS).map(reason).collect()
    });
    // 2^64 divided by the golden ratio: multiples of it are spread evenly.
    let spread = connection.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    #[expect(clippy::cast_possible_truncation, reason = "less than the length")]
    let index = (spread * REASONS.len() as u64 >> 32) as usize;
    &REASONS[index]
}

#[cfg(test)]
mod tests {
    use bolide_net::back_in_ms;
    use bolide_room::ConnectionId;

    use super::stopping;

    #[test]
    fn clients_are_told_to_come_back_evenly_over_two_and_a_half_seconds() {
        let told = |id| back_in_ms(stopping(ConnectionId(id))).expect("a time");
        let mut slots = [0; 5];
        for id in 1..=1000 {
            let ms = told(id);
            assert!((500..=3000).contains(&ms), "{ms}");
            slots[usize::from((ms - 500).min(2499) / 500)] += 1;
        }
        assert!(slots.iter().all(|slot| (190..=210).contains(slot)), "{slots:?}");
        assert!(told(1).abs_diff(told(2)) > 500, "neighbours are apart");
        assert!(stopping(ConnectionId(u64::MAX)).len() <= 123, "a close frame holds no more");
    }
}
