//! A model of the old page, written from its description alone, so that an error of the belief
//! cannot hide in it. It draws frames at any rate, simulates by itself and believes what it is
//! told.

use serde_json::{Value, json};

use crate::dice::Dice;

/// The numbers that the page has of its rule set.
#[derive(Clone, Copy)]
pub(crate) struct RuleSet {
    speed: f64,
    ball_speed: f64,
    ball_range: f64,
    ball_cooldown_s: f64,
    blink_cooldown_s: f64,
    dead_below: f64,
    push_ends_below: f64,
    fight_at: u32,
}

pub(crate) const SET_A: RuleSet = RuleSet {
    speed: 0.3,
    ball_speed: 0.8,
    ball_range: 1.7778,
    ball_cooldown_s: 0.001,
    blink_cooldown_s: 3.0,
    dead_below: 0.02,
    push_ends_below: 0.01,
    fight_at: 2,
};

pub(crate) const SET_B: RuleSet = RuleSet {
    speed: 0.15,
    ball_speed: 0.5,
    ball_range: 1.0,
    ball_cooldown_s: 3.0,
    blink_cooldown_s: 5.0,
    dead_below: 0.01,
    push_ends_below: 0.01,
    fight_at: 3,
};

const RADIUS: f64 = 0.05;
const BALL_RADIUS: f64 = 0.01;
const DAMAGE: f64 = 0.01;
const BLINK_RANGE: f64 = 0.8;
const WIDTH: f64 = 16.0 / 9.0;

/// A page in one browser.
pub(crate) struct OldPage {
    rules: RuleSet,
    pub(crate) uuid: String,
    /// Its own player is the first while it lives.
    pub(crate) players: Vec<ModelPlayer>,
    seen: u32,
    pub(crate) fights: bool,
    is_over: bool,
    ball_cooldown_s: f64,
    blink_cooldown_s: f64,
    /// Balls that its own player threw, which outlive it.
    own_balls: Vec<Ball>,
    /// Seconds until the player at the page clicks again.
    clicks_in_s: f64,
    /// True while the player at the page clicks at all.
    pub(crate) is_playing: bool,
    dice: Dice,
    /// Frames to the server that were not taken yet.
    pub(crate) sent: Vec<String>,
    /// Attacks without a push that it was told more than a second after it showed a hit of that
    /// player, or the player for the first time.
    pub(crate) corrections: u32,
    now_s: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelPlayer {
    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) radius: f64,
    direction: (f64, f64),
    move_length: f64,
    push: (f64, f64),
    push_speed: f64,
    /// When it was created or hit last.
    changed_s: f64,
}

#[derive(Clone)]
struct Ball {
    uuid: String,
    x: f64,
    y: f64,
    direction: (f64, f64),
    length: f64,
}

impl ModelPlayer {
    fn new(uuid: &str, name: &str) -> ModelPlayer {
        ModelPlayer {
            uuid: uuid.to_owned(),
            name: name.to_owned(),
            x: WIDTH / 2.0,
            y: 0.5,
            radius: RADIUS,
            direction: (0.0, 0.0),
            move_length: 0.0,
            push: (0.0, 0.0),
            push_speed: 0.0,
            changed_s: 0.0,
        }
    }

    fn move_to(&mut self, tx: f64, ty: f64) {
        self.move_length = (tx - self.x).hypot(ty - self.y);
        let angle = (ty - self.y).atan2(tx - self.x);
        self.direction = (angle.cos(), angle.sin());
    }

    fn blink(&mut self, tx: f64, ty: f64) {
        let length = (tx - self.x).hypot(ty - self.y).min(BLINK_RANGE);
        let angle = (ty - self.y).atan2(tx - self.x);
        self.x += length * angle.cos();
        self.y += length * angle.sin();
        self.move_length = 0.0;
    }

