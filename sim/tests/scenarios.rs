//! The rules of the game, one short script per behaviour.

mod fight;

use bolide_sim::{
    Command, Event, FireballId, GRID, Input, Motion, Phase, PlayerId, PlayerKind, Point, Refusal,
    Spawn, TickRate, Walls, World, preset,
};

use fight::{ADA, BEA, CEA, Fight, units};

#[test]
fn a_match_waits_counts_down_and_fights() {
    let rules = preset("brawl").expect("a preset").rules;
    let mut world = World::new(rules, 1).expect("valid");
    let mut events = Vec::new();
    world.step(&[Command::Join { player: ADA, kind: PlayerKind::Human }], &mut events);
    assert_eq!(world.phase(), Phase::Waiting);
    world.step(&[Command::Join { player: BEA, kind: PlayerKind::Human }], &mut events);
    assert!(matches!(world.phase(), Phase::Countdown { .. }));
    world.step(&[Command::Leave { player: BEA }], &mut events);
    assert_eq!(world.phase(), Phase::Waiting);
    world.step(&[Command::Join { player: BEA, kind: PlayerKind::Human }], &mut events);
    for _ in 0..90 {
        world.step(&[], &mut events);
    }
    assert!(matches!(world.phase(), Phase::Fighting { .. }));
    let told: Vec<_> = events.iter().filter(|event| !matches!(event, Event::Left { .. })).collect();
    assert_eq!(
        told,
        [
            &Event::CountdownBegan,
            &Event::CountdownStopped,
            &Event::CountdownBegan,
            &Event::FightBegan
        ]
    );
}

#[test]
fn nothing_moves_before_the_fight() {
    let mut world = World::new(preset("brawl").expect("a preset").rules, 1).expect("valid");
    let mut events = Vec::new();
    world.step(&[Command::Join { player: ADA, kind: PlayerKind::Human }], &mut events);
    let before = world.players().to_vec();
    world.step(
        &[Command::Input { player: ADA, input: Input::Move(units(0.1, 0.1)), rewind_ticks: 0 }],
        &mut events,
    );
    assert_eq!(world.players(), before);
    assert_eq!(events, [Event::Refused { player: ADA, why: Refusal::NotFighting }]);
}

#[test]
fn a_walk_is_straight_and_ends_on_its_target() {
    let mut fight = Fight::brawl();
    let (from, to) = (fight.player(ADA).at, units(0.9, 0.5));
    fight.input(ADA, Input::Move(to));
    let mut ticks = 1;
    while fight.player(ADA).at != to {
        let at = fight.player(ADA).at;
        assert!((from.distance(at) + at.distance(to) - from.distance(to)).abs() < 0.0001);
        assert!((from.distance(at) - 0.01 * ticks as f32).abs() < 0.0001, "0.3 units/s at 30 Hz");
        fight.step(&[]);
        ticks += 1;
    }
    assert_eq!(fight.player(ADA).motion, Motion::Stand { at: to });
}

#[test]
fn the_whole_circle_stays_inside() {
    let mut fight = Fight::brawl();
    fight.input(ADA, Input::Move(units(-5.0, 40.0)));
    fight.wait(10.0);
    let at = fight.player(ADA).at.to_vec2();
    assert!(at.x >= 0.05 && at.y <= 0.95, "{at}");
    assert!(fight.player(ADA).at.distance(units(0.05, 0.95)) < 0.0001);
}

#[test]
fn a_stop_ends_a_walk() {
    let mut fight = Fight::brawl();
    fight.input(ADA, Input::Move(units(0.9, 0.5)));
    fight.wait(0.3);
    let at = fight.player(ADA).at;
    fight.input(ADA, Input::Stop);
    fight.wait(0.3);
    assert_eq!(fight.player(ADA).at, at);
}

#[test]
fn a_hit_hurts_shrinks_pushes_and_cancels_the_walk() {
    let mut fight = Fight::new(|rules| rules.walk_speed = 0.0001);
    fight.input(BEA, Input::Move(units(0.9, 0.5)));
    let (shooter, before) = (fight.player(ADA).at, fight.player(BEA).at);
    fight.shoot_at(ADA, BEA);
    assert_eq!(fight.hits(), [(BEA, 40)]);
    assert!(matches!(fight.player(BEA).motion, Motion::Push { .. }));
    fight.wait(1.0);
    let after = fight.player(BEA).at;
    assert!(
        shooter.distance(after) > shooter.distance(before) || before.distance(after) > 0.05,
        "pushed"
    );
    assert_eq!(fight.player(BEA).motion, Motion::Stand { at: after });
    assert_eq!(fight.player(ADA).hits, 1);
}

