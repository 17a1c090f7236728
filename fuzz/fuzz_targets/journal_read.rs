//! Reads any bytes as a journal, as `bolide replay` does with unknown files. The invariants are in
//! `bolide_sim::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_sim::fuzzing::journal_read(data));
