//! Broadcast, and texts from user to user.

use bolide_lobby::Refusal;

use crate::shell::{Shell, browser, user};

/// Row 1.1.
#[test]
fn a_broadcast_reaches_all_its_author_included() {
    let mut shell = Shell::new();
    (1..=3).for_each(|id| shell.enter(id, "/ws/"));
    shell.enter(4, "/room/a/");
    shell.say(1, " hi\n");
    shell.check([(1, &[" hi\n"]), (2, &[" hi\n"]), (3, &[" hi\n"]), (4, &[])]);
    shell.leave(3);
    shell.say(1, "again");
    shell.check([(1, &["again"]), (2, &["again"]), (3, &[])]);
}

/// Row 1.2.
#[test]
fn an_empty_text_is_ignored_everywhere() {
    let mut shell = Shell::new();
    let addresses = ["/ws/", "/ws/ann/", "/room/a/", "/ws/f?subscribe-broadcast&echo", "/chat"];
    for (id, address) in (1..).zip(addresses) {
        shell.enter(id, address);
        shell.say(id, "");
        shell.check([(id, &[])]);
        assert_eq!(shell.closed(id), None);
    }
    assert_eq!(shell.refused(), []);
}

/// Row 1.5.
#[test]
fn a_text_goes_to_the_user_that_it_names_as_it_is() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/alice/");
    shell.enter(2, "/ws/bob/");
    shell.enter(3, "/ws/carol/");
    let text = r#"{"to_user":"bob","message":"x","extra":1,  "n":[1]}"#;
    shell.say(1, text);
    shell.check([(1, &[]), (2, &[text]), (3, &[])]);
}

/// Row 1.6.
#[test]
fn a_name_is_of_any_script_and_composed() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/bob/");
    shell.enter(2, "/ws/%E5%B0%8F%E6%98%8E/");
    shell.enter(3, "/ws/Rene%CC%81/");
    let to = |user: &str| format!(r#"{{"message":"你好","to_user":"{user}"}}"#);
    shell.say(1, &to("小明"));
    shell.check([(2, &[&to("小明")])]);
    for spelling in ["René", "Rene\u{301}", "Ren\\u00e9", " Ren\u{200b}é "] {
        shell.say(1, &to(spelling));
        shell.check([(1, &[]), (3, &[&to(spelling)])]);
    }
}

/// Row 1.7.
#[test]
fn a_text_to_oneself_arrives_once() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/alice/");
    let text = r#"{"message":"x","to_user":"alice"}"#;
    shell.say(1, text);
    shell.check([(1, &[text])]);
}

/// Rows 1.8 and 1.9.
#[test]
fn an_absent_user_and_one_who_left_are_told_of() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/alice/");
    let absent = |user: &str| {
        format!(
            r#"{{"error":"user_absent","to_user":"{user}","detail":"{user} is not connected"}}"#
        )
    };
    shell.say(1, r#"{"message":"x","to_user":"nobody"}"#);
    shell.check([(1, &[&absent("nobody")])]);
    shell.say(1, r#"{"message":"x","to_user":""}"#);
    shell.check([(1, &[&absent("")])]);
    shell.enter(2, "/ws/bob/");
    shell.leave(2);
    shell.say(1, r#"{"message":"x","to_user":"bob"}"#);
    shell.check([(1, &[&absent("bob")])]);
    assert_eq!(shell.closed(1), None);
    assert_eq!(shell.refused(), [Refusal::UserAbsent; 3]);
}

/// Row 1.10.
#[test]
fn a_malformed_text_is_answered_and_the_tenth_closes() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/alice/");
    let told = r#"{"error":"malformed","detail":"send {\"message\":…,\"to_user\":…}"}"#;
    let malformed = ["hi", "{}", r#"{"message":"x"}"#, r#"{"to_user":7}"#, "[]", "{", "null"];
    for text in malformed.into_iter().chain(["x", "y"]) {
        shell.say(1, text);
        shell.check([(1, &[told])]);
        assert_eq!(shell.closed(1), None, "{text}");
    }
    shell.say(1, "the tenth");
    shell.check([(1, &[told])]);
    assert_eq!(shell.closed(1), Some((4011, "ten malformed texts")));
    assert_eq!(shell.lobby.users().count(), 0);
    assert_eq!(shell.refused(), [Refusal::Malformed; 10]);
}

/// Row 1.11.
#[test]
fn a_name_belongs_to_the_first_and_to_its_browser() {
    let mut shell = Shell::new();
    let told = r#"{"error":"name_taken","detail":"alice is connected; choose another name"}"#;
    let text = r#"{"message":"x","to_user":"alice"}"#;
    shell.enter_as(1, "/ws/alice/", browser(1));
    for (id, identity) in [(2, browser(2)), (3, Default::default())] {
        shell.enter_as(id, "/ws/alice/", identity);
        shell.check([(id, &[told])]);
        let reason = "that name is connected; choose another name";
        assert_eq!(shell.closed(id), Some((1008, reason)));
    }
    shell.say(1, text);
    shell.check([(1, &[text])]);
    shell.enter_as(4, "/ws/alice/", browser(1));
    let reason = "another page of yours took this name";
    assert_eq!(shell.closed(1), Some((4009, reason)));
    shell.say(4, text);
    shell.check([(1, &[]), (4, &[text])]);
    // The name is free again when its newest socket leaves, not when an older one does.
    shell.leave(1);
    assert_eq!(shell.lobby.users().collect::<Vec<_>>(), ["alice"]);
    shell.leave(4);
    shell.enter_as(5, "/ws/alice/", browser(2));
    shell.say(5, text);
    shell.check([(5, &[text])]);
}

/// Row 1.11, for strangers without a cookie: they are nobody's second page.
#[test]
fn strangers_without_a_cookie_do_not_take_names_over() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/alice/");
    shell.enter(2, "/ws/alice/");
    assert_eq!((shell.closed(1), shell.closed(2).map(|(code, _)| code)), (None, Some(1008)));
}

/// Row 1.11, in a crowd.
#[test]
fn of_fifty_who_take_one_name_one_wins() {
    let mut shell = Shell::new();
    (1..=50).for_each(|id| shell.enter_as(id, "/ws/alice/", browser(u8::try_from(id).unwrap())));
    assert_eq!(shell.present.iter().collect::<Vec<_>>(), [&1]);
    assert_eq!(shell.refused(), [Refusal::NameTaken; 49]);
    shell.say(1, r#"{"to_user":"alice"}"#);
    shell.check([(1, &[r#"{"to_user":"alice"}"#])]);
}

/// Row 1.11, for users who are signed in: another device of theirs is theirs.
#[test]
fn a_user_who_is_signed_in_takes_the_name_over() {
    let mut shell = Shell::new();
    shell.enter_as(1, "/ws/alice/", user("alice", &[]));
    shell.enter_as(2, "/ws/alice/", user("alice", &[]));
    assert_eq!(shell.closed(1).map(|(code, _)| code), Some(4009));
    assert!(shell.present.contains(&2));
}

/// Row 1.14.
#[test]
fn connected_users_are_listed_and_leavers_are_not() {
    let mut shell = Shell::new();
    for (id, name) in [(1, "zoe"), (2, "alice"), (3, "bob")] {
        shell.enter(id, &format!("/ws/{name}/"));
    }
    shell.enter(4, "/ws/");
    assert_eq!(shell.lobby.users().collect::<Vec<_>>(), ["alice", "bob", "zoe"]);
    shell.leave(2);
    assert_eq!(shell.lobby.users().collect::<Vec<_>>(), ["bob", "zoe"]);
}
