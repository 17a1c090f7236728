//! The log of a match: rules, seed and the commands of each tick, from which the whole match
//! follows. It also has the state hash of each second, so that a replay proves itself. It
//! identifies no person, only seats. Reading is total: any bytes give records or a named error,
//! never a panic. This module must not name a file: bytes in, bytes out.
//!
//! ```text
//! journal   magic record record ...               the first record is the header
//! magic     "BOLIDE\r\n"                          8 bytes
//! record    length   u32, little endian           bytes of the payload, 1..=4 MiB
//!           crc      u32, little endian           CRC-32 (IEEE) of the payload
//!           payload  kind, then its words         words are variable-length integers,
//!                                                 seven bits per byte, the low ones first
//! kind 0    header   format, game, version of the game, ticks per second, mode, seed, build,
//!                    number of bytes of the rules, rules
//! kind 1    tick     tick, number of commands, each command
//! kind 2    hash     tick, state hash after it
//! kind 3    state    tick, the saved state of the world after it, as in `World::save`
//! kind 4    end      tick, number of standings, each standing
//! ```
//!
//! The game, the mode and the build are each the number of their bytes and the bytes. A record of
//! kind 4 follows the tick in which the match is decided, so that its result is known without a
//! replay. Only rules, commands and states have words of the game.
//!
//! Format 1 is read as well. It knows one game, its state has no tick of its own and it has no
//! kind 4. Its header is: format, version of the game, rules, seed, build.
//!
//! A tick without a record had no commands. A journal that a match can be resumed from has a record
//! for every tick, so that the last one shows how far the match had come. Only such a journal can
//! be recovered. While a match waits for players nothing moves. Then only ticks with commands have
//! a record, and each second its hash or its state. A journal whose first record after the header
//! is a state is a later segment of a match: it begins there, and needs none before it.

mod header;
mod reader;
mod recover;
mod replay;
mod writer;

pub use header::Header;
pub use reader::{JournalError, Reader, Record};
pub use recover::{Recovered, is_blank, recover, recover_segments};
pub use replay::{Replay, ReplayError};
pub use writer::Writer;

/// The layout's version. Those from [`FORMAT_MIN`] on are read, only this one is written.
pub const FORMAT: u32 = 2;

/// The oldest layout that is read.
pub const FORMAT_MIN: u32 = 1;

/// The name of the game in the header.
pub const GAME: &str = "arena";

/// The version of the game, which is that of the rules' code. It rises whenever the same journal
/// would play differently, or when there are new rules. A journal has the version that its rules
/// need; see [`Rules::version`](crate::Rules::version).
pub const SIM_VERSION: u32 = 3;

/// The oldest version that is played. A journal of an older or a newer one is refused with its
/// number.
pub const SIM_VERSION_MIN: u32 = 2;

const MAGIC: &[u8; 8] = b"BOLIDE\r\n";
/// A saved state of 1,000 players and as many fireballs is below 400 KiB.
const PAYLOAD_BYTES_MAX: usize = 4 << 20;

const KIND_HEADER: u8 = 0;
const KIND_TICK: u8 = 1;
const KIND_HASH: u8 = 2;
const KIND_STATE: u8 = 3;
const KIND_END: u8 = 4;
