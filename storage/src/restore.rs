//! Makes a room again from its record in the store and the journal of its newest match, both at the
//! start of a server and after a panic. An error of the operating system is never taken for damage:
//! only a journal that was read and refused counts as damaged. This module guesses nothing and
//! moves no file. It removes nothing but empty files.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bolide_sim::journal::{self, FORMAT, GAME, JournalError, Recovered, ReplayError};
use bolide_sim::{Mode, World};
use tracing::{info, warn};
use uuid::Uuid;

use crate::attempts::Attempts;
use crate::data_dir::Segments;
use crate::database::RoomRecord;
use crate::journal::ResumeAt;

/// A room that can be hosted again.
#[derive(Debug)]
pub struct RoomImage {
    /// The record of the room, from which it can be restored once more.
    pub record: RoomRecord,
    /// From the journal: the configuration may have changed since. The name is from the store if
    /// the journal has format 1.
    pub mode: Mode,
    /// The number of the match in the room, counted from 1.
    pub number: u32,
    /// The world after the last whole record of the journal.
    pub world: World,
    /// The point at which the journal is resumed.
    pub journal: ResumeAt,
}

/// The reason why a room cannot be hosted now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// The operating system refused something. Nothing is known about the journal.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
    /// The journal was written by another version of the program.
    #[error("{0}")]
    Version(JournalError),
    /// The room is of a game that this program does not play.
    #[error("the room is of the game {0}; this program plays {GAME}")]
    Game(String),
    /// The journal of this match was read and refused.
    #[error("{why}")]
    Refused { id: Uuid, why: String },
    /// No tick of the room was ever written, so no client was sent one.
    #[error("it has no journal")]
    NoJournal,
}

/// Restores a room whose journals are in the index.
///
/// # Errors
/// See [`RestoreError`].
pub(crate) fn restore(
    record: &RoomRecord,
    index: &BTreeMap<Uuid, Segments>,
    attempts: &mut Attempts,
) -> Result<RoomImage, RestoreError> {
    if record.game != GAME {
        return Err(RestoreError::Game(record.game.clone()));
    }
    for (number, id) in record.matches.iter().copied() {
        let Some(segments) = index.get(&id) else { continue };
        if let Err(why) = attempts.begin(id) {
            return Err(RestoreError::Refused { id, why });
        }
        let bytes = segments.read();
        let image = bytes
            .map_err(RestoreError::from)
            .and_then(|bytes| RoomImage::of_match(record, number, id, &bytes));
        attempts.end(id);
        match image {
            // The first record was cut off, so no tick of this match has left the process.
            Err(RestoreError::NoJournal) => segments.remove_empty(),
            Ok(image) => {
                if let Some(missing) = segments.missing_names(id) {
                    let room = &record.id;
                    warn!(%room, missing, "the match goes on although files of its journal are gone");
                }
                return Ok(image);
            }
            Err(error) => return Err(error),
        }
    }
    Err(RestoreError::NoJournal)
}

impl RoomImage {
    /// Makes the image of a room from its record and the segments of one of its matches, each with
    /// its number.
    fn of_match(
        record: &RoomRecord,
        number: u32,
        id: Uuid,
        segments: &[(u32, Vec<u8>)],
    ) -> Result<RoomImage, RestoreError> {
        let bytes: Vec<&[u8]> = segments.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        if let [only] = bytes[..]
            && journal::is_blank(only)
        {
            return Err(RestoreError::NoJournal);
        }
        let (at, recovered) = recover(id, &bytes)?;
        let Recovered { header, world, whole_bytes, ticks, hashes } = recovered;
        let (newest, cut) = (segments.len() - 1, bytes[at].len() - whole_bytes);
        let (tick, seats) = (world.tick().0, record.seats.len());
        info!(room = %record.id, %id, tick, ticks, hashes, cut, seats, "match recovered");
        // A segment with a later one behind it was abandoned, because its content is in doubt. One
        // of an older format takes no records of this one.
        let can_append = at == newest && header.format == FORMAT;
        let whole_bytes = can_append.then_some(whole_bytes as u64);
        let journal = ResumeAt { id, segment: segments[newest].0, whole_bytes };
        let name = header.mode.unwrap_or_else(|| record.mode.clone());
        let mode = Mode { name, rules: header.rules };
        Ok(RoomImage { record: record.clone(), mode, number, world, journal })
    }

