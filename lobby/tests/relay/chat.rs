//! The chat room.

use bolide_lobby::{LobbySettings, Now, Refusal};

use crate::shell::{Shell, browser};

/// Lets a page take part. Its cookie is its number.
fn join(shell: &mut Shell, member: u32, text: &str) {
    shell.enter_as(member, "/chat", browser(u8::try_from(member).expect("few")));
    shell.say(member, text);
}

fn id(member: u32) -> String {
    format!("{member:08x}")
}

/// Says a line as the page of a member does.
fn line(shell: &mut Shell, member: u32, text: &str) -> Result<(), Refusal> {
    to(shell, member, text, None)
}

fn to(shell: &mut Shell, member: u32, text: &str, to: Option<&str>) -> Result<(), Refusal> {
    let cookie = browser(u8::try_from(member).expect("few")).browser;
    let said = shell.lobby.handle_say(cookie, &id(member), text, to, shell.now);
    shell.drain();
    said
}

fn rename(shell: &mut Shell, member: u32, name: &str) -> Result<(), Refusal> {
    let cookie = browser(u8::try_from(member).expect("few")).browser;
    let renamed = shell.lobby.handle_rename(cookie, &id(member), name, shell.now);
    shell.drain();
    renamed
}

/// Row 4.1.
#[test]
fn who_joins_is_told_who_it_is_and_then_all_get_the_roster() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_阿明");
    shell.check([(
        1,
        &[
            r#"{"type":0,"user_list":["阿明"],"user_id":"00000001","user_name":"阿明"}"#,
            r#"{"type":0,"user_list":["阿明"],"user":null}"#,
        ],
    )]);
    join(&mut shell, 2, "test_B");
    let roster = r#"{"type":0,"user_list":["阿明","B"],"user":null}"#;
    let own = r#"{"type":0,"user_list":["阿明","B"],"user_id":"00000002","user_name":"B"}"#;
    shell.check([(1, &[roster]), (2, &[own, roster])]);
    // The first text counts.
    shell.say(2, "test_C");
    shell.check([(1, &[]), (2, &[])]);
}

/// Row 4.1: an id that somebody has is not drawn again.
#[test]
fn ids_are_unique() {
    let mut shell = Shell::new();
    for member in [1, 2, 3] {
        let endpoint = bolide_net::relay::Endpoint::Chat(bolide_net::relay::ChatRoute::Chat);
        let identity = browser(1);
        shell.present.insert(member);
        let entrance = bolide_lobby::Entrance { endpoint, identity, draw: u64::MAX };
        shell.lobby.handle_enter(bolide_lobby::MemberId(member), entrance, Now::default());
        shell.say(member, "test");
    }
    let last = r#"{"type":0,"userlist":["ffffffff","00000000","00000001"],"user":null}"#;
    assert_eq!(shell.heard(1).last().map(String::as_str), Some(last));
}

