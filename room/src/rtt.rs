//! The round trip of a session, measured by the server in ticks: a client cannot claim one, and can only make it longer.

use bolide_sim::Rules;

/// Pings that are out, and the last round trips.
#[derive(Default)]
pub(crate) struct RoundTrip {
    nonce: u32,
    /// The room's tick in which the ping of `nonce` was sent, until it is answered.
    sent_at: Option<u64>,
    recent: [Option<u32>; RECENT],
}

/// Round trips of which the lowest counts: eight seconds of them.
const RECENT: usize = 8;

impl RoundTrip {
    /// The number of the next ping. One that was not answered by now is given up.
    pub(crate) fn ping(&mut self, now: u64) -> u32 {
        self.nonce = self.nonce.wrapping_add(1);
        self.sent_at = Some(now);
        self.nonce
    }

    /// Takes the answer to the last ping; any other number is ignored.
    pub(crate) fn pong(&mut self, nonce: u32, now: u64) {
        if nonce == self.nonce
            && let Some(sent_at) = self.sent_at.take()
        {
            let ticks = u32::try_from(now - sent_at).unwrap_or(u32::MAX);
            self.recent[nonce as usize % RECENT] = Some(ticks);
        }
    }

    /// How far back a shot of this session may reach: what its lowest recent round trip explains, and 100 ms for the
    /// interpolation on its page; 200 ms at most. The simulation bounds it too.
    pub(crate) fn rewind_ticks_max(&self, rules: &Rules) -> u8 {
        if !rules.lag_compensation {
            return 0;
        }
        let ticks = |seconds| rules.tick_rate.ticks(seconds);
        let explained = self.lowest_ticks().unwrap_or(0).saturating_add(ticks(0.1));
        u8::try_from(explained.min(ticks(0.2))).unwrap_or(u8::MAX)
    }

    /// The lowest of the last round trips; none before the first.
    fn lowest_ticks(&self) -> Option<u32> {
        self.recent.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::RoundTrip;

    #[test]
    fn the_lowest_of_the_last_eight_counts() {
        let mut rtt = RoundTrip::default();
        assert_eq!(rtt.lowest_ticks(), None);
        for (round, ticks) in [5u64, 2, 9].into_iter().enumerate() {
            let nonce = rtt.ping(round as u64 * 100);
            rtt.pong(nonce, round as u64 * 100 + ticks);
        }
        assert_eq!(rtt.lowest_ticks(), Some(2));
        for round in 10..18 {
            let nonce = rtt.ping(round * 100);
            rtt.pong(nonce, round * 100 + 7);
        }
        assert_eq!(rtt.lowest_ticks(), Some(7));
    }

    #[test]
    fn only_the_last_ping_is_answered_and_only_once() {
        let mut rtt = RoundTrip::default();
        let old = rtt.ping(0);
        let new = rtt.ping(100);
        rtt.pong(old, 101);
        assert_eq!(rtt.lowest_ticks(), None);
        rtt.pong(new, 103);
        rtt.pong(new, 100);
        assert_eq!(rtt.lowest_ticks(), Some(3));
    }
}