    /// Makes the image of a room whose match begins again with its first tick. `None` if the rules
    /// of the mode are refused.
    pub(crate) fn first_tick(
        record: &RoomRecord,
        mode: Mode,
        (number, id): (u32, Uuid),
        seed: u64,
    ) -> Option<RoomImage> {
        let world = World::new(mode.rules.clone(), seed).ok()?;
        let journal = ResumeAt { id, segment: 0, whole_bytes: None };
        Some(RoomImage { record: record.clone(), mode, number, world, journal })
    }
}

/// Recovers a match. Returns the segment that the world is from as well.
fn recover(id: Uuid, segments: &[&[u8]]) -> Result<(usize, Recovered), RestoreError> {
    let recovered = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(any(test, feature = "testing"))]
        segments.iter().for_each(|bytes| crate::testing::panic_at(bytes));
        journal::recover_segments(segments)
    }));
    let refused = |why| RestoreError::Refused { id, why };
    match recovered {
        Ok(Ok(recovered)) => Ok(recovered),
        Ok(Err(ReplayError::Journal(error))) if error.is_foreign() => {
            Err(RestoreError::Version(error))
        }
        Ok(Err(why)) => Err(refused(why.to_string())),
        Err(_) => Err(refused("its replay panics".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bolide_sim::journal::{GAME, JournalError, Writer};
    use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, Tick, World, preset};
    use uuid::Uuid;

    use super::{RestoreError, RoomImage, restore};
    use crate::attempts::Attempts;
    use crate::catalog::{JournalState, inspect_journal, list_journals};
    use crate::database::RoomRecord;
    use crate::journal::ResumeAt;
    use crate::testing::{Folder, room_id};

    fn restored(folder: &Folder, matches: Vec<(u32, Uuid)>) -> Result<RoomImage, RestoreError> {
        let data_dir = folder.data_dir();
        data_dir.open_journals().expect("a folder");
        let index = data_dir.index().expect("read");
        let (id, mode, seats) = (room_id(), "duel".to_owned(), Vec::new());
        let game = GAME.to_owned();
        let room = RoomRecord { id, code: None, locked: false, game, mode, matches, seats };
        restore(&room, &index, &mut Attempts::open(&data_dir))
    }

    /// Returns the number of the match with which a room with these journals is restored. The
    /// newest comes first.
    fn number(journals: &[&[u8]]) -> Result<u32, RestoreError> {
        let folder = Folder::new();
        folder.data_dir().open_journals().expect("a folder");
        let mut matches = Vec::new();
        for (number, bytes) in (1..).zip(journals.iter().rev()) {
            let id = Uuid::from_u128(u128::from(number));
            folder.file(&format!("journals/{id}.journal"), bytes);
            matches.insert(0, (number, id));
        }
        restored(&folder, matches).map(|restored| restored.number)
    }

    fn world() -> World {
        World::new(preset("duel").expect("a preset").rules, 7).expect("in range")
    }

    #[test]
    fn a_match_without_a_whole_header_was_never_seen_and_the_one_before_is_restored() {
        let journal = Writer::new(&world(), "duel", "test").take();
        for length in 0..journal.len() {
            let torn = &journal[..length];
            assert!(matches!(number(&[torn]), Err(RestoreError::NoJournal)), "{length}");
            assert!(matches!(number(&[torn, &journal]), Ok(1)), "{length}");
        }
        assert!(matches!(number(&[&journal, &journal]), Ok(2)));
        let mut damaged = Writer::new(&world(), "duel", "test");
        damaged.tick(Tick(1), &[]);
        let mut damaged = damaged.take();
        damaged[20] ^= 1;
        let refused = number(&[&damaged, &journal]);
        assert!(matches!(refused, Err(RestoreError::Refused { .. })), "no end is torn off");
    }

    #[test]
    fn an_empty_file_is_removed_and_a_torn_one_stays() {
        let journal = Writer::new(&world(), "duel", "test").take();
        for (bytes, stays) in [(&b""[..], false), (&journal[..12], true)] {
            let (folder, id) = (Folder::new(), Uuid::from_u128(1));
            folder.data_dir().open_journals().expect("a folder");
            let file = folder.file(&format!("journals/{id}.journal"), bytes);
            let refused = restored(&folder, vec![(1, id)]);
            assert!(matches!(refused, Err(RestoreError::NoJournal)));
            assert_eq!(file.exists(), stays);
        }
    }

    /// The journal is not lost: it is kept for the program that wrote it.
    #[test]
    fn a_match_of_version_1_is_refused_by_its_version_and_stays() {
        let (folder, id) = (Folder::new(), Uuid::from_u128(1));
        folder.data_dir().open_journals().expect("a folder");
        let old = include_bytes!("../../sim/tests/old/version-1.journal");
        let file = folder.file(&format!("journals/{id}.journal"), old);
        let refused = restored(&folder, vec![(1, id)]);
        let expect = JournalError::Game { game: "arena".to_owned(), version: 1 };
        assert!(matches!(refused, Err(RestoreError::Version(why)) if why == expect));
        assert_eq!(fs::read(&file).expect("stays"), old);
        let listed = list_journals(&folder.data_dir(), |_| None).expect("listed");
        assert_eq!(listed[0].state, JournalState::Foreign);
    }

    #[test]
    fn a_match_of_format_1_goes_on_in_a_file_of_the_format_of_today() {
        let (folder, id) = (Folder::new(), Uuid::from_u128(1));
        folder.data_dir().open_journals().expect("a folder");
        let old = include_bytes!(
            "../../cli/tests/old-data/237b2b2/data/journals/01a2281d-851e-7556-aa34-dca69f223b26.journal"
        );
        let today = Writer::new(&world(), "ice", "test").take();
        for (journal, mode, whole_bytes) in
            [(&old[..], "duel", None), (&today[..], "ice", Some(today.len() as u64))]
        {
            folder.file(&format!("journals/{id}.journal"), journal);
            let image = restored(&folder, vec![(1, id)]).expect("restored");
            assert_eq!(image.journal, ResumeAt { id, segment: 0, whole_bytes });
            assert_eq!(image.mode.name, mode);
        }
    }

    /// A segment begins with a full state. So a missing one before it loses only the proof of how
    /// that state came about.
    #[test]
    fn a_start_and_the_catalog_agree_on_a_match_without_its_second_file() {
        let (folder, id) = (Folder::new(), Uuid::from_u128(9));
        let data_dir = folder.data_dir();
        data_dir.open_journals().expect("a folder");
        let mut world = world();
        let mut segments = [Writer::new(&world, "duel", "test"), Writer::default()];
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
        while world.tick() < Tick(80) {
            let commands = if world.tick().0 == 0 { vec![bot(0), bot(1)] } else { Vec::new() };
            world.step(&commands, &mut Vec::new());
            match world.tick().0 {
                ..=30 => segments[0].tick(world.tick(), &commands),
                60 => {
                    segments[1] = Writer::new(&world, "duel", "test");
                    segments[1].state(&world);
                }
                _ => segments[1].tick(world.tick(), &commands),
            }
        }
        let [first, third] = segments.map(|mut segment| segment.take());
        folder.file(&format!("journals/{id}.journal"), &first);
        folder.file(&format!("journals/{id}.2.journal"), &third);

        let image = restored(&folder, vec![(1, id)]).expect("restored");
        assert_eq!((image.world.hash(), image.journal.segment), (world.hash(), 2));
        let listed = list_journals(&data_dir, |_| None).expect("listed");
        assert_eq!((listed[0].ticks, listed[0].segments), (80, 2));
        assert_eq!(listed[0].missing, [1]);
        let inspection = inspect_journal(&data_dir, &id.to_string()).expect("inspected");
        assert_eq!((inspection.segments.len(), &inspection.missing[..]), (2, &[1][..]));
        assert_eq!(data_dir.segments(id).expect("read").missing(), [1]);
    }
}
