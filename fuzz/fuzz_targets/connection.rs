//! Checks a sequence of client frames against the legality table. The invariants are in
//! `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::connection(data));
