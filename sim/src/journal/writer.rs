//! Writes the records of a journal into a buffer. Handing it to the kernel before a tick's frames
//! are sent is the server's job.

use alloc::vec::Vec;

use super::{Header, KIND_END, KIND_HASH, KIND_HEADER, KIND_STATE, KIND_TICK, MAGIC};
use crate::ids::Tick;
use crate::model::command::Command;
use crate::state::stream::{Saved, Sink, State};
use crate::world::World;

/// Approximate bytes of a tick without its commands. With less, the buffer would grow in steps.
const TICK_BYTES: usize = 32;

/// Approximate bytes of a command.
const COMMAND_BYTES: usize = 24;

/// The bytes of a journal, in the order of writing.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins the journal of a world before its first tick, or a later segment. `mode` is the name
    /// of the mode: 1 to 64 characters out of a to z, A to Z, 0 to 9, `-` and `_`. `build` is the
    /// name of the program that writes the journal.
    #[must_use]
    pub fn new(world: &World, mode: &str, build: &str) -> Writer {
        let mut writer = Writer { bytes: MAGIC.to_vec() };
        writer.record(KIND_HEADER, |saved| Header::write(world, mode, build, saved));
        writer
    }

    /// Writes the commands of a tick, as the step takes them.
    pub fn tick(&mut self, tick: Tick, commands: &[Command]) {
        self.bytes.reserve(TICK_BYTES + COMMAND_BYTES * commands.len());
        self.record(KIND_TICK, |saved| {
            tick.write(saved);
            saved.word(commands.len() as u64);
            for command in commands {
                command.write(saved);
            }
        });
    }

    /// Writes the state hash after the world's tick.
    pub fn hash(&mut self, world: &World) {
        self.record(KIND_HASH, |saved| {
            world.tick().write(saved);
            world.hash().write(saved);
        });
    }

    /// Writes the whole state after the world's tick.
    pub fn state(&mut self, world: &World) {
        self.record(KIND_STATE, |saved| {
            world.tick().write(saved);
            world.write(saved);
        });
    }

    /// Writes the result of the match, which was decided in the world's tick.
    pub fn end(&mut self, world: &World) {
        self.record(KIND_END, |saved| {
            world.tick().write(saved);
            world.standings().write(saved);
        });
    }

    /// Returns the bytes written since the last call and leaves the writer empty.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.bytes)
    }

    fn record(&mut self, kind: u8, payload: impl FnOnce(&mut Saved)) {
        let mut saved = Saved(core::mem::take(&mut self.bytes));
        let start = saved.0.len();
        saved.0.extend_from_slice(&[0; 8]);
        saved.0.push(kind);
        payload(&mut saved);
        let (head, body) = saved.0[start..].split_at_mut(8);
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
        self.bytes = saved.0;
    }
}
