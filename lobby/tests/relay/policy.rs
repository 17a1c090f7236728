//! The settings, and what they let whom do.

use bolide_lobby::{Anonymous, Identity, LobbySettings, Refusal};
use bolide_net::relay::{Audience, PathName};

use crate::shell::{Shell, all, browser, user};

const ADDRESSES: [&str; 5] =
    ["/ws/", "/ws/john/", "/room/a/", "/ws/f?subscribe-broadcast&publish-broadcast", "/chat"];

fn with(anonymous: Anonymous, auth: bool) -> Shell {
    let publish = [Audience::Broadcast].into_iter().collect();
    Shell::with(LobbySettings { anonymous, auth, publish, ..LobbySettings::default() })
}

#[test]
fn strangers_who_may_nothing_do_not_come_in() {
    for address in ADDRESSES {
        let mut shell = with(Anonymous::Nothing, true);
        shell.enter(1, address);
        let reason = "strangers may not connect here; sign in";
        assert_eq!(shell.closed(1), Some((1008, reason)), "{address}");
        assert_eq!(shell.refused(), [Refusal::Stranger]);
        shell.enter_as(2, address, user("john", &[]));
        assert_eq!(shell.closed(2), None, "{address}");
    }
}

#[test]
fn strangers_who_may_listen_do_not_speak() {
    let mut shell = with(Anonymous::Listen, false);
    for address in ["/ws/", "/room/a/", "/ws/f?subscribe-broadcast&publish-broadcast"] {
        shell.enter(1, address);
        shell.enter_as(2, address, user("john", &[]));
        shell.say(1, "x");
        shell.check([(1, &[]), (2, &[])]);
        assert_eq!(shell.refused(), [Refusal::MayNotSpeak], "{address}");
        shell.say(2, "y");
        assert_eq!(shell.heard(1), ["y"]);
        (1..=2).for_each(|member| drop((shell.leave(member), shell.heard(member))));
    }
    shell.enter(1, "/ws/ann/");
    shell.say(1, r#"{"to_user":"ann"}"#);
    let told = r#"{"error":"may_not_speak","detail":"you may listen here, not speak"}"#;
    shell.check([(1, &[told])]);
    shell.enter_as(2, "/chat", browser(2));
    shell.say(2, "test_b");
    shell.heard(2);
    let said = shell.lobby.handle_say(browser(2).browser, "00000002", "x", None, shell.now);
    assert_eq!(said, Err(Refusal::MayNotSpeak));
    shell.check([(2, &[])]);
}

/// §4.3: a name is a person where users sign in.
#[test]
fn where_users_sign_in_a_name_is_for_its_user() {
    let mut shell = with(Anonymous::Publish, true);
    for (id, identity) in [(1, Identity::default()), (2, browser(2)), (3, user("mary", &[]))] {
        shell.enter_as(id, "/ws/john/", identity);
        let reason = "only the user of that name may connect here";
        let told = format!(r#"{{"error":"not_your_name","detail":"{reason}"}}"#);
        shell.check([(id, &[&told])]);
        assert_eq!(shell.closed(id), Some((1008, reason)));
    }
    shell.enter_as(4, "/ws/john/", user("john", &[]));
    assert_eq!(shell.closed(4), None);
    // Rooms are open to strangers as the setting says.
    shell.enter(5, "/room/john/");
    assert_eq!(shell.closed(5), None);
}

#[test]
fn endpoints_without_a_socket_are_refused() {
    for address in ["/wss/multiplayer/", "/msg_send", "/change_name"] {
        let mut shell = Shell::new();
        shell.enter(1, address);
        assert_eq!(shell.closed(1), Some((1008, "there is no socket here")), "{address}");
    }
}

/// Row 2.9, the budget, and trap 25: a person has one over all its sockets, and others have theirs.
#[test]
fn a_person_has_one_budget_over_all_its_sockets() {
    for (identity, other) in [
        (browser(1), browser(2)),
        (user("john", &[]), user("mary", &[])),
        (user("john", &[]), browser(1)),
    ] {
        let settings = LobbySettings { messages_burst: 5, ..LobbySettings::default() };
        let mut shell = Shell::with(settings);
        (1..=8).for_each(|id| shell.enter_as(id, "/room/a/", identity.clone()));
        shell.enter_as(9, "/room/a/", other);
        (0..10).for_each(|n| shell.say(n % 8 + 1, "x"));
        assert_eq!(shell.heard(9).len(), 5);
        assert_eq!(shell.refused(), [Refusal::Rate; 5]);
        // A new socket has no new budget.
        shell.leave(1);
        shell.enter_as(1, "/room/a/", identity);
        shell.say(1, "x");
        shell.check([(9, &[])]);
        shell.say(9, "y");
        shell.check([(9, &["y"])]);
        shell.wait(200);
        shell.say(2, "z");
        shell.check([(9, &["z"])]);
    }
}

/// Trap 25: a page that is reloaded again and again is let in each time, and takes its name over.
#[test]
fn reloads_lock_nobody_out() {
    let mut shell = Shell::new();
    for id in 0..40 {
        shell.enter_as(id, "/ws/ann/", browser(1));
        assert_eq!(shell.closed(id), None);
        assert_eq!(shell.present.len(), 1);
    }
    assert_eq!(shell.refused(), []);
}

#[test]
fn strangers_without_a_cookie_have_a_budget_for_each_socket() {
    let settings = LobbySettings { messages_burst: 1, ..LobbySettings::default() };
    let mut shell = Shell::with(settings);
    (1..=2).for_each(|id| shell.enter(id, "/room/a/"));
    (1..=2).for_each(|id| shell.say(id, "x"));
    assert_eq!(shell.heard(1).len(), 2);
    shell.say(1, "x");
    shell.check([(1, &[])]);
    // The next member with the slot of one that left begins anew.
    shell.leave(1);
    shell.enter(1, "/room/a/");
    shell.say(1, "y");
    shell.check([(1, &["y"])]);
}

#[test]
fn who_is_over_the_budget_is_told_where_texts_are_json() {
    let settings = LobbySettings { messages_burst: 1, ..LobbySettings::default() };
    let mut shell = Shell::with(settings);
    shell.enter_as(1, "/ws/ann/", browser(1));
    shell.enter_as(2, "/chat", browser(2));
    shell.say(1, r#"{"to_user":"ann"}"#);
    shell.say(1, r#"{"to_user":"ann"}"#);
    let told = r#"{"error":"rate","detail":"too many messages; wait a second"}"#;
    shell.check([(1, &[r#"{"to_user":"ann"}"#, told])]);
    shell.say(2, "test_b");
    let said = shell.lobby.handle_say(browser(2).browser, "00000002", "x", None, shell.now);
    assert_eq!(said.as_ref().map_err(|refusal| refusal.status()), Err(429));
    assert_eq!(said, Err(Refusal::Rate));
}

#[test]
fn a_full_channel_takes_nobody_more() {
    let settings = LobbySettings { members_max: 2, ..LobbySettings::default() };
    for address in ["/ws/", "/room/a/", "/ws/f?subscribe-broadcast", "/chat"] {
        let mut shell = Shell::with(settings.clone());
        (1..=3).for_each(|id| shell.enter(id, address));
        (1..=3).for_each(|id| shell.say(id, "test_a"));
        let reason = "too many are connected here; try later";
        assert_eq!(shell.closed(3), Some((1013, reason)), "{address}");
        assert!(shell.refused().contains(&Refusal::ChannelFull));
        assert_eq!(shell.present.len(), 2);
        shell.leave(1);
        shell.enter(4, address);
        shell.say(4, "test_a");
        assert_eq!(shell.closed(4), None, "{address}");
    }
}

#[test]
fn rooms_and_topics_are_bounded_together() {
    let settings = LobbySettings { channels_max: 3, ..LobbySettings::default() };
    let mut shell = Shell::with(settings);
    shell.enter(1, "/room/a/");
    shell.enter(2, "/ws/f?subscribe-broadcast");
    let reason = "too many rooms and topics are open; try later";
    // Two channels at once: one place is not enough, and none is taken.
    shell.enter_as(3, "/ws/g?subscribe-broadcast&subscribe-user", user("john", &[]));
    assert_eq!(shell.closed(3), Some((1013, reason)));
    assert_eq!(shell.publish(&[all("g")], "x"), 0);
    shell.enter(4, "/room/b/");
    shell.enter(5, "/room/c/");
    assert_eq!((shell.closed(4), shell.closed(5)), (None, Some((1013, reason))));
    // Those that are open stay so to all, and users and the broadcast need no channel.
    for (id, address) in
        [(6, "/room/a/"), (7, "/ws/f?subscribe-broadcast"), (8, "/ws/"), (9, "/ws/ann/")]
    {
        shell.enter(id, address);
        assert_eq!(shell.closed(id), None, "{address}");
    }
    shell.leave(4);
    shell.enter(5, "/room/c/");
    assert_eq!(shell.closed(5), None);
}

#[test]
fn a_path_name_may_mean_a_room() {
    let mut shell = Shell::new();
    shell.names = PathName::Room;
    shell.enter(1, "/ws/a/");
    shell.enter(2, "/room/a/");
    shell.say(1, "x");
    shell.check([(1, &["x"]), (2, &["x"])]);
}
