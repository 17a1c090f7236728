//! Random fights of honest pages: they play for some seconds, stop, and are compared with the
//! truth, again and again. Claims are confirmed, and corrections are rare.

use std::collections::BTreeMap;

use crate::arena::{Arena, Conditions};
use crate::dice::Dice;

/// The counts of the fights of one kind.
#[derive(Debug, Default)]
struct Counts {
    fights: u32,
    confirmed: u64,
    denied: u64,
    told: u64,
    ignored: u64,
    introduced: u64,
    settled: u64,
    corrected: u64,
    /// Corrections that a page draws more than a second after a hit of that player.
    seen: u64,
    /// Minutes that pages have played.
    minutes: f64,
    exchanges: u32,
    /// The largest distance between a page and the truth at rest, in units.
    worst: f64,
}

impl Counts {
    fn share(&self) -> f64 {
        self.confirmed as f64 / (self.confirmed + self.denied).max(1) as f64
    }

    fn corrections_per_minute(&self) -> f64 {
        self.seen as f64 / self.minutes
    }

    fn add(&mut self, other: &Counts) {
        self.fights += other.fights;
        self.confirmed += other.confirmed;
        self.denied += other.denied;
        self.told += other.told;
        self.ignored += other.ignored;
        self.introduced += other.introduced;
        self.settled += other.settled;
        self.corrected += other.corrected;
        self.seen += other.seen;
        self.minutes += other.minutes;
        self.exchanges += other.exchanges;
        self.worst = self.worst.max(other.worst);
    }

    /// Plays a fight: some pages enter, a page may come late, and after each exchange everybody
    /// rests.
    fn of(conditions: Conditions, seed: u64) -> Counts {
        let mut counts = Counts { fights: 1, ..Counts::default() };
        let mut dice = Dice::of(seed ^ 0x5eed);
        let mut arena = Arena::new(conditions, seed);
        let pages = if conditions.is_slow { 3 } else { 2 + dice.below(3) };
        for _ in 0..pages {
            arena.open();
            arena.run(dice.below(400) as u64);
        }
        arena.run(1_000);
        let late_in = if dice.share() < 0.3 { dice.below(3) } else { EXCHANGES };
        for exchange in 0..EXCHANGES {
            if !arena.is_fight() {
                break;
            }
            arena.let_play(true);
            arena.run(2_000);
            if exchange == late_in {
                arena.open();
            }
            let more_ms = 1_000 + dice.below(3_000) as u64;
            arena.run(more_ms);
            counts.minutes += arena.playing().count() as f64 * (2_000 + more_ms) as f64 / 60_000.0;
            arena.let_play(false);
            arena.run(if conditions.is_slow { 13_000 } else { 7_500 });
            if arena.is_fight() {
                counts.exchanges += 1;
                for browser in arena.playing() {
                    let off = browser.difference(&arena.shell);
                    let off = off.unwrap_or_else(|what| panic!("{conditions:?} {seed}: {what}"));
                    counts.worst = counts.worst.max(off);
                }
            }
        }
        for browser in &arena.browsers {
            let of_page = arena.shell.pages[browser.index].page.counts();
            counts.confirmed += of_page.claims.confirmed;
            counts.denied += of_page.claims.denied;
            counts.told += of_page.claims.told;
            counts.ignored += of_page.claims.ignored;
            counts.introduced += of_page.introduced;
            counts.settled += of_page.settled;
            counts.corrected += of_page.corrected;
            counts.seen += u64::from(browser.model.corrections);
        }
        counts
    }
}

/// Most exchanges of a fight.
const EXCHANGES: usize = 6;

/// The largest distance between a page and the truth at rest, in units.
const AT_REST: f64 = 0.02;

/// The number of random fights.
fn fights() -> u64 {
    let asked = std::env::var("BOLIDE_SEEDS");
    asked.map_or(60, |fights| fights.parse().expect("BOLIDE_SEEDS is a number"))
}

