//! The messages, their parts, and the states in which a client may send them.

pub(crate) mod control;
pub(crate) mod entity;
pub(crate) mod event;
pub(crate) mod legality;
pub(crate) mod room_code;
pub(crate) mod rules;
pub(crate) mod tick;
pub(crate) mod user_text;
pub(crate) mod wrong_input;
