//! A forger that draws 10,000 plausible lies from a grammar. None has an effect on anybody else.

use crate::dice::Dice;
use crate::shell::{Shell, fight, rules};

const LIES: usize = 10_000;

/// Numbers and texts that a liar would try.
struct Liar {
    dice: Dice,
    /// The numbers by which it knows the others, their own numbers, and numbers of nobody.
    uuids: Vec<String>,
    /// Numbers of balls: its own, and those that it was told.
    balls: Vec<String>,
}

impl Liar {
    fn pick(&mut self, from: &[&str]) -> String {
        from[self.dice.below(from.len())].to_owned()
    }

    fn uuid(&mut self) -> String {
        // Mostly the newest number that it was told.
        let count = self.uuids.len();
        let index = if self.dice.share() < 0.6 { count - 1 } else { self.dice.below(count) };
        self.uuids[index].clone()
    }

    fn ball(&mut self) -> String {
        // Mostly its own newest balls.
        let count = self.balls.len();
        let index = count.saturating_sub(self.dice.below(8)).min(self.dice.below(2 * count + 2));
        self.balls.get(index).cloned().unwrap_or_else(|| self.dice.digits())
    }

    fn number(&mut self) -> String {
        let odd = ["1e999", "-1e308", "null", "\"0.5\"", "NaN", "[]", "1.25", "0.5", "0", "-0.0"];
        if self.dice.share() < 0.05 {
            self.pick(&odd)
        } else {
            format!("{:.4}", 3.0 * self.dice.share() - 1.0)
        }
    }

    fn damage(&mut self) -> String {
        self.pick(&["0.01", "0.01", "1", "-1", "0.05", "-0.01", "1e300", "0.02", "\"1\"", "0"])
    }

    fn lie(&mut self) -> String {
        let (x, y) = (self.number(), self.number());
        let (uuid, victim, ball) = (self.uuid(), self.uuid(), self.ball());
        let own = if self.dice.share() < 0.9 { "11111111".to_owned() } else { uuid.clone() };
        match self.dice.below(9) {
            0 => {
                format!(r#"{{"event":"create_player","uuid":"{own}","username":"B","photo":"x"}}"#)
            }
            1 => format!(r#"{{"event":"move_to","uuid":"{uuid}","tx":{x},"ty":{y}}}"#),
            2 => format!(r#"{{"event":"blink","uuid":"{uuid}","tx":{x},"ty":{y}}}"#),
            // Its own shots are true: it aims where nobody is.
            3 => {
                let (ball, up) = (self.dice.digits(), -1.0 - self.dice.share());
                self.balls.push(ball.clone());
                format!(
                    r#"{{"event":"shoot_fireball","uuid":"11111111","tx":0.1,"ty":{up},"ball_uuid":"{ball}"}}"#
                )
            }
            4 => format!(
                r#"{{"event":"message","uuid":"{uuid}","username":"B","text":"<b>{x}</b>"}}"#
            ),
            5 => format!(r#"{{"event":"leave","uuid":"{own}"}}"#),
            _ => {
                let damage = self.damage();
                format!(
                    r#"{{"event":"attack","uuid":"{own}","attackee_uuid":"{victim}","x":{x},"y":{y},"angle":{x},"damage":{damage},"ball_uuid":"{ball}"}}"#
                )
            }
        }
    }
}

fn truth(shell: &Shell) -> Vec<String> {
    let world = shell.room.world();
    let others = world.players().iter().skip(1);
    others.map(|player| format!("{:?}", (player.at, player.health, player.life))).collect()
}

/// Flaw 1: no claim is believed, and Flaw 2.
#[test]
fn no_lie_has_an_effect() {
    let mut shell = fight(&rules(false));
    let before = truth(&shell);
    let (b_of_a, a_of_b) = (shell.seen(0, 1), shell.seen(1, 0));
    let uuids = [&a_of_b, "22222222", "99999999", "x", &b_of_a].map(str::to_owned).to_vec();
    let mut liar = Liar { dice: Dice::of(5), uuids, balls: Vec::new() };
    shell.heard(0);
    shell.heard(1);
    let mut refused = 0;
    for lie in 0..LIES {
        let text = liar.lie();
        refused += u32::from(shell.send(0, &text).is_err());
        if lie % 5 == 0 {
            shell.ticks(1);
        }
        for frame in shell.events(0, "create_player") {
            let uuid = frame["uuid"].as_str().expect("a text").to_owned();
            liar.uuids.extend(Some(uuid).filter(|uuid| uuid != "11111111"));
        }
        // B hears of A's true shots, and nothing else.
        for frame in shell.heard(1) {
            let is_true = frame.contains("\"shoot_fireball\"") && frame.contains(&a_of_b);
            assert!(is_true, "{text} told B {frame}");
        }
    }
    shell.ticks(90);
    assert_eq!(truth(&shell), before);
    assert_eq!(shell.health(0), 50);
    let counts = shell.pages[0].page.counts().claims;
    assert_eq!(counts.confirmed, 0);
    assert!(counts.denied > 300 && counts.ignored > 300 && refused > 3_000, "{counts:?} {refused}");
}