/// Plays the random fights of these frame rates, and returns their counts by round trip, and by
/// round trip and set.
fn play(frame_hz: [u64; 3]) -> [BTreeMap<String, Counts>; 2] {
    let mut kinds = [BTreeMap::new(), BTreeMap::new()];
    for seed in 0..fights() {
        let mut dice = Dice::of(seed);
        let (round_trip_ms, jitter_ms) = [(0, 0), (50, 10), (150, 30)][dice.below(3)];
        let is_slow = dice.below(2) == 0;
        let conditions = Conditions { is_slow, round_trip_ms, jitter_ms, frame_hz };
        let counts = Counts::of(conditions, seed);
        let set = if is_slow { "B" } else { "A" };
        let both = format!("{round_trip_ms} ms");
        for (kinds, kind) in kinds.iter_mut().zip([both.clone(), format!("{both}, set {set}")]) {
            kinds.entry(kind).or_insert_with(Counts::default).add(&counts);
        }
    }
    for (kind, counts) in kinds.iter().flatten() {
        println!(
            "{kind}, {frame_hz:?} frames a second: {:.1} % of claims confirmed, {:.2} corrections \
             a minute, {:.5} units off at rest; {counts:?}",
            100.0 * counts.share(),
            counts.corrections_per_minute(),
            counts.worst
        );
    }
    kinds
}

/// The shares of a thousand fights; fewer may be off by a few hundredths.
#[test]
fn random_fights_at_60_frames_a_second() {
    let [kinds, _] = play([60; 3]);
    let slack = if fights() < 1000 { 0.03 } else { 0.0 };
    for (kind, share) in [("0 ms", 0.99), ("50 ms", 0.97), ("150 ms", 0.95)] {
        let counts = &kinds[kind];
        assert!(counts.share() >= share - slack, "{kind}: {counts:?}");
        assert!(counts.corrections_per_minute() <= 2.0, "{kind}: {counts:?}");
        assert!(counts.exchanges > 0 && counts.worst < AT_REST, "{kind}: {counts:?}");
        assert_eq!(counts.ignored, 0, "{kind}: {counts:?}");
    }
}

/// A push of the page depends on its frame rate, so each receiver may be corrected once for each
/// hit.
#[test]
fn random_fights_at_mixed_frame_rates() {
    let [kinds, _] = play([30, 60, 144]);
    for (kind, counts) in &kinds {
        assert!(counts.share() >= 0.85, "{kind}: {counts:?}");
        let pages_max = 5;
        let hits = counts.confirmed + counts.told;
        assert!(counts.settled <= pages_max * hits, "{kind}: {counts:?}");
        assert!(counts.corrections_per_minute() <= 4.0, "{kind}: {counts:?}");
        assert!(counts.exchanges > 0 && counts.worst < AT_REST, "{kind}: {counts:?}");
    }
}

/// A hidden tab reads and answers, and draws nothing. Its next picture is of a minute later.
#[test]
fn a_tab_that_slept_for_a_minute_shows_the_truth_again() {
    for is_slow in [false, true] {
        let conditions =
            Conditions { is_slow, round_trip_ms: 50, jitter_ms: 10, frame_hz: [60; 3] };
        let mut arena = Arena::new(conditions, 3);
        (0..3).for_each(|_| arena.open());
        arena.run(3_000);
        arena.let_play(false);
        arena.browsers[0].is_asleep = true;
        arena.run(57_500);
        arena.let_play(true);
        arena.run(2_500);
        assert!(arena.is_fight(), "{is_slow}: the fight is over");
        assert_eq!(arena.playing().filter(|browser| browser.index == 0).count(), 1, "it was ended");
        arena.browsers[0].is_asleep = false;
        arena.let_play(false);
        arena.run(14_000);
        let off = arena.browsers[0].difference(&arena.shell).expect("the same players");
        assert!(off < AT_REST, "{is_slow}: {off}");
    }
}
