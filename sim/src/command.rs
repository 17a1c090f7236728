//! What may enter a tick, and nothing else may. A command is already valid: places are clamped to the
//! grid's range, and whether the rules allow the deed is the step's business.

use crate::bot::BotSkill;
use crate::ids::PlayerId;
use crate::math::Point;
use crate::state::{Sink, Source, State, StateError};

/// Anything that may change a world from outside. A tick takes those who leave first, then the rest
/// in player order.
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
        /// How many ticks ago the world was as the player saw it. A shot flies through that past first, at most 200 ms
        /// of it.
        rewind_ticks: u8,
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

impl State for Command {
    fn write(&self, sink: &mut impl Sink) {
        match self {
            Command::Join { player, kind } => {
                sink.word(0);
                player.write(sink);
                kind.write(sink);
            }
            Command::Leave { player } => {
                sink.word(1);
                player.write(sink);
            }
            Command::Input { player, input, rewind_ticks } => {
                sink.word(2);
                player.write(sink);
                input.write(sink);
                rewind_ticks.write(sink);
            }
        }
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        Ok(match source.word()? {
            0 => Command::Join { player: State::read(source)?, kind: State::read(source)? },
            1 => Command::Leave { player: State::read(source)? },
            2 => Command::Input {
                player: State::read(source)?,
                input: State::read(source)?,
                rewind_ticks: State::read(source)?,
            },
            _ => return Err(StateError::Impossible("command")),
        })
    }
}

impl State for PlayerKind {
    fn write(&self, sink: &mut impl Sink) {
        match self {
            PlayerKind::Human => sink.word(0),
            PlayerKind::Bot(skill) => {
                sink.word(1);
                skill.write(sink);
            }
        }
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        match source.word()? {
            0 => Ok(PlayerKind::Human),
            1 => State::read(source).map(PlayerKind::Bot),
            _ => Err(StateError::Impossible("kind of player")),
        }
    }
}

impl State for Input {
    fn write(&self, sink: &mut impl Sink) {
        let (kind, place) = match self {
            Input::Stop => return sink.word(0),
            Input::Move(to) => (1, to),
            Input::Shoot(at) => (2, at),
            Input::Blink(to) => (3, to),
        };
        sink.word(kind);
        place.write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        match source.word()? {
            0 => Ok(Input::Stop),
            1 => State::read(source).map(Input::Move),
            2 => State::read(source).map(Input::Shoot),
            3 => State::read(source).map(Input::Blink),
            _ => Err(StateError::Impossible("intent")),
        }
    }
}
