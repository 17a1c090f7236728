//! Deaths, winners and placements: the rules of `docs/rules.md`.

mod fight;

use bolide_sim::{
    Command, EndReason, Event, Input, Life, Motion, Phase, Player, PlayerId, PlayerKind, World,
    Zone, preset,
};

use fight::{ADA, BEA, CEA, Fight, units};

const DEA: PlayerId = PlayerId(3);

#[test]
fn the_last_one_alive_wins_and_the_world_stands_still() {
    let mut fight = Fight::brawl();
    for _ in 0..3 {
        fight.shoot_at(ADA, BEA);
        fight.wait(1.0);
    }
    assert_eq!(fight.hits(), [(BEA, 40), (BEA, 30), (BEA, 20)]);
    let outcome = fight.world.phase().outcome().expect("over");
    assert_eq!((outcome.winner, outcome.reason), (Some(ADA), EndReason::LastStanding));
    assert_eq!(fight.world.placements(), [(ADA, 1), (BEA, 2)]);
    assert_eq!(fight.player(ADA).kills, 1);
    assert!(matches!(fight.player(BEA).life, Life::Dead { .. }));
    let players = fight.world.players().to_vec();
    fight.input(ADA, Input::Move(units(0.9, 0.5)));
    assert_eq!(fight.world.players(), players);
}

#[test]
fn both_may_die_in_one_tick() {
    let mut fight = Fight::new(|rules| rules.hit_damage = 50);
    let (a, b) = (fight.player(ADA).at, fight.player(BEA).at);
    fight.step(&[
        Command::Input { player: ADA, input: Input::Shoot(b), rewind_ticks: 0 },
        Command::Input { player: BEA, input: Input::Shoot(a), rewind_ticks: 0 },
    ]);
    fight.wait(3.0);
    let outcome = fight.world.phase().outcome().expect("over");
    assert_eq!((outcome.winner, outcome.reason), (None, EndReason::LastStanding));
    assert_eq!(fight.world.placements(), [(ADA, 1), (BEA, 1)]);
}

#[test]
fn time_ends_a_match_for_the_healthiest_or_in_a_draw() {
    for (shots, winner) in [(1, Some(ADA)), (0, None)] {
        let mut fight = Fight::new(|rules| rules.time_limit_s = 8.0);
        for _ in 0..shots {
            fight.shoot_at(ADA, BEA);
        }
        fight.wait(8.0);
        let outcome = fight.world.phase().outcome().expect("over");
        assert_eq!((outcome.winner, outcome.reason), (winner, EndReason::TimeLimit));
    }
}

#[test]
fn who_leaves_a_fight_loses_it_and_nobody_joins_one() {
    let mut fight = Fight::brawl();
    fight.step(&[Command::Join { player: PlayerId(2), kind: PlayerKind::Human }]);
    assert!(fight.world.player(PlayerId(2)).is_none());
    fight.step(&[Command::Leave { player: ADA }]);
    assert_eq!(fight.world.phase().outcome().expect("over").winner, Some(BEA));
    assert_eq!(fight.world.placements(), [(BEA, 1), (ADA, 2)]);
}

#[test]
fn the_zone_burns_whoever_stays_outside_once_a_second() {
    let mut fight = Fight::new(|rules| {
        rules.zone = Some(Zone { waits_s: 0.0, closes_s: 1.0, end_radius: 0.1, damage: 7 });
        rules.dead_at = 10;
    });
    let health = fight.player(ADA).health;
    fight.wait(1.0);
    assert_eq!(fight.player(ADA).health, health - 7);
    let centre = units(8.0 / 9.0, 0.5);
    fight.input(ADA, Input::Blink(centre));
    let inside = fight.player(ADA).health;
    fight.wait(2.0);
    assert_eq!(fight.player(ADA).health, inside);
    fight.wait(10.0);
    let outcome = fight.world.phase().outcome().expect("over");
    assert_eq!(outcome.winner, Some(ADA));
    assert!(fight.events.contains(&Event::Died { player: BEA, by: None }));
}

#[test]
fn the_best_burns_like_the_others_while_somebody_is_left() {
    let mut fight = Fight::new(|rules| {
        rules.zone = Some(Zone { waits_s: 4.0, closes_s: 1.0, end_radius: 0.0, damage: 1 });
    });
    fight.shoot_at(ADA, BEA);
    assert_eq!(fight.hits().len(), 1);
    fight.wait(6.0);
    let burned = |of: PlayerId| {
        let is_burn =
            |event: &&Event| matches!(event, Event::Burned { player, .. } if *player == of);
        fight.events.iter().filter(is_burn).count()
    };
    assert!(burned(ADA) > 0);
    assert_eq!(burned(ADA), burned(BEA));
}

#[test]
fn who_burns_to_death_in_a_push_walks_no_further() {
    let fight = Fight::of(3, |rules| {
        rules.hit_damage = 29;
        rules.zone = Some(Zone { waits_s: 5.0, closes_s: 1.0, end_radius: 0.0, damage: 1 });
    });
    let mut burned = 0;
    for delay in 0..60 {
        let mut fight = fight.clone();
        (0..delay).for_each(|_| fight.step(&[]));
        fight.input(ADA, Input::Shoot(fight.player(BEA).at));
        while fight.hits().is_empty() && fight.player(BEA).is_alive() {
            fight.step(&[]);
        }
        fight.input(BEA, Input::Move(units(0.0, 0.0)));
        let is_pushed = |player: &Player| matches!(player.motion, Motion::Push { .. });
        while is_pushed(fight.player(BEA)) {
            fight.step(&[]);
        }
        if !fight.events.contains(&Event::Died { player: BEA, by: None }) {
            continue;
        }
        burned += 1;
        let died_at = fight.player(BEA).at;
        fight.wait(0.5);
        assert!(matches!(fight.world.phase(), Phase::Fighting { .. }));
        assert_eq!(fight.player(BEA).at, died_at, "shot after {delay} ticks");
    }
    assert!(burned > 3, "{burned} burn to death in a push");
}

