//! Counts of a thread's players during the measurement. They are sums and histograms only, so their
//! size does not grow.

use std::collections::BTreeMap;

use bolide_net::Mismatch;
use bolide_sim::Input;

use super::histogram::Histogram;

/// The counts of some players. Those of all threads are added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Snapshots and deltas that arrived.
    pub(crate) snapshots: u64,
    /// Snapshots that arrived in fights, and the ticks that the fights had meanwhile.
    pub(crate) fight_snapshots: u64,
    pub(crate) fight_ticks: f64,
    /// Time between two snapshots in a fight, in microseconds.
    pub(crate) gaps: Histogram,
    /// Delay behind the promptest tick of the same match, in microseconds.
    pub(crate) late: Histogram,
    /// Time from sending an input to the snapshot that acknowledges it, in microseconds.
    pub(crate) latency: Histogram,
    /// The part of the latency above one tick.
    pub(crate) above_tick: Histogram,
    /// Delay of a thread's own timer, in microseconds.
    pub(crate) own_late: Histogram,
    pub(crate) bytes_down: u64,
    pub(crate) bytes_up: u64,
    /// Bytes of the payloads of snapshots and deltas.
    pub(crate) snapshot_bytes: u64,
    pub(crate) courses: u64,
    pub(crate) shots: u64,
    pub(crate) blinks: u64,
    /// Seconds in which a player was alive in a fight.
    pub(crate) alive_s: f64,
    /// Results that players received.
    pub(crate) results: u64,
    pub(crate) hashes_compared: u64,
    pub(crate) desyncs_hash: u64,
    pub(crate) desyncs_base: u64,
    pub(crate) desyncs_content: u64,
    /// After a resume, the match was at an earlier tick, or had another state at the same tick.
    pub(crate) desyncs_rewound: u64,
    /// Seats that were resumed, and the downtime of their players in microseconds.
    pub(crate) resumed: u64,
    pub(crate) away: Histogram,
    /// Errors by code, and losses by reason. Both are counted outside of the measurement too.
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) lost: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Tally) {
        // No `..`, so that a new count cannot be left out.
        let Tally {
            snapshots,
            fight_snapshots,
            fight_ticks,
            gaps,
            late,
            latency,
            above_tick,
            own_late,
            bytes_down,
            bytes_up,
            snapshot_bytes,
            courses,
            shots,
            blinks,
            alive_s,
            results,
            hashes_compared,
            desyncs_hash,
            desyncs_base,
            desyncs_content,
            desyncs_rewound,
            resumed,
            away,
            errors,
            lost,
        } = other;
        self.snapshots += snapshots;
        self.fight_snapshots += fight_snapshots;
        self.fight_ticks += fight_ticks;
        self.gaps.add(gaps);
        self.late.add(late);
        self.latency.add(latency);
        self.above_tick.add(above_tick);
        self.own_late.add(own_late);
        self.bytes_down += bytes_down;
        self.bytes_up += bytes_up;
        self.snapshot_bytes += snapshot_bytes;
        self.courses += courses;
        self.shots += shots;
        self.blinks += blinks;
        self.alive_s += alive_s;
        self.results += results;
        self.hashes_compared += hashes_compared;
        self.desyncs_hash += desyncs_hash;
        self.desyncs_base += desyncs_base;
        self.desyncs_content += desyncs_content;
        self.desyncs_rewound += desyncs_rewound;
        self.resumed += resumed;
        self.away.add(away);
        errors.iter().for_each(|(code, more)| count(&mut self.errors, code, *more));
        lost.iter().for_each(|(reason, more)| count(&mut self.lost, reason, *more));
    }

    pub(crate) fn input(&mut self, input: Input) {
        match input {
            Input::Stop | Input::Move(_) => self.courses += 1,
            Input::Shoot(_) => self.shots += 1,
            Input::Blink(_) => self.blinks += 1,
        }
    }

    pub(crate) const fn desync(&mut self, mismatch: Mismatch) {
        match mismatch {
            Mismatch::Hash => self.desyncs_hash += 1,
            Mismatch::Base => self.desyncs_base += 1,
            Mismatch::Content => self.desyncs_content += 1,
        }
    }

    pub(crate) fn error(&mut self, code: &str) {
        count(&mut self.errors, code, 1);
    }

    pub(crate) fn lost(&mut self, reason: &str) {
        count(&mut self.lost, reason, 1);
    }
}

/// Different texts that are counted separately. The server chooses them, so their number is
/// bounded; the rest counts as one.
const TEXTS_MAX: usize = 32;

fn count(counts: &mut BTreeMap<String, u64>, text: &str, more: u64) {
    if let Some(known) = counts.get_mut(text) {
        *known += more;
    } else {
        let text = if counts.len() < TEXTS_MAX { text } else { "other" };
        *counts.entry(text.chars().take(200).collect()).or_default() += more;
    }
}

#[cfg(test)]
mod tests {
    use bolide_net::Mismatch;
    use bolide_sim::Input;

    use super::{TEXTS_MAX, Tally};

    #[test]
    fn tallies_add_up() {
        let mut one = Tally { snapshots: 3, alive_s: 0.5, ..Tally::default() };
        one.gaps.record(1000);
        one.input(Input::Stop);
        one.desync(Mismatch::Hash);
        one.error("room_full");
        let mut sum = one.clone();
        sum.add(&one);
        assert_eq!((sum.snapshots, sum.courses, sum.desyncs_hash, sum.gaps.count()), (6, 2, 2, 2));
        assert_eq!(sum.errors["room_full"], 2);
    }

    #[test]
    fn what_a_server_says_does_not_grow_without_bound() {
        let mut tally = Tally::default();
        (0..1000).for_each(|number| tally.lost(&format!("reason {number}")));
        assert_eq!(tally.lost.len(), TEXTS_MAX + 1);
        assert_eq!(tally.lost.values().sum::<u64>(), 1000);
    }
}
