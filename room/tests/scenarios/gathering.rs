//! The time before a fight and between two: participants, bots, and seats that are waited for.

use bolide_net::{ClientMessage, ServerMessage};
use bolide_room::{ConnectionId, RoomPolicy, Stage};
use bolide_sim::{Input, PlayerKind};

use crate::shell::{ADA, BEA, CAT, Shell, config, fight, roster};

const DAN: ConnectionId = ConnectionId(4);
const EVE: ConnectionId = ConnectionId(5);

/// Bots join after a second, and a result is shown for as long.
fn quick() -> RoomPolicy {
    RoomPolicy { bot_wait_s: 1.0, intermission_s: 1.0, ..RoomPolicy::default() }
}

pub(crate) fn bots(shell: &Shell) -> usize {
    let players = shell.room.world().players().iter();
    players.filter(|player| player.kind() != PlayerKind::Human).count()
}

/// The arena is full in each of these ticks. The newcomer's number is once higher and once lower
/// than that of the player that leaves.
#[test]
fn a_seat_that_is_left_and_taken_in_one_tick_takes_part() {
    let mut shell = Shell::new("classic", RoomPolicy { bots_fill_to: 0, ..quick() });
    for connection in [ADA, BEA, CAT] {
        shell.join(connection).expect("a seat");
    }
    shell.ticks(1);
    for (leaves, comes) in [(ADA, DAN), (CAT, EVE)] {
        shell.say(leaves, ClientMessage::Leave);
        let seat = shell.join(comes).expect("the seat that was given back");
        shell.ticks(1);
        assert!(shell.room.world().player(seat).is_some(), "{comes:?} takes part");
        assert_eq!((shell.status().players, shell.status().stage), (3, Stage::Countdown));
    }
}

/// A brawl in which somebody joins late.
fn late(policy: RoomPolicy) -> Shell {
    let mut config = config("brawl", policy);
    (config.mode.rules.late_joins, config.mode.rules.countdown_s) = (true, 0.0);
    Shell::of(config)
}

#[test]
fn with_late_joins_a_newcomer_takes_part_in_the_fight_and_a_leaver_makes_room() {
    let mut shell = late(RoomPolicy { bots_fill_to: 0, ..quick() });
    for connection in [ADA, BEA] {
        shell.join(connection).expect("a seat");
    }
    shell.ticks(3);
    assert_eq!(shell.status().stage, Stage::Running);
    let cat = shell.join(CAT).expect("a seat");
    shell.ticks(2);
    assert!(shell.room.world().player(cat).is_some_and(|player| player.is_alive()));
    let seats = |message: &ServerMessage| match message {
        ServerMessage::Match { seats, .. } => Some(seats.clone()),
        _ => None,
    };
    assert_eq!(shell.heard(CAT, seats).last().map(Vec::len), Some(3));
    let at = shell.at(cat);
    shell.input(CAT, 1, Input::Move(shell.room.world().rules().middle()));
    shell.ticks(2);
    assert_ne!(shell.at(cat), at, "it walks");
    shell.say(CAT, ClientMessage::Leave);
    shell.ticks(1);
    assert!(shell.room.world().player(cat).is_none());
    assert_eq!(shell.heard(ADA, seats).last().map(Vec::len), Some(2));
    assert_eq!(shell.join(DAN).expect("the seat that is free"), cat, "with its number");
    shell.ticks(1);
    assert_eq!(shell.status().players, 3);
}

#[test]
fn with_late_joins_a_bot_gives_way_to_a_newcomer_in_the_fight() {
    let mut shell = late(quick());
    shell.join(ADA).expect("a seat");
    shell.ticks(60);
    assert_eq!((shell.status().stage, bots(&shell)), (Stage::Running, 3));
    shell.join(BEA).expect("a seat");
    shell.ticks(1);
    assert_eq!((shell.status().players, bots(&shell)), (4, 2));
}

