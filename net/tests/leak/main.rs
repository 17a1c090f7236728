//! Nothing leaks that a vision radius hides. Pairs of worlds that differ only in what one seat
//! cannot see give that seat the same bytes, frame for frame, in both formats, as long as it can
//! see no difference.
//!
//! The pairs are made in two ways. In `played`, players act at random, and those out of sight act
//! differently in the other world. In `caused`, the seat sees the same for different causes:
//! another thrower, from farther away and earlier, in another order; a walk or a blink that ends
//! elsewhere; another past.

#![expect(clippy::cast_possible_truncation, reason = "small numbers of scripts")]

mod caused;
mod complete;
mod dice;
mod eyes;
mod pair;
mod played;

use complete::Told;
use dice::Dice;
use pair::Seen;

/// Pairs of each kind, unless `PROPTEST_CASES` is set. `cargo xtask test --only laws` sets it to
/// 100,000.
const PAIRS: u32 = 500;

fn pairs() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.map_or(PAIRS, |pairs| pairs.parse().expect("PROPTEST_CASES is a number"))
}

#[test]
fn what_is_out_of_sight_changes_no_byte() {
    let (mut seen, mut dice) = (Seen::default(), Dice(7));
    while seen.pairs < pairs() {
        played::play(&mut dice, &mut seen, pairs());
    }
    println!("{seen:?}");
    let Seen { pairs, ticks, players, fireballs, strangers, events, hidden_events, dead, .. } =
        seen;
    let enough = [players, fireballs, strangers, events, hidden_events, dead, seen.borrowed];
    assert!(ticks > pairs && enough.iter().all(|count| *count > pairs / 50), "{enough:?}");
}

#[test]
fn other_causes_of_the_same_sight_change_no_byte() {
    let (mut seen, mut dice) = (Seen::default(), Dice(8));
    // Some die after many hits, some after the first.
    let starts = [60, 20].map(caused::start);
    while seen.pairs < pairs() {
        let start = &starts[dice.below(2) as usize];
        caused::stage(start, &mut dice, &mut seen);
    }
    println!("{seen:?}");
    let Seen { pairs, ticks, fireballs, strangers, slanted, unknown_hits, past_hits, .. } = seen;
    let Seen { dead, unknown_deaths, .. } = seen;
    let enough = [fireballs, strangers, slanted, unknown_hits, past_hits, dead, unknown_deaths];
    assert!(ticks > pairs && enough.iter().all(|count| *count > pairs / 50), "{enough:?}");
}

#[test]
fn what_is_in_sight_is_told() {
    let (mut told, mut dice) = (Told::default(), Dice(9));
    for _ in 0..10 {
        complete::play(&mut dice, &mut told);
    }
    println!("{told:?}");
    let Told { players, fireballs, events, double_hits } = told;
    assert!(
        players > 10_000 && fireballs > 1_000 && events > 1_000 && double_hits > 10,
        "{told:?}"
    );
}
