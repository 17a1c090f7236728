//! Deltas: they contain the changes and nothing else.

use bolide_net::{Ack, Delta, FireballState, PlayerChange, PlayerState, Snapshot};
use bolide_sim::{Command, Input, Motion, PlayerId, PlayerKind, Point, World, preset};

fn stands(id: u16, x: i32, health: u16) -> PlayerState {
    PlayerState { id, motion: Motion::Stand { at: Point::new(x, 0) }, health, life: 0 }
}

fn fireball(id: u32) -> FireballState {
    let (from, toward) = (Point::new(0, 0), Point::new(100, 0));
    FireballState { id, owner: Some(1), from, toward, since: 1 }
}

#[test]
fn a_delta_contains_the_changes_and_nothing_else() {
    let ack = |player, seq| Ack { player, seq };
    let before = Snapshot {
        tick: 10,
        players: [stands(1, 0, 100), stands(2, 0, 100), stands(3, 0, 100), stands(5, 0, 100)]
            .into(),
        fireballs: [fireball(4), fireball(6), fireball(8)].into(),
        acks: [ack(1, 7), ack(2, 7), ack(3, 7)].into(),
        ..Snapshot::default()
    };
    let after = Snapshot {
        tick: 12,
        players: [stands(2, 50, 100), stands(3, 0, 100), stands(4, 0, 100), stands(5, 0, 90)]
            .into(),
        fireballs: [fireball(6), fireball(8), fireball(9)].into(),
        acks: [ack(2, 7), ack(3, 8), ack(4, 1)].into(),
        ..before
    };
    let expect = Delta {
        tick: 12,
        age: 2,
        players: vec![
            PlayerChange::Moved { id: 2, motion: stands(2, 50, 100).motion },
            PlayerChange::Whole(stands(4, 0, 100)),
            PlayerChange::Whole(stands(5, 0, 90)),
        ],
        gone: vec![1],
        born: vec![fireball(9)],
        ended: vec![4],
        acks: vec![ack(3, 8), ack(4, 1)],
        acks_gone: vec![1],
        ..Delta::default()
    };
    assert_eq!(Delta::between(&before, &after), expect);
    assert_eq!(expect.apply(&before), Ok(after));
}

/// A receiver that simulates knows where a walk ends.
#[test]
fn an_arrival_costs_a_receiver_that_simulates_nothing() {
    let mut rules = preset("brawl").expect("a preset").rules;
    rules.countdown_s = 0.0;
    let mut world = World::new(rules, 1).expect("valid");
    let step = |world: &mut World, commands: &[Command]| world.step(commands, &mut Vec::new());
    for player in [PlayerId(0), PlayerId(1)] {
        step(&mut world, &[Command::Join { player, kind: PlayerKind::Human }]);
    }
    step(&mut world, &[]);
    let player = PlayerId(0);
    let middle = Point::snap([1.0, 1.0].into());
    step(&mut world, &[Command::Input { player, input: Input::Move(middle), rewind_ticks: 0 }]);
    let motion = |world: &World| world.player(player).expect("takes part").motion;
    assert!(matches!(motion(&world), Motion::Walk { .. }));
    let known = Snapshot::capture(&world, Vec::new()).followed_from(&Snapshot::default(), &world);
    while matches!(motion(&world), Motion::Walk { .. }) {
        step(&mut world, &[]);
    }
    let later = Snapshot::capture(&world, Vec::new()).followed_from(&known, &world);
    assert!(Delta::between(&known, &later).is_only_later());
}
