//! Runs a match again from its journal, tick by tick, and compares every recorded hash with the
//! world.

use alloc::vec::Vec;

use super::{Header, JournalError, Reader, Record};
use crate::ids::Tick;
use crate::model::event::Event;
use crate::standing::Standing;
use crate::world::World;

/// An iterator over the ticks of a match. After each tick, [`Replay::world`] and [`Replay::events`]
/// return its result.
#[derive(Debug)]
pub struct Replay<'a> {
    header: Header,
    reader: Reader<'a>,
    world: World,
    events: Vec<Event>,
    /// A record whose tick has not come yet.
    waiting: Option<Record>,
    /// The segments that follow.
    later: &'a [&'a [u8]],
    /// The next record is the state at the beginning of a segment.
    begins: bool,
    gaps: Vec<(Tick, Tick)>,
    ended: bool,
    hashes: u32,
}

/// The reason why a replay stops before the end of its journal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// The rest of the journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The world differs from the recorded one.
    #[error(
        "tick {tick} differs: the journal has state hash {recorded:016x}, the replay {computed:016x}"
    )]
    Differs {
        /// The first tick whose recorded hash is not that of the replay.
        tick: Tick,
        /// The hash in the journal.
        recorded: u64,
        /// The hash of the replay.
        computed: u64,
    },
    /// A record of a tick that is over, or so far ahead that no match lasts so long. In a recovery,
    /// also a record that leaves out a tick.
    #[error("after tick {after} the journal goes on with tick {tick}")]
    Order {
        /// The last tick of the replay.
        after: Tick,
        /// The record's tick.
        tick: Tick,
    },
    /// The result in the journal is not that of the replay.
    #[error("the result after tick {0} differs: the journal has other standings than the replay")]
    Result(Tick),
}

/// Ticks without a record that a journal may skip: an hour's fight and an hour's wait at 60 Hz.
const GAP_TICKS_MAX: u32 = 2 * 3600 * 60;

