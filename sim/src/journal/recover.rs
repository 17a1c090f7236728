//! Recovers the world at the end of a journal by the shortest way: from the last full state on,
//! with every hash compared. A last record that is torn by the death of the process or of the
//! machine is cut off. Damage before it is never skipped.

use alloc::vec::Vec;

use super::replay::compare_result;
use super::{Header, JournalError, KIND_STATE, Reader, Record, ReplayError};
use crate::ids::Tick;
use crate::model::event::Event;
use crate::world::World;

/// A match as far as its journal reaches.
#[derive(Debug)]
pub struct Recovered {
    /// The header of the journal.
    pub header: Header,
    /// The world after the last whole tick. A match that waits for players is advanced as far as it
    /// may have come without another record: less than a second, in which nothing happens.
    pub world: World,
    /// Bytes up to the end of the last whole record. Cut off the rest before appending anything.
    pub whole_bytes: usize,
    /// Ticks that were stepped again.
    pub ticks: u32,
    /// Hashes that were compared, all of them equal.
    pub hashes: u32,
}

/// Recovers a match.
///
/// # Errors
/// Fails if the journal is of another version or is damaged before its end, or if its match plays
/// differently here. Such a journal must be quarantined and never resumed.
pub fn recover(journal: &[u8]) -> Result<Recovered, ReplayError> {
    let Extent { whole_bytes, state_at } = extent(journal)?;
    let (header, mut reader) = Reader::open(&journal[..whole_bytes])?;
    let mut world = World::new(header.rules.clone(), header.seed)
        .map_err(|error| reader.damaged_here(&error))?;
    if let Some(at) = state_at {
        reader.seek(at);
    }
    let (mut ticks, mut hashes) = (0, 0);
    let mut events = Vec::new();
    for record in reader {
        match record? {
            Record::Tick { tick, commands } => {
                ticks += wait(&mut world, tick.previous(), &mut events)?;
                if tick != world.tick().next() {
                    return Err(ReplayError::Order { after: world.tick(), tick });
                }
                events.clear();
                world.step(&commands, &mut events);
                ticks += 1;
            }
            Record::Hash { tick, hash } => {
                ticks += wait(&mut world, tick, &mut events)?;
                compare(&world, tick, hash)?;
                hashes += 1;
            }
            Record::End { tick, standings } => {
                compare_result(&world, tick, &standings)?;
            }
            // The state that was loaded first, or the first record of a segment.
            Record::State(state) => world = *state,
        }
    }
    // The match may have come this far without another record.
    let next_record = Tick(world.tick().next().0.next_multiple_of(second(&world)));
    ticks += wait(&mut world, next_record.previous(), &mut events)?;
    Ok(Recovered { header, world, whole_bytes, ticks, hashes })
}

/// Steps a world that waits for players up to the end of `until`. Of its ticks, only those with
/// commands and one per second are recorded. Returns the number of ticks stepped.
fn wait(world: &mut World, until: Tick, events: &mut Vec<Event>) -> Result<u32, ReplayError> {
    let ticks = until.since(world.tick());
    if !world.is_waiting() {
        return Ok(0);
    }
    if ticks > second(world) {
        return Err(ReplayError::Order { after: world.tick(), tick: until });
    }
    for _ in 0..ticks {
        world.step(&[], events);
    }
    Ok(ticks)
}

fn second(world: &World) -> u32 {
    world.rules().tick_rate.hz()
}

/// Recovers a match of several segments, the oldest first, from the newest segment that begins
/// whole. Returns the index of that segment. The match can be resumed only if it is the last one.
///
/// # Errors
/// Fails as [`recover`] does. Damage is never skipped. A segment is skipped only if not even its
/// beginning was written.
pub fn recover_segments(segments: &[&[u8]]) -> Result<(usize, Recovered), ReplayError> {
    for (index, segment) in segments.iter().enumerate().skip(1).rev() {
        if Reader::open_segment(segment)?.is_some() {
            return Ok((index, recover(segment)?));
        }
    }
    Ok((0, recover(segments.first().copied().unwrap_or_default())?))
}

/// Returns true if not even the header of a journal was written whole, as after a crash or on a
/// full disk. Such a journal has no ticks.
#[must_use]
pub fn is_blank(journal: &[u8]) -> bool {
    Reader::open(journal).is_err() && matches!(Reader::open_segment(journal), Ok(None))
}

fn compare(world: &World, tick: Tick, recorded: u64) -> Result<(), ReplayError> {
    let computed = world.hash();
    if (tick, recorded) == (world.tick(), computed) {
        Ok(())
    } else {
        Err(ReplayError::Differs { tick, recorded, computed })
    }
}

struct Extent {
    whole_bytes: usize,
    /// The byte at which the last full state begins.
    state_at: Option<usize>,
}

/// Walks all records without decoding them, up to the last whole one.
fn extent(journal: &[u8]) -> Result<Extent, JournalError> {
    let (_, mut reader) = Reader::open(journal)?;
    let mut state_at = None;
    loop {
        let at = reader.position();
        match reader.payload() {
            Ok(Some((KIND_STATE, _))) => state_at = Some(at),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Extent { whole_bytes: at, state_at }),
            Err(_) if reader.is_torn_end(at) => return Ok(Extent { whole_bytes: at, state_at }),
            Err(error) => return Err(error.before_whole_records()),
        }
    }
}
