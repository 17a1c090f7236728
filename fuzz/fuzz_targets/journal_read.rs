//! Any bytes as a journal: what `bolide replay` is given by strangers. What must hold is in `bolide_sim::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_sim::fuzzing::journal_read(data));
