//! Company that changes: who leaves vanishes, who comes late is brought up to date, and a page
//! plays the next match if its player is alive.

use bolide_net::ClientMessage;
use bolide_room::Stage;
use bolide_sim::Rules;
use serde_json::Value;

use crate::dice::Dice;
use crate::page_model::{OldPage, SET_A, SET_B};
use crate::shell::{Shell, fight, rules};

/// Returns a model of a page that has heard what this page heard so far.
fn model(shell: &mut Shell, page: usize, uuid: &str, is_slow: bool) -> OldPage {
    let mut model = OldPage::new(if is_slow { SET_B } else { SET_A }, uuid.to_owned(), Dice::of(1));
    model.is_playing = false;
    shell.heard(page).iter().for_each(|text| model.hear(text));
    model
}

fn names(model: &OldPage) -> Vec<&str> {
    let names = model.players.iter().map(|player| player.name.as_str());
    names.filter(|name| !name.is_empty()).collect()
}

/// Flaw 6: a leaver is no ghost.
#[test]
fn a_leaver_vanishes_at_once() {
    let mut shell = fight(&rules(false));
    let a_of_b = shell.seen(1, 0);
    shell.leave(0);
    shell.heard(1);
    shell.ticks(1);
    let attack = shell.events(1, "attack")[0].clone();
    assert_eq!(
        (&attack["uuid"], &attack["attackee_uuid"]),
        (&attack["attackee_uuid"], &a_of_b.into())
    );
    assert_eq!(attack["damage"], 1.0);
    assert_eq!(shell.room.status().seats_taken, 1);
}

