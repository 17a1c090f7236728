//! Geometry: the grid of places, contact of moving circles, and the search for neighbours. It knows
//! nothing of the game.

pub(crate) mod broadphase;
pub(crate) mod point;
pub(crate) mod sweep;
