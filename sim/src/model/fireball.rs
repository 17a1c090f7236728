//! A fireball in the air. Its whole path is known when it is thrown: a straight line from the
//! thrower to the end of its range or to a wall.

use glam::Vec2;

use crate::ids::{PlayerId, Tick};
use crate::model::tick_rules::Tuning;
use crate::space::point::Point;
use crate::state::stream::{Sink, Source, State, StateError, state};

/// A number that no other fireball of the match has or had. It rises with each throw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FireballId(pub u32);

impl State for FireballId {
    fn write(&self, sink: &mut impl Sink) {
        self.0.write(sink);
    }

    fn read(source: &mut Source<'_>) -> Result<Self, StateError> {
        u32::read(source).map(FireballId)
    }
}

/// A fireball in the air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fireball {
    /// Its number.
    pub id: FireballId,
    /// The player that threw it. A fireball never hits its owner.
    pub owner: PlayerId,
    /// The place where it was thrown.
    pub from: Point,
    /// The place where it ends if it hits no player: at the mode's range or at a wall.
    pub toward: Point,
    /// The tick at whose end it was at `from`, or would have been: a shot that is compensated for
    /// lag began in the past.
    pub since: Tick,
    /// Ticks of the past that it flew through when it was thrown. With `rewinds_flight`, the ticks
    /// ago in which it meets the others.
    pub rewind_ticks: u8,
}

state!(struct Fireball { id, owner, from, toward, since, rewind_ticks });

impl Fireball {
    /// Returns its position at the end of `tick`, in closed form: `from` plus speed times time, on
    /// the grid.
    pub(crate) fn position_at(&self, tick: Tick, tuning: &Tuning) -> Point {
        self.from.toward(self.toward, tuning.fireball_step * tick.since(self.since) as f32)
    }

    /// Returns true if its path has ended at the end of `tick`.
    pub(crate) fn spent_at(&self, tick: Tick, tuning: &Tuning) -> bool {
        tuning.fireball_step * tick.since(self.since) as f32 >= self.from.distance(self.toward)
    }

    /// Returns the tick in which it was thrown, in a mode where its flight begins in the past.
    pub(crate) fn thrown_in(&self) -> Tick {
        self.since.after(u32::from(self.rewind_ticks) + 1)
    }

    /// Returns its unit direction. A fireball of no length is never thrown.
    #[must_use]
    pub fn direction(&self) -> Vec2 {
        self.from.direction(self.toward).unwrap_or(Vec2::X)
    }
}
