//! A snapshot and a delta from anybody, as a client applies them. What must hold is in `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::delta_apply(data));
