//! Moves, shots and blinks: those that the rules allow go to every page, and no others.

use bolide_legacy::PageError;
use bolide_net::ClientMessage;
use bolide_sim::Motion;
use serde_json::Value;

use crate::shell::{Shell, fight, rules};

/// Lets A act, and returns what A and B hear of it in the next two ticks.
fn act(shell: &mut Shell, frame: &str) -> [Vec<String>; 2] {
    shell.heard(0);
    shell.heard(1);
    shell.send(0, frame).expect("an old frame");
    shell.ticks(2);
    [shell.heard(0), shell.heard(1)]
}

/// A hears its own frame again, B the same in the number by which it knows A.
#[test]
fn what_the_rules_allow_goes_to_all_in_the_order_of_the_keys() {
    let mut shell = fight(&rules(false));
    let seen = shell.seen(1, 0);
    for (event, place) in
        [("move_to", r#""tx":0.5,"ty":0.25}"#), ("blink", r#""tx":0.25,"ty":0.5}"#)]
    {
        let frame = format!(r#"{{"event":"{event}","uuid":"11111111",{place}"#);
        let told = ["11111111", &seen].map(|uuid| {
            vec![format!(
                r#"{{"type":"group_send_event","event":"{event}","uuid":"{uuid}",{place}"#
            )]
        });
        assert_eq!(act(&mut shell, &frame), told);
    }
    // The second blink is too early. The rules refuse it, and A is put back.
    let early = r#"{"event":"flash","uuid":"11111111","tx":0.25,"ty":0.25}"#;
    let [a, b] = act(&mut shell, early);
    let attack: Value = serde_json::from_str(&a[0]).expect("JSON");
    assert_eq!((&attack["event"], &attack["damage"]), (&"attack".into(), &0.0.into()));
    assert_eq!((&attack["x"], &attack["y"]), (&0.25.into(), &0.5.into()));
    assert_eq!(b, [""; 0]);
}

/// A ball keeps the number of its page, and has another one on each other page.
#[test]
fn a_shot_goes_to_all() {
    let mut shell = fight(&rules(false));
    let seen = shell.seen(1, 0);
    let shot =
        r#"{"event":"shoot_fireball","uuid":"11111111","tx":0.5,"ty":-9,"ball_uuid":"55555555"}"#;
    let heard = act(&mut shell, shot);
    let [a, b] = heard.map(|frames| serde_json::from_str::<Value>(&frames[0]).expect("JSON"));
    assert_eq!((&a["uuid"], &a["ball_uuid"]), (&"11111111".into(), &"55555555".into()));
    assert_eq!((&b["uuid"], &b["event"]), (&seen.into(), &"shoot_fireball".into()));
    assert_ne!(b["ball_uuid"], "55555555");
    // It flies straight up, as far as the rules let it.
    assert_eq!((&b["tx"], &a["tx"]), (&0.5.into(), &0.5.into()));
    assert!((b["ty"].as_f64().expect("a number") - (0.5 - 16.0 / 9.0)).abs() < 1e-4, "{b}");
}

/// Flaw 3: a page that shoots or blinks too early is not believed, and B hears nothing.
#[test]
fn a_cooldown_is_that_of_the_server() {
    let mut shell = fight(&rules(true));
    let shot =
        r#"{"event":"shoot_fireball","uuid":"11111111","tx":0.5,"ty":-9,"ball_uuid":"5555555"#;
    for (ball, is_told) in [("1\"}", true), ("2\"}", false)] {
        let [_, b] = act(&mut shell, &format!("{shot}{ball}"));
        assert_eq!(!b.is_empty(), is_told, "{ball}: {b:?}");
    }
    let speed = r#"{"event":"move_to","uuid":"11111111","tx":64,"ty":0.5}"#;
    let before = shell.at(0);
    act(&mut shell, speed);
    shell.ticks(28);
    let walked = shell.at(0).distance(before);
    assert!(walked < 0.151, "{walked}");
}

/// Frames may arrive closer together than they were sent. A shot that is a little early is thrown
/// when its cooldown ends.
#[test]
fn a_shot_that_is_a_little_early_waits() {
    for (early, is_thrown) in [(1, true), (6, true), (12, false)] {
        let mut shell = fight(&rules(true));
        let shot = |ball: &str| {
            format!(
                r#"{{"event":"shoot_fireball","uuid":"11111111","tx":0.5,"ty":-9,"ball_uuid":"{ball}"}}"#
            )
        };
        act(&mut shell, &shot("55555555"));
        shell.ticks(90 - 2 - early);
        shell.heard(1);
        shell.send(0, &shot("66666666")).expect("a shot");
        shell.ticks(early + 2);
        assert_eq!(shell.events(1, "shoot_fireball").len(), usize::from(is_thrown), "{early}");
    }
}

/// A page that is put right in mid-walk cannot be told to walk on. It stands in the truth too, and
/// walks to that place on the other pages.
#[test]
fn a_walk_that_is_put_right_ends() {
    let mut shell = fight(&rules(false));
    let seen = shell.seen(1, 0);
    act(&mut shell, r#"{"event":"blink","uuid":"11111111","tx":0.5,"ty":0.1}"#);
    act(&mut shell, r#"{"event":"move_to","uuid":"11111111","tx":0.1,"ty":0.1}"#);
    shell.ticks(10);
    let [a, b] = act(&mut shell, r#"{"event":"blink","uuid":"11111111","tx":0.9,"ty":0.9}"#);
    assert!(a[0].contains("attack"), "{a:?}");
    assert!(matches!(shell.room.world().players()[0].motion, Motion::Stand { .. }));
    let at = shell.at(0).to_vec2();
    let stop: Value = serde_json::from_str(b.last().expect("told")).expect("JSON");
    assert_eq!((&stop["event"], &stop["uuid"]), (&"move_to".into(), &seen.into()));
    let off = (stop["tx"].as_f64().expect("a number") - f64::from(at.x)).abs();
    assert!(off < 1e-4 && shell.pages[1].page.counts().corrected == 0, "{stop} {at}");
    shell.ticks(40);
    assert_eq!((shell.at(0).to_vec2(), shell.heard(1)), (at, Vec::new()));
}

/// While the server withholds snapshots, the page walks. It is not put back when they come.
#[test]
fn a_walk_that_is_shown_late_goes_on() {
    let mut shell = fight(&rules(false));
    shell.heard(0);
    shell.send(0, r#"{"event":"move_to","uuid":"11111111","tx":0.1,"ty":0.5}"#).expect("a walk");
    shell.unshown_ticks(9);
    shell.ticks(60);
    assert_eq!(shell.events(0, "attack"), [Value::Null; 0]);
}

/// Events wait for the snapshot that says where a ball flies.
#[test]
fn a_shot_that_is_shown_late_is_told() {
    let mut shell = fight(&rules(false));
    shell.heard(1);
    let shot =
        r#"{"event":"shoot_fireball","uuid":"11111111","tx":0.5,"ty":-9,"ball_uuid":"55555555"}"#;
    shell.send(0, shot).expect("a shot");
    shell.unshown_ticks(5);
    assert_eq!(shell.heard(1), [""; 0]);
    shell.ticks(1);
    assert_eq!(shell.events(1, "shoot_fireball").len(), 1);
}

/// A page that is alone waits, and its walk is its own.
#[test]
fn nothing_reaches_the_room_before_the_fight() {
    let mut shell = Shell::new();
    let a = shell.enter("11111111", "A");
    shell.ticks(2);
    shell.send(a, r#"{"event":"move_to","uuid":"11111111","tx":0,"ty":0}"#).expect("a frame");
    let inputs = shell.pages[a].said.iter().filter(|one| matches!(one, ClientMessage::Input(_)));
    assert_eq!(inputs.count(), 0);
}

/// Flaw 4: nothing of a frame that is refused reaches the room.
#[test]
fn no_place_is_nan() {
    let mut shell = fight(&rules(false));
    let said = shell.pages[0].said.len();
    for place in [r#""0.5""#, "null", "NaN", "1e999", "[]", "{}", "true", "\"NaN\""] {
        for event in ["move_to", "blink", "shoot_fireball"] {
            let frame = format!(
                r#"{{"event":"{event}","uuid":"11111111","tx":0.5,"ty":{place},"ball_uuid":"55555555"}}"#
            );
            assert!(shell.send(0, &frame).is_err(), "{frame}");
        }
    }
    assert_eq!(shell.pages[0].said.len(), said);
}

/// Flaw 2: the events of one page, each in the name of another.
#[test]
fn nobody_acts_as_another() {
    let mut shell = fight(&rules(false));
    for uuid in [shell.seen(0, 1), "22222222".to_owned(), "99999999".to_owned()] {
        for rest in [
            r#""event":"move_to","tx":0,"ty":0"#,
            r#""event":"blink","tx":0,"ty":0"#,
            r#""event":"shoot_fireball","tx":0,"ty":0,"ball_uuid":"55555555""#,
            r#""event":"attack","attackee_uuid":"11111111","x":0,"y":0,"angle":0,"damage":1,"ball_uuid":"55555555""#,
            r#""event":"message","username":"B","text":"x""#,
        ] {
            let frame = format!(r#"{{"uuid":"{uuid}",{rest}}}"#);
            assert_eq!(shell.send(0, &frame), Err(PageError::Stranger), "{frame}");
        }
    }
}
