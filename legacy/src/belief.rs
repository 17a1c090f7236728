//! The belief: what the page shows of each player, computed as the page computes it at 60 frames a
//! second. Its timeline is that of the server's ticks: a frame to the page acts when it is sent, a
//! move of the page when it arrives. Both are off by the delay of the connection, and when nobody
//! turns in between, that cancels.

use bolide_sim::{Motion, Rules};

use crate::place::Place;
use crate::truth::decimal;

/// Frames of the page in a second. A page that draws more or fewer is pushed less or farther, so no
/// push is trusted: see [`Body::is_unsettled`].
const FRAME_HZ: u32 = 60;

/// First speed of a push per unit of damage, in units per second.
const PUSH_PER_DAMAGE: f64 = 100.0;

/// The numbers of the page's game, from the rules of the mode.
pub(crate) struct Physics {
    start: Place,
    radius: f64,
    dead_below: f64,
    walk_step: f64,
    push_kept: f64,
    push_ends_below: f64,
    blink_range: f64,
    frames_per_tick: u32,
}

impl Physics {
    pub(crate) fn new(rules: &Rules) -> Physics {
        let per_health = decimal(rules.radius_per_health);
        Physics {
            start: rules.middle().into(),
            radius: f64::from(rules.health) * per_health,
            // Dead at 0.02 or below in the truth, below 0.02 on the page.
            dead_below: f64::from(rules.dead_at) * per_health,
            walk_step: decimal(rules.walk_speed) / f64::from(FRAME_HZ),
            push_kept: decimal(rules.knockback_kept),
            push_ends_below: decimal(rules.knockback_ends_below),
            blink_range: decimal(rules.blink_range),
            frames_per_tick: FRAME_HZ / rules.tick_rate.hz(),
        }
    }
}

/// A player as the page shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Body {
    pub(crate) seat: u16,
    /// The name that the page was told.
    pub(crate) name: String,
    pub(crate) at: Place,
    pub(crate) radius: f64,
    pub(crate) course: Course,
    /// False once the page has removed the player.
    pub(crate) is_alive: bool,
    /// True from a push until the page has been told the place where it ended. At 144 frames a
    /// second a push is less than half as long as at 60, and at 30 twice.
    pub(crate) is_unsettled: bool,
    /// True until it is compared with the truth for the first time in a fight.
    pub(crate) is_new: bool,
    /// The motion that the page was told last.
    pub(crate) told: Option<Motion>,
}

/// The movement of a player on the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Course {
    Stand,
    Walk {
        to: Place,
    },
    /// `speed` is in units per second.
    Push {
        angle: f64,
        speed: f64,
    },
}

impl Body {
    /// Begins as the page begins with a player: in the middle, at full size.
    pub(crate) fn new(seat: u16, name: &str, physics: &Physics) -> Body {
        Body {
            seat,
            name: name.to_owned(),
            at: physics.start,
            radius: physics.radius,
            course: Course::Stand,
            is_alive: true,
            is_unsettled: false,
            is_new: true,
            told: None,
        }
    }

    /// Advances by this many ticks.
    pub(crate) fn advance(&mut self, ticks: u32, physics: &Physics) {
        for _ in 0..ticks.saturating_mul(physics.frames_per_tick) {
            match &mut self.course {
                Course::Stand => return,
                Course::Walk { to } => {
                    self.at = self.at.toward(*to, physics.walk_step);
                    if self.at == *to {
                        self.course = Course::Stand;
                    }
                }
                Course::Push { angle, speed } => {
                    self.at = self.at.moved(*angle, *speed / f64::from(FRAME_HZ));
                    *speed *= physics.push_kept;
                    if *speed < physics.push_ends_below {
                        self.course = Course::Stand;
                    }
                }
            }
        }
    }

    /// Takes a `move_to`, which a push outlasts.
    pub(crate) const fn walk(&mut self, to: Place) {
        if !self.is_pushed() {
            self.course = Course::Walk { to };
        }
    }

