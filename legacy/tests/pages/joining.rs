//! Joining: the players that a page is told of, and the name in which it may speak.

use bolide_legacy::PageError;
use bolide_net::{ClientMessage, Hello, WantedRoom};

use crate::shell::Shell;

const A: &str = "11111111";
const B: &str = "22222222";

/// Returns the number of the first player that a page was told of, besides its own.
fn other(frames: &[String]) -> String {
    let frame: serde_json::Value = serde_json::from_str(&frames[0]).expect("JSON");
    frame["uuid"].as_str().expect("a text").to_owned()
}

#[test]
fn the_first_is_answered_by_its_own_frame() {
    let mut shell = Shell::new();
    let a = shell.enter(A, "A");
    shell.ticks(2);
    let own = r#"{"type":"group_send_event","event":"create_player","uuid":"11111111","username":"A","photo":"/picture.png"}"#;
    assert_eq!(shell.heard(a), [own]);
    let ClientMessage::Hello(Hello { name, room, .. }) = &shell.pages[a].said[0] else {
        panic!("no hello first: {:?}", shell.pages[a].said);
    };
    assert_eq!((name.as_str(), room), ("A", &WantedRoom::Any));
}

/// Those that are there come one by one, without a type, in the order in which they joined, to the
/// joiner alone.
#[test]
fn a_joiner_is_told_who_is_there() {
    let mut shell = Shell::of(bolide_sim::Rules { fight_at: 4, ..crate::shell::rules(false) });
    let pages = [(A, "A"), (B, "B"), ("33333333", "C")].map(|(uuid, name)| {
        let page = shell.enter(uuid, name);
        shell.ticks(1);
        page
    });
    let heard = shell.heard(pages[2]);
    let frames: Vec<serde_json::Value> =
        heard.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    let told = |index: usize| {
        let frame = &frames[index];
        (frame["username"].as_str(), frame["type"].as_str(), frame["uuid"] == "33333333")
    };
    assert_eq!(frames.len(), 3, "{heard:?}");
    assert_eq!(told(0), (Some("A"), None, false));
    assert_eq!(told(1), (Some("B"), None, false));
    assert_eq!(told(2), (Some("C"), Some("group_send_event"), true));
    assert!(heard[0].starts_with(r#"{"event":"create_player","uuid":""#), "{}", heard[0]);
    let names: Vec<_> = shell.events(pages[0], "create_player");
    let names: Vec<_> = names.iter().map(|frame| frame["username"].as_str()).collect();
    assert_eq!(names, [Some("A"), Some("B"), Some("C")]);
}

/// A page knows others by numbers of its own, which are none that another page has drawn.
#[test]
fn no_page_learns_the_number_of_another() {
    let mut shell = Shell::new();
    let (a, b) = (shell.enter(A, "A"), shell.enter(B, "B"));
    shell.ticks(2);
    let (to_a, to_b) = (shell.heard(a), shell.heard(b));
    assert!(to_a.iter().all(|frame| !frame.contains(B)), "{to_a:?}");
    assert!(to_b.iter().all(|frame| !frame.contains(A)), "{to_b:?}");
    let frame = |uuid: &str| format!(r#"{{"event":"move_to","uuid":"{uuid}","tx":0,"ty":0}}"#);
    for uuid in [A, &other(&to_b)] {
        assert_eq!(shell.send(b, &frame(uuid)), Err(PageError::Stranger), "{uuid}");
    }
    assert_eq!(shell.send(b, &frame(B)), Ok(()));
}

/// Flaw 7: a second `create_player` is no second player.
#[test]
fn a_page_enters_once_and_first() {
    let mut shell = Shell::new();
    let page = shell.open();
    let chat = r#"{"event":"message","uuid":"11111111","username":"A","text":"x"}"#;
    assert_eq!(shell.send(page, chat), Err(PageError::NotCreated));
    let create = r#"{"event":"create_player","uuid":"11111111","username":"A","photo":"P"}"#;
    assert_eq!(shell.send(page, create), Ok(()));
    assert_eq!(shell.send(page, create), Err(PageError::CreatedTwice));
    shell.ticks(2);
    assert_eq!(shell.room.status().seats_taken, 1);
}

/// Flaw 5: a line goes to all, its sender included, in the name that the room knows.
#[test]
fn chat_goes_to_all_and_is_no_html() {
    let mut shell = Shell::new();
    let (a, b) = (shell.enter(A, "<i>A</i>"), shell.enter(B, "B"));
    shell.ticks(2);
    let seen = other(&shell.heard(b));
    shell.heard(a);
    let line = r#"{"event":"message","uuid":"11111111","username":"B","text":"<img src=x onerror='a()'> & \"b\""}"#;
    shell.send(a, line).expect("chat");
    let rest = r#","username":"&lt;i&gt;A&lt;/i&gt;","text":"&lt;img src=x onerror=&#39;a()&#39;&gt; &amp; &quot;b&quot;"}"#;
    let head = r#"{"type":"group_send_event","event":"message","uuid":""#;
    assert_eq!(shell.heard(a), [format!("{head}{A}\"{rest}")]);
    assert_eq!(shell.heard(b), [format!("{head}{seen}\"{rest}")]);
}

#[test]
fn errors_of_the_room_are_lines_of_the_server() {
    let mut shell = Shell::of(bolide_sim::Rules { capacity: 2, ..crate::shell::rules(false) });
    for (uuid, name) in [(A, "A"), (B, "B")] {
        shell.enter(uuid, name);
        shell.ticks(1);
    }
    let third = shell.enter("33333333", "C");
    let lines = shell.events(third, "message");
    assert_eq!(lines[0]["username"], "server");
    let text = lines[0]["text"].as_str().expect("a text");
    assert!(text.starts_with("all 2 seats of this room are taken"), "{text}");
    let line = r#"{"event":"message","uuid":"11111111","username":"A","text":"x"}"#;
    for _ in 0..6 {
        shell.send(0, line).expect("chat");
    }
    let lines = shell.events(0, "message");
    let text = lines[5]["text"].as_str().expect("a text");
    assert!(text.starts_with("at most 5 lines in 5 s"), "{text}");
}
