//! Tests of what rules allow, and of their names.

use std::format;
use std::string::ToString;
use std::vec::Vec;

use super::{NUMBERS, RuleValue, Rules, Spawn, Walls};
use crate::ids::TickRate;
use crate::model::modes::preset;
use crate::space::point::Point;
use crate::state::stream::{Saved, Source, State, StateError};

fn check(change: impl FnOnce(&mut Rules), expect: &str) {
    let mut rules = preset("brawl").expect("a preset").rules;
    change(&mut rules);
    assert_eq!(rules.check().expect_err("refused").to_string(), expect);
}

#[test]
fn a_refusal_names_the_field_and_the_allowed_range() {
    let slow = TickRate::from_hz(24).expect("a rate");
    check(|r| r.tick_rate = slow, "tick_rate is 24; allowed is 20, 30 or 60");
    check(|r| r.capacity = 1, "capacity is 1; allowed is 2 to 1000");
    check(|r| r.fight_at = 11, "fight_at is 11; allowed is 2 to 10");
    check(|r| r.walk_speed = -1.0, "walk_speed is -1; allowed is 0 to 10");
    check(|r| r.dead_at = 50, "dead_at is 50; allowed is 0 to 49");
    check(|r| r.health = 0, "health is 0; allowed is 1 to 1000");
    let allowed = "allowed is 1 to 3600, or 0 for no limit";
    check(|r| r.time_limit_s = f32::NAN, &format!("time_limit_s is NaN; {allowed}"));
    check(|r| r.time_limit_s = 0.5, &format!("time_limit_s is 0.5; {allowed}"));
    check(|r| r.ends_at = 2, "ends_at is 2; allowed is 0 to 1");
    check(|r| r.protection_s = 10.5, "protection_s is 10.5; allowed is 0 to 10");
    check(|r| r.vision_radius = Some(0.0), "vision_radius is 0; allowed is 0.1 to 64");
}

#[test]
fn the_middle_is_half_of_each_side_away() {
    let rules = preset("royale").expect("a preset").rules;
    assert_eq!(rules.middle(), Point::in_units(8.0, 4.5));
}

#[test]
fn as_many_fireballs_may_fly_as_a_record_of_the_journal_holds() {
    let mut rules = preset("brawl").expect("a preset").rules;
    assert_eq!(rules.check_fireballs(), Ok(()));
    rules.fireball_cooldown_s = 0.0;
    rules.fireball_speed = 0.01;
    rules.capacity = 12;
    assert_eq!(rules.check_fireballs(), Ok(()));
    rules.capacity = 13;
    let error = rules.check_fireballs().expect_err("refused").to_string();
    assert!(error.starts_with("up to 69355 "), "{error}");
    // A third as many, and one more of each, if each waits for three ticks.
    (rules.fireball_cooldown_s, rules.capacity) = (0.1, 1_000);
    let error = rules.check_fireballs().expect_err("refused").to_string();
    assert!(error.starts_with("up to 1779000 "), "{error}");
    (rules.fireball_cooldown_s, rules.capacity) = (0.0, 13);
    // 4,096 of each: one in each of the 4,095 ticks of a flight, and one that ends.
    (rules.fireball_speed, rules.fireball_range) = (1.0 / 64.0, 136.5 / 64.0);
    rules.capacity = 16;
    assert_eq!(rules.check_fireballs(), Ok(()));
}

#[test]
fn what_is_got_by_name_is_what_can_be_set_by_name() {
    for [from, to] in [["royale", "brawl"], ["classic", "royale"], ["duel", "classic"]] {
        let [mut from, mut to] = [from, to].map(|name| preset(name).expect("a preset").rules);
        // Values that no preset has.
        (from.tick_rate, from.walls, from.spawn) = (TickRate::Hz60, Walls::Open, Spawn::Centre);
        from.lag_compensation = !to.lag_compensation;
        (from.late_joins, from.ends_at) = (true, 0);
        (from.protection_s, from.rewinds_flight) = (0.5, true);
        if from.zone.is_none() {
            to.set("zone", RuleValue::Flag(false)).expect("allowed");
        }
        for name in Rules::names() {
            if let Some(value) = from.get(name) {
                to.set(name, value).expect("allowed");
            }
        }
        assert_eq!(to, from);
    }
    assert_eq!(preset("brawl").and_then(|mode| mode.rules.get("zone.damage")), None);
}

#[test]
fn every_number_is_set_within_its_range_and_refused_outside_it() {
    for number in &NUMBERS {
        let (low, high) = (f64::from(*number.range.start()), f64::from(*number.range.end()));
        let mut rules = preset("royale").expect("a preset").rules;
        for value in [low, high] {
            rules.set(number.name, RuleValue::Number(value)).expect(number.name);
            assert_eq!((number.get)(&rules).map(f64::from), Some(value), "{}", number.name);
        }
        for value in [low - 0.5, high * 2.0, 1e39, f64::NAN] {
            let error = rules.set(number.name, RuleValue::Number(value)).expect_err(number.name);
            assert!(error.to_string().starts_with(number.name), "{error}");
        }
        assert!(rules.set(number.name, RuleValue::Word("fast")).is_err());
    }
}

