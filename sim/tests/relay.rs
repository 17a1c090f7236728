//! The rules that a relay arena needs: late joins, a fight that goes on with one alive and without
//! a limit, protection, and flights that are rewound as a whole.

mod dice;
mod fight;

use bolide_sim::journal::{Replay, Writer, recover};
use bolide_sim::{
    Command, EndReason, Event, Input, Life, Motion, Outcome, Phase, PlayerId, PlayerKind, Point,
    Rules, Spawn, Tick, TickRate, Walls, World, Zone, preset,
};
use dice::Dice;
use fight::{ADA, BEA, CEA, Fight, units};

const DEA: PlayerId = PlayerId(3);

fn join(player: PlayerId) -> Command {
    Command::Join { player, kind: PlayerKind::Human }
}

fn leave(player: PlayerId) -> Command {
    Command::Leave { player }
}

fn shoot(player: PlayerId, at: Point, rewind_ticks: u8) -> Command {
    Command::Input { player, input: Input::Shoot(at), rewind_ticks }
}

fn late(rules: &mut Rules) {
    rules.late_joins = true;
}

#[test]
fn who_joins_a_fight_takes_part_with_full_cooldowns_as_far_from_the_living_as_it_can() {
    let mut fight = Fight::new(late);
    for player in [ADA, BEA] {
        fight.input(player, Input::Move(units(0.2, 0.2)));
    }
    fight.wait(5.0);
    // Its places are three on a ring, turned by chance. One of them is beyond the middle.
    for _ in 0..10 {
        fight.step(&[leave(CEA), join(CEA)]);
        let at = fight.player(CEA).at;
        assert!(at.distance(units(0.2, 0.2)) > 0.9, "{at:?}");
    }
    let (cea, rules) = (fight.player(CEA), fight.world.rules());
    assert_eq!((cea.life, cea.health), (Life::Alive, rules.health));
    let ticks = |seconds| fight.world.tick().after(rules.tick_rate.ticks(seconds));
    assert_eq!(cea.fireball_ready, ticks(rules.fireball_cooldown_s));
    assert_eq!(cea.blink_ready, ticks(rules.blink_cooldown_s));
    fight.input(CEA, Input::Move(units(0.9, 0.5)));
    assert!(matches!(fight.player(CEA).motion, Motion::Walk { .. }));
    fight.wait(2.0);
    fight.shoot_at(CEA, ADA);
    assert_eq!(fight.hits().len(), 1);
}

#[test]
fn who_joins_a_fight_keeps_no_distance_from_the_dead() {
    let mut fight = Fight::new(|rules| {
        (rules.late_joins, rules.ends_at, rules.dead_at) = (true, 0, 40);
    });
    for (player, to) in [(ADA, units(0.2, 0.2)), (BEA, units(1.5, 0.8))] {
        fight.input(player, Input::Move(to));
    }
    fight.wait(5.0);
    fight.shoot_at(ADA, BEA);
    assert!(!fight.player(BEA).is_alive());
    for _ in 0..10 {
        fight.step(&[leave(CEA), join(CEA)]);
        assert!(fight.player(CEA).at.distance(units(0.2, 0.2)) > 0.9);
    }
}

#[test]
fn everybody_may_start_late_at_the_centre() {
    let mut fight = Fight::new(|rules| (rules.late_joins, rules.spawn) = (true, Spawn::Centre));
    fight.step(&[join(CEA)]);
    assert_eq!(fight.player(CEA).at, units(8.0 / 9.0, 0.5));
}

#[test]
fn a_full_fight_lets_nobody_in_until_somebody_leaves() {
    let mut fight = Fight::of(3, |rules| (rules.late_joins, rules.capacity) = (true, 3));
    fight.step(&[join(DEA)]);
    assert!(fight.world.player(DEA).is_none());
    fight.step(&[leave(BEA), join(DEA)]);
    assert!(fight.world.player(BEA).is_none());
    assert!(fight.player(DEA).is_alive());
    assert_eq!(fight.events, [Event::Left { player: BEA }]);
}

