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

use bolide_net::ClientMessage;
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
        if std::mem::take(&mut self.is_own_changed) {
            let ping = self.pings.send(None, tick);
            self.barrier = Some(ping);
            writer.out.pings.push(ping);
        }
    }

    fn correct_body(&mut self, index: usize, tick: Tick, writer: &mut Writer<'_>) {
        let body = &self.bodies[index];
        let Some(player) = self.truth.alive(body.seat) else { return };
        let (at, walk) = (self.truth.place(player, tick).rounded(), self.truth.walk(player, tick));
        let excess = body.radius - self.truth.radius(player.health);
        let is_resized = excess.abs() > RADIUS_DUST;
        let is_flying = body.is_pushed() || self.truth.is_pushed(player, tick);
        let is_misplaced = body.at.distance(at) > VISIBLE;
        if is_flying && !is_resized || !is_resized && !body.is_unsettled && !is_misplaced {
            return;
        }
        if body.is_unsettled && !is_resized {
            self.counts.settled += 1;
        } else {
            self.counts.corrected += 1;
        }
        self.place(index, at, excess, writer);
        if self.bodies[index].seat != self.truth.seat {
            if let Some(to) = walk {
                writer.move_to(self.bodies[index].seat, to);
                self.bodies[index].walk(to);
            }
        } else if walk.is_some() || self.inputs.has_move() {
            // The page's own player cannot be told to walk on.
            let stop = self.inputs.next(Input::Stop, None, None);
            writer.out.to_room.push(ClientMessage::Input(stop));
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
