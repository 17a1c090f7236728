//! The commands: all that may enter a tick. A command is already valid: its places are clamped to
//! the range of the grid. The step decides whether the rules allow it.

use crate::ids::PlayerId;
use crate::space::point::Point;
use crate::state::stream::{Sink, Source, State, StateError, state};

/// A change to a world from outside. A tick takes the leaves first, then the rest in player order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A player takes part. No effect when the arena is full or, in a mode without late joins, once
    /// the fight has begun.
    Join {
        /// A number that no other player of this match has.
        player: PlayerId,
        /// The source of its inputs.
        kind: PlayerKind,
    },
    /// A player leaves for good. In a fight this counts as its end; with late joins its place and
    /// its number are free again.
    Leave {
        /// The player that leaves.
        player: PlayerId,
    },
    /// The intent of one player for this tick.
    Input {
        /// The player.
        player: PlayerId,
        /// The intent.
        input: Input,
        /// Age in ticks of the world that the player saw. A shot flies through that past first, at
        /// most 200 ms of it.
        rewind_ticks: u8,
    },
}

impl Command {
    /// Returns the player that the command is about.
    #[must_use]
    pub const fn player(&self) -> PlayerId {
        match *self {
            Command::Join { player, .. }
            | Command::Leave { player }
            | Command::Input { player, .. } => player,
        }
    }
}

/// The source of a player's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerKind {
    /// Its inputs arrive as commands.
    Human,
    /// The simulation decides them, from the world alone.
    Bot(BotSkill),
}

/// The skill of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotSkill {
    /// Slow to react, aims beside the target, rarely dodges, and throws nothing at the start of a
    /// fight.
    Easy,
    /// A fair opponent for a human.
    Normal,
    /// Quick and exact.
    Hard,
}

/// The intent of a player for one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Stand still.
    Stop,
    /// Walk straight to a place, as near as the walls allow.
    Move(Point),
    /// Throw a fireball towards a place.
    Shoot(Point),
    /// Jump towards a place, at most by the mode's blink range.
    Blink(Point),
}

impl Input {
    /// Returns whether it is a movement. Shots and blinks come before movements, of which only the
    /// newest one counts.
    #[must_use]
    pub const fn is_movement(self) -> bool {
        matches!(self, Input::Stop | Input::Move(_))
    }

    /// Returns whether it ends the movements that were wanted before it. Only a shot does not.
    #[must_use]
    pub const fn ends_movements(self) -> bool {
        !matches!(self, Input::Shoot(_))
    }
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

state!(enum BotSkill { 0 => Easy, 1 => Normal, 2 => Hard });

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

#[cfg(test)]
mod tests {
    use super::Input;
    use crate::space::point::Point;

    #[test]
    fn shots_and_blinks_are_no_movements_and_only_a_shot_ends_none() {
        let at = Point::new(1, 1);
        let inputs = [Input::Stop, Input::Move(at), Input::Shoot(at), Input::Blink(at)];
        assert_eq!(inputs.map(Input::is_movement), [true, true, false, false]);
        assert_eq!(inputs.map(Input::ends_movements), [true, true, false, true]);
    }
}
