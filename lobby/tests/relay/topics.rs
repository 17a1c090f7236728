//! Topics that a backend publishes.

use bolide_lobby::{LobbySettings, Recipient, Refusal};
use bolide_net::relay::Audience;

use crate::shell::{Shell, all, session, topic, user};

fn users(facility: &str, names: &[&str]) -> Vec<bolide_lobby::Topic> {
    let to = |name: &&str| topic(facility, Recipient::User((*name).to_owned()));
    names.iter().map(to).collect()
}

/// Rows 3.1, 3.2 and 3.3.
#[test]
fn a_message_reaches_those_who_subscribe_to_its_facility() {
    let mut shell = Shell::new();
    shell.enter(1, "/ws/f1?subscribe-broadcast");
    shell.enter(2, "/ws/f1?Subscribe-Broadcast=1&unknown");
    shell.enter(3, "/ws/f2?subscribe-broadcast");
    shell.enter(4, "/ws/f1/?subscribe-broadcast");
    shell.enter(5, "/ws/f1?publish-broadcast");
    assert_eq!(shell.publish(&[all("f1")], "hello"), 2);
    shell.check([(1, &["hello"]), (2, &["hello"]), (3, &[]), (4, &[]), (5, &[])]);
    assert_eq!(shell.publish(&[all("f1/")], "汉字"), 1);
    shell.check([(1, &[]), (4, &["汉字"])]);
    shell.leave(1);
    assert_eq!(shell.publish(&[all("f1")], "again"), 1);
}

/// Row 3.4.
#[test]
fn the_last_message_is_kept_for_those_who_come_later() {
    let mut shell = Shell::new();
    shell.publish(&[all("f")], "one");
    shell.publish(&[all("f")], "two");
    for id in [1, 2] {
        shell.enter(id, "/ws/f?subscribe-broadcast");
        shell.check([(id, &["two"])]);
    }
    shell.publish_for(&[all("g")], "live", Some(0));
    shell.enter(3, "/ws/g?subscribe-broadcast");
    shell.check([(3, &[])]);
    // A message that is not kept leaves the one before where it is.
    shell.publish_for(&[all("f")], "live", Some(0));
    assert_eq!(shell.stored.len(), 1);
    shell.wait(3_599_000);
    shell.enter(4, "/ws/f?subscribe-broadcast");
    shell.check([(4, &["two"])]);
    shell.now.unix_s += 1;
    assert_eq!(shell.lobby.topic(&all("f"), shell.now), None);
    assert_eq!(shell.stored.len(), 1);
    shell.wait(0);
    shell.enter(5, "/ws/f?subscribe-broadcast");
    shell.check([(5, &[])]);
    assert_eq!(shell.stored.len(), 0);
}

/// Row 3.4: a message is kept for its own time, not for that of the one before.
#[test]
fn a_later_message_is_kept_longer() {
    let mut shell = Shell::new();
    shell.publish_for(&[all("f")], "short", Some(5));
    shell.publish_for(&[all("f")], "long", Some(100));
    shell.wait(50_000);
    shell.enter(1, "/ws/f?subscribe-broadcast");
    shell.check([(1, &["long"])]);
    assert_eq!(shell.stored.len(), 1);
}

/// Row 3.4, over a restart.
#[test]
fn kept_messages_come_back_from_the_store() {
    let mut before = Shell::new();
    before.publish_for(&[all("f")], "long", Some(100));
    before.publish_for(&users("f", &["john"]), "short", Some(1));
    let mut shell = Shell::new();
    shell.stored = before.stored.clone();
    shell.lobby.restore(before.stored.into_values());
    assert_eq!(shell.lobby.topic(&all("f"), shell.now).map(|text| &text[..]), Some(&b"long"[..]));
    shell.wait(50_000);
    shell.enter_as(1, "/ws/f?subscribe-broadcast&subscribe-user", user("john", &[]));
    shell.check([(1, &["long"])]);
    assert_eq!(shell.stored.keys().collect::<Vec<_>>(), [&all("f")]);
}

/// Row 3.5.
#[test]
fn pages_publish_only_where_the_settings_let_them() {
    let pages = |settings| {
        let mut shell = Shell::with(settings);
        shell.enter(1, "/ws/f?publish-broadcast&publish-session");
        shell.enter(2, "/ws/f?subscribe-broadcast");
        shell.enter(3, "/ws/f?subscribe-broadcast");
        shell.say(1, "x");
        shell
    };
    let mut shell = pages(LobbySettings::default());
    shell.check([(1, &[]), (2, &[])]);
    assert_eq!(shell.refused(), [Refusal::MayNotSpeak]);
    let publish = [Audience::Broadcast].into_iter().collect();
    let mut shell = pages(LobbySettings { publish, ..LobbySettings::default() });
    shell.check([(1, &[]), (2, &["x"]), (3, &["x"])]);
    // A page that asked for no channel to publish to publishes to none.
    shell.say(2, "y");
    shell.check([(2, &[]), (3, &[])]);
    assert_eq!(shell.refused(), [Refusal::MayNotSpeak]);
}

