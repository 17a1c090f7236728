//! The inputs of the page on their way to the tick that takes them.

use std::collections::VecDeque;

use bolide_net::InputMessage;
use bolide_sim::Input;

/// Inputs that no tick has taken yet. The room holds 8 and takes one in each tick, so with the
/// snapshots of a second withheld an honest page has fewer. The oldest is forgotten.
const PENDING_MAX: usize = 64;

/// The numbers of the inputs, and those that no tick has taken yet, oldest first.
pub(crate) struct Inputs {
    newest: u32,
    pending: VecDeque<(u32, Input)>,
}

impl Inputs {
    /// Continues after the newest number that the room has.
    pub(crate) const fn after(newest: u32) -> Inputs {
        Inputs { newest, pending: VecDeque::new() }
    }

    /// Returns the message of the next input. `for_tick` is the tick it is meant for, `view` the
    /// one that the page saw.
    pub(crate) fn next(
        &mut self,
        input: Input,
        for_tick: Option<u32>,
        view: Option<u32>,
    ) -> InputMessage {
        self.newest = self.newest.saturating_add(1);
        if self.pending.len() >= PENDING_MAX {
            self.pending.pop_front();
        }
        self.pending.push_back((self.newest, input));
        InputMessage { seq: self.newest, for_tick, view, input }
    }

    /// Returns whether a walk is on its way.
    pub(crate) fn has_move(&self) -> bool {
        self.pending.iter().any(|(_, input)| matches!(input, Input::Move(_)))
    }

    /// Takes out the input with this number, which the rules refused.
    pub(crate) fn refused(&mut self, seq: u32) -> Option<Input> {
        let index = self.pending.iter().position(|(pending, _)| *pending == seq)?;
        self.pending.remove(index).map(|(_, input)| input)
    }

    /// Forgets the inputs up to this number, which ticks have taken.
    pub(crate) fn taken(&mut self, seq: u32) {
        self.pending.retain(|(pending, _)| *pending > seq);
    }
}
