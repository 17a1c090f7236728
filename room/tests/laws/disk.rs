//! The part of a room that outlives its process: its journal, and what it asked to be stored, which
//! takes time and may be lost.

use std::collections::{BTreeMap, VecDeque};

use bolide_room::{JournalRecords, SaveNumber, SeatRecord};
use bolide_sim::PlayerId;
use bolide_sim::journal::{Reader, Record};
use uuid::Uuid;

use crate::dice::Dice;

/// The journal of the current match, segment by segment.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) id: Uuid,
    pub(crate) number: u32,
    pub(crate) segments: Vec<Vec<u8>>,
    /// The header of the newest segment.
    header: Vec<u8>,
}

impl Journal {
    /// Appends records, and returns them as a reader decodes them.
    pub(crate) fn append(&mut self, records: &JournalRecords, number: u32) -> Vec<Record> {
        if records.id != self.id {
            assert!(records.begins, "a match begins in the middle of its journal");
            *self = Journal { id: records.id, number, ..Journal::default() };
        }
        let bytes = if records.begins {
            let (_, reader) = Reader::open(&records.bytes).expect("a header");
            self.header = records.bytes[..reader.position()].to_vec();
            self.segments.push(records.bytes.clone());
            records.bytes.clone()
        } else {
            let newest = self.segments.last_mut().expect("a beginning");
            newest.extend_from_slice(&records.bytes);
            [&*self.header, &*records.bytes].concat()
        };
        let (_, reader) = Reader::open(&bytes).expect("a header");
        reader.map(|record| record.expect("whole")).collect()
    }
}

/// The stored state of a room besides its journal, and the requests that wait, in order, each until
/// its time.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) seats: BTreeMap<PlayerId, SeatRecord>,
    pub(crate) locked: bool,
    waiting: VecDeque<(u64, Wish)>,
}

pub(crate) enum Wish {
    Seat(SaveNumber, Box<SeatRecord>),
    Lock(SaveNumber, bool),
    Forget(PlayerId),
    /// A request that was lost, and is never answered.
    Lost,
}

impl Store {
    /// Queues a request that is carried out after `delay` ticks, or later if those before it take
    /// longer.
    pub(crate) fn wish(&mut self, wish: Wish, now: u64, delay: u64) {
        let after = self.waiting.back().map_or(0, |(due, _)| *due);
        self.waiting.push_back((after.max(now + delay), wish));
    }

    /// Carries out the next request that is due, and returns the answer for the room.
    pub(crate) fn keep_due(&mut self, now: u64) -> Option<Option<SaveNumber>> {
        let (_, wish) = self.waiting.pop_front_if(|(due, _)| *due <= now)?;
        Some(self.keep(wish))
    }

    /// Ends with the process: only some of the waiting requests are still carried out.
    pub(crate) fn die(&mut self, dice: &mut Dice) {
        while !dice.one_in(3)
            && let Some((_, wish)) = self.waiting.pop_front()
        {
            self.keep(wish);
        }
        self.waiting.clear();
    }

    fn keep(&mut self, wish: Wish) -> Option<SaveNumber> {
        match wish {
            Wish::Seat(number, record) => {
                self.seats.insert(record.player, *record);
                Some(number)
            }
            Wish::Lock(number, locked) => {
                self.locked = locked;
                Some(number)
            }
            Wish::Forget(player) => {
                self.seats.remove(&player);
                None
            }
            Wish::Lost => None,
        }
    }
}
