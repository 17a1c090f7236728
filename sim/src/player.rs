//! One player's state inside a match.

use crate::bot::Bot;
use crate::hash::{Hashed, StateHash, hashed};
use crate::ids::{PlayerId, Tick};
use crate::math::Point;
use crate::motion::Motion;

/// A participant of the match, dead ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// Its number in this match.
    pub id: PlayerId,
    /// Health left, in points. The radius follows from it.
    pub health: u16,
    /// Where it is at the end of the current tick.
    pub at: Point,
    /// The segment that `at` lies on.
    pub motion: Motion,
    /// Whether it still fights.
    pub life: Life,
    /// The first tick in which it may throw a fireball.
    pub fireball_ready: Tick,
    /// The first tick in which it may blink.
    pub blink_ready: Tick,
    /// How often its fireballs hit.
    pub hits: u16,
    /// How many it has finished off.
    pub kills: u16,
    pub(crate) bot: Option<Bot>,
}

hashed!(Player { id, health, at, motion, life, fireball_ready, blink_ready, hits, kills, bot });

impl Player {
    pub(crate) fn new(id: PlayerId, health: u16, bot: Option<Bot>) -> Player {
        let at = Point::default();
        Player {
            id,
            health,
            at,
            motion: Motion::Stand { at },
            life: Life::Alive,
            fireball_ready: Tick(0),
            blink_ready: Tick(0),
            hits: 0,
            kills: 0,
            bot,
        }
    }

    /// Whether it still fights.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.life == Life::Alive
    }

    /// Whether the simulation decides its inputs.
    #[must_use]
    pub const fn is_bot(&self) -> bool {
        self.bot.is_some()
    }

    pub(crate) fn stand(&mut self, at: Point) {
        self.at = at;
        self.motion = Motion::Stand { at };
    }
}

/// Whether a player still fights, and if not, since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Fights, or waits for the fight.
    Alive,
    /// Died in this tick.
    Dead {
        /// The tick of the last hit.
        tick: Tick,
    },
    /// Left for good in this tick.
    Left {
        /// The tick of leaving.
        tick: Tick,
    },
}

impl Hashed for Life {
    fn feed(&self, hash: &mut StateHash) {
        match self {
            Life::Alive => 0u8.feed(hash),
            Life::Dead { tick } => {
                1u8.feed(hash);
                tick.feed(hash);
            }
            Life::Left { tick } => {
                2u8.feed(hash);
                tick.feed(hash);
            }
        }
    }
}
