//! A token bucket: so many messages a second, and a burst on top. Time is an argument.

use std::time::Instant;

/// Messages that a connection may send per second, of any kind. A client sends 60 inputs at most.
const MESSAGES_PER_SECOND: f64 = 120.0;

/// Messages that it may send at once after a silence: what a stalled network delivers together.
const BURST_MESSAGES: f64 = 240.0;

/// The messages that one connection may still send.
#[derive(Debug)]
pub(crate) struct MessageRate {
    left: f64,
    at: Instant,
}

impl MessageRate {
    pub(crate) fn new(now: Instant) -> MessageRate {
        MessageRate { left: BURST_MESSAGES, at: now }
    }

    /// Counts a message; false when it is one too many.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + seconds * MESSAGES_PER_SECOND).min(BURST_MESSAGES);
        self.at = now;
        self.left -= 1.0;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::MessageRate;

    #[test]
    fn a_burst_then_the_steady_rate() {
        let start = Instant::now();
        let mut rate = MessageRate::new(start);
        assert_eq!((0..1000).take_while(|_| rate.allows(start)).count(), 240);

        let mut rate = MessageRate::new(start);
        let steady = |n: u32| start + Duration::from_millis(10) * n;
        assert!((0..10_000).all(|n| rate.allows(steady(n))), "100 a second are fine for ever");

        let mut rate = MessageRate::new(start);
        let fast = |n: u32| start + Duration::from_millis(5) * n;
        let passed = (0..10_000).take_while(|n| rate.allows(fast(*n))).count();
        assert!((590..=610).contains(&passed), "200 a second for three seconds: {passed}");
    }
}
