//! A token bucket: so much a second, and a burst on top. Time is an argument.

use std::time::Instant;

/// What a bucket holds and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// What may be taken each second for ever.
    pub(crate) per_s: u32,
    /// What may be taken at once after a silence.
    pub(crate) burst: u32,
}

/// What may still be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    left: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full one.
    pub(crate) fn new(rate: Rate, now: Instant) -> TokenBucket {
        TokenBucket { left: rate.burst.into(), at: now }
    }

    /// Takes so much; false, and nothing is taken, when less is left.
    pub(crate) fn take(&mut self, rate: Rate, amount: u32, now: Instant) -> bool {
        self.fill(rate, now);
        let amount = f64::from(amount);
        let enough = amount <= self.left;
        if enough {
            self.left -= amount;
        }
        enough
    }

    /// Whether nothing was taken that has not come back. It is as good as a new one then.
    pub(crate) fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.left >= rate.burst.into()
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + seconds * f64::from(rate.per_s)).min(rate.burst.into());
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Rate, TokenBucket};

    const RATE: Rate = Rate { per_s: 100, burst: 240 };

    #[test]
    fn a_burst_then_the_steady_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(RATE, start);
        assert_eq!((0..1000).filter(|_| bucket.take(RATE, 1, start)).count(), 240);
        assert!(!bucket.is_full(RATE, start));

        let mut bucket = TokenBucket::new(RATE, start);
        let steady = |n: u32| start + Duration::from_millis(10) * n;
        assert!((0..10_000).all(|n| bucket.take(RATE, 1, steady(n))), "100 a second for ever");

        let mut bucket = TokenBucket::new(RATE, start);
        let fast = |n: u32| start + Duration::from_millis(5) * n;
        let passed = (0..2000).filter(|n| bucket.take(RATE, 1, fast(*n))).count();
        assert!((1238..=1242).contains(&passed), "200 a second for ten seconds: {passed}");
    }

    #[test]
    fn what_is_refused_costs_nothing_and_an_empty_bucket_fills_again() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(RATE, start);
        assert!(!bucket.take(RATE, 241, start));
        assert!(bucket.take(RATE, 240, start));
        assert!(!bucket.is_full(RATE, start + Duration::from_millis(2399)));
        assert!(bucket.is_full(RATE, start + Duration::from_millis(2401)));
    }
}
