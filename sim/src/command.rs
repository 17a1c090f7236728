//! What may enter a tick, and nothing else may. A command is already valid: places are clamped to the
//! grid's range, and whether the rules allow the deed is the step's business.

use crate::bot::BotSkill;
use crate::ids::PlayerId;
use crate::math::Point;

/// Anything that may change a world from outside. A tick takes its commands in player order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A player takes part. Without effect once the fight has begun or when the arena is full.
    Join {
        /// A number no other player of this match has.
        player: PlayerId,
        /// Who decides its inputs.
        kind: PlayerKind,
    },
    /// A player leaves for good. In a fight this counts as its end.
    Leave {
        /// Who leaves.
        player: PlayerId,
    },
    /// One player's intent for this tick.
    Input {
        /// Whose intent it is.
        player: PlayerId,
        /// The intent.
        input: Input,
    },
}

impl Command {
    /// Whom the command is about.
    #[must_use]
    pub const fn player(&self) -> PlayerId {
        match *self {
            Command::Join { player, .. }
            | Command::Leave { player }
            | Command::Input { player, .. } => player,
        }
    }
}

/// Who decides a player's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerKind {
    /// Its inputs arrive as commands.
    Human,
    /// The simulation itself decides them, from the world alone.
    Bot(BotSkill),
}

/// What a player wants to do in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Stand still.
    Stop,
    /// Walk straight to a place, as near as the walls allow.
    Move(Point),
    /// Throw a fireball towards a place.
    Shoot(Point),
    /// Jump towards a place, at most the mode's blink range.
    Blink(Point),
}