/// A duel is over. Of the two in the room, one has lost its connection when the next match begins.
fn alone_with_a_seat_that_is_kept() -> Shell {
    let mut shell = Shell::new("duel", quick());
    shell.join(ADA).expect("a seat");
    shell.join(BEA).expect("a seat");
    shell.ticks(10);
    shell.input(ADA, 1, Input::Stop);
    shell.say(BEA, ClientMessage::Leave);
    shell.ticks(1);
    assert_eq!(shell.status().stage, Stage::Over);
    shell.join(CAT).expect("a seat");
    shell.ticks(1);
    shell.disconnect(CAT);
    shell.ticks(30);
    assert_eq!((shell.status().match_number, shell.status().seats_taken), (2, 2));
    shell
}

#[test]
fn a_seat_without_a_connection_keeps_no_bot_away() {
    let mut shell = alone_with_a_seat_that_is_kept();
    shell.ticks(30);
    assert_eq!((bots(&shell), shell.status().stage), (1, Stage::Running));
    assert_eq!(shell.status().seats_taken, 2, "the grace time is not over");
}

#[test]
fn who_comes_back_before_the_fight_takes_the_place_of_a_bot() {
    let mut shell = alone_with_a_seat_that_is_kept();
    while shell.status().stage == Stage::Waiting {
        shell.ticks(1);
    }
    let cat = shell.resume(DAN, "token3", "fresh").expect("its seat");
    shell.ticks(1);
    assert!(shell.room.world().player(cat).is_some());
    assert_eq!((bots(&shell), shell.status().stage), (0, Stage::Countdown));
}

#[test]
fn a_person_goes_before_a_bot_where_there_is_room_for_both() {
    let policy = RoomPolicy { bots_fill_to: 3, ..quick() };
    let mut shell = Shell::new("brawl", policy);
    shell.join(ADA).expect("a seat");
    shell.ticks(31);
    assert_eq!((bots(&shell), shell.status().players), (2, 3));
    shell.join(BEA).expect("a seat");
    shell.ticks(1);
    assert_eq!((bots(&shell), shell.status().players), (1, 3));
}

#[test]
fn a_reload_in_a_full_room_stops_no_countdown() {
    let mut shell = Shell::new("classic", quick());
    shell.join(ADA).expect("a seat");
    shell.ticks(31);
    assert_eq!((shell.status().players, shell.status().stage), (3, Stage::Countdown));
    shell.disconnect(ADA);
    shell.resume(BEA, "token1", "fresh").expect("its seat");
    shell.ticks(1);
    assert_eq!((shell.status().players, shell.status().stage), (3, Stage::Countdown));
}

#[test]
fn a_connection_that_comes_and_goes_keeps_no_bots_away() {
    let mut shell = Shell::new("classic", quick());
    shell.join(ADA).expect("a seat");
    shell.join(BEA).expect("a seat");
    shell.ticks(1);
    for reload in 0..3 {
        shell.disconnect(ConnectionId(2 + 4 * reload));
        let token = if reload == 0 { "token2".to_owned() } else { format!("fresh{reload}") };
        let fresh = format!("fresh{}", reload + 1);
        shell.resume(ConnectionId(2 + 4 * (reload + 1)), &token, &fresh).expect("its seat");
        shell.ticks(10);
    }
    assert_eq!((bots(&shell), shell.status().players), (1, 3));
}

#[test]
fn who_loses_its_connection_holds_up_nobody_who_has_voted() {
    let (mut shell, ..) = fight();
    shell.join(CAT).expect("a seat");
    shell.say(BEA, ClientMessage::Leave);
    shell.ticks(1);
    shell.say(ADA, ClientMessage::Rematch);
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 1, "one has not voted");
    shell.disconnect(CAT);
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 2);
}

#[test]
fn a_vote_counts_again_when_its_holder_is_back() {
    let mut shell = over(3);
    shell.say(CAT, ClientMessage::Rematch);
    shell.disconnect(CAT);
    shell.say(ADA, ClientMessage::Rematch);
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 1, "one of two");
    shell.resume(EVE, "token3", "fresh").expect("its seat");
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 2, "two of three");
}

