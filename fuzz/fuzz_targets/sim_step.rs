//! Steps a world with any commands in any order, as a room may pass them. The invariants are in
//! `bolide_sim::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_sim::fuzzing::sim_step(data));
