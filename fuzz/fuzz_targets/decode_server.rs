//! Any bytes as a frame from a server: what bots and tools read. The first byte selects the format (even:
//! JSON, odd: MessagePack), the rest is the frame. What must hold is in `bolide_net::fuzzing`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bolide_net::fuzzing::decode_server(data));
