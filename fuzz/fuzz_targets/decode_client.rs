//! Decodes any bytes as a client's frame, as the server does with frames from unknown peers. The
//! first byte selects the format (even: JSON, odd: MessagePack), the rest is the frame. The
//! invariants are in `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::decode_client(data));
