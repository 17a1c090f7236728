//! The round trip of a session, measured by the server in ticks. A client cannot claim one, and
//! gains nothing by answering late: the kernel's measurement bounds it where there is one, and the
//! least of the whole session everywhere.

use core::time::Duration;

use bolide_sim::TickRate;

use crate::ids::RoomTick;
use crate::terms::Terms;

/// The ping that is not answered yet, and the shortest round trip.
#[derive(Default)]
pub(super) struct RoundTrip {
    nonce: u32,
    /// The room's tick in which the ping of `nonce` was sent, until it is answered.
    sent_at: Option<RoomTick>,
    /// The least of the whole session, so that neither a late answer nor a new connection raises
    /// it.
    least_ticks: Option<u32>,
}

impl RoundTrip {
    /// Returns the number of the next ping. An earlier one without an answer is given up.
    pub(super) fn ping(&mut self, now: RoomTick) -> u32 {
        self.nonce = self.nonce.wrapping_add(1);
        self.sent_at = Some(now);
        self.nonce
    }

    /// Takes the answer to the last ping; any other number is ignored.
    pub(super) fn pong(&mut self, nonce: u32, now: RoomTick) {
        if nonce == self.nonce
            && let Some(sent_at) = self.sent_at.take()
        {
            let ticks = sent_at.until(now);
            self.least_ticks = Some(self.least_ticks.map_or(ticks, |least| least.min(ticks)));
        }
    }

    /// Takes the kernel's round trip, which a client cannot stretch. It counts in whole ticks, like
    /// that of a ping.
    pub(super) fn bound(&mut self, kernel: Duration, rate: TickRate) {
        let ticks = kernel.as_micros() * u128::from(rate.hz()) / 1_000_000;
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
        self.least_ticks = self.least_ticks.map(|least| least.min(ticks));
    }

    /// Gives up the ping that is not answered yet, because its connection is gone.
    pub(super) const fn reconnect(&mut self) {
        self.sent_at = None;
    }

    /// Returns the most ticks that a shot of this session may reach back: its shortest round trip,
    /// plus 100 ms for the interpolation on its page, as far as the mode allows it. The simulation
    /// bounds it too.
    pub(super) fn rewind_ticks_max(&self, terms: &Terms) -> u8 {
        let explained = self.least_ticks.unwrap_or(0).saturating_add(terms.rate.ticks(0.1));
        u8::try_from(explained.min(terms.rewind_ticks_max)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use bolide_sim::TickRate;

    use super::RoundTrip;
    use crate::ids::RoomTick;

    #[test]
    fn the_shortest_of_the_session_counts_however_long_ago() {
        let mut rtt = RoundTrip::default();
        assert_eq!(rtt.least_ticks, None);
        for (round, ticks) in (0u64..).zip([5, 2, 9]) {
            let nonce = rtt.ping(RoomTick(round * 100));
            rtt.pong(nonce, RoomTick(round * 100 + ticks));
        }
        assert_eq!(rtt.least_ticks, Some(2));
        for round in 10..100 {
            let nonce = rtt.ping(RoomTick(round * 100));
            rtt.pong(nonce, RoomTick(round * 100 + 7));
        }
        rtt.reconnect();
        assert_eq!(rtt.least_ticks, Some(2));
    }

    #[test]
    fn a_late_answer_is_bound_by_the_round_trip_of_the_kernel() {
        let rate = TickRate::Hz30;
        for (kernel_us, expect) in [(0, 0), (10, 0), (33_333, 0), (33_334, 1), (150_000, 4)] {
            let mut rtt = RoundTrip::default();
            rtt.bound(Duration::from_micros(kernel_us), rate);
            assert_eq!(rtt.least_ticks, None, "no ping was answered");
            let nonce = rtt.ping(RoomTick(0));
            rtt.pong(nonce, RoomTick(7));
            rtt.bound(Duration::from_micros(kernel_us), rate);
            assert_eq!(rtt.least_ticks, Some(expect), "{kernel_us} us");
            rtt.bound(Duration::from_secs(9), rate);
            assert_eq!(rtt.least_ticks, Some(expect), "it is not raised");
        }
    }

    #[test]
    fn only_the_last_ping_is_answered_and_only_once() {
        let mut rtt = RoundTrip::default();
        let old = rtt.ping(RoomTick(0));
        let new = rtt.ping(RoomTick(100));
        rtt.pong(old, RoomTick(101));
        assert_eq!(rtt.least_ticks, None);
        rtt.pong(new, RoomTick(103));
        rtt.pong(new, RoomTick(100));
        assert_eq!(rtt.least_ticks, Some(3));
    }

    #[test]
    fn a_ping_of_the_connection_before_is_not_answered() {
        let mut rtt = RoundTrip::default();
        let nonce = rtt.ping(RoomTick(0));
        rtt.reconnect();
        rtt.pong(nonce, RoomTick(1));
        assert_eq!(rtt.least_ticks, None);
    }
}
