//! Tests of the program as a process: its output, its refusals, its exit, and the files that it
//! leaves behind.

#![forbid(unsafe_code)]

mod accepting;
mod configuring;
mod durability;
mod journals;
mod keeping;
mod keys;
mod old_data;
mod player;
mod program;
mod recovering;
mod relays;
mod replaying;
mod restoring;
mod starting;
mod stopping;
mod survival;
mod swarming;
mod watching;
