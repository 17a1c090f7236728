//! The bots of a match: their names, and their number.

use bolide_net::{ClientMessage, PlayerName, RosterEntry, ServerMessage};
use bolide_room::{ConnectionId, JoinError, RoomPolicy, SeatRecord, Stage, TokenHash};
use bolide_sim::{PlayerId, PlayerKind};

use crate::shell::{ADA, BEA, CAT, Shell, config};

fn roster(message: &ServerMessage) -> Option<Vec<RosterEntry>> {
    if let ServerMessage::Roster { players } = message { Some(players.clone()) } else { None }
}

/// Returns the names of the bots in the last roster that a connection was sent.
fn bots(shell: &mut Shell, to: ConnectionId) -> Vec<String> {
    let told = shell.heard(to, roster).pop().expect("a roster");
    told.into_iter().filter(|entry| entry.bot).map(|entry| entry.name).collect()
}

#[test]
fn bots_have_names_of_stars_that_move_on_by_three_with_each_match() {
    let policy = RoomPolicy { bots_fill_to: 19, bot_wait_s: 1.0, ..RoomPolicy::default() };
    let mut shell = Shell::new("royale", policy);
    shell.join(ADA).expect("a seat");
    shell.ticks(31);
    let names = bots(&mut shell, ADA);
    assert_eq!(names[..4], ["Deneb", "Sirius", "Antares", "Castor"]);
    assert_eq!(names[13..], ["Rigel", "Mira", "Altair B", "Deneb B", "Sirius B"]);

    let policy = RoomPolicy { bot_wait_s: 1.0, intermission_s: 1.0, ..RoomPolicy::default() };
    let mut shell = Shell::new("duel", policy);
    shell.join(ADA).expect("a seat");
    let mut first = Vec::new();
    for number in 1..=2 {
        while (shell.status().match_number, shell.status().stage) != (number, Stage::Running) {
            // An idle player would only watch the next match.
            shell.say(ADA, ClientMessage::Rematch);
            shell.ticks(1);
        }
        first.push(bots(&mut shell, ADA));
    }
    assert_eq!(first, [["Deneb"], ["Castor"]]);
}

/// A seat ends, a bot gets its number, and the process dies before the end of the seat is stored.
/// Two players would have one body.
#[test]
fn a_seat_whose_number_a_bot_has_is_not_recovered() {
    let config = config("brawl", RoomPolicy { bot_wait_s: 0.0, ..RoomPolicy::default() });
    let mut shell = Shell::of(config.clone());
    let seats = [(ADA, 0), (BEA, 1)].map(|(connection, number)| {
        let (player, name) = (PlayerId(number), PlayerName::parse("p").expect("a name"));
        assert_eq!(shell.join(connection), Ok(player));
        let token = TokenHash::of(&format!("token{}", connection.0));
        SeatRecord { player, name, token, previous_token: None, creator: false }
    });
    shell.say(ADA, ClientMessage::Leave);
    shell.ticks(1);
    assert!(
        shell.room.world().player(PlayerId(0)).is_some_and(|it| it.kind() != PlayerKind::Human)
    );
    let mut shell = shell.recovered(config, seats.to_vec());
    assert_eq!(shell.forgotten, [PlayerId(0)]);
    assert_eq!(shell.status().seats_taken, 1);
    assert_eq!(shell.resume(CAT, "token1", "fresh"), Err(JoinError::BadResume));
    assert_eq!(shell.resume(CAT, "token2", "fresh"), Ok(PlayerId(1)));
    shell.ticks(1);
    let mut numbers: Vec<_> = shell.heard(CAT, roster).pop().expect("a roster");
    let all = numbers.len();
    numbers.dedup_by_key(|entry| entry.id);
    assert_eq!((all, numbers.len()), (4, 4));
}