#[test]
fn a_fireball_flies_through_its_owner_and_ends_at_range_or_wall() {
    let mut fight = Fight::new(|rules| rules.fireball_range = 0.3);
    let from = fight.player(ADA).at;
    let beside = Point::new(from.x(), from.y() + GRID / 100);
    fight.input(ADA, Input::Shoot(beside));
    let toward = fight.world.fireballs()[0].toward;
    assert!((from.distance(toward) - 0.3).abs() < 0.0001);
    fight.wait(1.0);
    assert!(fight.hits().is_empty());
    assert!(fight.events.contains(&Event::Fizzled { fireball: FireballId(0), at: toward }));

    let mut fight = Fight::brawl();
    let from = fight.player(ADA).at;
    fight.input(ADA, Input::Shoot(Point::new(from.x(), -Point::LIMIT)));
    let toward = fight.world.fireballs()[0].toward;
    assert_eq!(toward.x(), from.x());
    assert!((0.01..0.0101).contains(&toward.to_vec2().y), "{toward:?}");
}

#[test]
fn even_the_fastest_fireball_does_not_pass_through() {
    for tick_rate in [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60] {
        let mut fight = Fight::new(|rules| {
            rules.tick_rate = tick_rate;
            rules.fireball_speed = 1000.0;
            rules.fireball_range = 32.0;
        });
        fight.shoot_at(ADA, BEA);
        assert_eq!(fight.hits(), [(BEA, 40)], "{tick_rate:?}");
    }
}

#[test]
fn a_blink_is_bounded_by_range_and_walls_and_ends_the_walk() {
    let mut fight = Fight::new(|rules| rules.blink_range = 0.3);
    let from = fight.player(ADA).at;
    fight.input(ADA, Input::Move(units(0.9, 0.5)));
    let walked = fight.player(ADA).at;
    fight.input(ADA, Input::Blink(units(1.7, walked.to_vec2().y)));
    assert!((walked.distance(fight.player(ADA).at) - 0.3).abs() < 0.0001);
    assert_ne!(from, walked);
    assert!(matches!(fight.player(ADA).motion, Motion::Stand { .. }));
    fight.wait(3.1);
    fight.input(ADA, Input::Blink(units(fight.player(ADA).at.to_vec2().x, -60.0)));
    assert!(fight.player(ADA).at.to_vec2().y >= 0.05);
}

#[test]
fn cooldowns_are_full_at_the_start_and_hold() {
    let mut rules = preset("brawl").expect("a preset").rules;
    rules.countdown_s = 0.0;
    let mut fight = Fight { world: World::new(rules, 1).expect("valid"), events: Vec::new() };
    for player in [ADA, BEA] {
        fight.step(&[Command::Join { player, kind: PlayerKind::Human }]);
    }
    fight.step(&[]);
    let at = units(0.9, 0.5);
    fight.input(ADA, Input::Shoot(at));
    fight.input(ADA, Input::Blink(at));
    assert_eq!(fight.refusals(), [Refusal::Cooldown; 2]);
    fight.wait(1.0);
    fight.input(ADA, Input::Shoot(at));
    fight.input(ADA, Input::Shoot(at));
    assert_eq!(fight.refusals(), [Refusal::Cooldown; 3]);
    assert_eq!(fight.world.fireballs().len(), 1);
}

#[test]
fn an_intent_without_direction_is_refused() {
    let mut fight = Fight::brawl();
    let at = fight.player(ADA).at;
    fight.input(ADA, Input::Shoot(at));
    fight.input(ADA, Input::Blink(at));
    fight.input(PlayerId(9), Input::Stop);
    assert_eq!(fight.refusals(), [Refusal::NoWay, Refusal::NoWay, Refusal::NotAlive]);
}

#[test]
fn a_body_smaller_than_a_fireball_throws_towards_the_wall_beside_it() {
    let mut fight = Fight::new(|rules| {
        rules.radius_per_health = 0.0002;
        rules.fireball_radius = 0.05;
    });
    fight.input(ADA, Input::Move(units(0.5, -1.0)));
    fight.wait(10.0);
    let at = fight.player(ADA).at;
    assert!(at.to_vec2().y < 0.05, "{at:?} is nearer to the wall than a fireball flies");
    fight.input(ADA, Input::Shoot(units(0.9, at.to_vec2().y - 0.001)));
    assert_eq!(fight.refusals(), []);
    assert_eq!(fight.world.fireballs().len(), 1);
}

#[test]
fn a_full_arena_lets_nobody_in() {
    let mut world = World::new(preset("classic").expect("a preset").rules, 1).expect("valid");
    let joins: Vec<_> =
        (0..5).map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Human }).collect();
    world.step(&joins, &mut Vec::new());
    assert_eq!(world.players().len(), 3);
}

