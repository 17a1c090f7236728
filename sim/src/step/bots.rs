//! Players whose inputs come from the world itself, so that a match with bots replays like any
//! other. A bot reads positions and paths, but no other player's cooldowns or thoughts, and not the
//! random state. It sees as far as a player in its seat would.

use glam::Vec2;

use crate::ids::Tick;
use crate::model::bot::Bot;
use crate::model::command::{BotSkill, Input};
use crate::model::fireball::Fireball;
use crate::model::motion::Motion;
use crate::model::player::Player;
use crate::model::rules::Rules;
use crate::model::tick_rules::Tuning;
use crate::space::point::Point;
use crate::state::rng::Rng;

/// The part of the world that a bot may read.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) tick: Tick,
    /// The tick in which the fight began.
    pub(super) since: Tick,
    pub(super) rules: &'a Rules,
    pub(super) tuning: &'a Tuning,
    pub(super) players: &'a [Player],
    pub(super) fireballs: &'a [Fireball],
    /// Centre and radius of the closing zone.
    pub(super) zone: Option<(Vec2, f32)>,
}

impl Sight<'_> {
    /// Returns true if `place` is within the mode's vision radius of `me`.
    fn reaches(&self, me: &Player, place: Point) -> bool {
        me.at.distance_squared(place) <= self.tuning.vision_squared
    }
}

impl Bot {
    /// Returns the input of `me` for this tick. Mostly `None`, because a bot thinks once per
    /// reaction time.
    pub(super) fn think(&mut self, me: &Player, sight: Sight<'_>, rng: &mut Rng) -> Option<Input> {
        if sight.tick < self.thinks_at {
            return None;
        }
        let talent = &Talent::of(self.skill);
        let jitter = 0.75 + 0.5 * rng.unit();
        self.thinks_at = sight.tick.after(sight.rules.tick_rate.ticks(talent.reaction_s * jitter));
        let attention = rng.unit();
        if attention < talent.dodges
            && let Some(dodge) = dodge(me, sight, talent, rng)
        {
            return Some(dodge);
        }
        if let Some(inside) = way_into_zone(me, sight) {
            return Some(inside);
        }
        let walks = matches!(me.motion, Motion::Walk { .. });
        let Some(target) = nearest_enemy(me, sight) else {
            return (!walks).then(|| Input::Move(search(sight, rng)));
        };
        let throws = sight.tick >= sight.since.after(sight.rules.tick_rate.ticks(talent.grace_s));
        // At the very position of its target, a bot has no direction to throw in.
        if throws
            && me.fireball_ready <= sight.tick
            && in_range(me, target, sight.rules)
            && target.at != me.at
        {
            return Some(Input::Shoot(aim(me, target, sight, talent, rng)));
        }
        (!walks || rng.unit() < talent.restless)
            .then(|| Input::Move(wander(me, target, sight, rng)))
    }
}

/// The numbers behind a [`BotSkill`].
struct Talent {
    /// Seconds at the start of a fight in which it throws nothing.
    grace_s: f32,
    /// Seconds between two thoughts.
    reaction_s: f32,
    /// Share of thoughts in which it looks for fireballs.
    dodges: f32,
    /// Largest error of a shot to the side of the target, in units per unit of distance.
    error: f32,
    /// Share of the target's motion that the aim leads by.
    lead: f32,
    /// Chance to change course while it walks.
    restless: f32,
    /// It blinks away from a fireball that arrives within this many seconds.
    blinks_within_s: f32,
}

impl Talent {
    const fn of(skill: BotSkill) -> Talent {
        match skill {
            BotSkill::Easy => Talent {
                grace_s: 3.0,
                reaction_s: 0.8,
                dodges: 0.3,
                error: 0.25,
                lead: 0.0,
                restless: 0.2,
                blinks_within_s: 0.0,
            },
            BotSkill::Normal => Talent {
                grace_s: 0.0,
                reaction_s: 0.3,
                dodges: 0.65,
                error: 0.08,
                lead: 0.8,
                restless: 0.3,
                blinks_within_s: 0.25,
            },
            BotSkill::Hard => Talent {
                grace_s: 0.0,
                reaction_s: 0.1,
                dodges: 1.0,
                error: 0.01,
                lead: 1.0,
                restless: 0.1,
                blinks_within_s: 0.35,
            },
        }
    }
}

/// Seconds for which a bot looks ahead at fireballs.
const WATCH_S: f32 = 1.2;

