//! Load shedding: decides how often the rooms of a shard send snapshots. In a shard that cannot
//! keep up, each room sends one in two ticks, then in three, then in four. Ticks and inputs are
//! never shed. The shard acts on it. No clock is read here.

use std::ops::Range;
use std::time::{Duration, Instant};

/// Most ticks from one snapshot to the next. At 20 Hz that is five snapshots a second.
const INTERVAL_TICKS_MAX: u32 = 4;

/// Time over which the minimum lateness is taken. In a shard with enough time the minimum is almost
/// zero.
const WINDOW: Duration = Duration::from_millis(100);

/// Minimum lateness above which a window counts as late.
const LATENESS_MAX: Duration = Duration::from_millis(5);

/// Late windows in a row after which the shard cannot keep up, if it is as late as in the first of
/// them. A shard that is nearly full needs as many to recover from one stall of the machine.
const LATE_WINDOWS: u32 = 5;

/// Minimum lateness above which two windows are enough.
const LATENESS_HIGH: Duration = Duration::from_millis(20);

/// Time without lateness after which more snapshots are tried: the first value and the largest. It
/// doubles each time that the trial fails at once, so that a steady overload is tried ever less
/// often.
const PATIENCE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(60)];

/// The snapshot interval of a shard.
#[derive(Debug)]
pub(super) struct Shedding {
    interval_ticks: u32,
    window_began: Instant,
    least_lateness: Duration,
    /// The late windows up to now.
    spell: Option<Spell>,
    /// The time when the interval last changed or the shard was last late.
    calm_since: Instant,
    /// The time when the interval was last shortened.
    tried_at: Option<Instant>,
    patience: Duration,
}

/// A row of late windows.
#[derive(Debug)]
struct Spell {
    windows: u32,
    /// Minimum lateness in the first window, and in the last one.
    first: Duration,
    last: Duration,
}

impl Shedding {
    pub(super) const fn new(now: Instant) -> Shedding {
        Shedding {
            interval_ticks: 1,
            window_began: now,
            least_lateness: Duration::MAX,
            spell: None,
            calm_since: now,
            tried_at: None,
            patience: PATIENCE[0],
        }
    }

    /// Ticks from one snapshot of a room to the next, 1 to 4.
    pub(super) const fn interval_ticks(&self) -> u32 {
        self.interval_ticks
    }

    /// Returns whether a room sends a snapshot in a turn with these ticks. Rooms alternate by their
    /// places, so that a shard sends about as much in each tick.
    pub(super) fn shows(&self, slot: u32, ticks: Range<u64>) -> bool {
        let interval = u64::from(self.interval_ticks);
        let snapshots = |tick: u64| (tick + u64::from(slot)) / interval;
        snapshots(ticks.start) < snapshots(ticks.end)
    }

    /// Records how late the rooms of a slot are. Returns whether the interval has changed.
    pub(super) fn note(&mut self, lateness: Duration, now: Instant) -> bool {
        self.least_lateness = self.least_lateness.min(lateness);
        if now.saturating_duration_since(self.window_began) < WINDOW {
            return false;
        }
        let least = std::mem::replace(&mut self.least_lateness, Duration::MAX);
        self.window_began = now;
        let before = self.interval_ticks;
        if least > LATENESS_MAX {
            self.calm_since = now;
            if self.falls_behind(least) {
                self.shed(now);
            }
            return self.interval_ticks != before;
        }
        self.spell = None;
        if before > 1 && now.saturating_duration_since(self.calm_since) >= self.patience {
            self.interval_ticks -= 1;
            self.calm_since = now;
            self.tried_at = Some(now);
        }
        self.interval_ticks != before
    }

    /// Records a late window. Returns whether the shard falls behind; one that catches up has
    /// enough time.
    fn falls_behind(&mut self, least: Duration) -> bool {
        let begun = Spell { windows: 1, first: least, last: least };
        let Some(spell) = &mut self.spell else {
            self.spell = Some(begun);
            return false;
        };
        spell.windows += 1;
        let is_far_behind = least > LATENESS_HIGH && least >= spell.last;
        spell.last = least;
        if spell.windows < LATE_WINDOWS && !is_far_behind {
            return false;
        }
        let falls_behind = is_far_behind || least >= spell.first;
        *spell = begun;
        falls_behind
    }

