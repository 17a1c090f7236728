//! The program as people start it: what it prints, what it refuses and how, how it ends, and what it leaves behind.

#![forbid(unsafe_code)]

mod accepting;
mod configuring;
mod durability;
mod journals;
mod keeping;
mod old_data;
mod player;
mod program;
mod recovering;
mod replaying;
mod restoring;
mod starting;
mod stopping;
mod survival;
mod swarming;
mod watching;