/// Returns a way out of the path of the fireball that would hit `me` first, if there is one.
fn dodge(me: &Player, sight: Sight<'_>, talent: &Talent, rng: &mut Rng) -> Option<Input> {
    let reach = sight.rules.radius(me.health) + sight.rules.fireball_radius;
    let (arrives_s, away) = sight
        .fireballs
        .iter()
        .filter(|fireball| fireball.owner != me.id)
        .filter_map(|fireball| threat(me, fireball, sight, reach * 1.3))
        .min_by(|a, b| a.0.total_cmp(&b.0))?;
    let here = me.at.to_vec2();
    if arrives_s < talent.blinks_within_s && me.blink_ready <= sight.tick {
        let turn = if rng.unit() < 0.5 { 1.0 } else { -1.0 };
        return Some(Input::Blink(Point::snap(here + (away + away.perp() * (0.5 * turn)) * 0.4)));
    }
    let room = sight.tuning.arena.shrunk(reach);
    let aside = here + away * (3.0 * reach);
    // In a corner the short way out may lead into a wall. Then it takes the other side.
    let aside =
        if room.clamp(aside).distance(here) < reach { here - away * (3.0 * reach) } else { aside };
    Some(Input::Move(Point::snap(aside)))
}

/// Returns the seconds until a fireball is within `reach` of `me`, and the unit vector out of its
/// path.
fn threat(me: &Player, fireball: &Fireball, sight: Sight<'_>, reach: f32) -> Option<(f32, Vec2)> {
    let at = fireball.position_at(sight.tick.previous(), sight.tuning);
    if !sight.reaches(me, at) {
        return None;
    }
    let way = fireball.direction();
    let gap = me.at.to_vec2() - at.to_vec2();
    let along = gap.dot(way);
    let arrives_s = along / sight.rules.fireball_speed;
    if along < 0.0 || arrives_s > WATCH_S {
        return None;
    }
    let beside = gap - way * along;
    if beside.length() > reach {
        return None;
    }
    let away = if beside.length() > 1e-4 { beside / beside.length() } else { way.perp() };
    Some((arrives_s, away))
}

/// Returns a way back to where it does not burn, if `me` is outside the zone or about to be.
fn way_into_zone(me: &Player, sight: Sight<'_>) -> Option<Input> {
    let (centre, radius) = sight.zone?;
    let gap = centre - me.at.to_vec2();
    if gap.length() < radius * 0.9 {
        return None;
    }
    let inside = centre - gap / gap.length().max(f32::MIN_POSITIVE) * (radius * 0.6);
    Some(Input::Move(Point::snap(inside)))
}

/// Returns the nearest enemy in sight.
fn nearest_enemy<'a>(me: &Player, sight: Sight<'a>) -> Option<&'a Player> {
    let in_sight =
        |other: &&Player| other.id != me.id && other.is_alive() && sight.reaches(me, other.at);
    sight
        .players
        .iter()
        .filter(in_sight)
        .min_by(|a, b| me.at.distance(a.at).total_cmp(&me.at.distance(b.at)))
}

fn in_range(me: &Player, target: &Player, rules: &Rules) -> bool {
    me.at.distance(target.at) < rules.fireball_range
}

/// Returns the point to shoot at: ahead of a walking target by the fireball's time of flight, with
/// an error to the side.
fn aim(me: &Player, target: &Player, sight: Sight<'_>, talent: &Talent, rng: &mut Rng) -> Point {
    let distance = me.at.distance(target.at);
    let walks = match target.motion {
        Motion::Walk { from, to, .. } => {
            from.direction(to).unwrap_or(Vec2::ZERO) * sight.rules.walk_speed
        }
        Motion::Stand { .. } | Motion::Push { .. } => Vec2::ZERO,
    };
    let flight_s = distance / sight.rules.fireball_speed;
    let ahead = target.at.to_vec2() + walks * (flight_s * talent.lead);
    let side = me.at.direction(target.at).unwrap_or(Vec2::X).perp();
    Point::snap(ahead + side * (distance * talent.error * rng.signed()))
}

/// Returns a place to walk to: around the target, about as far from it as a fireball flies in half
/// a second, and off the walls.
fn wander(me: &Player, target: &Player, sight: Sight<'_>, rng: &mut Rng) -> Point {
    let keep = sight.rules.fireball_speed * 0.5 + 0.1;
    let line = target.at.direction(me.at).unwrap_or(Vec2::X);
    let around = line.perp() * (0.5 * rng.signed());
    let place = target.at.to_vec2() + line * keep + around;
    let place = sight.tuning.arena.shrunk(0.1).clamp(place);
    Point::snap(match sight.zone {
        Some((centre, radius)) => centre + (place - centre).clamp_length_max(radius * 0.8),
        None => place,
    })
}

/// Returns a place to walk to when no enemy is in sight: anywhere in the arena where it does not
/// burn.
fn search(sight: Sight<'_>, rng: &mut Rng) -> Point {
    let half = Vec2::new(sight.rules.arena_width, sight.rules.arena_height) * 0.5;
    let from_centre = half * 0.9 * Vec2::new(rng.signed(), rng.signed());
    Point::snap(match sight.zone {
        Some((centre, radius)) => centre + from_centre.clamp_length_max(radius * 0.8),
        None => half + from_centre,
    })
}