    /// Returns whether it is still there.
    fn attacked(&mut self, angle: f64, damage: f64, rules: &RuleSet) -> bool {
        self.radius -= damage;
        self.push = (angle.cos(), angle.sin());
        self.push_speed = damage * 100.0;
        self.move_length = 0.0;
        self.radius >= rules.dead_below
    }

    fn frame(&mut self, dt: f64, rules: &RuleSet) {
        if self.push_speed >= rules.push_ends_below {
            self.move_length = 0.0;
            self.x += self.push.0 * self.push_speed * dt;
            self.y += self.push.1 * self.push_speed * dt;
            self.push_speed *= 0.9;
        } else if self.move_length > 0.0 {
            let moved = self.move_length.min(rules.speed * dt);
            self.x += self.direction.0 * moved;
            self.y += self.direction.1 * moved;
            self.move_length -= moved;
        }
    }
}

impl OldPage {
    /// Opens the page. It sends that it is there.
    pub(crate) fn new(rules: RuleSet, uuid: String, dice: Dice) -> OldPage {
        let create = json!({"event": "create_player", "uuid": uuid, "username": uuid, "photo": ""});
        OldPage {
            rules,
            players: vec![ModelPlayer::new(&uuid, &uuid)],
            uuid,
            seen: 0,
            fights: false,
            is_over: false,
            ball_cooldown_s: rules.ball_cooldown_s,
            blink_cooldown_s: rules.blink_cooldown_s,
            own_balls: Vec::new(),
            clicks_in_s: 0.5,
            is_playing: true,
            dice,
            sent: vec![create.to_string()],
            corrections: 0,
            now_s: 0.0,
        }
    }

    /// Takes a frame. It drops those in its own name.
    pub(crate) fn hear(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("JSON");
        let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| frame[key].as_f64().unwrap_or(f64::NAN);
        let event = text("event");
        if event == "create_player" {
            self.seen += 1;
            self.fights |= self.seen >= self.rules.fight_at;
        }
        if text("uuid") == self.uuid {
            return;
        }
        let rules = self.rules;
        let index = |uuid: &str| self.players.iter().position(|player| player.uuid == uuid);
        let sender = index(&text("uuid"));
        match event.as_str() {
            "create_player" => {
                let new = ModelPlayer::new(&text("uuid"), &text("username"));
                self.players.push(ModelPlayer { changed_s: self.now_s, ..new });
            }
            "move_to" => {
                if let Some(index) = sender {
                    self.players[index].move_to(number("tx"), number("ty"));
                }
            }
            "blink" => {
                if let Some(index) = sender {
                    self.players[index].blink(number("tx"), number("ty"));
                }
            }
            "attack" => {
                let victim = index(&text("attackee_uuid"));
                if let (Some(_), Some(victim)) = (sender, victim) {
                    let now_s = self.now_s;
                    let player = &mut self.players[victim];
                    let is_correction = number("damage") <= 0.0 && number("x") > -9.0;
                    let is_late = now_s - player.changed_s > 1.0;
                    self.corrections += u32::from(is_correction && is_late);
                    if !is_correction {
                        player.changed_s = now_s;
                    }
                    (player.x, player.y) = (number("x"), number("y"));
                    if !player.attacked(number("angle"), number("damage"), &rules) {
                        self.remove(victim);
                    }
                }
            }
            _ => {}
        }
    }

    fn remove(&mut self, index: usize) {
        let gone = self.players.remove(index);
        self.is_over |= gone.uuid == self.uuid;
    }

    /// Returns whether the game is over for its own player.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Draws a frame after `dt` seconds.
    pub(crate) fn frame(&mut self, dt: f64) {
        self.now_s += dt;
        if !self.fights {
            return;
        }
        self.ball_cooldown_s = (self.ball_cooldown_s - dt).max(0.0);
        self.blink_cooldown_s = (self.blink_cooldown_s - dt).max(0.0);
        if !self.is_over && self.is_playing {
            self.clicks_in_s -= dt;
            if self.clicks_in_s <= 0.0 {
                self.clicks_in_s = 0.15 + 0.6 * self.dice.share();
                self.click();
            }
        }
        for player in &mut self.players {
            player.frame(dt, &self.rules);
        }
        for mut ball in std::mem::take(&mut self.own_balls) {
            let moved = ball.length.min(self.rules.ball_speed * dt);
            ball.x += ball.direction.0 * moved;
            ball.y += ball.direction.1 * moved;
            ball.length -= moved;
            if !self.hits(&ball) && ball.length > 0.0 {
                self.own_balls.push(ball);
            }
        }
    }

