//! Reads the records of a journal. Any bytes may be passed.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::{
    FORMAT, FORMAT_MIN, GAME, Header, KIND_END, KIND_HASH, KIND_HEADER, KIND_STATE, KIND_TICK,
    MAGIC, PAYLOAD_BYTES_MAX, SIM_VERSION, SIM_VERSION_MIN,
};
use crate::ids::Tick;
use crate::model::command::Command;
use crate::standing::Standing;
use crate::state::stream::{Source, State, StateError};
use crate::world::World;

/// One record after the header.
#[derive(Debug)]
pub enum Record {
    /// The commands of a tick.
    Tick {
        /// The tick.
        tick: Tick,
        /// The commands, in the order in which the step takes them.
        commands: Vec<Command>,
    },
    /// The state hash after a tick.
    Hash {
        /// The tick.
        tick: Tick,
        /// The hash.
        hash: u64,
    },
    /// The whole state after its tick.
    State(Box<World>),
    /// The result of the match.
    End {
        /// The tick in which it was decided.
        tick: Tick,
        /// The standing of each player, the best first.
        standings: Vec<Standing>,
    },
}

impl Record {
    /// Returns its tick.
    #[must_use]
    pub const fn tick(&self) -> Tick {
        match self {
            Record::Tick { tick, .. } | Record::Hash { tick, .. } | Record::End { tick, .. } => {
                *tick
            }
            Record::State(world) => world.tick(),
        }
    }
}

/// The reason why bytes are not a journal, or not all of one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JournalError {
    /// The bytes are no journal at all.
    #[error("this is not a journal: it does not begin with \"BOLIDE\"")]
    NotAJournal,
    /// A journal of another format.
    #[error("this journal has format {0}; this program reads formats {FORMAT_MIN} to {FORMAT}")]
    Format(u32),
    /// A journal of another game, or of another version of the game.
    #[error(
        "this journal is of {game} {version}; this program plays {GAME} {SIM_VERSION_MIN} to {SIM_VERSION}"
    )]
    Game {
        /// The name of the game.
        game: String,
        /// Its version.
        version: u32,
    },
    /// The last record is not whole. The records before it are.
    #[error("the record at byte {at} is cut off")]
    Torn {
        /// The byte at which it begins.
        at: usize,
    },
    /// A record is damaged.
    #[error("the record at byte {at} is damaged: {why}")]
    Damaged {
        /// The byte at which it begins.
        at: usize,
        /// The fault.
        why: String,
    },
}

impl JournalError {
    /// Returns whether another program can read the journal: one of another version, or one that
    /// plays another game.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        matches!(self, JournalError::Format(_) | JournalError::Game { .. })
    }

    /// Returns the error to report if whole records follow. No crash leaves such an end, so it is
    /// damage.
    pub(super) fn before_whole_records(self) -> JournalError {
        match self {
            JournalError::Torn { at } => {
                let why = "it claims more bytes than there are, and whole records follow it".into();
                JournalError::Damaged { at, why }
            }
            error => error,
        }
    }
}

/// An iterator over the records of a journal. It ends after the first error.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    format: u32,
    at: usize,
    failed: bool,
}

