//! The tick schedule of a room. It is absolute, so nothing drifts. Ticks are never skipped and
//! never longer. A room that is far behind slips instead: all its later ticks are due later. No
//! clock is read here.

use std::time::{Duration, Instant};

use bolide_sim::TickRate;

/// Ticks that a room may catch up in one turn. More would starve the other rooms of its shard, and
/// after an hour of sleep a laptop would play that hour in fast motion.
pub(crate) const CATCH_UP_TICKS_MAX: u32 = 5;

/// Slots per second. Rooms of one slot tick together, whatever their rates, so the thread wakes up
/// once for all of them. Twice as many slots cost a twentieth more CPU time.
const SLOTS_PER_S: u32 = 240;

/// Half of the time between two slots. Ticks that are due within it belong to the same slot,
/// however their rates are rounded.
pub(crate) const HALF_SLOT: Duration = Duration::from_nanos(1_000_000_000 / SLOTS_PER_S as u64 / 2);

/// The schedule of one room.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    origin: Instant,
    rate: TickRate,
    /// Ticks since `origin` that were handed out or slipped.
    done: u64,
}

/// The work of a room in one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Ticks to run.
    pub(crate) ticks: u32,
    /// The time by which the schedule was moved because the room was too far behind.
    pub(crate) slipped: Option<Duration>,
}

impl Schedule {
    /// Creates a schedule whose first tick is due within one tick from `now`. All schedules of a
    /// shard have the same `epoch`, which is not after `now`. `place` counts the rooms in the order
    /// of opening. It spreads them evenly over the slots of a tick, so that they do not all send at
    /// once.
    pub(crate) fn new(epoch: Instant, now: Instant, rate: TickRate, place: u64) -> Schedule {
        // Multiples of the golden ratio, modulo 1, keep filling the largest gap.
        let phase = place.wrapping_mul(GOLDEN_RATIO_64) >> 32;
        let slots = u64::from(SLOTS_PER_S / rate.hz());
        let slot = (phase * slots) >> 32;
        let left_ns = period_ns(rate) - period_ns(rate) * slot / slots;
        let mut schedule =
            Schedule { origin: epoch - Duration::from_nanos(left_ns), rate, done: 0 };
        schedule.pass(now);
        schedule
    }

    /// The time at which the next tick is due.
    pub(crate) fn due(&self) -> Instant {
        self.origin + after_ticks(self.rate, self.done + 1)
    }

    /// Ticks since the origin that were handed out or slipped.
    pub(crate) const fn ticks(&self) -> u64 {
        self.done
    }

    /// Takes the ticks that are due at `now`, at most [`CATCH_UP_TICKS_MAX`] of them.
    pub(crate) fn turn(&mut self, now: Instant) -> Turn {
        let mut ticks = 0;
        while ticks < CATCH_UP_TICKS_MAX && self.due() <= now {
            self.done += 1;
            ticks += 1;
        }
        let behind = now.saturating_duration_since(self.due());
        if behind.is_zero() && self.due() > now {
            return Turn { ticks, slipped: None };
        }
        self.pass(now);
        Turn { ticks, slipped: Some(behind) }
    }

    /// Moves on by whole ticks until the next one is due after `now`. The room keeps its slot.
    fn pass(&mut self, now: Instant) {
        let behind = now.saturating_duration_since(self.due());
        self.done +=
            u64::try_from(behind.as_nanos()).unwrap_or(u64::MAX) / (period_ns(self.rate) + 1);
        while self.due() <= now {
            self.done += 1;
        }
    }
}

/// The time from the origin to its n-th tick. It is computed from n and never accumulated, because
/// 1/30 s is not a whole number of nanoseconds.
fn after_ticks(rate: TickRate, ticks: u64) -> Duration {
    let hz = u64::from(rate.hz());
    Duration::new(ticks / hz, 0) + Duration::from_nanos(ticks % hz * 1_000_000_000 / hz)
}