#[test]
fn who_leaves_is_gone_and_its_number_is_free_again() {
    let mut fight = Fight::of(3, |rules| (rules.late_joins, rules.blink_range) = (true, 2.0));
    for (player, x) in [(ADA, 0.3), (BEA, 0.9), (CEA, 1.4)] {
        fight.input(player, Input::Blink(units(x, 0.5)));
    }
    // Its fireball flies on, and nobody is told as its thrower but its number.
    fight.step(&[shoot(CEA, units(0.9, 0.5), 0)]);
    fight.step(&[leave(CEA)]);
    assert_eq!(fight.world.players().len(), 2);
    while !fight.world.fireballs().is_empty() {
        fight.step(&[]);
    }
    assert_eq!(fight.hits(), [(BEA, 40)]);
    assert_eq!(fight.player(ADA).hits, 0);
    // It comes back in the tick in which it leaves, too, and all that it was is forgotten.
    fight.step(&[join(CEA)]);
    fight.wait(2.0);
    fight.shoot_at(ADA, CEA);
    assert_eq!(fight.player(CEA).health, 40);
    fight.step(&[leave(CEA), join(CEA)]);
    assert_eq!((fight.player(CEA).health, fight.player(CEA).hits), (50, 0));
}

#[test]
fn the_dead_leave_as_the_living_do() {
    let mut fight = Fight::of(3, |rules| (rules.late_joins, rules.dead_at) = (true, 40));
    fight.shoot_at(ADA, BEA);
    assert!(matches!(fight.player(BEA).life, Life::Dead { .. }));
    fight.events.clear();
    fight.step(&[leave(BEA)]);
    assert_eq!(fight.events, [Event::Left { player: BEA }]);
    assert!(fight.world.player(BEA).is_none());
    fight.step(&[join(BEA)]);
    assert!(fight.player(BEA).is_alive());
}

#[test]
fn a_fight_that_ends_at_0_goes_on_with_one_alive_and_ends_with_none() {
    let mut fight = Fight::new(|rules| (rules.ends_at, rules.dead_at) = (0, 40));
    fight.shoot_at(ADA, BEA);
    assert!(!fight.player(BEA).is_alive());
    fight.wait(10.0);
    assert!(matches!(fight.world.phase(), Phase::Fighting { .. }));
    fight.step(&[leave(ADA)]);
    let outcome = Outcome { winner: None, reason: EndReason::LastStanding };
    assert_eq!(fight.world.phase().outcome(), Some(outcome));
}

#[test]
fn the_zone_spares_nobody_in_a_fight_without_a_winner() {
    for (ends_at, is_spared) in [(1, true), (0, false)] {
        let mut fight = Fight::new(|rules| {
            rules.ends_at = ends_at;
            rules.zone = Some(Zone { waits_s: 20.0, closes_s: 1.0, end_radius: 0.0, damage: 1000 });
        });
        fight.shoot_at(ADA, BEA);
        fight.wait(25.0);
        assert_eq!(fight.player(ADA).is_alive(), is_spared, "{ends_at}");
        assert!(fight.world.phase().outcome().is_some());
    }
}

#[test]
fn a_fight_without_a_limit_goes_on_for_longer_than_the_longest_limit() {
    let mut fight = Fight::new(|rules| {
        (rules.tick_rate, rules.time_limit_s) = (TickRate::Hz20, 0.0);
    });
    assert!(matches!(fight.world.phase(), Phase::Fighting { ends: Tick::LAST, .. }));
    for _ in 0..if cfg!(miri) { 20 } else { 3_700 * 20 } {
        fight.step(&[]);
    }
    assert!(matches!(fight.world.phase(), Phase::Fighting { .. }));
    fight.shoot_at(ADA, BEA);
    assert_eq!(fight.hits(), [(BEA, 40)]);
}

