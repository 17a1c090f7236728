//! Bolide's simulation. A match is a pure function of (rules, seed, the commands of each tick).
//!
//! Start at [`World::step`]: it lists the phases of a tick in order. Nothing here may read a clock,
//! a file, a socket, the order of a hash map or the operating system's randomness. Nothing here is
//! serialisable by serde, because the wire format belongs to `bolide-net`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod act;
mod bot;
mod command;
mod contact;
mod event;
mod fireball;
pub mod fuzzing;
mod gather;
mod grid;
mod hash;
mod hits;
mod ids;
pub mod journal;
mod math;
mod modes;
mod motion;
mod past;
mod phase;
mod player;
mod rng;
mod rules;
mod spawn;
mod state;
mod tuning;
mod verdict;
mod world;
mod zone;

pub use bot::BotSkill;
pub use command::{Command, Input, PlayerKind};
pub use event::{Event, Refusal};
pub use fireball::{Fireball, FireballId};
pub use ids::{PlayerId, Tick, TickRate};
pub use math::{GRID, Point};
pub use modes::{Mode, PRESETS, preset};
pub use motion::Motion;
pub use phase::{EndReason, Outcome, Phase};
pub use player::{Life, Player};
pub use rules::{FIREBALLS_MAX, RuleValue, Rules, RulesError, Spawn, Walls, Zone};
pub use state::StateError;
pub use tuning::Tuning;
pub use world::World;
