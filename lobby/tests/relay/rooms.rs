//! Rooms by path.

use bolide_lobby::{Entrance, Identity, Lobby, LobbySettings, MemberId, Now, Output};
use bolide_net::relay::Endpoint;

use crate::shell::Shell;

/// Rows 2.1 and 2.2.
#[test]
fn a_text_reaches_all_in_its_room_as_it_is_and_nobody_else() {
    let mut shell = Shell::new();
    shell.enter(1, "/room/123/");
    shell.enter(2, "/room/123");
    shell.enter(3, "/room/9/");
    for text in ["大家好 <b>", r#"{"a":1}"#, "\u{202e}\r\n\0", " "] {
        shell.say(1, text);
        shell.check([(1, &[text]), (2, &[text]), (3, &[])]);
    }
}

/// Row 2.5.
#[test]
fn leaving_removes_from_the_room_at_once() {
    let mut shell = Shell::new();
    shell.enter(1, "/room/a/");
    shell.enter(2, "/room/a/");
    shell.leave(2);
    shell.say(1, "x");
    shell.check([(1, &["x"]), (2, &[])]);
    // A socket that has gone says nothing more.
    shell.say(2, "y");
    shell.check([(1, &[])]);
}

/// Row 2.9, the budget: no text is lost, and none comes out of order.
#[test]
fn three_hundred_texts_arrive_in_order_within_the_budget() {
    let mut shell = Shell::with(LobbySettings { messages_burst: 300, ..LobbySettings::default() });
    (1..=3).for_each(|id| shell.enter(id, "/room/a/"));
    let texts: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    texts.iter().for_each(|text| shell.say(1, text));
    (1..=3).for_each(|id| assert_eq!(shell.heard(id), texts));
    shell.say(1, "over");
    shell.check([(1, &[]), (2, &[])]);
}

/// Row 2.12.
#[test]
fn who_asks_for_it_is_told_of_all_who_come_and_go() {
    let mut shell = Shell::new();
    shell.enter(1, "/room/a/");
    shell.enter(2, "/room/a/?presence");
    shell.enter(3, "/room/b/?presence");
    shell.enter(4, "/room/a/");
    shell.leave(1);
    shell.leave(4);
    shell.check([
        (1, &[]),
        (
            2,
            &[
                r#"{"event":"join","id":"c2","members":2}"#,
                r#"{"event":"join","id":"c4","members":3}"#,
                r#"{"event":"leave","id":"c1","members":2}"#,
                r#"{"event":"leave","id":"c4","members":1}"#,
            ],
        ),
        (3, &[r#"{"event":"join","id":"c3","members":1}"#]),
        (4, &[]),
    ]);
}

/// A text costs one copy of itself: its receivers share the bytes, and outputs share the list.
#[test]
fn a_list_of_receivers_is_not_copied() {
    let mut lobby = Lobby::new(LobbySettings::default());
    let now = Now::default();
    for id in 0..1000 {
        let endpoint = Endpoint::Broadcast;
        let entrance = Entrance { endpoint, identity: Identity::default(), draw: 0 };
        lobby.handle_enter(MemberId(id), entrance, now);
    }
    assert_eq!(lobby.poll_output(), None);
    let mut lists = Vec::new();
    for id in [0, 1] {
        lobby.handle_text(MemberId(id), "x", now);
        let Some(Output::Cast { to, except: None, .. }) = lobby.poll_output() else {
            panic!("no cast");
        };
        assert_eq!((to.as_slice().len(), lobby.poll_output()), (1000, None));
        lists.push(to);
    }
    assert_eq!(lists[0].as_slice().as_ptr(), lists[1].as_slice().as_ptr());
    // A list that is held is of the time of its text.
    lobby.handle_leave(MemberId(0), now);
    assert_eq!(lists[0].as_slice().len(), 1000);
}