#[test]
fn places_count_who_lasted_longer_and_equal_ends_share_a_place() {
    let mut rules = preset("brawl").expect("a preset").rules;
    rules.countdown_s = 0.0;
    let mut world = World::new(rules, 1).expect("valid");
    let everybody =
        (0..4).map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Human });
    let mut events = Vec::new();
    world.step(&everybody.collect::<Vec<_>>(), &mut events);
    world.step(&[], &mut events);
    world.step(&[Command::Leave { player: PlayerId(2) }], &mut events);
    world.step(
        &[Command::Leave { player: PlayerId(0) }, Command::Leave { player: PlayerId(3) }],
        &mut events,
    );
    let places = [(PlayerId(1), 1), (PlayerId(0), 2), (PlayerId(3), 2), (PlayerId(2), 4)];
    assert_eq!(world.placements(), places);
}

/// All players burn from the tenth second on, and die at once. The shots come before.
fn burn_all_at_once(players: u16, shots: &[(PlayerId, PlayerId)]) -> Fight {
    let mut fight = Fight::of(players, |rules| {
        rules.fight_at = players;
        rules.zone = Some(Zone { waits_s: 10.0, closes_s: 1.0, end_radius: 0.0, damage: 35 });
    });
    for (by, at) in shots {
        fight.shoot_at(*by, *at);
        fight.wait(0.5);
    }
    assert_eq!(fight.hits().len(), shots.len());
    while fight.world.phase().outcome().is_none() {
        fight.step(&[]);
    }
    fight
}

#[test]
fn of_the_last_who_would_burn_in_one_second_the_best_is_spared_and_wins() {
    for (shots, winner, places) in [
        // The one with the most health.
        (&[(BEA, CEA), (ADA, BEA)][..], ADA, [(ADA, 1), (BEA, 2), (CEA, 2)]),
        // One of equal health, with more hits.
        (&[(ADA, CEA)][..], ADA, [(ADA, 1), (BEA, 2), (CEA, 3)]),
        (&[(BEA, CEA)][..], BEA, [(BEA, 1), (ADA, 2), (CEA, 3)]),
    ] {
        let fight = burn_all_at_once(3, shots);
        let outcome = fight.world.phase().outcome().expect("over");
        assert_eq!((outcome.winner, outcome.reason), (Some(winner), EndReason::LastStanding));
        let dead = |event: &&Event| matches!(event, Event::Died { by: None, .. });
        assert_eq!(fight.events.iter().filter(dead).count(), 2, "{shots:?}");
        assert!(fight.player(winner).is_alive());
        assert!(fight.player(winner).health > fight.world.rules().dead_at);
        let mut found = fight.world.placements();
        found.sort_by_key(|(player, place)| (*place, *player));
        if shots.len() == 1 {
            assert_eq!(found, places);
        }
        assert_eq!(found[0], (winner, 1));
    }
}

#[test]
fn equals_who_burn_in_one_second_draw() {
    let fight = burn_all_at_once(3, &[]);
    assert_eq!(fight.world.phase().outcome().expect("over").winner, None);
    assert!(fight.world.players().iter().all(|player| !player.is_alive()));
    assert_eq!(fight.world.placements(), [(ADA, 1), (BEA, 1), (CEA, 1)]);
    let fight = burn_all_at_once(4, &[(ADA, DEA), (BEA, DEA)]);
    assert_eq!(fight.world.phase().outcome().expect("over").winner, None);
    let places = [(ADA, 1), (BEA, 1), (CEA, 3), (DEA, 4)];
    assert_eq!(fight.world.placements(), places, "by health, then by hits");
}

#[test]
fn between_two_of_equal_health_the_time_limit_counts_hits() {
    let mut fight = Fight::of(3, |rules| rules.time_limit_s = 8.0);
    fight.shoot_at(BEA, CEA);
    fight.wait(8.0);
    let outcome = fight.world.phase().outcome().expect("over");
    assert_eq!((outcome.winner, outcome.reason), (Some(BEA), EndReason::TimeLimit));
    assert_eq!(fight.world.placements(), [(BEA, 1), (ADA, 2), (CEA, 3)]);
}

#[test]
fn who_leaves_a_fight_walks_no_further() {
    let mut fight = Fight::of(3, |_| {});
    fight.input(ADA, Input::Move(units(0.9, 0.5)));
    fight.shoot_at(BEA, CEA);
    for player in [ADA, CEA] {
        assert!(!matches!(fight.player(player).motion, Motion::Stand { .. }), "{player} moves");
    }
    fight.step(&[Command::Leave { player: CEA }]);
    let at = fight.player(CEA).at;
    fight.wait(0.3);
    assert_eq!(fight.player(CEA).at, at);
    assert!(matches!(fight.player(CEA).life, Life::Left { .. }));
}
