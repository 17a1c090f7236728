//! Hits and claims: the room decides, and each page is told what it does not know.

use bolide_sim::{Motion, Rules};
use serde_json::Value;

use crate::shell::{Shell, fight, rules};

const SHOT: &str = r#"{"event":"shoot_fireball","uuid":"11111111","ball_uuid":"55555555""#;

/// Returns a claim of A.
fn claim(victim: &str, ball: &str, damage: f64) -> String {
    format!(
        r#"{{"event":"attack","uuid":"11111111","attackee_uuid":"{victim}","x":1.25,"y":0.5,"angle":0,"damage":{damage},"ball_uuid":"{ball}"}}"#
    )
}

/// Returns the attacks that a page hears within some ticks: uuid, attackee, x, y, angle and damage.
fn attacks(shell: &mut Shell, page: usize, ticks: u32) -> Vec<(String, String, [f64; 4])> {
    shell.heard(page);
    shell.ticks(ticks);
    let attack = |frame: Value| {
        let text = |key: &str| frame[key].as_str().expect("a text").to_owned();
        let number = |key: &str| frame[key].as_f64().expect("a number");
        (text("uuid"), text("attackee_uuid"), ["x", "y", "angle", "damage"].map(number))
    };
    shell.events(page, "attack").into_iter().map(attack).collect()
}

/// A stands at (0.5, 0.5), B at (1.25, 0.5). The ball needs 0.86 s.
const FLIGHT_TICKS: u32 = 29;

