//! Any commands in any order: what a room may ever hand to the step. What must hold is in `bolide_sim::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_sim::fuzzing::sim_step(data));
