//! A room under random operations, and the laws that must hold on all of them.
//!
//! A walk is determined by its seed. It makes a mode and a policy, and then takes steps: people
//! join, resume, leave, lose their connection or send something. Requests to store something take
//! time or are lost. The process dies and recovers from what it left. After each step the laws of
//! `laws.rs` are checked. No clock and no thread takes part, so the same seed gives the same walk.
//!
//! There are 100 walks, or as many as `BOLIDE_SEEDS` says, beginning with the seed in
//! `BOLIDE_SEED`.

mod dice;
mod disk;
mod laws;
mod person;
mod setup;
mod walk;

use std::env;

use walk::Walk;

#[test]
fn a_room_keeps_its_laws_whatever_comes() {
    let number = |name: &str, default: u64| match env::var(name) {
        Ok(number) => number.parse().unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => default,
    };
    let first = number("BOLIDE_SEED", 1);
    for seed in first..first + number("BOLIDE_SEEDS", 100) {
        Walk::begin(seed).take();
    }
}

#[test]
fn the_same_seed_is_the_same_walk() {
    for seed in 1..=3 {
        assert_eq!(Walk::begin(seed).take(), Walk::begin(seed).take(), "seed {seed}");
    }
}
