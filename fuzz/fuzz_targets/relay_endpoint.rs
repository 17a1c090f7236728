//! Reads any address as one of an old relay. The first byte selects the meaning of `/ws/<name>/`
//! (even: a user, odd: a room). The invariants are in `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::relay_endpoint(data));
