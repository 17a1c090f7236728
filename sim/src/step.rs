//! The phases of a tick, each a few methods of [`World`](crate::World), in the order in which
//! `World::step` calls them.

mod bots;
mod collisions;
mod intents;
mod movement;
mod outcome;
mod pregame;
pub(crate) mod scratch;
mod zone;
