//! The parts of this game: players, fireballs, commands, events, and the rules of a mode. Nothing
//! here changes a world; the step does.

pub(crate) mod bot;
pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod fireball;
pub(crate) mod modes;
pub(crate) mod motion;
pub(crate) mod phase;
pub(crate) mod player;
pub(crate) mod rules;
pub(crate) mod spawn;
pub(crate) mod tick_rules;
