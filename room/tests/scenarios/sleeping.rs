//! Idle players: they only watch until they say something, and are not waited for.

use bolide_net::{ChatText, ClientMessage, CloseCode, RosterEntry, ServerMessage};
use bolide_room::{ConnectionId, RoomPolicy, Stage};
use bolide_sim::{Input, PlayerId};

use crate::shell::{ADA, BEA, CAT, Shell, fight};

/// Returns a match that is over, in which the first player did nothing.
fn over() -> (Shell, PlayerId, PlayerId) {
    let (mut shell, ada, bea) = fight();
    let mut seq = 0;
    while shell.status().stage == Stage::Running {
        seq += 1;
        shell.input(BEA, seq, Input::Shoot(shell.at(ada)));
        shell.ticks(10);
    }
    assert_eq!(shell.status().stage, Stage::Over);
    (shell, ada, bea)
}

fn roster(message: &ServerMessage) -> Option<Vec<RosterEntry>> {
    if let ServerMessage::Roster { players } = message { Some(players.clone()) } else { None }
}

/// Returns whether a seat is idle in the last roster that a connection was sent.
fn is_told_idle(shell: &mut Shell, to: ConnectionId, seat: PlayerId) -> bool {
    let newest = shell.heard(to, roster).pop().expect("a roster");
    newest.iter().any(|entry| entry.id == seat.0 && entry.idle)
}

fn takes_part(shell: &Shell, seat: PlayerId) -> bool {
    shell.room.world().player(seat).is_some()
}

#[test]
fn who_does_nothing_in_a_match_watches_until_it_says_something() {
    for word in
        [ClientMessage::Chat(ChatText::parse("I am back").expect("a line")), ClientMessage::Rematch]
    {
        let (mut shell, ada, bea) = over();
        assert!(is_told_idle(&mut shell, BEA, ada) && !is_told_idle(&mut shell, ADA, bea));
        shell.ticks(30 * 15 + 1);
        assert_eq!((shell.status().match_number, shell.status().players), (2, 1));
        assert!(!takes_part(&shell, ada) && takes_part(&shell, bea));
        for by_itself in [ClientMessage::Pong(1), ClientMessage::Resync] {
            shell.say(ADA, by_itself);
        }
        shell.ticks(1);
        assert!(!takes_part(&shell, ada), "it sleeps on");
        shell.say(ADA, word);
        shell.ticks(1);
        assert!(takes_part(&shell, ada) && !is_told_idle(&mut shell, BEA, ada));
    }
}

#[test]
fn a_rematch_does_not_wait_for_who_did_nothing() {
    let (mut shell, ada, _) = over();
    shell.say(BEA, ClientMessage::Rematch);
    shell.ticks(2);
    assert_eq!(shell.status().match_number, 2);
    assert!(!takes_part(&shell, ada));
}

#[test]
fn a_reload_wakes_nobody() {
    let (mut shell, ada, _) = over();
    shell.disconnect(ADA);
    assert_eq!(shell.resume(ConnectionId(4), "token1", "fresh"), Ok(ada));
    shell.ticks(30 * 15 + 1);
    assert!(!takes_part(&shell, ada));
}

#[test]
fn who_sleeps_alone_plays_no_match_with_bots_and_is_closed_after_ten_minutes() {
    let mut shell = Shell::new("duel", RoomPolicy::default());
    shell.join(ADA).expect("a seat");
    while shell.status().stage != Stage::Over {
        shell.ticks(1);
    }
    shell.ticks(30 * 590);
    assert_eq!((shell.status().match_number, shell.status().players), (2, 0));
    assert_eq!(shell.closed, []);
    shell.ticks(30 * 11);
    assert_eq!(shell.closed, [(ADA, CloseCode::Idle)]);
    assert!(shell.room.is_empty());
}

/// Returns a room in which one player waits alone and no match begins. A silent seat is kept for
/// ten seconds, or for a minute in a private room.
fn alone(is_private: bool) -> Shell {
    let policy = RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() };
    assert_eq!((policy.idle_s, policy.private_idle_s), (600.0, 3600.0), "what the pages say");
    let policy = RoomPolicy { idle_s: 10.0, private_idle_s: 60.0, ..policy };
    let mut shell =
        if is_private { Shell::private("duel", policy) } else { Shell::new("duel", policy) };
    shell.join(ADA).expect("a seat");
    shell
}

#[test]
fn a_seat_that_waits_without_a_word_is_closed_and_later_in_a_private_room() {
    for (is_private, seconds) in [(false, 10), (true, 60)] {
        let mut shell = alone(is_private);
        shell.ticks(seconds * 30 - 1);
        assert_eq!(shell.closed, [], "{seconds} s");
        shell.ticks(1);
        assert_eq!(shell.closed, [(ADA, CloseCode::Idle)], "{seconds} s");
        assert!(shell.room.is_empty());
    }
}

#[test]
fn a_word_a_reload_and_a_match_begin_the_wait_anew() {
    let said = |shell: &mut Shell| shell.input(ADA, 1, Input::Stop);
    let asked = |shell: &mut Shell| shell.say(ADA, ClientMessage::Bots(false));
    let reloaded = |shell: &mut Shell| {
        shell.disconnect(ADA);
        shell.resume(ADA, "token1", "fresh").expect("its seat");
    };
    let played = |shell: &mut Shell| {
        shell.join(BEA).expect("a seat");
        shell.ticks(10);
        assert_eq!(shell.status().stage, Stage::Running);
        shell.input(ADA, 1, Input::Stop);
        shell.say(BEA, ClientMessage::Leave);
        shell.ticks(8 * 30 + 10);
        assert_eq!((shell.status().match_number, shell.status().stage), (2, Stage::Waiting));
    };
    let anything: [fn(&mut Shell); 4] = [said, asked, reloaded, played];
    for (index, does) in anything.into_iter().enumerate() {
        let mut shell = alone(false);
        shell.ticks(9 * 30);
        does(&mut shell);
        shell.ticks(9 * 30);
        assert!(shell.closed.iter().all(|(to, _)| *to != ADA), "{index}");
        shell.ticks(2 * 30);
        assert_eq!(shell.closed.last(), Some(&(ADA, CloseCode::Idle)), "{index}");
    }
}

/// A page answers pings and asks for lost snapshots without its player.
#[test]
fn what_a_page_says_by_itself_is_no_word() {
    let mut shell = alone(false);
    for _ in 0..10 {
        shell.ticks(29);
        shell.say(ADA, ClientMessage::Pong(1));
        shell.say(ADA, ClientMessage::Resync);
        shell.ticks(1);
    }
    assert_eq!(shell.closed, [(ADA, CloseCode::Idle)]);
}

#[test]
fn nobody_is_closed_out_of_a_fight() {
    let policy = RoomPolicy { bots_fill_to: 0, idle_s: 10.0, ..RoomPolicy::default() };
    let mut shell = Shell::new("brawl", policy);
    for connection in [ADA, BEA, CAT] {
        shell.join(connection).expect("a seat");
    }
    shell.ticks(20 * 30);
    assert_eq!((shell.closed.len(), shell.status().stage), (0, Stage::Running));
}