impl<'a> Replay<'a> {
    /// Opens a journal, or a later segment of one. The first tick has not been stepped yet.
    ///
    /// # Errors
    /// Fails if the bytes do not begin with the header of a journal that this program can play.
    pub fn open(journal: &'a [u8]) -> Result<Replay<'a>, JournalError> {
        Replay::open_segments(journal, &[])
    }

    /// Opens a match of several segments. The `later` ones begin with a full state, which is
    /// compared. Ticks that are in no segment are skipped: see [`Replay::gaps`].
    ///
    /// # Errors
    /// Fails if the first segment does not begin with the header of a journal that this program can
    /// play.
    pub fn open_segments(
        journal: &'a [u8],
        later: &'a [&'a [u8]],
    ) -> Result<Replay<'a>, JournalError> {
        let (header, mut reader) = Reader::open(journal)?;
        let mut world = World::new(header.rules.clone(), header.seed)
            .map_err(|error| reader.damaged_here(&error))?;
        let mut waiting = reader.next().transpose()?;
        if let Some(Record::State(state)) = waiting {
            world = *state;
            waiting = None;
        }
        Ok(Replay {
            header,
            reader,
            world,
            events: Vec::new(),
            waiting,
            later,
            begins: false,
            gaps: Vec::new(),
            ended: false,
            hashes: 0,
        })
    }

    /// Returns the ticks that no segment has, each gap as first and last. A disk that failed to
    /// sync lost them.
    #[must_use]
    pub fn gaps(&self) -> &[(Tick, Tick)] {
        &self.gaps
    }

    /// Returns the header of the journal.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the world after the last tick.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Returns the events of the last tick.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns the number of recorded hashes that were compared, all of them equal.
    #[must_use]
    pub const fn hashes(&self) -> u32 {
        self.hashes
    }

    fn step(&mut self) -> Result<Option<Tick>, ReplayError> {
        self.events.clear();
        let Some(record) = self.next_in_order()? else { return Ok(None) };
        let (after, next, tick) = (self.world.tick(), self.world.tick().next(), record.tick());
        if tick <= after || tick.since(next) > GAP_TICKS_MAX {
            return Err(ReplayError::Order { after, tick });
        }
        match record {
            Record::Tick { tick, commands } if tick == next => {
                self.world.step(&commands, &mut self.events);
            }
            later => {
                self.waiting = Some(later);
                self.world.step(&[], &mut self.events);
            }
        }
        self.compare_due()?;
        Ok(Some(next))
    }

    /// Returns the next record. If a segment begins with a later tick than the world has reached,
    /// its state becomes the world.
    fn next_in_order(&mut self) -> Result<Option<Record>, ReplayError> {
        loop {
            let record = self.next_record()?;
            match record {
                Some(Record::State(state)) if self.begins && self.waits_until(&state) => {
                    return Ok(Some(Record::State(state)));
                }
                Some(Record::State(state)) if self.begins && state.tick() > self.world.tick() => {
                    self.gaps.push((self.world.tick().next(), state.tick()));
                    self.begins = false;
                    self.world = *state;
                }
                // The segment before this one was left before it had a tick.
                Some(Record::State(state)) if self.begins && state.tick() == self.world.tick() => {
                    self.begins = false;
                    self.compare(state.hash())?;
                }
                record => return Ok(record),
            }
        }
    }

    /// Returns whether the world reaches this later state without a record. While a match waits for
    /// players, up to a second has none.
    fn waits_until(&self, state: &World) -> bool {
        let ticks = state.tick().since(self.world.tick());
        if !self.world.is_waiting() || !(1..=self.world.rules().tick_rate.hz()).contains(&ticks) {
            return false;
        }
        let mut world = self.world.clone();
        (0..ticks).for_each(|_| world.step(&[], &mut Vec::new()));
        world.hash() == state.hash()
    }

    /// Compares the records of the tick just stepped, so that a difference is reported with its own
    /// tick.
    fn compare_due(&mut self) -> Result<(), ReplayError> {
        while let Some(record) = self.next_record()? {
            match record {
                Record::Hash { tick, hash } if tick == self.world.tick() => self.compare(hash)?,
                Record::State(state) if state.tick() == self.world.tick() => {
                    self.begins = false;
                    self.compare(state.hash())?;
                }
                Record::End { tick, standings } if tick == self.world.tick() => {
                    compare_result(&self.world, tick, &standings)?;
                }
                later => {
                    self.waiting = Some(later);
                    break;
                }
            }
        }
        Ok(())
    }

    fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        if let Some(record) = self.waiting.take() {
            return Ok(Some(record));
        }
        let at = self.reader.position();
        let end = match self.reader.next() {
            Some(Ok(record)) => return Ok(Some(record)),
            Some(Err(error)) if !self.reader.is_torn_end(at) => {
                return Err(error.before_whole_records());
            }
            end => end,
        };
        // The next segment holds what this one lacks at its end.
        if self.begin_next_segment()? { self.next_record() } else { end.transpose() }
    }

    fn begin_next_segment(&mut self) -> Result<bool, JournalError> {
        while let Some((segment, later)) = self.later.split_first() {
            self.later = later;
            let Some((header, reader)) = Reader::open_segment(segment)? else { continue };
            if (&header.rules, header.seed) != (&self.header.rules, self.header.seed) {
                return Err(reader.damaged_here(&"this segment is of another match"));
            }
            (self.reader, self.begins) = (reader, true);
            return Ok(true);
        }
        Ok(false)
    }

    fn compare(&mut self, recorded: u64) -> Result<(), ReplayError> {
        let (tick, computed) = (self.world.tick(), self.world.hash());
        if recorded == computed {
            self.hashes += 1;
            Ok(())
        } else {
            Err(ReplayError::Differs { tick, recorded, computed })
        }
    }
}

impl Iterator for Replay<'_> {
    type Item = Result<Tick, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }
}

/// Compares a recorded result with that of the world.
pub(super) fn compare_result(
    world: &World,
    tick: Tick,
    recorded: &[Standing],
) -> Result<(), ReplayError> {
    let is_same = tick == world.tick() && recorded == world.standings();
    if is_same { Ok(()) } else { Err(ReplayError::Result(tick)) }
}