/// A seat that is taken by another between two snapshots is another player.
#[test]
fn the_seat_of_a_leaver_may_be_taken_at_once() {
    let mut shell = fight(&rules(false));
    let b_of_a = shell.seen(0, 1);
    shell.heard(0);
    shell.leave(1);
    shell.unshown_ticks(1);
    shell.enter("33333333", "C");
    shell.unshown_ticks(1);
    shell.ticks(1);
    let c_of_a = shell.seen(0, 2);
    assert_ne!(c_of_a, b_of_a);
    let heard = shell.heard(0);
    let mut gone = heard.iter().filter(|text| text.contains(&b_of_a));
    assert!(gone.next().is_some_and(|text| text.contains(r#""damage":1.0"#)), "{heard:?}");
    assert!(heard.iter().any(|text| text.contains(&c_of_a)), "{heard:?}");
}

/// Flaw 10: the page of a late joiner shows everybody where they are, as large as they are, and
/// walking.
#[test]
fn a_late_joiner_is_brought_up_to_date() {
    let mut shell = fight(&rules(false));
    let shot =
        r#"{"event":"shoot_fireball","uuid":"11111111","tx":9,"ty":0.5,"ball_uuid":"55555555"}"#;
    shell.send(0, shot).expect("a shot");
    shell.ticks(60);
    shell.send(0, r#"{"event":"move_to","uuid":"11111111","tx":0.5,"ty":0.9}"#).expect("a walk");
    shell.ticks(10);
    let c = shell.enter("33333333", "C");
    shell.ticks(2);
    let mut model = model(&mut shell, c, "33333333", false);
    assert_eq!(names(&model), ["33333333", "A", "B"]);
    assert!(model.fights);
    for _ in 0..30 {
        model.frame(1.0 / 60.0);
        model.frame(1.0 / 60.0);
        shell.ticks(1);
        shell.heard(c).iter().for_each(|text| model.hear(text));
        for (index, name) in ["A", "B"].iter().enumerate() {
            let shown = model.players.iter().find(|player| player.name == *name).expect("shown");
            let at = shell.at(index).to_vec2();
            let off = (f64::from(at.x) - shown.x).hypot(f64::from(at.y) - shown.y);
            assert!(off < 0.02, "{name} {off}");
            let radius = f64::from(shell.health(index)) * 0.001;
            assert!((shown.radius - radius).abs() < 1e-9, "{name} {}", shown.radius);
        }
    }
}

/// A page knows no protection: it would see its balls hit. It is told of a late joiner when they
/// do.
#[test]
fn a_late_joiner_is_shown_when_it_can_be_hit() {
    let mut shell = fight(&Rules { protection_s: 0.25, ..rules(false) });
    shell.heard(0);
    let c = shell.enter("33333333", "C");
    // The tick of the join, and 0.25 s.
    shell.ticks(1 + 7);
    assert_eq!(shell.events(0, "create_player"), [Value::Null; 0]);
    let names = shell.events(c, "create_player");
    assert!(names.iter().any(|frame| frame["username"] == "A"), "{names:?}");
    shell.ticks(2);
    assert_eq!(shell.events(0, "create_player")[0]["username"], "C");
    // One that leaves before that was never there.
    let d = shell.enter("44444444", "D");
    shell.ticks(3);
    shell.leave(d);
    shell.ticks(10);
    assert!(shell.heard(0).iter().all(|text| !text.contains(r#""D""#)));
}

/// A page begins to fight at the number of its rule set, so a fight of fewer is made up.
#[test]
fn a_page_that_joins_a_fight_of_few_does_not_wait_for_ever() {
    for is_slow in [false, true] {
        let mut shell = Shell::of(rules(is_slow));
        for uuid in ["11111111", "22222222", "33333333"] {
            shell.enter(uuid, "X");
        }
        shell.ticks(3);
        shell.leave(0);
        shell.leave(1);
        shell.ticks(2);
        let late = shell.enter("44444444", "L");
        shell.ticks(2);
        let model = model(&mut shell, late, "44444444", is_slow);
        assert!(model.fights, "{is_slow}");
        assert_eq!(names(&model), ["44444444", "X 3"]);
    }
}

/// Without late joins, who comes late waits for the next match, and is told of nobody before.
#[test]
fn a_page_that_may_not_join_waits() {
    let rules = Rules { late_joins: false, ends_at: 1, ..rules(false) };
    let mut shell = fight(&rules);
    let c = shell.enter("33333333", "C");
    shell.ticks(5);
    let mut model = model(&mut shell, c, "33333333", false);
    assert!(!model.fights);
    shell.leave(0);
    shell.ticks(60);
    shell.heard(c).iter().for_each(|text| model.hear(text));
    assert!(model.fights);
    assert_eq!(names(&model), ["33333333", "B"]);
}

/// The winner plays on at full size. The loser's page cannot come back: it leaves and is closed.
#[test]
fn the_next_match_is_played_by_who_is_alive_on_its_page() {
    let mut shell = fight(&Rules { ends_at: 1, ..rules(false) });
    let mut winner = model(&mut shell, 0, "11111111", false);
    let c = shell.enter("33333333", "C");
    shell.ticks(2);
    shell.leave(c);
    for hit in 0..3 {
        let at = shell.at(1).to_vec2();
        let shot = format!(
            r#"{{"event":"shoot_fireball","uuid":"11111111","tx":{},"ty":{},"ball_uuid":"5555555{hit}"}}"#,
            at.x, at.y
        );
        shell.send(0, &shot).expect("a shot");
        shell.ticks(if hit == 2 { 30 } else { 90 });
    }
    while shell.room.status().stage != Stage::Over {
        shell.ticks(1);
    }
    shell.ticks(1);
    assert!(shell.pages[0].said.contains(&ClientMessage::Rematch));
    let d = shell.enter("44444444", "D");
    shell.ticks(60);
    assert!(shell.pages[1].is_closed && shell.pages[1].said.contains(&ClientMessage::Leave));
    assert!(!shell.pages[0].is_closed && !shell.pages[d].is_closed);
    shell.heard(0).iter().for_each(|text| winner.hear(text));
    assert_eq!(names(&winner), ["11111111", "D"]);
    assert!((winner.players[0].radius - 0.05).abs() < 1e-9);
    let at = (winner.players[0].x, winner.players[0].y);
    assert!((at.0 - 8.0 / 9.0).abs() < 0.001 && (at.1 - 0.5).abs() < 0.001, "{at:?}");
}

/// Every frame to a page is one JSON object with its keys in order.
#[test]
fn frames_are_strict_json() {
    let mut shell = fight(&rules(false));
    for frame in shell.heard(0) {
        let value: Value = serde_json::from_str(&frame).expect("strict JSON");
        let first = if value["type"].is_null() { "{\"event\":" } else { "{\"type\":" };
        assert!(frame.starts_with(first), "{frame}");
    }
}
