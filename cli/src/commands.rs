//! The commands, one file each.

pub(crate) mod config;
pub(crate) mod journal;
pub(crate) mod replay;
