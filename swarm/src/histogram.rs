//! A histogram of durations, whose buckets get wider as the durations grow. Its size is fixed,
//! whatever is recorded.
//!
//! ```text
//! 0 1 2 … 63 | 64 65 … 127 | 128 130 132 … 254 | 256 260 … 508 | …      microseconds
//! one each     one each       two in a bucket     four             64 buckets for each doubling
//! ```

/// Counts of durations in microseconds. A quantile is at most 1/64 too high.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; bucket(LARGEST) + 1], count: 0, max: 0 }
    }
}

impl Histogram {
    /// Records a duration. Above 19 hours, it goes into the last bucket.
    pub(crate) fn record(&mut self, micros: u64) {
        self.counts[bucket(micros.min(LARGEST))] += 1;
        self.count += 1;
        self.max = self.max.max(micros);
    }

    pub(crate) fn add(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the longest duration, in microseconds.
    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    /// Returns the duration in microseconds that `per_mille` of 1000 durations do not exceed, or 0
    /// if none was recorded.
    pub(crate) fn quantile(&self, per_mille: u64) -> u64 {
        let rank = (self.count * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        let index = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        index.map_or(0, |index| upper(index).min(self.max))
    }
}

/// Buckets per doubling.
const FINE: u64 = 64;

const LARGEST: u64 = 1 << 36;

#[expect(clippy::cast_possible_truncation, reason = "at most 64 for each of 64 doublings")]
const fn bucket(value: u64) -> usize {
    if value < FINE {
        return value as usize;
    }
    let shift = value.ilog2() - FINE.ilog2();
    (FINE * shift as u64 + (value >> shift)) as usize
}

/// Returns the largest value of a bucket.
const fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < FINE {
        return bucket;
    }
    let shift = bucket / FINE - 1;
    ((bucket - FINE * shift + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::{Histogram, LARGEST, bucket, upper};

    #[test]
    fn a_bucket_holds_its_values_and_is_at_most_a_64th_wide() {
        for value in (0..10_000).chain((0..36).map(|bits| (1 << bits) - 1)).chain([LARGEST]) {
            let upper = upper(bucket(value));
            assert!(value <= upper && upper <= value + value / 64, "{value} {upper}");
            assert_eq!(bucket(upper), bucket(value));
            assert_eq!(bucket(upper + 1), bucket(value) + 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(990), 0);
        (1..=1000).for_each(|value| histogram.record(value));
        for (per_mille, exact) in [(1, 1), (500, 500), (990, 990), (1000, 1000)] {
            let found = histogram.quantile(per_mille);
            assert!(exact <= found && found <= exact + exact / 64, "{per_mille}: {found}");
        }
        let mut sum = Histogram::default();
        sum.record(u64::MAX);
        sum.add(&histogram);
        assert_eq!((sum.count(), sum.max(), sum.quantile(1)), (1001, u64::MAX, 2));
        assert_eq!(
            sum.quantile(1000),
            upper(bucket(LARGEST)),
            "what is too long counts as the longest"
        );
    }
}
