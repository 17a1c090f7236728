//! The commands, a file each.

pub(crate) mod config;
pub(crate) mod journal;