#[test]
fn what_is_no_number_is_set_by_name_and_refused_with_what_is_allowed() {
    let mut rules = preset("royale").expect("a preset").rules;
    let mut set = |name: &str, value| rules.set(name, value).map_err(|error| error.to_string());
    use RuleValue::{Flag, Number, Word};
    assert_eq!(set("walls", Word("open")), Ok(()));
    assert_eq!(
        set("walls", Word("glass")),
        Err("walls is \"glass\"; allowed is \"solid\" or \"open\"".into())
    );
    assert_eq!(
        set("spawn", Word("corner")),
        Err("spawn is \"corner\"; allowed is \"spread\" or \"centre\"".into())
    );
    assert_eq!(
        set("vision_radius", Flag(true)),
        Err("vision_radius is true; allowed is a number, or false for none".into())
    );
    assert_eq!(
        set("zone", Word("none")),
        Err("zone is \"none\"; allowed is a table, or false for none".into())
    );
    assert_eq!(set("tick_rate", Number(60.0)), Ok(()));
    assert_eq!(
        set("tick_rate", Number(25.0)),
        Err("tick_rate is 25; allowed is 20, 30 or 60".into())
    );
    assert_eq!(
        set("lag_compensation", Number(1.0)),
        Err("lag_compensation is 1; allowed is true or false".into())
    );
    assert_eq!(
        set("capacity", Number(2.5)),
        Err("capacity is 2.5; allowed is a whole number".into())
    );
    assert_eq!(set("speed", Number(1.0)), Err("there is no rule speed".into()));
    assert_eq!(set("vision_radius", Flag(false)), Ok(()));
    assert_eq!(set("zone", Flag(false)), Ok(()));
    assert_eq!((rules.walls, rules.tick_rate, rules.zone), (Walls::Open, TickRate::Hz60, None));
    assert!(Rules::names().count() == 33);
}

#[test]
fn a_zone_needs_a_time_limit() {
    let mut rules = preset("royale").expect("a preset").rules;
    rules.time_limit_s = 0.0;
    let error = rules.check().expect_err("refused").to_string();
    assert_eq!(error, "time_limit_s is 0; allowed is 1 to 3600");
    rules.zone = None;
    assert_eq!(rules.check(), Ok(()));
}

fn words(part: &impl State) -> Vec<u8> {
    let mut saved = Saved::default();
    part.write(&mut saved);
    saved.0
}

/// Changes to rules that only version 3 of the game has.
const NEWS: [fn(&mut Rules); 4] = [
    |rules| rules.late_joins = true,
    |rules| rules.ends_at = 0,
    |rules| rules.protection_s = 1.0,
    |rules| rules.rewinds_flight = true,
];

#[test]
fn rules_have_the_words_and_the_version_of_the_program_that_knew_them_first() {
    for name in ["brawl", "royale"] {
        let old = preset(name).expect("a preset").rules;
        let has_zone = u8::from(old.zone.is_some());
        let before = words(&old);
        let at = before.len() - 1 - old.zone.as_ref().map_or(0, |zone| words(zone).len());
        assert_eq!((before[at], old.version()), (has_zone, 2), "{name}");
        for change in NEWS {
            let mut new = old.clone();
            change(&mut new);
            let after = words(&new);
            assert_eq!((after[at], new.version()), (has_zone + 2, 3), "{name}");
            assert_eq!(
                (&after[..at], &after[at + 1..before.len()]),
                (&before[..at], &before[at + 1..])
            );
            let mut source = Source::new(&after);
            assert_eq!(Rules::read(&mut source), Ok(new));
            assert_eq!(source.end(), Ok(()));
        }
    }
    let mut endless = preset("brawl").expect("a preset").rules;
    endless.time_limit_s = 0.0;
    assert_eq!((words(&endless).last(), endless.version()), (Some(&0), 3));
}

#[test]
fn rules_have_one_way_to_be_written() {
    let mut written = words(&preset("brawl").expect("a preset").rules);
    let read = |written: &[u8]| Rules::read(&mut Source::new(written)).expect_err("refused");
    let last = written.len() - 1;
    written[last] = 4;
    assert_eq!(read(&written), StateError::Impossible("zone"));
    written[last] = 2;
    assert_eq!(read(&written), StateError::EndsEarly);
    written.extend([0, 1, 0, 0]);
    assert_eq!(read(&written), StateError::Impossible("rule"));
}
