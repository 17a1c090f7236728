//! Fights with a vision radius, one after the other: nothing of one is revealed in the next.

use bolide_net::{ClientMessage, ServerMessage, WireEvent};
use bolide_room::{ConnectionId, RoomPolicy, Stage};
use bolide_sim::{Input, Point};

use crate::shell::{ADA, BEA, CAT, Shell, config, events, snapshot};

/// Returns the numbers of the fireballs that Ada was sent since the last call.
fn thrown(shell: &mut Shell) -> Vec<u32> {
    let told = shell.heard(ADA, events).into_iter().flatten();
    let number = |event| match event {
        WireEvent::Shot { fireball, .. } => Some(fireball),
        _ => None,
    };
    told.filter_map(number).collect()
}

/// Numbers of the world would reveal how many were thrown out of sight. Numbers that went on from
/// match to match would reveal how many were thrown in the one before.
#[test]
fn the_fireballs_of_each_match_are_numbered_from_0_for_each_seat() {
    let mut config = config("brawl", RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() });
    (config.mode.rules.vision_radius, config.mode.rules.fireball_cooldown_s) = (Some(0.2), 0.0);
    let mut shell = Shell::of(config);
    let ada = shell.join(ADA).expect("a seat");
    shell.join(BEA).expect("a seat");
    let (mut seq, mut others) = (0, BEA);
    for number in 1..=2 {
        while (shell.status().match_number, shell.status().stage) != (number, Stage::Running) {
            shell.ticks(1);
        }
        shell.told.clear();
        for shooter in [others, others, ADA, ADA] {
            seq += 1;
            shell.input(shooter, seq, Input::Shoot(Point::in_units(0.9, 0.5)));
            shell.ticks(1);
        }
        assert_eq!(thrown(&mut shell), [0, 1], "match {number}");
        shell.say(others, ClientMessage::Leave);
        shell.ticks(1);
        assert_eq!(shell.room.world().phase().outcome().expect("over").winner, Some(ada));
        others = CAT;
        shell.join(CAT).expect("a seat");
    }
}

#[test]
fn a_session_that_comes_back_is_told_its_own_eyes_and_those_of_nobody_else() {
    let mut config = config("brawl", RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() });
    let rules = &mut config.mode.rules;
    (rules.vision_radius, rules.fireball_cooldown_s, rules.fireball_range) = (Some(0.2), 0.0, 4.0);
    (rules.fight_at, rules.health, rules.dead_at) = (3, 20, 10);
    let mut shell = Shell::of(config);
    let [ada, bea, _] = [ADA, BEA, CAT].map(|connection| shell.join(connection).expect("a seat"));
    shell.ticks(10);
    shell.input(ADA, 1, Input::Shoot(shell.at(bea)));
    shell.ticks(150);
    assert!(!shell.room.world().player(bea).expect("takes part").is_alive());
    assert_eq!(shell.status().stage, Stage::Running);
    for (number, token, expect) in [(5, "token1", None), (6, "token2", Some(ada.0))] {
        let back = ConnectionId(number);
        shell.resume(back, token, "fresh").expect("its seat");
        let sight = |message: &ServerMessage| match message {
            ServerMessage::Sight { of } => *of,
            _ => None,
        };
        assert_eq!(shell.heard(back, sight), Vec::from_iter(expect), "{token}");
    }
}

/// Snapshots cost a seat in the fog an encoding of its own, so where nothing moves there are only
/// heartbeats, two a second. A connection that has lost the thread does not wait for one.
#[test]
fn where_nothing_moves_a_seat_is_sent_heartbeats_and_a_lost_one_a_snapshot_at_once() {
    let mut config = config("brawl", RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() });
    config.mode.rules.vision_radius = Some(0.2);
    let mut shell = Shell::of(config);
    for connection in [ADA, BEA] {
        shell.join(connection).expect("a seat");
    }
    shell.ticks(110);
    assert_eq!(shell.status().stage, Stage::Running);
    for connection in [ADA, BEA] {
        shell.heard(connection, snapshot);
        shell.ticks(60);
        assert_eq!(shell.heard(connection, snapshot).len(), 4, "{connection:?}");
        while shell.heard(connection, snapshot).is_empty() {
            shell.ticks(1);
        }
        shell.say(connection, ClientMessage::Resync);
        shell.ticks(1);
        assert_eq!(shell.heard(connection, snapshot).len(), 1, "{connection:?}");
    }
}
