//! The state of a bot. Its decisions are in the step.

use crate::ids::Tick;
use crate::model::command::BotSkill;
use crate::state::stream::state;

/// The state of a bot between two ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bot {
    pub(crate) skill: BotSkill,
    /// The first tick in which it thinks again.
    pub(crate) thinks_at: Tick,
}

state!(struct Bot { skill, thinks_at });

impl Bot {
    pub(crate) const fn new(skill: BotSkill) -> Bot {
        Bot { skill, thinks_at: Tick(0) }
    }
}
