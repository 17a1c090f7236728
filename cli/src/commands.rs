//! The commands, one file each. A command is the data that its command line says; `run` does the
//! task, prints to the given output, and returns the exit code.

pub(crate) mod config;
pub(crate) mod healthcheck;
pub(crate) mod journal;
pub(crate) mod key;
pub(crate) mod notice;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod swarm;
