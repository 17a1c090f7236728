//! The view of players that are out, in a mode with a vision radius.

use bolide_net::{ClientMessage, ServerMessage};
use bolide_room::{ConnectionId, RoomPolicy, Spectators, Stage};
use bolide_sim::{Input, PlayerId, Point, Rules};

use crate::shell::{ADA, BEA, CAT, Shell, config, snapshot};

const DAN: ConnectionId = ConnectionId(4);
const EVE: ConnectionId = ConnectionId(5);

/// Ticks for which a player that is out keeps its own eyes.
const LAST_LOOK: u32 = 45;

/// Returns the eyes in the sight messages to a connection since its messages were last taken.
fn sights(shell: &Shell, to: ConnectionId) -> Vec<Option<u16>> {
    let told = shell.told.iter().filter(|(connection, ..)| *connection == to);
    let sight = |message: &ServerMessage| match message {
        ServerMessage::Sight { of } => Some(*of),
        _ => None,
    };
    told.filter_map(|(.., message)| sight(message)).collect()
}

/// Returns four players that do not see each other, and that are out after one hit.
fn four(spectators: Spectators) -> (Shell, [PlayerId; 4]) {
    let policy = RoomPolicy { bots_fill_to: 0, spectators, ..RoomPolicy::default() };
    let mut config = config("brawl", policy);
    config.mode.rules = Rules {
        fight_at: 4,
        vision_radius: Some(0.2),
        health: 20,
        dead_at: 10,
        hit_damage: 10,
        fireball_cooldown_s: 0.0,
        fireball_range: 4.0,
        ..config.mode.rules
    };
    let mut shell = Shell::of(config);
    let players = [ADA, BEA, CAT, DAN].map(|connection| shell.join(connection).expect("a seat"));
    shell.ticks(10);
    assert_eq!(shell.status().stage, Stage::Running);
    (shell, players)
}

/// Makes one of them shoot at another until that one is out.
fn kill(shell: &mut Shell, by: ConnectionId, victim: PlayerId, seq: u32) {
    shell.input(by, seq, Input::Shoot(shell.at(victim)));
    while shell.room.world().player(victim).expect("takes part").is_alive() {
        shell.ticks(1);
    }
}

/// Returns the players in the last snapshot of a connection.
fn seen(shell: &mut Shell, by: ConnectionId) -> Vec<u16> {
    let snapshot = shell.heard(by, snapshot).pop().expect("a snapshot");
    snapshot.players.iter().map(|player| player.id).collect()
}

#[test]
fn who_is_out_sees_with_the_eyes_of_its_killer_and_of_the_next_one_after_that() {
    let (mut shell, [ada, bea, cat, dan]) = four(Spectators::Killer);
    kill(&mut shell, ADA, bea, 1);
    shell.ticks(LAST_LOOK - 1);
    assert_eq!(sights(&shell, BEA), []);
    assert_eq!(seen(&mut shell, BEA), [bea.0]);
    shell.ticks(1);
    assert_eq!(sights(&shell, BEA), [Some(ada.0)]);
    shell.ticks(30);
    assert_eq!(seen(&mut shell, BEA), [ada.0, bea.0], "its own is always told");
    kill(&mut shell, CAT, ada, 1);
    shell.ticks(LAST_LOOK);
    assert_eq!(sights(&shell, BEA), [Some(cat.0)]);
    assert_eq!(sights(&shell, ADA), [Some(cat.0)]);
    assert!([CAT, DAN].iter().all(|alive| sights(&shell, *alive).is_empty()));
    // A session that resumes is sent its eyes again. In a new match each seat has its own.
    shell.disconnect(BEA);
    shell.resume(EVE, "token2", "fresh").expect("its seat");
    shell.ticks(1);
    assert_eq!(sights(&shell, EVE), [Some(cat.0)]);
    shell.told.clear();
    kill(&mut shell, CAT, dan, 2);
    // An idle player would only watch.
    for sleeper in [EVE, DAN] {
        shell.say(sleeper, ClientMessage::Rematch);
    }
    shell.ticks(8 * 30 + 10);
    assert_eq!(shell.status().stage, Stage::Running);
    assert_eq!(sights(&shell, EVE), []);
    assert_eq!(seen(&mut shell, EVE), [bea.0]);
}

#[test]
fn a_setting_says_what_those_see_who_are_out() {
    for (spectators, expect, players) in [
        (Spectators::Own, vec![], 1),
        (Spectators::Killer, vec![Some(0)], 2),
        (Spectators::All, vec![None], 4),
    ] {
        let (mut shell, [_, bea, ..]) = four(spectators);
        kill(&mut shell, ADA, bea, 1);
        shell.ticks(LAST_LOOK + 30);
        assert_eq!(sights(&shell, BEA), expect, "{spectators:?}");
        assert_eq!(seen(&mut shell, BEA).len(), players, "{spectators:?}");
    }
}

#[test]
fn a_seat_that_only_watches_gets_eyes_where_that_is_allowed() {
    for (spectators, sights_told, players) in
        [(Spectators::Own, 0, 0), (Spectators::Killer, 1, 1), (Spectators::All, 1, 4)]
    {
        let (mut shell, _) = four(spectators);
        shell.join(EVE).expect("a seat");
        shell.ticks(30);
        assert_eq!(sights(&shell, EVE).len(), sights_told, "{spectators:?}");
        assert_eq!(seen(&mut shell, EVE).len(), players, "{spectators:?}");
    }
}

#[test]
fn the_eyes_of_a_seat_that_only_watches_go_on_to_the_killer() {
    let (mut shell, players) = four(Spectators::Killer);
    shell.join(EVE).expect("a seat");
    shell.ticks(1);
    let first = sights(&shell, EVE)[0].expect("a player");
    let (by, killer) = if first == players[0].0 { (BEA, players[1]) } else { (ADA, players[0]) };
    kill(&mut shell, by, PlayerId(first), 1);
    shell.ticks(LAST_LOOK);
    assert_eq!(sights(&shell, EVE), [Some(first), Some(killer.0)]);
}

#[test]
fn two_who_go_out_at_about_the_same_time_get_the_eyes_of_their_own_killers() {
    let (mut shell, [ada, bea, cat, dan]) = four(Spectators::Killer);
    shell.input(ADA, 1, Input::Shoot(shell.at(bea)));
    shell.input(CAT, 1, Input::Shoot(shell.at(dan)));
    let alive = |shell: &Shell| {
        [bea, dan].map(|player| shell.room.world().player(player).expect("takes part").is_alive())
    };
    while alive(&shell) == [true; 2] {
        shell.ticks(1);
    }
    shell.ticks(LAST_LOOK - 1);
    assert_eq!(alive(&shell), [false; 2], "the second one before the first has other eyes");
    shell.ticks(LAST_LOOK);
    assert_eq!(sights(&shell, BEA), [Some(ada.0)]);
    assert_eq!(sights(&shell, DAN), [Some(cat.0)]);
}

#[test]
fn a_seat_that_only_watches_begins_with_the_player_nearest_to_the_middle() {
    let (mut shell, [_, _, cat, _]) = four(Spectators::Killer);
    let rules = shell.room.world().rules();
    let middle = Point::in_units(rules.arena_width / 2.0, rules.arena_height / 2.0);
    shell.input(CAT, 1, Input::Move(middle));
    shell.ticks(90);
    shell.join(EVE).expect("a seat");
    shell.ticks(1);
    assert_eq!(sights(&shell, EVE), [Some(cat.0)]);
}