    fn shed(&mut self, now: Instant) {
        self.interval_ticks = (self.interval_ticks + 1).min(INTERVAL_TICKS_MAX);
        if let Some(at) = self.tried_at.take() {
            let failed_at_once = now.saturating_duration_since(at) < self.patience;
            let longer = if failed_at_once { self.patience * 2 } else { PATIENCE[0] };
            self.patience = longer.min(PATIENCE[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{INTERVAL_TICKS_MAX, PATIENCE, Shedding};

    const SLOT: Duration = Duration::from_millis(4);

    /// A shard whose lateness grows by the work that exceeds its time, and shrinks with the time
    /// left.
    struct Shard {
        shedding: Shedding,
        now: Instant,
        lateness: f64,
        changes: Vec<u32>,
    }

    impl Shard {
        fn new() -> Shard {
            let now = Instant::now();
            Shard { shedding: Shedding::new(now), now, lateness: 0.0, changes: Vec::new() }
        }

        /// Runs for this many seconds. Three quarters of the load, in cores, are snapshots.
        fn run(&mut self, seconds: u32, load: f64) -> &mut Shard {
            self.slots(seconds * 250, load)
        }

        fn slots(&mut self, slots: u32, load: f64) -> &mut Shard {
            for _ in 0..slots {
                let interval = f64::from(self.shedding.interval_ticks());
                let work = load * (0.25 + 0.75 / interval);
                self.lateness = (self.lateness + (work - 1.0) * SLOT.as_secs_f64()).max(0.0);
                self.now += SLOT;
                if self.shedding.note(Duration::from_secs_f64(self.lateness), self.now) {
                    self.changes.push(self.shedding.interval_ticks());
                }
            }
            self
        }
    }

    #[test]
    fn a_shard_with_time_left_sheds_nothing() {
        let mut shard = Shard::new();
        assert_eq!(shard.run(60, 0.97).changes, Vec::<u32>::new());
        // A delay of a tenth of a second is no lack of time.
        shard.lateness = 0.1;
        assert_eq!(shard.run(60, 0.5).changes, Vec::<u32>::new());
    }

    #[test]
    fn a_nearly_full_shard_makes_up_for_stops_and_sheds_nothing() {
        let mut shard = Shard::new();
        for turn in 0..100 {
            // At times the kernel takes 10 ms just when the load exceeds the time.
            shard.lateness += if turn % 4 == 0 { 0.01 } else { 0.0 };
            shard.slots(75, 1.02).slots(75, 0.84);
        }
        assert_eq!(shard.changes, Vec::<u32>::new());
    }

    #[test]
    fn a_shard_without_time_sheds_and_comes_back() {
        let mut shard = Shard::new();
        shard.run(10, 1.3);
        assert_eq!((shard.changes[0], shard.lateness), (2, 0.0));
        shard.run(200, 0.6);
        assert_eq!(shard.shedding.interval_ticks(), 1);
        shard.changes.clear();
        assert_eq!(shard.run(100, 0.9).changes, Vec::<u32>::new());
    }

    #[test]
    fn a_steady_overload_is_tried_ever_more_seldom() {
        let mut shard = Shard::new();
        let trials = |shard: &mut Shard| {
            shard.changes.clear();
            shard.run(120, 1.3);
            shard.changes.iter().filter(|interval| **interval == 1).count()
        };
        let (first, later) = (trials(&mut shard), trials(&mut shard));
        assert!(first > later && later <= 3, "{first} {later}");
        assert_eq!(shard.shedding.patience, PATIENCE[1]);
    }

    #[test]
    fn rooms_take_turns_and_none_is_left_out() {
        let mut shard = Shard::new();
        shard.run(20, 9.0);
        let shedding = &shard.shedding;
        for tick in 0..20 {
            let shown = (0..8).filter(|slot| shedding.shows(*slot, tick..tick + 1)).count();
            assert_eq!(shown, 2, "a quarter of the rooms in each tick");
        }
        for slot in 0..8 {
            // With two ticks a turn, every other turn sends one.
            let shown = (0..20).filter(|turn| shedding.shows(slot, turn * 2..turn * 2 + 2)).count();
            assert_eq!(shown, 10);
            assert!(shedding.shows(slot, 7..12), "a turn that is longer than the interval");
        }
        assert!((0..8).all(|slot| Shard::new().shedding.shows(slot, 3..4)));
    }

    #[test]
    fn the_interval_has_a_bound() {
        let mut shard = Shard::new();
        shard.run(20, 9.0);
        assert_eq!(shard.shedding.interval_ticks(), INTERVAL_TICKS_MAX);
    }
}
