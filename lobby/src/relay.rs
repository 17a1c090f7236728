//! The meaning of a text at each kind of endpoint of old relays.

pub(crate) mod chat;
pub(crate) mod room;
pub(crate) mod topic;
pub(crate) mod user;