    /// Takes a `blink`.
    pub(crate) fn blink(&mut self, to: Place, physics: &Physics) {
        self.at = self.at.toward(to, physics.blink_range);
        if !self.is_pushed() {
            self.course = Course::Stand;
        }
    }

    /// Takes an `attack`.
    pub(crate) fn attacked(&mut self, at: Place, angle: f64, damage: f64, physics: &Physics) {
        let speed = damage * PUSH_PER_DAMAGE;
        self.at = at;
        self.radius -= damage;
        self.is_alive &= self.radius >= physics.dead_below;
        self.is_unsettled = speed >= physics.push_ends_below;
        self.course = if self.is_unsettled { Course::Push { angle, speed } } else { Course::Stand };
    }

    /// Takes an `attack` by the page itself, which may not have read yet that the radius was raised
    /// by `raised`. If its player was too small to live without that, it counts as removed.
    pub(crate) fn claimed(
        &mut self,
        at: Place,
        angle: f64,
        damage: f64,
        raised: f64,
        physics: &Physics,
    ) {
        self.is_alive &= self.radius - raised - damage >= physics.dead_below;
        self.attacked(at, angle, damage, physics);
    }

    /// Returns whether it outlives two more hits of this damage.
    pub(crate) fn is_sound(&self, damage: f64, physics: &Physics) -> bool {
        self.is_alive && self.radius - 2.0 * damage > physics.dead_below
    }

    pub(crate) const fn is_pushed(&self) -> bool {
        matches!(self.course, Course::Push { .. })
    }

    /// Returns the place to which it walks.
    pub(crate) const fn walks_to(&self) -> Option<Place> {
        if let Course::Walk { to } = self.course { Some(to) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::{TickRate, preset};

    use super::{Body, Course, Physics};
    use crate::place::Place;

    fn physics(tick_rate: TickRate) -> Physics {
        Physics::new(&bolide_sim::Rules { tick_rate, ..preset("brawl").expect("a preset").rules })
    }

    /// The same as the push of the simulation: 22 frames, (1 - 0.9^22) / 0.1 / 60 units.
    #[test]
    fn a_push_goes_as_far_as_the_truth_pushes() {
        for rate in [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60] {
            let physics = physics(rate);
            let mut body = Body::new(1, "A", &physics);
            let from = Place { x: 0.5, y: 0.5 };
            body.attacked(from, 0.0, 0.01, &physics);
            assert!(body.is_pushed() && body.is_unsettled && body.is_alive);
            assert!((body.radius - 0.04).abs() < 1e-12);
            body.walk(from);
            body.advance(rate.hz(), &physics);
            assert!((body.at.x - 0.650_25).abs() < 1e-4, "{}", body.at.x);
            assert_eq!((body.course, body.is_unsettled), (Course::Stand, true));
        }
    }

    #[test]
    fn the_third_hit_kills_and_damage_of_zero_only_places() {
        let physics = physics(TickRate::Hz30);
        let mut body = Body::new(1, "A", &physics);
        let at = Place { x: 0.1, y: 0.2 };
        for is_alive in [true, true, false] {
            body.attacked(at, 0.0, 0.01, &physics);
            assert_eq!(body.is_alive, is_alive);
        }
        let mut body = Body::new(1, "A", &physics);
        body.walk(at);
        body.attacked(at, 0.0, 0.0, &physics);
        assert_eq!((body.at, body.course, body.is_unsettled), (at, Course::Stand, false));
    }

    #[test]
    fn walks_end_at_their_target_and_blinks_at_their_range() {
        let physics = physics(TickRate::Hz30);
        let mut body = Body::new(1, "A", &physics);
        let (start, to) = (body.at, Place { x: body.at.x + 0.3, y: body.at.y });
        body.walk(to);
        body.advance(15, &physics);
        assert!((body.at.distance(start) - 0.15).abs() < 1e-9);
        assert_eq!(body.walks_to(), Some(to));
        body.advance(16, &physics);
        assert_eq!((body.at, body.walks_to()), (to, None));
        body.blink(Place { x: to.x + 5.0, y: to.y }, &physics);
        assert!((body.at.distance(to) - 0.8).abs() < 1e-9);
    }
}
