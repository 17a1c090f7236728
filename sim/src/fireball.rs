//! A fireball in the air. Its whole path is known when it is thrown: a straight line from the thrower to
//! where range or wall end it.

use glam::Vec2;

use crate::ids::{PlayerId, Tick};
use crate::math::Point;
use crate::state::{Sink, Source, State, StateError, state};
use crate::tuning::Tuning;

/// A number no other fireball of the match has or had. Rises with each throw.
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
    /// Who threw it. It never hits its owner.
    pub owner: PlayerId,
    /// Where it was thrown.
    pub from: Point,
    /// Where it ends if it hits nobody: the mode's range, or a wall.
    pub toward: Point,
    /// The tick at whose end it was at `from`, or would have been: a shot that is compensated for lag began in the
    /// past.
    pub since: Tick,
    /// How many ticks of the past it flew through when it was thrown.
    pub rewind_ticks: u8,
}

state!(struct Fireball { id, owner, from, toward, since, rewind_ticks });

impl Fireball {
    /// Where it is at the end of `tick`, in closed form: `from` plus speed times time, on the grid.
    pub(crate) fn position_at(&self, tick: Tick, tuning: &Tuning) -> Point {
        self.from.toward(self.toward, tuning.fireball_step * tick.since(self.since) as f32)
    }

    /// Whether its path is flown at the end of `tick`.
    pub(crate) fn spent_at(&self, tick: Tick, tuning: &Tuning) -> bool {
        tuning.fireball_step * tick.since(self.since) as f32 >= self.from.distance(self.toward)
    }

    /// The tick in which it was thrown.
    pub(crate) fn thrown_in(&self) -> Tick {
        self.since.after(u32::from(self.rewind_ticks) + 1)
    }

    /// Its unit direction. A fireball of no length is never thrown.
    #[must_use]
    pub fn direction(&self) -> Vec2 {
        self.from.direction(self.toward).unwrap_or(Vec2::X)
    }
}