#[test]
fn open_walls_hold_nobody() {
    let mut fight = Fight::new(|rules| rules.walls = Walls::Open);
    fight.input(ADA, Input::Move(units(-2.0, -3.0)));
    fight.wait(20.0);
    assert_eq!(fight.player(ADA).at, units(-2.0, -3.0));
    fight.input(ADA, Input::Shoot(units(-9.0, -3.0)));
    let toward = fight.world.fireballs()[0].toward;
    assert!((toward.to_vec2().x + 2.0 + 16.0 / 9.0).abs() < 0.001, "only its range ends it");
}

#[test]
fn everybody_may_start_at_the_centre() {
    let mut rules = preset("brawl").expect("a preset").rules;
    rules.spawn = Spawn::Centre;
    let mut world = World::new(rules, 1).expect("valid");
    let joins = [ADA, BEA].map(|player| Command::Join { player, kind: PlayerKind::Human });
    world.step(&joins, &mut Vec::new());
    assert!(world.players().iter().all(|player| player.at == units(8.0 / 9.0, 0.5)));
}

#[test]
fn a_walk_that_is_wanted_during_a_push_begins_after_it() {
    let mut fight = Fight::new(|rules| rules.walk_speed = 0.01);
    fight.shoot_at(ADA, BEA);
    let to = units(0.9, 0.5);
    fight.input(BEA, Input::Move(to));
    assert!(matches!(fight.player(BEA).motion, Motion::Push { .. }), "nobody walks out of a blow");
    fight.wait(0.5);
    assert!(matches!(fight.player(BEA).motion, Motion::Walk { to: there, .. } if there == to));
    fight.input(BEA, Input::Stop);
    assert!(matches!(fight.player(BEA).motion, Motion::Stand { .. }));
}

#[test]
fn another_hit_ends_the_walk_that_was_wanted_during_the_first_push() {
    let mut fight = Fight::new(|rules| {
        (rules.fireball_cooldown_s, rules.fireball_speed) = (0.0, 8.0);
    });
    let at = fight.player(BEA).at;
    fight.input(ADA, Input::Shoot(at));
    fight.input(ADA, Input::Shoot(at));
    while fight.hits().is_empty() {
        fight.step(&[]);
    }
    while fight.hits().len() < 2 {
        assert!(!fight.world.fireballs().is_empty(), "both hit");
        fight.input(BEA, Input::Move(units(0.9, 0.5)));
    }
    while matches!(fight.player(BEA).motion, Motion::Push { .. }) {
        fight.step(&[]);
    }
    let pushed_to = fight.player(BEA).at;
    fight.wait(0.5);
    assert_eq!(fight.player(BEA).motion, Motion::Stand { at: pushed_to });
}

#[test]
fn whoever_does_nothing_stays_where_it_is_and_can_be_hit() {
    let mut fight = Fight::brawl();
    let at = fight.player(BEA).at;
    fight.wait(5.0);
    assert_eq!(fight.player(BEA).at, at);
    fight.shoot_at(ADA, BEA);
    assert_eq!(fight.hits(), [(BEA, 40)]);
}

/// The fireball flies through six ticks of the past first, and reaches the wall in three of them.
#[test]
fn a_fireball_that_has_ended_in_the_past_hits_nobody_in_the_present() {
    let mut fight = Fight::brawl();
    let at_the_wall = units(0.06, 0.5);
    while fight.player(ADA).at.distance(units(0.1, 0.5)) > 0.01 {
        fight.input(ADA, Input::Move(units(0.1, 0.5)));
    }
    while fight.player(BEA).at.distance(units(0.4, 0.8)) > 0.01 {
        fight.input(BEA, Input::Move(units(0.4, 0.8)));
    }
    fight.step(&[
        Command::Input { player: ADA, input: Input::Shoot(at_the_wall), rewind_ticks: 6 },
        Command::Input { player: BEA, input: Input::Blink(at_the_wall), rewind_ticks: 0 },
    ]);
    assert_eq!(fight.player(BEA).at, at_the_wall);
    fight.wait(0.5);
    assert_eq!(fight.hits(), []);
}

/// A fireball hits once, and its past comes before its present.
#[test]
fn a_touch_in_the_past_comes_before_one_in_the_present() {
    let mut fight = Fight::of(3, |rules| {
        (rules.fireball_speed, rules.blink_range) = (8.0, 2.0);
        (rules.fireball_cooldown_s, rules.blink_cooldown_s) = (0.0, 0.0);
    });
    for (player, x) in [(ADA, 0.3), (BEA, 0.55), (CEA, 1.0)] {
        fight.input(player, Input::Blink(units(x, 0.5)));
    }
    fight.wait(0.5);
    // It passes Bea in the first of its three ticks, and Cea in the third, which is the present.
    let (player, input) = (ADA, Input::Shoot(units(1.7, 0.5)));
    fight.step(&[Command::Input { player, input, rewind_ticks: 2 }]);
    let victims: Vec<_> = fight.hits().iter().map(|(victim, _)| *victim).collect();
    assert_eq!(victims, [BEA]);
}