/// Row 3.6 and trap 2.
#[test]
fn without_echo_no_own_text_comes_back_however_fast() {
    let publish = Audience::ALL.into_iter().collect();
    let mut shell = Shell::with(LobbySettings { publish, ..LobbySettings::default() });
    shell.enter(1, "/ws/f?subscribe-broadcast&publish-broadcast");
    shell.enter(2, "/ws/f?subscribe-broadcast&publish-broadcast&echo");
    let texts: Vec<String> = (0..20).map(|n| (n / 2).to_string()).collect();
    texts.iter().for_each(|text| shell.say(1, text));
    assert_eq!((shell.heard(1), shell.heard(2)), (Vec::new(), texts.clone()));
    texts.iter().for_each(|text| shell.say(2, text));
    assert_eq!((shell.heard(1), shell.heard(2)), (texts.clone(), texts));
}

/// Row 3.7.
#[test]
fn a_heartbeat_is_answered_to_its_sender_alone_and_costs_no_budget() {
    let publish = Audience::ALL.into_iter().collect();
    let mut shell = Shell::with(LobbySettings { publish, ..LobbySettings::default() });
    shell.enter(1, "/ws/f?subscribe-broadcast&publish-broadcast&echo");
    shell.enter(2, "/ws/f?subscribe-broadcast");
    for _ in 0..100 {
        shell.say(1, "--heartbeat--");
        shell.check([(1, &["--heartbeat--"]), (2, &[])]);
    }
    shell.say(1, "x");
    shell.check([(1, &["x"]), (2, &["x"])]);
    // In a room it is a text.
    shell.enter(3, "/room/a/");
    shell.enter(4, "/room/a/");
    shell.say(3, "--heartbeat--");
    shell.check([(4, &["--heartbeat--"])]);
}

/// Row 3.8.
#[test]
fn a_message_for_users_reaches_all_their_sockets_and_no_stranger() {
    let mut shell = Shell::new();
    let address = "/ws/f?subscribe-user";
    shell.enter_as(1, address, user("john", &[]));
    shell.enter_as(2, address, user("john", &[]));
    shell.enter_as(3, address, user("mary", &[]));
    shell.enter(4, address);
    assert_eq!(shell.publish(&users("f", &["john"]), "a"), 2);
    shell.check([(1, &["a"]), (2, &["a"]), (3, &[]), (4, &[])]);
    assert_eq!(shell.publish(&users("f", &["john", "mary", "nobody"]), "b"), 3);
    shell.check([(1, &["b"]), (2, &["b"]), (3, &["b"]), (4, &[])]);
    assert_eq!(shell.publish(&users("f", &[""]), "c"), 0);
    assert_eq!(shell.closed(4), None);
}

/// Row 3.9.
#[test]
fn a_message_for_a_group_reaches_its_members() {
    let mut shell = Shell::new();
    let address = "/ws/f?subscribe-group";
    shell.enter_as(1, address, user("john", &["chatters", "chatters", "staff"]));
    shell.enter_as(2, address, user("mary", &["chatters"]));
    shell.enter_as(3, address, user("zoe", &[]));
    let group = |name: &str| topic("f", Recipient::Group(name.to_owned()));
    shell.publish(&[group("chatters")], "grp");
    shell.check([(1, &["grp"]), (2, &["grp"]), (3, &[])]);
    shell.publish(&[group("staff")], "staff");
    shell.check([(1, &["staff"]), (2, &[]), (3, &[])]);
}

/// Row 3.10.
#[test]
fn a_message_for_a_session_reaches_that_browser() {
    let mut shell = Shell::new();
    let address = "/ws/f?subscribe-session";
    shell.enter_as(1, address, session("key"));
    shell.enter_as(2, address, session("other"));
    shell.enter(3, address);
    shell.publish(&[topic("f", Recipient::Session("key".to_owned()))], "x");
    shell.check([(1, &["x"]), (2, &[]), (3, &[])]);
    assert_eq!(shell.closed(3), None);
}

/// Row 3.14: of two messages neither waits, and both copies arrive.
#[test]
fn one_message_to_two_channels_of_a_socket_arrives_twice() {
    let mut shell = Shell::new();
    shell.enter_as(1, "/ws/f?subscribe-broadcast&subscribe-user", user("john", &[]));
    let mut topics = users("f", &["john"]);
    topics.push(all("f"));
    assert_eq!(shell.publish(&topics, "x"), 2);
    shell.check([(1, &["x", "x"])]);
    // The last message of each channel is kept.
    shell.enter_as(2, "/ws/f?subscribe-broadcast&subscribe-user", user("john", &[]));
    shell.check([(2, &["x", "x"])]);
}

#[test]
fn kept_messages_are_bounded_and_the_first_to_expire_goes() {
    let mut shell = Shell::new();
    shell.publish_for(&[all("short")], "x", Some(5));
    for n in 0..10_000 {
        shell.publish_for(&[all(&n.to_string())], "x", Some(10));
    }
    assert_eq!(shell.stored.len(), 10_000);
    assert!(!shell.stored.contains_key(&all("short")));
    shell.wait(10_000);
    assert_eq!(shell.stored.len(), 0);
}
