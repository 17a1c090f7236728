//! Handles frames of an old page. The invariants are in `bolide_legacy::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_legacy::fuzzing::legacy_frame(data));
