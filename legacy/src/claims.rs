//! The claims of the page: hits that it saw its own balls make. A claim proves nothing. It is
//! compared with the hits that the room reports, and the player that was hit is left alone on this
//! page as long as one of the two may still come.

use std::collections::VecDeque;

use bolide_sim::Tick;

use crate::identity::Uuid;

/// Balls of the page that are remembered. A ball of the fastest rule set flies for 2.3 s, and
/// nobody clicks fifty times a second. A claim of a forgotten ball is none of this page's.
const BALLS_MAX: usize = 128;

/// Claims, and hits, that wait for each other. Each needs a ball of its own.
const OPEN_MAX: usize = BALLS_MAX;

/// The balls of the page, and what is open between the page and the room.
#[derive(Default)]
pub(crate) struct Claims {
    /// Oldest first.
    balls: VecDeque<Ball>,
    /// Claims that no hit has confirmed yet, oldest first.
    claims: VecDeque<Claim>,
    /// Hits of the page's balls that it has not claimed yet, oldest first.
    hits: VecDeque<Hit>,
    pub(crate) counts: ClaimCounts,
}

/// The ends of claims and hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimCounts {
    /// Claims that a hit confirmed.
    pub confirmed: u64,
    /// Claims that no hit confirmed: the page has been told that nothing happened.
    pub denied: u64,
    /// Hits by the page's balls that it did not claim: it has been told of them.
    pub told: u64,
    /// Claims of balls that are not this page's, or that hit before.
    pub ignored: u64,
}

struct Ball {
    uuid: Uuid,
    /// The number of the input that threw it.
    seq: u32,
    flight: Flight,
    is_claimed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Flight {
    /// No tick has taken the shot yet.
    Asked,
    /// It flies, or has hit, as the fireball with this number.
    Thrown(u32),
    /// It was refused, or has ended: it hits nobody.
    Over,
}

struct Claim {
    ball: Uuid,
    victim: u16,
    at: Tick,
}

struct Hit {
    fireball: u32,
    victim: u16,
    at: Tick,
}

/// The fate of the page's own balls.
impl Claims {
    /// Notes a shot. `seq` is the number of its input; none if it was not passed on.
    pub(crate) fn shot(&mut self, uuid: Uuid, seq: Option<u32>) {
        if self.balls.len() >= BALLS_MAX {
            self.balls.pop_front();
        }
        let flight = if seq.is_some() { Flight::Asked } else { Flight::Over };
        self.balls.push_back(Ball { uuid, seq: seq.unwrap_or(0), flight, is_claimed: false });
    }

    /// Notes that the rules refused the shot of this input.
    pub(crate) fn refused(&mut self, seq: u32) {
        let asked = |ball: &&mut Ball| ball.seq == seq && ball.flight == Flight::Asked;
        if let Some(ball) = self.balls.iter_mut().find(asked) {
            ball.flight = Flight::Over;
            let uuid = ball.uuid;
            self.deny(|claim| claim.ball == uuid);
        }
    }

    /// Notes that the oldest shot became a fireball. Returns the page's number of that ball.
    pub(crate) fn thrown(&mut self, fireball: u32) -> Option<Uuid> {
        let ball = self.balls.iter_mut().find(|ball| ball.flight == Flight::Asked)?;
        ball.flight = Flight::Thrown(fireball);
        Some(ball.uuid)
    }

    /// Notes that a fireball ended without a hit.
    pub(crate) fn fizzled(&mut self, fireball: u32) {
        if let Some(ball) = self.ball_of(fireball) {
            ball.flight = Flight::Over;
            let uuid = ball.uuid;
            self.deny(|claim| claim.ball == uuid);
        }
    }

    /// Forgets which fireballs the balls are, because another match begins. What the page still
    /// claims with them is not true any more.
    pub(crate) fn forget_flights(&mut self) {
        self.balls.iter_mut().for_each(|ball| ball.flight = Flight::Over);
        self.deny(|_| true);
        self.hits.clear();
    }

    fn ball_of(&mut self, fireball: u32) -> Option<&mut Ball> {
        self.balls.iter_mut().find(|ball| ball.flight == Flight::Thrown(fireball))
    }

    fn deny(&mut self, which: impl Fn(&Claim) -> bool) {
        let before = self.claims.len();
        self.claims.retain(|claim| !which(claim));
        self.counts.denied += (before - self.claims.len()) as u64;
    }
}

/// Claims and hits.
impl Claims {
    /// Takes a claim. Returns false if the ball is not the page's, or has hit before: the page
    /// shows nothing of it then.
    pub(crate) fn claim(&mut self, uuid: Uuid, victim: u16, at: Tick) -> bool {
        let unclaimed = |ball: &&mut Ball| ball.uuid == uuid && !ball.is_claimed;
        let Some(ball) = self.balls.iter_mut().find(unclaimed) else {
            self.counts.ignored += 1;
            return false;
        };
        ball.is_claimed = true;
        let flight = ball.flight;
        let is_it = |hit: &Hit| flight == Flight::Thrown(hit.fireball) && hit.victim == victim;
        if let Some(index) = self.hits.iter().position(is_it) {
            self.hits.remove(index);
            self.counts.confirmed += 1;
        } else if flight == Flight::Over || self.claims.len() >= OPEN_MAX {
            self.counts.denied += 1;
        } else {
            self.claims.push_back(Claim { ball: uuid, victim, at });
        }
        true
    }

