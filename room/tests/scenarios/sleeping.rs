//! Who does nothing: it watches until it says something, and is not waited for.

use bolide_net::{ChatText, ClientMessage, CloseCode, RosterEntry, ServerMessage};
use bolide_room::{ConnectionId, RoomPolicy};
use bolide_sim::{Input, PlayerId};

use crate::shell::{ADA, BEA, Shell, fight};

/// A match is over in which the first player did nothing.
fn over() -> (Shell, PlayerId, PlayerId) {
    let (mut shell, ada, bea) = fight();
    let mut seq = 0;
    while shell.status().phase == "fighting" {
        seq += 1;
        shell.input(BEA, seq, Input::Shoot(shell.at(ada)));
        shell.ticks(10);
    }
    assert_eq!(shell.status().phase, "over");
    (shell, ada, bea)
}

fn roster(message: &ServerMessage) -> Option<Vec<RosterEntry>> {
    if let ServerMessage::Roster { players } = message { Some(players.clone()) } else { None }
}

/// Whether a seat is idle, as a connection was told last.
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
    while shell.status().phase != "over" {
        shell.ticks(1);
    }
    shell.ticks(30 * 590);
    assert_eq!((shell.status().match_number, shell.status().players), (2, 0));
    assert_eq!(shell.closed, []);
    shell.ticks(30 * 11);
    assert_eq!(shell.closed, [(ADA, CloseCode::Idle)]);
    assert!(shell.room.is_empty());
}
