//! One player's state inside a match.

use crate::ids::{PlayerId, Tick};
use crate::model::bot::Bot;
use crate::model::command::PlayerKind;
use crate::model::motion::Motion;
use crate::space::point::Point;
use crate::state::stream::state;

/// A participant of the match, dead or alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// Its number in this match.
    pub id: PlayerId,
    /// Health left, in points. The radius follows from it.
    pub health: u16,
    /// Its place at the end of the current tick.
    pub at: Point,
    /// The segment that `at` lies on.
    pub motion: Motion,
    /// The place to which it walks once its push has ended.
    pub walks_next: Option<Point>,
    /// Alive, dead or left.
    pub life: Life,
    /// The first tick in which it may throw a fireball.
    pub fireball_ready: Tick,
    /// The first tick in which it may blink.
    pub blink_ready: Tick,
    /// Number of hits by its fireballs.
    pub hits: u16,
    /// Number of players that it has killed.
    pub kills: u16,
    pub(crate) bot: Option<Bot>,
}

state!(struct Player { id, health, at, motion, walks_next, life, fireball_ready, blink_ready, hits, kills, bot });

impl Player {
    pub(crate) fn new(id: PlayerId, health: u16, bot: Option<Bot>) -> Player {
        let at = Point::default();
        Player {
            id,
            health,
            at,
            motion: Motion::Stand { at },
            walks_next: None,
            life: Life::Alive,
            fireball_ready: Tick(0),
            blink_ready: Tick(0),
            hits: 0,
            kills: 0,
            bot,
        }
    }

    /// Returns the source of its inputs.
    #[must_use]
    pub fn kind(&self) -> PlayerKind {
        self.bot.as_ref().map_or(PlayerKind::Human, |bot| PlayerKind::Bot(bot.skill))
    }

    /// Returns true if it still fights.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self.life, Life::Alive | Life::Protected { .. })
    }

    pub(crate) fn stand(&mut self, at: Point) {
        self.at = at;
        self.motion = Motion::Stand { at };
        self.walks_next = None;
    }
}

/// The state of a player's participation. The states of the living are first, so that one
/// comparison tells them from the others: this is asked for each pair of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It fights, or waits for the fight.
    Alive,
    /// It fights, and no fireball hits it.
    Protected {
        /// The first tick in which one may.
        until: Tick,
    },
    /// It died.
    Dead {
        /// The tick of its death.
        tick: Tick,
    },
    /// It left for good.
    Left {
        /// The tick of leaving.
        tick: Tick,
    },
}

state!(enum Life {
    0 => Alive,
    1 => Dead { tick },
    2 => Left { tick },
    3 => Protected { until },
});