#[test]
fn a_true_hit_is_told_with_the_true_place() {
    let mut shell = fight(&rules(false));
    let (a_of_b, b_of_a) = (shell.seen(1, 0), shell.seen(0, 1));
    shell.send(0, &format!(r#"{SHOT},"tx":9,"ty":0.5}}"#)).expect("a shot");
    shell.ticks(2);
    let ball = shell.events(1, "shoot_fireball")[0]["ball_uuid"].clone();
    shell.ticks(FLIGHT_TICKS - 6);
    shell.heard(0);
    shell.heard(1);
    shell.ticks(6);
    let attack = shell.events(1, "attack")[0].clone();
    let expect = format!(
        r#"{{"type":"group_send_event","event":"attack","uuid":"{a_of_b}","attackee_uuid":"22222222","x":1.25,"y":0.5,"angle":0.0,"damage":0.01,"ball_uuid":{ball}}}"#
    );
    assert_eq!(attack, serde_json::from_str::<Value>(&expect).expect("JSON"));
    // A claims what it saw. It is told nothing until the push has ended.
    assert_eq!(shell.events(0, "attack"), [Value::Null; 0]);
    shell.send(0, &claim(&b_of_a, "55555555", 0.01)).expect("a claim");
    shell.ticks(18);
    assert_eq!(shell.events(0, "attack"), [Value::Null; 0]);
    let told = attacks(&mut shell, 0, 10);
    let [(_, victim, [x, y, _, damage])] = &told[..] else { panic!("{told:?}") };
    assert_eq!((victim, *y, *damage), (&b_of_a, 0.5, 0.0));
    assert!((x - 1.415).abs() < 0.005, "{told:?}");
    let counts = shell.pages[0].page.counts();
    assert_eq!((counts.claims.confirmed, counts.claims.denied, counts.corrected), (1, 0, 0));
}

/// The victim's last known motion is its first push, which says the right place for ever.
#[test]
fn the_second_hit_begins_where_the_first_push_ended() {
    let mut shell = fight(&rules(false));
    let mut starts = Vec::new();
    for _ in 0..2 {
        shell.send(0, &format!(r#"{SHOT},"tx":9,"ty":0.5}}"#)).expect("a shot");
        let told = attacks(&mut shell, 1, 80);
        starts.push(told[0].2[0]);
    }
    assert_eq!(starts[0], 1.25);
    assert!((starts[1] - 1.415).abs() < 0.005, "{starts:?}");
}

/// It was not told of the shot.
#[test]
fn a_late_joiner_is_told_the_direction_of_a_push() {
    let mut shell = fight(&rules(false));
    let shot =
        r#"{"event":"shoot_fireball","uuid":"22222222","tx":-9,"ty":0.5,"ball_uuid":"77777777"}"#;
    shell.send(1, shot).expect("a shot");
    shell.ticks(5);
    let late = shell.enter("33333333", "C");
    shell.send(late, r#"{"event":"move_to","uuid":"33333333","tx":0.8,"ty":0.9}"#).expect("a walk");
    shell.ticks(5);
    let told = attacks(&mut shell, late, FLIGHT_TICKS);
    let angle = told.iter().find(|told| told.2[3] > 0.0).expect("a hit").2[2];
    assert!((angle.abs() - std::f64::consts::PI).abs() < 0.001, "{told:?}");
}

#[test]
fn a_hit_that_the_shooter_did_not_see_is_told_to_it() {
    let mut shell = fight(&rules(false));
    let b_of_a = shell.seen(0, 1);
    shell.send(0, &format!(r#"{SHOT},"tx":9,"ty":0.5}}"#)).expect("a shot");
    let told = attacks(&mut shell, 0, FLIGHT_TICKS + 25);
    let damages: Vec<f64> = told.iter().map(|(.., numbers)| numbers[3]).collect();
    assert!((damages[0] - 0.01).abs() < 1e-12 && damages[1] == 0.0, "{told:?}");
    // Not in its own name, in which it would be dropped.
    assert!(told.iter().all(|(by, victim, _)| by != "11111111" && *victim == b_of_a), "{told:?}");
    assert_eq!(shell.pages[0].page.counts().claims.told, 1);
}

/// Flaw 1: a claim proves nothing.
#[test]
fn a_claim_that_no_hit_confirms_is_undone_at_the_claimant_alone() {
    let mut shell = fight(&rules(false));
    let b_of_a = shell.seen(0, 1);
    shell.send(0, &format!(r#"{SHOT},"tx":0.5,"ty":-9}}"#)).expect("a shot");
    shell.ticks(10);
    shell.heard(1);
    shell.send(0, &claim(&b_of_a, "55555555", 0.01)).expect("a claim");
    let told = attacks(&mut shell, 0, 20);
    let [(by, victim, [x, y, _, damage])] = &told[..] else { panic!("{told:?}") };
    assert_ne!(by, "11111111");
    assert_eq!((victim, *x, *y), (&b_of_a, 1.25, 0.5));
    assert!((damage + 0.01).abs() < 1e-12, "{told:?}");
    assert_eq!(shell.heard(1), [""; 0]);
    assert_eq!(shell.health(1), 50);
    assert_eq!(shell.pages[0].page.counts().claims.denied, 1);
}

/// A victim that the claim removed from the page is created again, in another number.
#[test]
fn a_false_death_is_undone() {
    let mut shell = fight(&rules(false));
    let b_of_a = shell.seen(0, 1);
    shell.send(0, &format!(r#"{SHOT},"tx":0.5,"ty":-9}}"#)).expect("a shot");
    shell.ticks(10);
    shell.heard(0);
    shell.send(0, &claim(&b_of_a, "55555555", 1.0)).expect("a claim");
    shell.ticks(20);
    let heard = shell.heard(0);
    let frames: Vec<Value> =
        heard.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    let create = frames.iter().position(|frame| frame["event"] == "create_player");
    let create = create.expect("created again");
    assert_eq!(frames[create]["username"], "B");
    assert_ne!(frames[create]["uuid"], *b_of_a);
    let place = &frames[create + 1];
    assert_eq!((&place["attackee_uuid"], &place["damage"]), (&frames[create]["uuid"], &0.0.into()));
    assert_eq!((&place["x"], &place["y"]), (&1.25.into(), &0.5.into()));
}

/// Without a ball of its own, a page has seen no hit: nothing is said to anybody.
#[test]
fn a_claim_without_a_ball_is_nothing() {
    let mut shell = fight(&rules(false));
    let b_of_a = shell.seen(0, 1);
    shell.heard(0);
    shell.heard(1);
    for ball in ["55555555", "00000000"] {
        shell.send(0, &claim(&b_of_a, ball, 1.0)).expect("a claim");
    }
    // A ball of B, in the number by which A knows it.
    let shot =
        r#"{"event":"shoot_fireball","uuid":"22222222","tx":0.5,"ty":-9,"ball_uuid":"66666666"}"#;
    shell.send(1, shot).expect("a shot");
    shell.ticks(2);
    let ball = shell.events(0, "shoot_fireball")[0]["ball_uuid"].clone();
    shell.heard(1);
    shell.send(0, &claim(&b_of_a, ball.as_str().expect("a text"), 0.01)).expect("a claim");
    shell.ticks(20);
    assert_eq!((shell.heard(0), shell.heard(1)), (Vec::new(), Vec::new()));
    assert_eq!(shell.pages[0].page.counts().claims.ignored, 3);
}

/// The third hit of set A, the fourth of set B.
#[test]
fn the_last_hit_ends_the_game_on_every_page() {
    for (is_slow, hits) in [(false, 3), (true, 4)] {
        let mut shell =
            fight(&Rules { fireball_cooldown_s: 0.0, fireball_range: 4.0, ..rules(is_slow) });
        let b_of_a = shell.seen(0, 1);
        let mut radius = 0.05f64;
        for hit in 0..hits {
            let at = shell.at(1).to_vec2();
            let place = format!(r#""tx":{},"ty":{}"#, at.x, at.y);
            let shot = format!(
                r#"{{"event":"shoot_fireball","uuid":"11111111",{place},"ball_uuid":"5555555{hit}"}}"#
            );
            shell.send(0, &shot).expect("a shot");
            for (_, victim, [.., damage]) in attacks(&mut shell, 0, 150) {
                assert_eq!(victim, b_of_a);
                radius -= damage;
            }
            let is_dead = radius < if is_slow { 0.01 } else { 0.02 };
            assert_eq!(is_dead, hit + 1 == hits, "{radius} after hit {hit}");
        }
    }
}

/// Flaw 9: the ball of a dead shooter flies on, and hits on every page.
#[test]
fn the_ball_of_a_dead_shooter_hits_for_all() {
    let mut shell = fight(&Rules { dead_at: 40, ..rules(false) });
    let c = shell.enter("33333333", "C");
    shell.ticks(2);
    shell.send(c, r#"{"event":"move_to","uuid":"33333333","tx":0.8,"ty":0.95}"#).expect("a walk");
    shell.ticks(60);
    let shot =
        r#"{"event":"shoot_fireball","uuid":"22222222","tx":-9,"ty":0.5,"ball_uuid":"77777777"}"#;
    shell.send(1, shot).expect("a shot");
    shell.ticks(5);
    shell.send(0, &format!(r#"{SHOT},"tx":9,"ty":0.5}}"#)).expect("a shot");
    let (a_of_c, b_of_c) = (shell.seen(c, 0), shell.seen(c, 1));
    let told = attacks(&mut shell, c, FLIGHT_TICKS + 30);
    let hits = told.iter().filter(|(_, _, [.., damage])| (0.001..1.0).contains(damage));
    let victims: Vec<_> = hits.map(|(_, victim, _)| victim.clone()).collect();
    assert_eq!(victims, [a_of_c, b_of_c]);
    assert_eq!((shell.health(0), shell.health(1)), (40, 40));
}

/// A page that was hit is asked how far it has read. A walk that it began before is over there, so
/// it is not begun in the room.
#[test]
fn a_walk_from_before_a_hit_is_not_passed_on() {
    let mut shell = hit_unseen();
    let pings = std::mem::take(&mut shell.pages[1].pings);
    let said = shell.pages[1].said.len();
    let walk = r#"{"event":"move_to","uuid":"22222222","tx":0,"ty":0}"#;
    shell.send(1, walk).expect("a walk");
    // The push ends, and the page is told where. It has read the hit, and not that.
    shell.ticks(20);
    pings.into_iter().for_each(|nonce| shell.pong(1, nonce));
    shell.send(1, walk).expect("a walk");
    assert!(shell.pages[1].said[said..].iter().all(|one| !is_input(one)));
    answer(&mut shell);
    shell.send(1, walk).expect("a walk");
    assert!(shell.pages[1].said[said..].iter().any(is_input));
}

/// Lets B be hit, and returns before its page has seen that.
fn hit_unseen() -> Shell {
    let mut shell = fight(&rules(false));
    shell.pages[1].answers = false;
    shell.send(0, &format!(r#"{SHOT},"tx":9,"ty":0.5}}"#)).expect("a shot");
    shell.ticks(FLIGHT_TICKS);
    assert!(!shell.pages[1].pings.is_empty(), "no ping after the hit");
    shell
}

/// Lets B's page answer its pings.
fn answer(shell: &mut Shell) {
    for nonce in std::mem::take(&mut shell.pages[1].pings) {
        shell.pong(1, nonce);
    }
}

/// The page blinked, and then the hit put it back.
#[test]
fn a_blink_from_before_a_hit_counts_and_is_told_again() {
    let mut shell = hit_unseen();
    let blink = r#"{"event":"blink","uuid":"22222222","tx":1.25,"ty":0.75}"#;
    shell.send(1, blink).expect("a blink");
    shell.heard(1);
    shell.ticks(1);
    let attack = shell.events(1, "attack")[0].clone();
    assert_eq!((&attack["attackee_uuid"], &attack["damage"]), (&"22222222".into(), &0.0.into()));
    assert_eq!((&attack["x"], &attack["y"]), (&1.25.into(), &0.75.into()));
}

/// A browser answers a ping before the page has read the frames before it. A walk that comes right
/// after the answer may be over on the page, so the page is told where it ended.
#[test]
fn a_walk_right_after_the_answer_is_in_doubt() {
    for (wait, is_told) in [(0, true), (1, true), (2, false)] {
        let mut shell = hit_unseen();
        shell.ticks(30);
        answer(&mut shell);
        shell.ticks(wait);
        let walk = r#"{"event":"move_to","uuid":"22222222","tx":1.5,"ty":0.5}"#;
        shell.send(1, walk).expect("a walk");
        shell.heard(1);
        shell.ticks(40);
        let told = shell.events(1, "attack");
        assert_eq!(!told.is_empty(), is_told, "after {wait} ticks: {told:?}");
    }
}

/// A claim may have killed before the page read that an earlier one was undone. Its victim is
/// removed, and created again.
#[test]
fn a_claim_from_before_a_correction_may_have_killed() {
    let mut shell = fight(&rules(false));
    let b_of_a = shell.seen(0, 1);
    for ball in ["55555555", "66666666"] {
        let shot = format!(
            r#"{{"event":"shoot_fireball","uuid":"11111111","tx":0.5,"ty":-9,"ball_uuid":"{ball}"}}"#
        );
        shell.send(0, &shot).expect("a shot");
        shell.ticks(1);
    }
    shell.send(0, &claim(&b_of_a, "55555555", 0.025)).expect("a claim");
    let told = attacks(&mut shell, 0, 8);
    assert!((told[0].2[3] + 0.025).abs() < 1e-12, "{told:?}");
    shell.send(0, &claim(&b_of_a, "66666666", 0.01)).expect("a claim");
    shell.ticks(9);
    let heard = shell.heard(0);
    assert!(heard[0].contains(&b_of_a) && heard[0].contains(r#""damage":1.0"#), "{heard:?}");
    assert!(heard[1].contains("create_player") && !heard[1].contains(&b_of_a), "{heard:?}");
}

/// A hit in the past pushes its victim from where it is now, not from where it was touched.
#[test]
fn a_victim_is_pushed_from_where_it_is() {
    let mut shell = fight(&rules(false));
    shell.pages[0].answers = false;
    shell.send(1, r#"{"event":"move_to","uuid":"22222222","tx":1.25,"ty":0.9}"#).expect("a walk");
    shell.ticks(10);
    // 0.86 s later B is 0.26 farther. A saw it six ticks ago.
    shell.send(0, &format!(r#"{SHOT},"tx":1.25,"ty":0.85}}"#)).expect("a shot");
    shell.heard(1);
    for _ in 0..60 {
        shell.ticks(1);
        if let Some(attack) = shell.events(1, "attack").first() {
            let Motion::Push { from, .. } = shell.room.world().players()[1].motion else {
                panic!("no push");
            };
            let from = from.to_vec2();
            let at = [&attack["x"], &attack["y"]].map(|at| at.as_f64().expect("a number"));
            let off = (at[0] - f64::from(from.x)).hypot(at[1] - f64::from(from.y));
            assert!(off < 1e-4, "{attack} {from}");
            return;
        }
    }
    panic!("no hit");
}

const fn is_input(message: &bolide_net::ClientMessage) -> bool {
    matches!(message, bolide_net::ClientMessage::Input(_))
}