/// Returns a room with this many people whose match is over.
fn over(people: u64) -> Shell {
    let (mut shell, ..) = fight();
    for connection in 3..=people + 1 {
        shell.join(ConnectionId(connection)).expect("a seat");
    }
    shell.say(BEA, ClientMessage::Leave);
    shell.ticks(1);
    assert_eq!(shell.status().stage, Stage::Over);
    shell.told.clear();
    shell
}

#[test]
fn a_vote_of_most_ends_the_pause() {
    for (people, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
        let mut shell = over(people);
        let here = [1, 3, 4, 5, 6].map(ConnectionId);
        for voter in &here[..needed - 1] {
            shell.say(*voter, ClientMessage::Rematch);
        }
        shell.ticks(2);
        assert_eq!(shell.status().match_number, 1, "{needed} of {people} are needed");
        shell.say(here[needed - 1], ClientMessage::Rematch);
        shell.ticks(2);
        assert_eq!(shell.status().match_number, 2, "{needed} of {people} are enough");
    }
}

#[test]
fn everybody_is_told_who_is_ready_for_the_next_match() {
    let mut shell = over(3);
    let ready = |shell: &mut Shell| {
        let newest = shell.heard(CAT, roster).pop().expect("a roster");
        newest.into_iter().map(|entry| entry.ready).collect::<Vec<_>>()
    };
    shell.say(ADA, ClientMessage::Rematch);
    shell.ticks(1);
    assert_eq!(ready(&mut shell), [true, false, false]);
    shell.say(CAT, ClientMessage::Rematch);
    shell.ticks(2);
    assert_eq!(ready(&mut shell), [false, false, false], "the next match begins");
}

#[test]
fn a_result_is_told_to_those_who_come_while_it_stands() {
    // Ada has won; she reloads, and a new player joins.
    let result = |message: &ServerMessage| match message {
        ServerMessage::Result { winner, next_in_ticks, .. } => Some((*winner, *next_in_ticks)),
        _ => None,
    };
    let mut shell = over(1);
    shell.ticks(9);
    shell.resume(EVE, "token1", "fresh").expect("her seat");
    assert_eq!(shell.heard(EVE, result), [(Some(0), 8 * 30 - 9)]);
    shell.ticks(1);
    shell.join(DAN).expect("a seat");
    assert_eq!(shell.heard(DAN, result), [(Some(0), 8 * 30 - 10)]);
    shell.ticks(1);
    assert_eq!(shell.heard(DAN, result), [], "once");
    // After a vote of all, the next match begins with the next tick.
    for voter in [EVE, DAN] {
        shell.say(voter, ClientMessage::Rematch);
    }
    shell.join(BEA).expect("a seat");
    assert_eq!(shell.heard(BEA, result), [(Some(0), 1)]);
    shell.ticks(1);
    assert_eq!(shell.status().match_number, 2);

    let (mut shell, ..) = fight();
    shell.join(DAN).expect("a seat");
    assert_eq!(shell.heard(DAN, result), [], "a fight has none");
}

/// A newcomer with the number of a player that is out would have its body.
#[test]
fn the_number_of_a_body_is_given_to_nobody_until_the_next_match() {
    let mut shell = Shell::brawl();
    for connection in [ADA, BEA, CAT] {
        shell.join(connection).expect("a seat");
    }
    shell.ticks(10);
    assert_eq!(shell.status().stage, Stage::Running);
    shell.say(BEA, ClientMessage::Leave);
    for expect in [3, 4] {
        let comes = ConnectionId(expect + 1);
        let seat = shell.join(comes).expect("a seat");
        assert_eq!(u64::from(seat.0), expect);
        shell.ticks(1);
    }
    shell.say(CAT, ClientMessage::Leave);
    shell.ticks(8 * 30 + 2);
    assert_eq!(shell.status().match_number, 2);
    assert_eq!(shell.join(ConnectionId(6)).expect("a seat").0, 1, "it is free again");
}
