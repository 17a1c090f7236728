//! A sequence of frames from a client against the legality table. What must hold is in `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::connection(data));