/// Row 4.2.
#[test]
fn an_empty_name_draws_one() {
    let mut shell = Shell::new();
    for (member, text) in [(1, "test_"), (2, "test_\u{200b} ")] {
        join(&mut shell, member, text);
        let own = shell.heard(member).remove(0);
        assert!(own.ends_with(r#""user_name":"Quiet Heron 41"}"#), "{own}");
    }
    join(&mut shell, 3, &format!("test_{}", "é".repeat(70)));
    let own = shell.heard(3).remove(0);
    assert!(own.ends_with(&format!(r#""user_name":"{}"}}"#, "é".repeat(64))), "{own}");
}

/// Row 4.3.
#[test]
fn a_line_reaches_all_its_author_included() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    join(&mut shell, 2, "test_b");
    // A page that takes no part yet hears nothing.
    shell.enter(3, "/chat");
    (1..=2).for_each(|member| drop(shell.heard(member)));
    assert_eq!(line(&mut shell, 1, "你好 <b>"), Ok(()));
    let told = r#"{"type":1,"data":{"msg":"你好 <b>","user_id":"00000001","user_name":"a"}}"#;
    shell.check([(1, &[told]), (2, &[told]), (3, &[])]);
    assert_eq!(line(&mut shell, 1, ""), Err(Refusal::EmptyLine));
    shell.check([(2, &[])]);
}

/// Row 4.4.
#[test]
fn a_name_changes_once_and_all_see_it_at_once() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    join(&mut shell, 2, "test_b");
    (1..=2).for_each(|member| drop(shell.heard(member)));
    let error = rename(&mut shell, 1, &"x".repeat(65)).expect_err("too long");
    assert_eq!((error.status(), error.to_string().contains("1 to 64 characters")), (400, true));
    assert_eq!(rename(&mut shell, 1, " c\u{202e} "), Ok(()));
    let roster = r#"{"type":0,"user_list":["c","b"],"user":null}"#;
    shell.check([(1, &[roster]), (2, &[roster])]);
    let error = rename(&mut shell, 1, "d").expect_err("a second time");
    assert_eq!((error.status(), &*error.to_string()), (409, "the name was changed already"));
    shell.check([(1, &[]), (2, &[])]);
}

/// Row 4.5.
#[test]
fn the_roster_follows_a_leaver_at_once() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    join(&mut shell, 2, "test_b");
    drop(shell.heard(1));
    shell.leave(2);
    shell.check([(1, &[r#"{"type":0,"user_list":["a"],"user":null}"#])]);
}

/// Row 4.6.
#[test]
fn a_late_joiner_sees_the_last_lines_oldest_first() {
    for chat_history in [0, 3] {
        let settings = LobbySettings { chat_history, ..LobbySettings::default() };
        let mut shell = Shell::with(settings);
        join(&mut shell, 1, "test_a");
        for text in ["1", "2", "3", "4"] {
            line(&mut shell, 1, text).expect("a line");
        }
        assert_eq!(to(&mut shell, 1, "private", Some(&id(1))), Ok(()));
        join(&mut shell, 2, "test_b");
        let heard = shell.heard(2);
        let said = |text: &str| {
            format!(
                r#"{{"type":1,"data":{{"msg":"{text}","user_id":"00000001","user_name":"a"}}}}"#
            )
        };
        assert!(heard[0].contains("user_id") && heard.last().expect("two").contains("null"));
        let lines: Vec<String> = ["2", "3", "4"].iter().map(|text| said(text)).collect();
        assert_eq!(heard[1..heard.len() - 1], lines[3 - chat_history..]);
    }
}

/// Row 4.7.
#[test]
fn nobody_speaks_as_somebody_else() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    join(&mut shell, 2, "test_b");
    (1..=2).for_each(|member| drop(shell.heard(member)));
    let not_you = Err(Refusal::NotYou);
    for cookie in [browser(2).browser, None] {
        let said = shell.lobby.handle_say(cookie, &id(1), "x", None, shell.now);
        assert_eq!(said, not_you);
        assert_eq!(shell.lobby.handle_rename(cookie, &id(1), "x", shell.now), not_you);
    }
    for id in ["", "nobody", "00000003"] {
        let said = shell.lobby.handle_say(browser(1).browser, id, "x", None, shell.now);
        assert_eq!(said, not_you);
    }
    shell.drain();
    shell.check([(1, &[]), (2, &[])]);
    assert_eq!(shell.refused(), [Refusal::NotYou; 7]);
    let error = Refusal::NotYou;
    assert_eq!((error.status(), &*error.to_string()), (403, "that is not you"));
    // A socket without a cookie cannot be spoken for.
    shell.enter(3, "/chat");
    shell.say(3, "test_c");
    assert_eq!(shell.lobby.handle_say(None, &id(3), "x", None, shell.now), not_you);
}

/// Row 4.8.
#[test]
fn the_first_underscore_splits_and_other_texts_are_ignored() {
    let mut shell = Shell::new();
    shell.enter(1, "/chat");
    for text in ["hello", "foo_bar", "tests", "_", "test-a"] {
        shell.say(1, text);
        shell.check([(1, &[])]);
    }
    shell.say(1, "test_a_b");
    assert!(shell.heard(1)[0].ends_with(r#""user_name":"a_b"}"#));
    assert_eq!(shell.closed(1), None);
}

/// Row 4.10.
#[test]
fn who_reads_over_http_counts_what_is_new() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    line(&mut shell, 1, "x\r\n").expect("a line");
    line(&mut shell, 1, "y").expect("a line");
    let told = |id: u32, msg: &str| {
        format!(r#"{{"id":{id},"msg":"{msg}","user_id":"00000001","user_name":"a"}}"#)
    };
    let view = |lines: &[String]| {
        let (lines, count) = (lines.join(","), lines.len());
        format!(r#"{{"user_list":["a"],"lines":[{lines}],"count":{count}}}"#)
    };
    let both = [told(1, "x\\r\\n"), told(2, "y")];
    assert_eq!(shell.lobby.chat_since(None), view(&both));
    assert_eq!(shell.lobby.chat_since(Some(1)), view(&both[1..]));
    assert_eq!(shell.lobby.chat_since(Some(2)), view(&[]));
}

/// Row 4.11.
#[test]
fn a_silent_member_stays() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    shell.wait(60_000);
    assert!(shell.lobby.chat_since(None).contains(r#""user_list":["a"]"#));
}

/// Row 4.12.
#[test]
fn both_dialects_are_in_one_room_and_see_each_other() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a");
    join(&mut shell, 2, "test");
    join(&mut shell, 3, "test");
    shell.heard(1);
    shell.heard(2);
    let ids = r#""userlist":["00000001","00000002","00000003"]"#;
    let own = format!(r#"{{"type":0,{ids},"userid":"00000003"}}"#);
    let roster = format!(r#"{{"type":0,{ids},"user":null}}"#);
    shell.check([(3, &[&own, &roster])]);
    let by_name = r#"{"type":1,"data":{"msg":"x","user_id":"00000002","user_name":"00000002"}}"#;
    let by_id = r#"{"type":1,"data":{"msg":"x","user":"00000002"}}"#;
    assert_eq!(line(&mut shell, 2, "x"), Ok(()));
    shell.check([(1, &[by_name]), (2, &[by_id]), (3, &[by_id])]);
    // Private to both.
    assert_eq!(to(&mut shell, 2, "x", Some("00000001")), Ok(()));
    shell.check([(1, &[by_name]), (2, &[by_id]), (3, &[])]);
    assert_eq!(to(&mut shell, 2, "x", Some("00000002")), Ok(()));
    shell.check([(1, &[]), (2, &[by_id]), (3, &[])]);
    let error = to(&mut shell, 2, "x", Some("gone")).expect_err("nobody");
    assert_eq!((error.status(), &*error.to_string()), (404, "nobody here has that id"));
}

/// Trap 17.
#[test]
fn a_forged_line_is_a_text_of_its_author() {
    let mut shell = Shell::new();
    join(&mut shell, 1, "test_a\r\n\",\"user_id\":\"0");
    join(&mut shell, 2, "test_b");
    shell.heard(2);
    let forged = "x\r\nsystem: y\u{2028}\"}},{\"type\":0,\"user_list\":[]}";
    line(&mut shell, 1, forged).expect("a line");
    let heard = shell.heard(2);
    let frame: serde_json::Value = serde_json::from_str(&heard[0]).expect("JSON");
    assert_eq!((heard.len(), frame["type"].as_u64()), (1, Some(1)));
    let data = frame["data"].as_object().expect("an object");
    assert_eq!(data.keys().collect::<Vec<_>>(), ["msg", "user_id", "user_name"]);
    assert_eq!((data["msg"].as_str(), data["user_id"].as_str()), (Some(forged), Some("00000001")));
    assert_eq!(data["user_name"].as_str(), Some("a\",\"user_id\":\"0"));
}

#[test]
fn a_big_room_gets_its_roster_when_it_is_due() {
    let mut shell = Shell::new();
    (1..=30).for_each(|member| join(&mut shell, member, "test_a"));
    // 20 at once, the 21st at once and with a pause behind it.
    assert_eq!(shell.heard(1).len(), 1 + 21);
    let due = shell.lobby.next_wake().expect("a roster is due");
    assert!(due > shell.now.since_start);
    shell.wait(20);
    assert_eq!(shell.heard(1).len(), 0);
    shell.wait(1);
    let heard = shell.heard(1);
    assert_eq!((heard.len(), heard[0].matches("\"a\"").count()), (1, 30));
    assert_eq!(shell.lobby.next_wake(), None);
}
