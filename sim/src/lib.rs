//! Bolide's simulation. A match is a pure function of (rules, seed, the commands of each tick).
//!
//! Start at [`World::step`]: it lists the phases of a tick in order. They are in `step`. The parts
//! of the game that they work on are in `model`. `space` is geometry, `state` makes the state words
//! and hashes, `journal` is the log of a match. These three know nothing of the game, except that
//! the journal makes and steps a world.
//!
//! Nothing here may read a clock, a file, a socket, the order of a hash map or the operating
//! system's randomness. Nothing here is serialisable by serde, because the wire format belongs to
//! `bolide-net`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod fuzzing;
mod ids;
pub mod journal;
mod model;
mod space;
mod standing;
mod state;
mod step;
mod world;

pub use ids::{PlayerId, Tick, TickRate};
pub use model::command::{BotSkill, Command, Input, PlayerKind};
pub use model::event::{Event, Refusal};
pub use model::fireball::{Fireball, FireballId};
pub use model::modes::{Mode, PRESETS, preset};
pub use model::motion::Motion;
pub use model::phase::{EndReason, Outcome, Phase};
pub use model::player::{Life, Player};
pub use model::rules::{FIREBALLS_MAX, RuleValue, Rules, RulesError, Spawn, Walls, Zone};
pub use model::tick_rules::Tuning;
pub use space::point::{GRID, Point};
pub use standing::Standing;
pub use state::stream::StateError;
pub use world::World;
