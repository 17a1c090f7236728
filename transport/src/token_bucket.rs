//! A token bucket: a steady rate, and a burst on top. Time is an argument.

use std::time::Instant;

/// The rate and the capacity of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that may be taken each second in the long run.
    pub per_s: u32,
    /// Tokens that may be taken at once after a silence.
    pub burst: u32,
}

/// The tokens that are left.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    left: f64,
    at: Instant,
}

impl TokenBucket {
    /// Creates a full bucket.
    #[inline]
    pub fn new(rate: Rate, now: Instant) -> TokenBucket {
        TokenBucket { left: rate.burst.into(), at: now }
    }

    /// Takes tokens. Returns false, and takes none, if fewer are left.
    #[inline]
    pub fn take(&mut self, rate: Rate, amount: u32, now: Instant) -> bool {
        self.fill(rate, now);
        let amount = f64::from(amount);
        let enough = amount <= self.left;
        if enough {
            self.left -= amount;
        }
        enough
    }

    /// Returns whether the bucket is full, and so is equivalent to a new one.
    #[inline]
    pub fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
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