    /// Takes a hit by one of the page's fireballs.
    pub(crate) fn hit(&mut self, fireball: u32, victim: u16, at: Tick) {
        let Some(ball) = self.ball_of(fireball) else {
            self.counts.told += 1;
            return;
        };
        let (uuid, is_claimed) = (ball.uuid, ball.is_claimed);
        let is_it = |claim: &Claim| claim.ball == uuid && claim.victim == victim;
        if let Some(index) = self.claims.iter().position(is_it) {
            self.claims.remove(index);
            self.counts.confirmed += 1;
        } else if is_claimed || self.hits.len() >= OPEN_MAX {
            // The page saw it hit somebody else, and will not see it hit again.
            self.deny(|claim| claim.ball == uuid);
            self.counts.told += 1;
        } else {
            self.hits.push_back(Hit { fireball, victim, at });
        }
    }

    /// Gives up what has been open for more than `wait` ticks.
    pub(crate) fn expire(&mut self, tick: Tick, wait: u32) {
        self.deny(|claim| tick.since(claim.at) > wait);
        let before = self.hits.len();
        self.hits.retain(|hit| tick.since(hit.at) <= wait);
        self.counts.told += (before - self.hits.len()) as u64;
    }

    /// Returns whether the page and the room may still agree about this player by themselves.
    pub(crate) fn is_open(&self, victim: u16) -> bool {
        self.claims.iter().any(|claim| claim.victim == victim)
            || self.hits.iter().any(|hit| hit.victim == victim)
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::Tick;

    use super::{BALLS_MAX, ClaimCounts, Claims};
    use crate::identity::Uuid;

    fn ball(number: u32) -> Uuid {
        Uuid::parse(&format!("{number:08}")).expect("digits")
    }

    /// Returns claims with two balls in the air, of the fireballs 11 and 12.
    fn thrown() -> Claims {
        let mut claims = Claims::default();
        for number in 1..=2 {
            claims.shot(ball(number), Some(number));
            assert_eq!(claims.thrown(10 + number), Some(ball(number)));
        }
        claims
    }

    #[track_caller]
    fn check(claims: &Claims, is_open: bool, counts: [u64; 4]) {
        let ClaimCounts { confirmed, denied, told, ignored } = claims.counts;
        assert_eq!((claims.is_open(5), [confirmed, denied, told, ignored]), (is_open, counts));
    }

    #[test]
    fn a_claim_and_its_hit_confirm_each_other_in_any_order() {
        let mut claims = thrown();
        assert!(claims.claim(ball(1), 5, Tick(1)));
        check(&claims, true, [0, 0, 0, 0]);
        claims.hit(11, 5, Tick(3));
        check(&claims, false, [1, 0, 0, 0]);
        claims.hit(12, 5, Tick(4));
        check(&claims, true, [1, 0, 0, 0]);
        assert!(claims.claim(ball(2), 5, Tick(9)));
        check(&claims, false, [2, 0, 0, 0]);
    }

    #[test]
    fn what_stays_open_for_too_long_is_given_up() {
        let mut claims = thrown();
        claims.claim(ball(1), 5, Tick(1));
        claims.hit(12, 5, Tick(2));
        claims.expire(Tick(6), 5);
        check(&claims, true, [0, 0, 0, 0]);
        claims.expire(Tick(7), 5);
        check(&claims, true, [0, 1, 0, 0]);
        claims.expire(Tick(8), 5);
        check(&claims, false, [0, 1, 1, 0]);
    }

    #[test]
    fn a_ball_that_does_not_fly_hits_nobody() {
        let mut claims = thrown();
        claims.shot(ball(3), None);
        claims.shot(ball(4), Some(9));
        claims.claim(ball(4), 5, Tick(1));
        check(&claims, true, [0, 0, 0, 0]);
        claims.refused(9);
        check(&claims, false, [0, 1, 0, 0]);
        assert!(claims.claim(ball(3), 5, Tick(1)));
        check(&claims, false, [0, 2, 0, 0]);
        claims.claim(ball(1), 5, Tick(1));
        claims.fizzled(11);
        check(&claims, false, [0, 3, 0, 0]);
        claims.forget_flights();
        assert!(claims.claim(ball(2), 5, Tick(1)));
        check(&claims, false, [0, 4, 0, 0]);
    }

    #[test]
    fn a_ball_hits_once_and_only_as_the_page_threw_it() {
        let mut claims = thrown();
        assert!(!claims.claim(ball(9), 5, Tick(1)), "somebody else's");
        assert!(claims.claim(ball(1), 6, Tick(1)));
        assert!(!claims.claim(ball(1), 5, Tick(1)), "again");
        claims.hit(11, 5, Tick(2));
        assert!(!claims.is_open(6));
        check(&claims, false, [0, 1, 1, 2]);
    }

    #[test]
    fn balls_are_forgotten_when_there_are_too_many() {
        let mut claims = thrown();
        for number in 0..u32::try_from(BALLS_MAX).expect("few") {
            claims.shot(ball(100 + number), None);
        }
        assert!(!claims.claim(ball(1), 5, Tick(1)));
        claims.hit(11, 5, Tick(2));
        check(&claims, false, [0, 0, 1, 1]);
    }
}
