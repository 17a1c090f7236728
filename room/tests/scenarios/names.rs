//! Names: no two players of a room have the same one.

use bolide_room::{ConnectionId, RoomPolicy};

use crate::shell::{ADA, BEA, CAT, Shell, roster};

fn names(shell: &mut Shell, to: ConnectionId) -> Vec<String> {
    shell.ticks(1);
    let newest = shell.heard(to, roster).pop().expect("a roster");
    newest.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn a_second_one_of_a_name_is_numbered() {
    let mut shell = Shell::brawl();
    for (connection, name) in [(1, "Ada"), (2, "Ada"), (3, "ada"), (4, "Ada 2"), (5, "Bea")] {
        shell.join_as(ConnectionId(connection), name).expect("a seat");
    }
    assert_eq!(names(&mut shell, ADA), ["Ada", "Ada 2", "ada 3", "Ada 2 2", "Bea"]);
}

#[test]
fn the_first_free_number_is_taken_and_nobody_is_renamed() {
    let mut shell = Shell::brawl();
    for connection in [ADA, BEA, CAT] {
        shell.join_as(connection, "Ada").expect("a seat");
    }
    shell.say(BEA, bolide_net::ClientMessage::Leave);
    shell.ticks(1);
    shell.join_as(ConnectionId(4), "Ada").expect("a seat");
    assert_eq!(names(&mut shell, ADA), ["Ada", "Ada 2", "Ada 3"]);
}

/// No player speaks for the server: the server writes nothing in the chat, and a name that looks
/// like its own is numbered.
#[test]
fn a_name_of_those_who_run_a_server_is_numbered() {
    let mut shell = Shell::brawl();
    for (connection, name) in [(1, "Server"), (2, "ADMIN"), (3, "Moderator"), (4, "Servers")] {
        shell.join_as(ConnectionId(connection), name).expect("a seat");
    }
    assert_eq!(names(&mut shell, ADA), ["Server 2", "ADMIN 2", "Moderator 2", "Servers"]);
}

#[test]
fn bots_and_people_do_not_share_a_name() {
    let policy = RoomPolicy { bot_wait_s: 0.0, bots_fill_to: 4, ..RoomPolicy::default() };
    // The bot that would join if no player had its name.
    let mut shell = Shell::new("brawl", policy);
    shell.join_as(ADA, "Ada").expect("a seat");
    let bot = names(&mut shell, ADA).swap_remove(1);
    let mut shell = Shell::new("brawl", policy);
    shell.join_as(ADA, &bot).expect("a seat");
    let there = names(&mut shell, ADA);
    assert_eq!(there[..2], [bot.clone(), format!("{bot} B")]);
    shell.join_as(BEA, &format!("{bot} b")).expect("a seat");
    assert!(names(&mut shell, BEA).contains(&format!("{bot} b 2")), "{there:?}");
}
