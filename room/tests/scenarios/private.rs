//! A private room waits for its people: bots join when a player asks for them, and leave when
//! people join.

use bolide_net::{ClientMessage, ServerMessage};
use bolide_room::{RoomPolicy, Stage};

use crate::gathering::bots;
use crate::shell::{ADA, BEA, CAT, Shell, config, error, result, roster};

/// Returns the content of a message about bots: the number of players they fill up to, and whether
/// they join.
fn told(message: &ServerMessage) -> Option<(u16, bool)> {
    match message {
        ServerMessage::Bots { fill_to, wanted } => Some((*fill_to, *wanted)),
        _ => None,
    }
}

fn duel() -> Shell {
    let mut shell = Shell::private("duel", RoomPolicy::default());
    shell.join(ADA).expect("a seat");
    shell
}

const BOTS: ClientMessage = ClientMessage::Bots(true);
const NO_BOTS: ClientMessage = ClientMessage::Bots(false);

#[test]
fn who_is_alone_in_a_private_room_waits_for_people() {
    let mut shell = duel();
    shell.ticks(60 * 30);
    assert_eq!((bots(&shell), shell.status().stage), (0, Stage::Waiting));
    shell.join(BEA).expect("a seat");
    shell.ticks(10);
    assert_eq!(
        (bots(&shell), shell.status().stage, shell.status().players),
        (0, Stage::Running, 2)
    );
}

#[test]
fn bots_come_at_once_when_somebody_asks_for_them() {
    let mut shell = duel();
    shell.ticks(1);
    shell.say(ADA, BOTS);
    shell.ticks(1);
    assert_eq!((bots(&shell), shell.status().stage), (1, Stage::Countdown));
    shell.say(ADA, NO_BOTS);
    shell.ticks(1);
    assert_eq!((bots(&shell), shell.status().stage), (0, Stage::Waiting));
    assert_eq!(shell.heard(ADA, told), [(2, false), (2, true), (2, false)]);
}

#[test]
fn a_bot_gives_its_seat_to_a_person_while_a_match_gathers() {
    let mut shell = duel();
    shell.say(ADA, BOTS);
    shell.ticks(1);
    assert_eq!(bots(&shell), 1);
    let bea = shell.join(BEA).expect("a seat");
    shell.ticks(1);
    assert!(shell.room.world().player(bea).is_some());
    assert_eq!((bots(&shell), shell.status().stage), (0, Stage::Countdown));
    assert_eq!(shell.heard(BEA, told).last(), Some(&(2, false)));
}

#[test]
fn a_fight_with_bots_alone_ends_when_a_person_comes() {
    let mut shell = duel();
    let ada = shell.room.world().players().len();
    assert_eq!(ada, 0, "she is let in with the next tick");
    shell.say(ADA, BOTS);
    shell.ticks(10);
    assert_eq!(shell.status().stage, Stage::Running);
    let bea = shell.join(BEA).expect("a seat");
    shell.ticks(1);
    assert_eq!(shell.status().stage, Stage::Over);
    assert_eq!(shell.heard(ADA, result), [Some(0)], "she is the last one standing");
    assert_eq!(shell.heard(BEA, roster).pop().expect("a roster").len(), 2, "no bot is left");
    shell.ticks(8 * 30 + 2);
    assert_eq!((bots(&shell), shell.status().match_number), (0, 2));
    assert!(shell.room.world().player(bea).is_some(), "they play each other");
}

#[test]
fn a_fight_of_people_and_bots_goes_on_when_another_person_comes() {
    let mut shell = Shell::private("brawl", RoomPolicy::default());
    shell.join(ADA).expect("a seat");
    shell.join(BEA).expect("a seat");
    shell.say(BEA, BOTS);
    shell.ticks(10);
    assert_eq!((bots(&shell), shell.status().stage), (2, Stage::Running));
    shell.join(CAT).expect("a seat");
    shell.ticks(1);
    assert_eq!((bots(&shell), shell.status().stage), (2, Stage::Running));
    // The next match is theirs alone, unless they ask again.
    assert_eq!(shell.heard(CAT, told), [(4, true), (4, false)]);
}

#[test]
fn where_a_fight_needs_more_than_have_come_the_bots_stay() {
    let mut shell = Shell::private("classic", RoomPolicy::default());
    shell.join(ADA).expect("a seat");
    shell.say(ADA, BOTS);
    shell.ticks(1);
    assert_eq!(bots(&shell), 2);
    shell.join(BEA).expect("a seat");
    shell.ticks(1);
    assert_eq!((bots(&shell), shell.status().stage), (1, Stage::Countdown));
}

#[test]
fn where_nothing_is_to_be_said_about_bots_a_wish_is_refused() {
    let none = RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() };
    let refused = |mut shell: Shell, wish: &ClientMessage| {
        shell.join(ADA).expect("a seat");
        shell.say(ADA, wish.clone());
        let told: Vec<_> = shell.told.iter().filter_map(|(.., message)| told(message)).collect();
        (told, shell.heard(ADA, error))
    };
    let fixed = || vec!["bots_fixed".to_owned()];
    for (shell, wish, fill_to, wanted, error) in [
        (Shell::new("duel", RoomPolicy::default()), NO_BOTS, 2, true, true),
        (Shell::new("duel", RoomPolicy::default()), BOTS, 2, true, false),
        (Shell::private("duel", none), BOTS, 0, false, true),
        (Shell::private("duel", none), NO_BOTS, 0, false, false),
        (Shell::new("duel", none), BOTS, 0, false, true),
    ] {
        let (told, errors) = refused(shell, &wish);
        assert_eq!(told, [(fill_to, wanted)], "{wish:?}");
        assert_eq!(errors, if error { fixed() } else { Vec::new() }, "{wish:?}");
    }
}

#[test]
fn bots_have_the_same_names_after_a_recovery_whoever_came_between_them() {
    let mut config = config("brawl", RoomPolicy { bot_wait_s: 0.0, ..RoomPolicy::default() });
    config.mode.rules.fight_at = 4;
    let mut shell = Shell::of(config.clone());
    shell.join(ADA).expect("a seat");
    shell.join(BEA).expect("a seat");
    shell.ticks(1);
    // Her number is free only once her body is gone. The next bot has a lower one than those that
    // joined before it.
    shell.say(ADA, ClientMessage::Leave);
    shell.ticks(2);
    let bots = |shell: &mut Shell, to| -> Vec<_> {
        let roster = shell.heard(to, roster).pop().expect("a roster");
        roster.into_iter().filter(|e| e.bot).map(|e| (e.id, e.name)).collect()
    };
    let before = bots(&mut shell, BEA);
    assert_eq!(before.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 2, 3]);
    let mut shell = shell.recovered(config, Vec::new());
    shell.join(CAT).expect("a seat");
    shell.ticks(1);
    assert_eq!(bots(&mut shell, CAT), before);
}