fn period_ns(rate: TickRate) -> u64 {
    1_000_000_000 / u64::from(rate.hz())
}

/// 2^64 divided by the golden ratio.
const GOLDEN_RATIO_64: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bolide_sim::TickRate;

    use super::{CATCH_UP_TICKS_MAX, SLOTS_PER_S, Schedule, Turn};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn ten_million_ticks_drift_by_less_than_one_however_late_each_turn_comes() {
        const TICKS: u32 = 10_000_000;
        for rate in [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60] {
            let start = Instant::now();
            let mut schedule = Schedule::new(start, start, rate, 7);
            let first = schedule.due();
            let tick = Duration::from_secs(1) / rate.hz();
            let mut ticks = 0;
            while ticks < TICKS {
                let due = schedule.due();
                let exact = Duration::from_secs_f64(f64::from(ticks) / f64::from(rate.hz()));
                assert!((due - first).abs_diff(exact) < tick, "tick {ticks} at {rate:?}");
                // From almost no lateness to just less than one turn can catch up.
                let late = tick * (ticks % 50) / 10;
                let turn = schedule.turn(due + late);
                assert!((1..=CATCH_UP_TICKS_MAX).contains(&turn.ticks) && turn.slipped.is_none());
                assert!(schedule.due() > due + late, "none that is due is left");
                ticks += turn.ticks;
            }
        }
    }

    #[test]
    fn a_short_stall_is_caught_up_without_losing_a_tick() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, start, TickRate::Hz20, 0);
        assert_eq!(schedule.turn(start + 49 * MS), Turn { ticks: 0, slipped: None });
        assert_eq!(schedule.turn(start + 160 * MS), Turn { ticks: 3, slipped: None });
        assert_eq!(schedule.due(), start + 200 * MS);
    }

    #[test]
    fn a_long_stall_slips_and_the_ticks_after_it_have_their_normal_distance() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, start, TickRate::Hz20, 0);
        let now = start + Duration::from_secs(3600);
        let turn = schedule.turn(now);
        assert_eq!(turn.ticks, CATCH_UP_TICKS_MAX);
        assert!(turn.slipped.is_some_and(|by| by > Duration::from_secs(3599)));
        assert!(schedule.due() > now && schedule.due() <= now + 50 * MS);
        assert_eq!((schedule.due() - start).as_millis() % 50, 0, "it keeps its slot");
        assert_eq!(schedule.turn(now), Turn { ticks: 0, slipped: None });
        assert_eq!(schedule.turn(schedule.due() + 20 * MS), Turn { ticks: 1, slipped: None });
    }

    #[test]
    fn rooms_are_spread_over_the_slots_of_a_tick_whenever_they_open() {
        let epoch = Instant::now();
        for rate in [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60] {
            let tick = Duration::from_secs(1) / rate.hz();
            let mut slots = std::collections::BTreeMap::<u128, usize>::new();
            for place in 0..160 {
                let now = epoch + MS * u32::try_from(place * 17).expect("small");
                let schedule = Schedule::new(epoch, now, rate, place);
                let first = schedule.due() - now;
                assert!(!first.is_zero() && first <= tick + Duration::from_nanos(1), "{first:?}");
                // The slot within a tick: whole ticks since the epoch do not matter, nor does a
                // rounded nanosecond.
                let slot = (schedule.due() - epoch + MS / 10).as_nanos() * u128::from(SLOTS_PER_S)
                    / 1_000_000_000;
                *slots.entry(slot % u128::from(SLOTS_PER_S / rate.hz())).or_default() += 1;
            }
            let count = (SLOTS_PER_S / rate.hz()) as usize;
            assert_eq!(slots.len(), count, "{slots:?}");
            let even = 160 / count;
            assert!(slots.values().all(|rooms| rooms.abs_diff(even) <= even / 4), "{slots:?}");
        }
    }
}
