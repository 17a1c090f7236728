//! The bots of a match: how they are called, and how many come.

use bolide_net::{ClientMessage, RosterEntry, ServerMessage};
use bolide_room::{ConnectionId, RoomPolicy};

use crate::shell::{ADA, Shell};

fn roster(message: &ServerMessage) -> Option<Vec<RosterEntry>> {
    if let ServerMessage::Roster { players } = message { Some(players.clone()) } else { None }
}

/// The names of the bots, as a connection was told last.
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
        while (shell.status().match_number, shell.status().phase) != (number, "fighting") {
            // Who does nothing would watch the next match.
            shell.say(ADA, ClientMessage::Rematch);
            shell.ticks(1);
        }
        first.push(bots(&mut shell, ADA));
    }
    assert_eq!(first, [["Deneb"], ["Castor"]]);
}
