//! Handles any comings, goings and texts of the pages of old relays. The invariants are in
//! `bolide_lobby::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_lobby::fuzzing::relay_frame(data));