/// The rules of an arena in which all start at one place and shoot as often as they can.
fn crowded(rules: &mut Rules) {
    (rules.tick_rate, rules.spawn, rules.walls) = (TickRate::Hz60, Spawn::Centre, Walls::Open);
    (rules.countdown_s, rules.fireball_cooldown_s) = (0.0, 0.001);
    (rules.protection_s, rules.fireball_speed) = (1.0, 8.0);
    (rules.late_joins, rules.dead_at) = (true, 0);
}

#[test]
fn the_first_clicks_of_a_fight_hit_nobody_and_later_ones_do() {
    let mut rules = preset("brawl").expect("a preset").rules;
    crowded(&mut rules);
    let mut fight = Fight { world: World::new(rules, 7).expect("valid"), events: Vec::new() };
    fight.step(&[join(ADA), join(BEA)]);
    fight.step(&[Command::Input {
        player: BEA,
        input: Input::Move(units(9.0, 0.5)),
        rewind_ticks: 0,
    }]);
    let Phase::Fighting { since, .. } = fight.world.phase() else { panic!("a fight") };
    let until = since.after(60);
    while fight.hits().is_empty() {
        assert!(fight.world.tick() < until.next(), "nobody is hit later on");
        let is_protected = fight.player(BEA).life == Life::Protected { until };
        assert!(is_protected && fight.player(BEA).is_alive());
        let at = fight.player(BEA).at;
        fight.step(&[shoot(ADA, at, 0)]);
    }
    assert_eq!(fight.world.tick(), until, "the first tick in which it may be hit");
    assert_eq!(fight.player(BEA).life, Life::Alive);
    assert!(fight.events.iter().any(|event| matches!(event, Event::Shot { .. })));
    assert_eq!(fight.refusals(), [], "all shot from the second tick on");
}

/// Bea walks away at once, and Ada shoots at her in each tick. While both stand at one place, no
/// shot hits; then the protection lasts.
#[test]
fn the_first_clicks_at_an_old_arena_hit_nobody() {
    for name in ["legacy-a", "legacy-b"] {
        let rules = Rules {
            fight_at: 2,
            fireball_cooldown_s: 0.0,
            ..preset(name).expect("a preset").rules
        };
        let mut fight = Fight { world: World::new(rules, 7).expect("valid"), events: Vec::new() };
        fight.step(&[join(ADA), join(BEA)]);
        fight.step(&[]);
        let Phase::Fighting { since, .. } = fight.world.phase() else { panic!("a fight") };
        fight.input(BEA, Input::Move(units(1.7, 0.5)));
        while fight.hits().is_empty() {
            let at = fight.player(BEA).at;
            fight.step(&[shoot(ADA, at, 0)]);
        }
        assert_eq!(fight.world.tick(), since.after(15), "{name}");
    }
}

#[test]
fn a_late_joiner_is_protected_and_may_act_meanwhile_and_burn() {
    let mut fight = Fight::new(|rules| {
        crowded(rules);
        (rules.walls, rules.blink_cooldown_s) = (Walls::Solid, 0.0);
        rules.zone = Some(Zone { waits_s: 0.0, closes_s: 1.0, end_radius: 0.6, damage: 1 });
    });
    let Phase::Fighting { since, .. } = fight.world.phase() else { panic!("a fight") };
    fight.input(ADA, Input::Blink(units(0.4, 0.5)));
    fight.input(BEA, Input::Blink(units(0.9, 0.9)));
    // It burns 20 ticks after the join.
    while fight.world.tick() < since.after(99) {
        fight.step(&[]);
    }
    fight.step(&[join(CEA)]);
    let until = since.after(100 + 60);
    assert_eq!(fight.player(CEA).life, Life::Protected { until });
    assert_eq!(fight.player(ADA).life, Life::Alive);
    fight.step(&[shoot(CEA, units(0.4, 0.5), 0)]);
    fight.wait(0.1);
    assert_eq!(fight.hits(), [(ADA, 40)]);
    fight.input(CEA, Input::Blink(units(1.65, 0.5)));
    fight.wait(0.5);
    let burned = |event: &Event| matches!(event, Event::Burned { player: CEA, .. });
    assert!(fight.events.iter().any(burned), "protection is from fireballs alone");
    fight.events.clear();
    let at = fight.player(CEA).at;
    while fight.hits().is_empty() {
        fight.step(&[shoot(ADA, at, 0)]);
    }
    assert_eq!((fight.world.tick(), fight.hits()[0].0), (until, CEA));
}

