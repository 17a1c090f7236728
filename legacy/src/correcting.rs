//! Corrections. The page has no frame for them, but an `attack` puts a player at a place and
//! changes its radius, whatever its damage.
//!
//! | wanted | sent |
//! | --- | --- |
//! | another place | damage 0 |
//! | a smaller radius | the damage, then damage 0, which ends the push |
//! | a larger radius | negative damage, which does not push |
//! | a player that is removed here and alive | `create_player` in a new number |
//! | a player that is alive here and dead | damage 1 |

use bolide_sim::{Input, Tick};

use crate::place::Place;
use crate::seat::Seat;
use crate::writer::{Attack, Writer};

/// Distance in units from which a player is visibly wrong: a fifth of a body's width, and twice the
/// radius of a fireball. Each correction bursts some particles, so smaller ones are left to the
/// next walk, which ends at the same target on the page and in the truth.
const VISIBLE: f64 = 0.02;

/// The least difference of two radii that are not the same. A hit makes 0.01; sums of doubles are
/// off by 1e-17.
const RADIUS_DUST: f64 = 1e-6;

impl Seat {
    /// Puts each player right that the page has visibly wrong, and each whose push has ended.
    /// Players are left alone while the page and the room may still agree about a hit.
    pub(crate) fn correct(&mut self, tick: Tick, writer: &mut Writer<'_>) {
        for index in 0..self.bodies.len() {
            let seat = self.bodies[index].seat;
            if self.claims.is_open(seat) {
                continue;
            }
            match (self.truth.alive(seat), self.bodies[index].is_alive) {
                (Some(_), true) => self.correct_body(index, tick, writer),
                (Some(_), false) if seat != self.truth.seat => {
                    // It may be there after all; see `Body::claimed`.
                    self.kill(index, writer);
                    writer.identities.forget(seat);
                    self.bodies.remove(index);
                    self.create(seat, writer);
                    let last = self.bodies.len() - 1;
                    self.bodies.swap(index, last);
                    self.correct_body(index, tick, writer);
                }
                (None, true) if self.truth.player(seat).is_some() => self.kill(index, writer),
                _ => {}
            }
        }
    }

    fn correct_body(&mut self, index: usize, tick: Tick, writer: &mut Writer<'_>) {
        let body = &mut self.bodies[index];
        let (seat, is_own) = (body.seat, body.seat == self.truth.seat);
        let is_new = std::mem::take(&mut body.is_new);
        let Some(player) = self.truth.alive(seat) else { return };
        let (at, walk) = (self.truth.place(player, tick).rounded(), self.truth.walk(player, tick));
        let excess = body.radius - self.truth.radius(player.health);
        let is_resting = walk.is_none() && body.walks_to().is_none();
        let is_flying = body.is_pushed() || self.truth.is_pushed(player, tick);
        let is_doubtful = is_own && self.is_own_doubtful && is_resting;
        let is_visibly_wrong = body.at.distance(at) > VISIBLE;
        let is_resized = excess.abs() > RADIUS_DUST;
        let is_due = body.is_unsettled || is_doubtful || is_visibly_wrong;
        if !is_resized && (is_flying || !is_due) {
            return;
        }
        if is_new {
            self.counts.introduced += 1;
        } else if body.is_unsettled && !is_resized {
            self.counts.settled += 1;
        } else {
            self.counts.corrected += 1;
        }
        self.place(index, at, excess, writer);
        if is_own {
            self.is_own_doubtful = false;
            if walk.is_some() || self.inputs.has_move() {
                // The page's own player cannot be told to walk on.
                self.input(Input::Stop, None, None, writer.out);
            }
        } else if let Some(to) = walk {
            writer.move_to(seat, to);
            self.bodies[index].walk(to);
        }
    }

    /// Puts a player at a place, with a radius that is smaller by `excess`.
    fn place(&mut self, index: usize, at: Place, excess: f64, writer: &mut Writer<'_>) {
        if excess.abs() > RADIUS_DUST {
            self.attack(index, None, &Attack::still(at, excess), writer);
        }
        if excess >= -RADIUS_DUST {
            self.attack(index, None, &Attack::still(at, 0.0), writer);
        }
        self.bodies[index].is_unsettled = false;
    }
}
