//! The status of a room, and the order of its seats in a snapshot.

use bolide_net::ClientMessage;
use bolide_room::{ConnectionId, Stage};
use bolide_sim::Input;

use crate::shell::{ADA, BEA, CAT, Shell, snapshot};

#[test]
fn a_stage_has_the_name_that_the_list_of_rooms_shows() {
    let stages = [Stage::Waiting, Stage::Countdown, Stage::Running, Stage::Over];
    assert_eq!(stages.map(Stage::name), ["waiting", "countdown", "fighting", "over"]);
}

#[test]
fn a_room_is_empty_without_a_seat() {
    let mut shell = Shell::brawl();
    assert!(shell.room.is_empty());
    shell.join(ADA).expect("a seat");
    assert!(!shell.room.is_empty());
    shell.say(ADA, ClientMessage::Leave);
    assert!(shell.room.is_empty());
}

#[test]
fn a_seat_that_is_taken_again_is_told_before_those_of_higher_numbers() {
    let dan = ConnectionId(5);
    let mut shell = Shell::brawl();
    for connection in [ADA, BEA, CAT] {
        shell.join(connection).expect("a seat");
    }
    shell.ticks(1);
    shell.say(ADA, ClientMessage::Leave);
    shell.ticks(1);
    assert_eq!(shell.join(dan).expect("a seat").0, 0);
    shell.ticks(10);
    assert_eq!(shell.status().stage, Stage::Running);
    for connection in [CAT, BEA, dan] {
        shell.input(connection, 1, Input::Stop);
    }
    shell.ticks(1);
    let seen = shell.heard(dan, snapshot).pop().expect("a snapshot");
    assert_eq!(seen.acks.iter().map(|ack| ack.player).collect::<Vec<_>>(), [0, 1, 2]);
}