/// A shooter, and somebody who walks across in front of it, farther in each tick than a fireball
/// may miss by. They meet in the shooter's line of fire in 15 ticks, as long as a fireball flies
/// there.
fn walker(change: fn(&mut Rules)) -> Fight {
    let mut fight = Fight::new(|rules| {
        (rules.tick_rate, rules.walls) = (TickRate::Hz60, Walls::Open);
        (rules.rewinds_flight, rules.late_joins) = (true, true);
        (rules.radius_per_health, rules.fireball_radius) = (0.0001, 0.001);
        (rules.walk_speed, rules.fireball_speed) = (1.0, 2.0);
        (rules.blink_range, rules.blink_cooldown_s) = (4.0, 0.0);
        change(rules);
    });
    fight.input(ADA, Input::Blink(LINE.0));
    fight.input(BEA, Input::Blink(units(0.2, 0.4)));
    fight.input(BEA, Input::Move(units(4.0, 0.4)));
    while fight.player(BEA).at.to_vec2().x < 0.745 {
        fight.step(&[]);
    }
    fight
}

/// The place of the shooter, and the place that it shoots at.
const LINE: (Point, Point) = (Point::new(32_768, 29_491), Point::new(32_768, 13_107));

/// The shot at the walker arrives `seen_ago` ticks after it was seen. Returns the fight when the
/// fireball is gone.
fn shot(mut fight: Fight, seen_ago: u8, rewind_ticks: u8) -> Fight {
    (0..seen_ago).for_each(|_| fight.step(&[]));
    fight.step(&[shoot(ADA, LINE.1, rewind_ticks)]);
    let fireball = &fight.world.fireballs()[0];
    assert_eq!(fireball.from, LINE.0);
    assert!(fight.world.fireball_place(fireball).distance(LINE.0) < 0.04, "not moved forward");
    while !fight.world.fireballs().is_empty() && fight.hits().is_empty() {
        fight.step(&[]);
    }
    fight
}

#[test]
fn a_rewound_flight_hits_where_its_shooter_sees_the_hit() {
    for seen_ago in 0..=12 {
        for rewind_ticks in 0..=12 {
            let fight = shot(walker(|_| {}), seen_ago, rewind_ticks);
            let expect = usize::from(seen_ago == rewind_ticks);
            assert_eq!(fight.hits().len(), expect, "{seen_ago} {rewind_ticks}");
        }
        let over_the_cap = shot(walker(|_| {}), seen_ago, u8::MAX);
        assert_eq!(over_the_cap.hits().len(), usize::from(seen_ago == 12));
    }
}

#[test]
fn a_flight_that_is_not_rewound_misses_who_was_seen() {
    for seen_ago in 0..=12 {
        // Without lag compensation nothing is rewound, whatever is claimed.
        let fight = walker(|rules| rules.lag_compensation = false);
        let hits = shot(fight, seen_ago, seen_ago).hits().len();
        assert_eq!(hits, usize::from(seen_ago == 0), "{seen_ago}");
    }
}

