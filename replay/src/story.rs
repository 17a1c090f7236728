//! A match played again from its journal, tick by tick, up to its end or to the first record that
//! cannot be played.

use std::io;

use bolide_sim::journal::{Header, JournalError, Replay, ReplayError};
use bolide_sim::{Event, Tick, World};

/// The reason why a match cannot be played to the end of its journal, or its replay not be written.
/// The text is a sentence without its subject, the journal.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The bytes do not begin as a journal that this program can play.
    #[error("cannot be replayed: {0}")]
    Unplayable(JournalError),
    /// The replay stops before the end of the journal.
    #[error("stops after tick {after}: {error}")]
    Stops {
        /// The last tick that was reproduced.
        after: Tick,
        /// The error after that tick.
        error: ReplayError,
    },
    /// The journal has no state hash to compare with.
    #[error("holds no state hash, so there is nothing to verify")]
    NothingToVerify,
    /// The output cannot be written.
    #[error("cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl PlayError {
    /// Returns whether the bytes are no journal, or one that another version of this program must
    /// play. Otherwise something is wrong with the match.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        match self {
            PlayError::Unplayable(JournalError::NotAJournal) => true,
            PlayError::Unplayable(error) => error.is_foreign(),
            _ => false,
        }
    }
}

/// The replay of a match that may have several segments. A record that is cut off at the end, as a
/// killed server leaves it, ends the story and is no error.
#[derive(Debug)]
pub struct Story<'a> {
    replay: Replay<'a>,
    /// The last tick that was reproduced.
    after: Tick,
    /// The error that follows a tick that was reproduced.
    pending: Option<ReplayError>,
    /// The offset of the last record, if that is cut off.
    torn_at: Option<usize>,
}

impl<'a> Story<'a> {
    /// Opens the segments of a match, in order. If the first one is a later segment of its match,
    /// the story begins with the state in it.
    ///
    /// # Errors
    /// [`PlayError::Unplayable`] if the first segment does not begin as a journal.
    pub fn open(segments: &'a [&'a [u8]]) -> Result<Story<'a>, PlayError> {
        let (first, later) =
            segments.split_first().ok_or(PlayError::Unplayable(JournalError::NotAJournal))?;
        let replay = Replay::open_segments(first, later).map_err(PlayError::Unplayable)?;
        let after = replay.world().tick();
        Ok(Story { replay, after, pending: None, torn_at: None })
    }

    /// Plays the next tick and returns its number, or `None` at the end of the journal.
    ///
    /// # Errors
    /// [`PlayError::Stops`] if the journal cannot be played any further.
    pub fn advance(&mut self) -> Result<Option<Tick>, PlayError> {
        let error = match self.pending.take() {
            Some(error) => error,
            None => match self.replay.next() {
                None => return Ok(None),
                Some(Ok(tick)) => {
                    self.after = tick;
                    return Ok(Some(tick));
                }
                Some(Err(error)) => error,
            },
        };
        // The record that cannot be read may follow a tick that could be.
        let played = self.replay.world().tick();
        if matches!(error, ReplayError::Journal(_)) && played > self.after {
            self.after = played;
            self.pending = Some(error);
            return Ok(Some(played));
        }
        if let ReplayError::Journal(JournalError::Torn { at }) = error {
            self.torn_at = Some(at);
            return Ok(None);
        }
        Err(PlayError::Stops { after: self.after, error })
    }

    /// Returns the header of the first segment.
    #[must_use]
    pub const fn header(&self) -> &Header {
        self.replay.header()
    }

    /// Returns the world after the last tick.
    #[must_use]
    pub const fn world(&self) -> &World {
        self.replay.world()
    }

    /// Returns the events of the last tick.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.replay.events()
    }

    /// Returns the number of state hashes that were compared, all of them equal.
    #[must_use]
    pub const fn hashes(&self) -> u32 {
        self.replay.hashes()
    }

    /// Returns remarks about records that were missing so far, none of which is an error.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        let gap = |(first, last): &(Tick, Tick)| {
            format!("ticks {first} to {last} are in no file: the disk failed to keep them")
        };
        let cut_off = |at| format!("the last record, at byte {at}, is cut off");
        self.replay.gaps().iter().map(gap).chain(self.torn_at.map(cut_off))
    }
}

#[cfg(test)]
mod tests {
    use bolide_sim::journal::Writer;
    use bolide_sim::{Tick, World, preset};

    use super::{PlayError, Story};
    use crate::testing::duel;

    /// Plays the whole journal and returns the number of its ticks, and how it ended.
    fn play(journal: &[u8]) -> (u32, Result<Vec<String>, PlayError>) {
        let segments = [journal];
        let mut story = match Story::open(&segments) {
            Ok(story) => story,
            Err(error) => return (0, Err(error)),
        };
        let mut ticks = 0;
        loop {
            match story.advance() {
                Ok(Some(tick)) => {
                    ticks += 1;
                    assert_eq!(tick, Tick(ticks));
                }
                Ok(None) => return (ticks, Ok(story.remarks().collect())),
                Err(error) => return (ticks, Err(error)),
            }
        }
    }

    #[test]
    fn a_record_that_is_cut_off_ends_the_story_after_all_whole_ones() {
        let journal = duel(true);
        let (ticks, remarks) = play(&journal);
        assert_eq!(remarks.expect("whole"), Vec::<String>::new());
        // Three bytes less cut off the last hash, whose tick ends the match.
        let (same, remarks) = play(&journal[..journal.len() - 3]);
        let remarks = remarks.expect("torn, which is no error");
        assert!(remarks.len() == 1 && remarks[0].ends_with("is cut off"), "{remarks:?}");
        assert_eq!(same, ticks);
    }

    #[test]
    fn an_unplayable_journal_is_foreign_or_damaged() {
        let journal = duel(true);
        for (bytes, is_foreign, expect) in [
            (&b""[..], true, "cannot be replayed: this is not a journal"),
            (b"PNG", true, "cannot be replayed: this is not a journal"),
            (&journal[..20], false, "cannot be replayed: the record at byte 8 is cut off"),
        ] {
            let (ticks, end) = play(bytes);
            let error = end.expect_err("unplayable");
            assert_eq!((ticks, error.is_foreign()), (0, is_foreign), "{error}");
            assert!(error.to_string().starts_with(expect), "{error}");
        }
        assert!(Story::open(&[]).is_err_and(|error| error.is_foreign()));
        let mut damaged = journal.clone();
        damaged[journal.len() / 2] ^= 1;
        let (ticks, end) = play(&damaged);
        let error = end.expect_err("damaged");
        assert!(ticks > 0 && !error.is_foreign(), "{error}");
        assert!(error.to_string().starts_with(&format!("stops after tick {ticks}: ")), "{error}");
    }

    #[test]
    fn a_difference_is_found_at_its_tick() {
        let rules = preset("duel").expect("a preset").rules;
        let (mut world, mut other) =
            (World::new(rules.clone(), 1).expect("valid"), World::new(rules, 2).expect("valid"));
        let mut writer = Writer::new(&world, "duel", "test");
        for tick in 1..=40 {
            world.step(&[], &mut Vec::new());
            other.step(&[], &mut Vec::new());
            writer.tick(world.tick(), &[]);
            writer.hash(if tick < 25 { &world } else { &other });
        }
        let (ticks, end) = play(&writer.take());
        let text = end.expect_err("a difference").to_string();
        assert!(text.starts_with("stops after tick 24: tick 25 differs: "), "{text}");
        assert_eq!(ticks, 24);
    }
}
