//! The working memory of a step.

use alloc::vec::Vec;

use crate::ids::PlayerId;
use crate::model::command::Input;
use crate::space::broadphase::PlayerGrid;
use crate::space::point::Point;

/// Buffers that keep their capacity from tick to tick, so that a step allocates nothing. They hold
/// nothing of use between steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(super) intents: Vec<(PlayerId, Input)>,
    pub(super) moved: Vec<Point>,
    pub(super) touches: Vec<Touch>,
    pub(super) spent: Vec<bool>,
    pub(super) grid: PlayerGrid,
}

impl Scratch {
    pub(crate) fn new(players: usize, fireballs: usize) -> Scratch {
        Scratch {
            intents: Vec::with_capacity(players),
            moved: Vec::with_capacity(players),
            touches: Vec::with_capacity(fireballs),
            spent: Vec::with_capacity(fireballs),
            grid: PlayerGrid::default(),
        }
    }
}

/// A fireball and a player that touch, unless something earlier prevents it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    /// 0..=1 in this tick, -1..=0 in the last one, and so on.
    pub(super) at: f64,
    pub(super) tie: u64,
    pub(super) fireball: usize,
    pub(super) victim: usize,
    pub(super) place: Point,
    pub(super) rewind_ticks: u8,
}
