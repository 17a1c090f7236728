//! Applies any delta to any snapshot, as a client does. The invariants are in
//! `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::delta_apply(data));