impl<'a> Reader<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// Fails if the bytes do not begin with the header of a journal that this program can play.
    pub fn open(bytes: &'a [u8]) -> Result<(Header, Reader<'a>), JournalError> {
        if !bytes.starts_with(MAGIC) {
            return Err(JournalError::NotAJournal);
        }
        let mut reader = Reader { bytes, format: FORMAT, at: MAGIC.len(), failed: false };
        let at = reader.at;
        let Some((kind, payload)) = reader.payload()? else {
            return Err(JournalError::Torn { at });
        };
        if kind != KIND_HEADER {
            return Err(damaged(at, &"the first record is no header"));
        }
        let header = Header::read(payload, |error| damaged(at, &error))?;
        reader.format = header.format;
        Ok((header, reader))
    }

    /// Returns the number of bytes that were read whole. A torn journal is good up to here.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Continues at a record that begins at `at`.
    pub(super) const fn seek(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn damaged_here(&self, why: &dyn Display) -> JournalError {
        damaged(self.at, why)
    }

    /// Returns true if the bytes from `at` on, which are no whole record, are what a crash leaves:
    /// the end of an unfinished write. If a whole record follows anywhere, they are damage. A
    /// damaged length may point anywhere, so every byte is tried.
    #[must_use]
    pub fn is_torn_end(&self, at: usize) -> bool {
        (at + 1..self.bytes.len()).all(|at| {
            let mut later = Reader { at, ..*self };
            !matches!(later.payload(), Ok(Some((KIND_TICK..=KIND_END, _))))
        })
    }

    /// Opens a later segment, which begins with a header and a state. Returns `None` if its
    /// beginning is torn, so that it holds nothing.
    pub(super) fn open_segment(
        bytes: &'a [u8],
    ) -> Result<Option<(Header, Reader<'a>)>, JournalError> {
        let opened = match Reader::open(bytes) {
            Ok((header, reader)) => {
                let mut first = Reader { ..reader };
                match first.payload() {
                    Ok(Some((KIND_STATE, _))) => return Ok(Some((header, reader))),
                    Ok(Some(_)) => Err(reader.damaged_here(&"a later segment begins with a state")),
                    Ok(None) => return Ok(None),
                    Err(error) => Err(error),
                }
            }
            Err(error) if error.is_foreign() => return Err(error),
            Err(error) => Err(error),
        };
        let all = Reader { bytes, format: FORMAT, at: 0, failed: false };
        if all.is_torn_end(0) { Ok(None) } else { opened }
    }

    /// Returns the kind and the words of the next record, checked but not decoded.
    pub(super) fn payload(&mut self) -> Result<Option<(u8, &'a [u8])>, JournalError> {
        let (at, rest) = (self.at, &self.bytes[self.at..]);
        if rest.is_empty() {
            return Ok(None);
        }
        let Some((head, rest)) = rest.split_first_chunk::<8>() else {
            return Err(JournalError::Torn { at });
        };
        let [a, b, c, d, e, f, g, h] = *head;
        let (length, crc) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(1..=PAYLOAD_BYTES_MAX).contains(&length) {
            return Err(damaged(at, &"its length is out of range"));
        }
        let Some(payload) = rest.get(..length) else { return Err(JournalError::Torn { at }) };
        if crc32fast::hash(payload) != crc {
            return Err(damaged(at, &"its checksum does not fit"));
        }
        self.at = at + 8 + length;
        Ok(payload.split_first().map(|(kind, words)| (*kind, words)))
    }

    fn record(&mut self) -> Result<Option<Record>, JournalError> {
        let at = self.at;
        let Some((kind, payload)) = self.payload()? else { return Ok(None) };
        let mut source = Source::new(payload);
        let record = match kind {
            KIND_TICK => tick(&mut source),
            KIND_HASH => hash(&mut source),
            KIND_STATE if self.format == 1 => state(&mut source),
            KIND_STATE => tick_and_state(&mut source),
            KIND_END if self.format > 1 => end(&mut source),
            _ => Err(StateError::Impossible("kind of record")),
        };
        let record = record.and_then(|record| source.end().map(|()| record));
        record.map(Some).map_err(|error| damaged(at, &error))
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Record, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let record = self.record();
        self.failed = record.is_err();
        record.transpose()
    }
}

fn tick(source: &mut Source<'_>) -> Result<Record, StateError> {
    Ok(Record::Tick { tick: State::read(source)?, commands: State::read(source)? })
}

fn hash(source: &mut Source<'_>) -> Result<Record, StateError> {
    Ok(Record::Hash { tick: State::read(source)?, hash: State::read(source)? })
}

fn state(source: &mut Source<'_>) -> Result<Record, StateError> {
    World::read(source).map(Box::new).map(Record::State)
}

fn tick_and_state(source: &mut Source<'_>) -> Result<Record, StateError> {
    let tick = Tick::read(source)?;
    let state = state(source)?;
    if state.tick() == tick { Ok(state) } else { Err(StateError::Impossible("tick")) }
}

fn end(source: &mut Source<'_>) -> Result<Record, StateError> {
    Ok(Record::End { tick: State::read(source)?, standings: State::read(source)? })
}

fn damaged(at: usize, why: &dyn Display) -> JournalError {
    JournalError::Damaged { at, why: why.to_string() }
}