    /// Looks whether a ball hits, as only the page of its owner does.
    fn hits(&mut self, ball: &Ball) -> bool {
        let touches = |player: &ModelPlayer| {
            let distance = (player.x - ball.x).hypot(player.y - ball.y);
            player.uuid != self.uuid && distance < player.radius + BALL_RADIUS
        };
        let Some(index) = self.players.iter().position(touches) else { return false };
        let angle = ball.direction.1.atan2(ball.direction.0);
        let player = &mut self.players[index];
        self.sent.push(
            json!({
                "event": "attack", "uuid": self.uuid, "attackee_uuid": player.uuid,
                "x": player.x, "y": player.y, "angle": angle, "damage": DAMAGE,
                "ball_uuid": ball.uuid,
            })
            .to_string(),
        );
        player.changed_s = self.now_s;
        if !player.attacked(angle, DAMAGE, &self.rules) {
            self.remove(index);
        }
        true
    }

    /// Does what a person does: mostly walks and shoots at others, now and then blinks.
    fn click(&mut self) {
        let (tx, ty) = (WIDTH * self.dice.share(), self.dice.share());
        let roll = self.dice.share();
        let uuid = &self.uuid;
        let aims: Vec<(f64, f64)> = self.aims().collect();
        if (0.4..0.93).contains(&roll) && self.ball_cooldown_s <= 0.0 && !aims.is_empty() {
            let (x, y) = aims[self.dice.below(aims.len())];
            let miss = 0.05 * (self.dice.share() - 0.5);
            self.ball_cooldown_s = self.rules.ball_cooldown_s;
            self.shoot(x + miss, y + miss);
        } else if roll >= 0.93 && self.blink_cooldown_s <= 0.0 {
            self.blink_cooldown_s = self.rules.blink_cooldown_s;
            self.sent.push(json!({"event": "blink", "uuid": uuid, "tx": tx, "ty": ty}).to_string());
            self.players[0].blink(tx, ty);
        } else {
            self.sent
                .push(json!({"event": "move_to", "uuid": uuid, "tx": tx, "ty": ty}).to_string());
            self.players[0].move_to(tx, ty);
        }
    }

    /// Returns the places of those at whom a person would shoot: of all that can be seen, if nobody
    /// stands so near that the ball would hit them at once. All begin at the same place.
    fn aims(&self) -> impl Iterator<Item = (f64, f64)> {
        let ModelPlayer { x, y, .. } = self.players[0];
        let off = move |other: &ModelPlayer| (other.x - x).hypot(other.y - y);
        let is_crowded = self.players.iter().skip(1).any(|other| off(other) < 2.0 * RADIUS);
        let seen = self.players.iter().skip(1).filter(move |other| off(other) < 9.0);
        seen.filter(move |_| !is_crowded).map(|player| (player.x, player.y))
    }

    fn shoot(&mut self, tx: f64, ty: f64) {
        let ball_uuid = self.dice.digits();
        self.sent.push(
            json!({
                "event": "shoot_fireball", "uuid": self.uuid, "tx": tx, "ty": ty,
                "ball_uuid": ball_uuid,
            })
            .to_string(),
        );
        let ModelPlayer { x, y, .. } = self.players[0];
        let angle = (ty - y).atan2(tx - x);
        let direction = (angle.cos(), angle.sin());
        let length = self.rules.ball_range;
        self.own_balls.push(Ball { uuid: ball_uuid, x, y, direction, length });
    }
}
