//! The log of a match: rules, seed and the commands of each tick, from which the whole match follows. With the state hash of
//! each second, so that a replay proves itself. No person is in it, only seats. Reading is total: any bytes give records
//! or a named error, never a panic. It must not name a file: bytes in, bytes out.
//!
//! ```text
//! journal   magic record record ...               the first record is the header
//! magic     "BOLIDE\r\n"                          8 bytes
//! record    length   u32, little endian           bytes of the payload, 1..=4 MiB
//!           crc      u32, little endian           CRC-32 (IEEE) of the payload
//!           payload  kind, then its words         words are variable-length integers, seven bits a byte,
//!                                                 the low ones first
//! kind 0    header   format, sim version, rules, seed, length of the build's name, its bytes
//! kind 1    tick     tick, number of commands, each command
//! kind 2    hash     tick, state hash after it
//! kind 3    state    the saved state of a world, as in `World::save`
//! ```
//!
//! A tick that has no record had no commands. A journal that goes on is written with a record for
//! every tick, so that its last one tells how far the match had come; only such a one can be
//! recovered. While a match waits for players nothing moves: then only ticks with commands have a
//! record, and each second its hash or its state. A journal whose first record after the header is
//! a state is a later segment of a match: it begins there, and needs none before it.

mod reader;
mod recover;
mod replay;
mod writer;

pub use reader::{Header, JournalError, Reader, Record};
pub use recover::{Recovered, is_blank, recover, recover_segments};
pub use replay::{Replay, ReplayError};
pub use writer::Writer;

/// The layout's version.
pub const FORMAT: u32 = 1;

/// The version of the rules' code. Rises whenever the same journal would play differently; a journal of another one is
/// refused by name.
pub const SIM_VERSION: u32 = 2;

const MAGIC: &[u8; 8] = b"BOLIDE\r\n";
/// A saved state of 1,000 players and as many fireballs is below 400 KiB.
const PAYLOAD_BYTES_MAX: usize = 4 << 20;

const KIND_HEADER: u8 = 0;
const KIND_TICK: u8 = 1;
const KIND_HASH: u8 = 2;
const KIND_STATE: u8 = 3;