#[test]
fn a_hit_of_a_rewound_flight_pushes_from_where_the_victim_is() {
    let fight = shot(walker(|_| {}), 9, 9);
    let hit = fight.events.iter().find_map(|event| match event {
        Event::Hit { at, rewind_ticks, .. } => Some((*at, *rewind_ticks)),
        _ => None,
    });
    let (at, rewind_ticks) = hit.expect("a hit");
    assert_eq!(rewind_ticks, 9);
    assert!(at.distance(LINE.1) < 0.03, "told where it was seen");
    let gone_on = fight.player(BEA).at.distance(at);
    assert!((0.1..0.2).contains(&gone_on), "{gone_on}");
    assert!(
        matches!(fight.player(BEA).motion, Motion::Push { from, .. } if from == fight.player(BEA).at)
    );
}

#[test]
fn who_comes_and_goes_changes_nobodys_past() {
    for then in [leave(CEA), join(DEA)] {
        let mut fight = walker(|_| {});
        for tick in 0..9 {
            let commands = match tick {
                2 => vec![join(CEA)],
                4 => vec![then],
                _ => Vec::new(),
            };
            fight.step(&commands);
        }
        assert_eq!(shot(fight, 0, 9).hits().len(), 1, "{then:?}");
    }
}

/// A match in which people come, go, walk and shoot by chance, in an arena of all these rules.
fn relay() -> Rules {
    let mut rules = preset("brawl").expect("a preset").rules;
    crowded(&mut rules);
    (rules.ends_at, rules.time_limit_s, rules.rewinds_flight) = (0, 0.0, true);
    (rules.dead_at, rules.fireball_speed, rules.fireball_cooldown_s) = (20, 0.8, 0.1);
    rules
}

/// Returns the commands of a tick, in the order in which the step takes them.
fn commands(dice: &mut Dice) -> Vec<Command> {
    let mut commands = Vec::new();
    for player in (0..12).map(PlayerId) {
        let at = Point::new(
            i32::try_from(dice.roll(58_000)).expect("small"),
            i32::try_from(dice.roll(32_000)).expect("small"),
        );
        let rewind_ticks = dice.small(14);
        let input = |input| Command::Input { player, input, rewind_ticks };
        match dice.roll(300) {
            0..3 => commands.push(join(player)),
            3 => commands.push(leave(player)),
            4..12 => commands.push(input(Input::Move(at))),
            12..24 => commands.push(input(Input::Shoot(at))),
            24..27 => commands.push(input(Input::Blink(at))),
            _ => {}
        }
    }
    commands.sort_by_key(|command| (!matches!(command, Command::Leave { .. }), command.player()));
    commands
}

#[test]
fn a_match_of_all_these_rules_is_saved_restored_recovered_and_replayed() {
    let mut world = World::new(relay(), 5).expect("valid");
    let mut journal = Writer::new(&world, "relay", "test");
    let (mut dice, mut events) = (Dice(11), Vec::new());
    for tick in 0..if cfg!(miri) { 200 } else { 6_000 } {
        let commands = commands(&mut dice);
        let mut restored = World::restore(&world.save()).expect("restores");
        world.step(&commands, &mut events);
        restored.step(&commands, &mut Vec::new());
        assert_eq!(restored.hash(), world.hash(), "tick {tick}");
        journal.tick(world.tick(), &commands);
        if tick % 60 == 0 {
            journal.hash(&world);
        }
        if tick == 3_000 {
            journal.state(&world);
        }
    }
    journal.hash(&world);
    let journal = journal.take();
    let mut replay = Replay::open(&journal).expect("opens");
    for tick in replay.by_ref() {
        tick.expect("replays");
    }
    assert_eq!(replay.world().hash(), world.hash());
    assert_eq!(recover(&journal).expect("recovers").world.hash(), world.hash());
    if !cfg!(miri) {
        let count = |of: fn(&Event) -> bool| events.iter().filter(|event| of(event)).count();
        let past = count(|event| matches!(event, Event::Hit { rewind_ticks: 1.., .. }));
        let left = count(|event| matches!(event, Event::Left { .. }));
        let died = count(|event| matches!(event, Event::Died { .. }));
        assert!(past > 5 && left > 20 && died > 5, "{past} {left} {died}");
        assert!(matches!(world.phase(), Phase::Fighting { .. }));
    }
}
