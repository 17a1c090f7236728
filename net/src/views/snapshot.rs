//! A snapshot: the state of a match as a receiver sees it at the end of a tick. `capture.rs` makes
//! it from a world.
//!
//! ```text
//! [1, tick, phase, phase_ends|nil, [player...], [fireball...], [ack...]]
//! ```

use crate::messages::entity::{Ack, FireballState, PlayerState};
use crate::wire::positional::positional;

/// The part of the world that a client may see at the end of a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "describe", derive(schemars::JsonSchema), schemars(transform = Snapshot::as_array))]
pub struct Snapshot {
    /// The tick.
    pub tick: u32,
    /// 0 waiting, 1 countdown, 2 fighting, 3 over.
    pub phase: u8,
    /// The tick at which the countdown or the fight ends by time.
    pub phase_ends: Option<u32>,
    /// Sorted by id.
    pub players: Vec<PlayerState>,
    /// Sorted by id.
    pub fireballs: Vec<FireballState>,
    /// The newest input of each player that a tick has taken; none of players without inputs.
    pub acks: Vec<Ack>,
}

pub(crate) const SNAPSHOT: u8 = 1;

positional!(Snapshot = SNAPSHOT { tick, phase, phase_ends, players, fireballs, acks });
