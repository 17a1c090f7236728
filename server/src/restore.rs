//! Restores a room from its record in the store and the journal of its newest match, both at the
//! start of a server and after a panic. An error of the operating system is never taken for damage:
//! only a journal that was read and refused counts as damaged. This module guesses nothing and
//! moves no file. It removes nothing but empty files.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bolide_sim::journal::{self, JournalError, Recovered, ReplayError};
use bolide_sim::{Mode, World};
use tracing::info;
use uuid::Uuid;

use crate::attempts::Attempts;
use crate::journal::ResumeAt;
use crate::journals::JournalIndex;
use crate::store::RoomRecord;

/// A room that can be hosted again.
#[derive(Debug)]
pub(crate) struct RestoredRoom {
    /// The record of the room, from which it can be restored once more.
    pub(crate) room: RoomRecord,
    /// The name is from the store, the rules are from the journal: the configuration may have
    /// changed since.
    pub(crate) mode: Mode,
    /// The number of the match in the room, counted from 1.
    pub(crate) number: u32,
    /// The world after the last whole record of the journal.
    pub(crate) world: World,
    /// The point at which the journal is resumed.
    pub(crate) journal: ResumeAt,
}

/// The reason why a room cannot be hosted now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRestored {
    /// The operating system refused something. Nothing is known about the journal.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
    /// The journal was written by another version of the program.
    #[error("{0}")]
    Version(JournalError),
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
/// See [`NotRestored`].
pub(crate) fn restore(
    room: &RoomRecord,
    index: &JournalIndex,
    attempts: &mut Attempts,
) -> Result<RestoredRoom, NotRestored> {
    for (number, id) in room.matches.iter().copied().filter(|(_, id)| index.has(*id)) {
        if let Err(why) = attempts.begin(id) {
            return Err(NotRestored::Refused { id, why });
        }
        let restored = restore_match(room, number, id, index);
        attempts.end(id);
        match restored {
            // The first record was cut off, so no tick of this match has left the process.
            Err(NotRestored::NoJournal) => index.remove_empty(id),
            restored => return restored,
        }
    }
    Err(NotRestored::NoJournal)
}

fn restore_match(
    room: &RoomRecord,
    number: u32,
    id: Uuid,
    index: &JournalIndex,
) -> Result<RestoredRoom, NotRestored> {
    let segments = index.read(id)?;
    let bytes: Vec<&[u8]> = segments.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    if let [only] = bytes[..]
        && journal::is_blank(only)
    {
        return Err(NotRestored::NoJournal);
    }
    let recovered = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        bytes.iter().for_each(|bytes| crate::testing::panic_at(bytes));
        journal::recover_segments(&bytes)
    }));
    let refused = |why| NotRestored::Refused { id, why };
    let (at, recovered) = match recovered {
        Ok(Ok(recovered)) => recovered,
        Ok(Err(ReplayError::Journal(
            error @ (JournalError::SimVersion(_) | JournalError::Format(_)),
        ))) => return Err(NotRestored::Version(error)),
        Ok(Err(why)) => return Err(refused(why.to_string())),
        Err(_) => return Err(refused("its replay panics".to_owned())),
    };
    let Recovered { header, world, whole_bytes, ticks, hashes } = recovered;
    let (newest, cut) = (segments.len() - 1, bytes[at].len() - whole_bytes);
    let (tick, seats) = (world.tick().0, room.seats.len());
    info!(room = %room.id, %id, tick, ticks, hashes, cut, seats, "match recovered");
    // A segment with a later one behind it was abandoned, because its content is in doubt.
    let whole_bytes = (at == newest).then_some(whole_bytes as u64);
    let journal = ResumeAt { id, segment: segments[newest].0, whole_bytes };
    let mode = Mode { name: room.mode.clone(), rules: header.rules };
    Ok(RestoredRoom { room: room.clone(), mode, number, world, journal })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bolide_room::{RoomId, SaveNumber};
    use bolide_sim::journal::{JournalError, Replay, Writer};
    use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, Tick, World, preset};
    use uuid::Uuid;

    use super::{NotRestored, RestoredRoom, restore};
    use crate::archive::{JournalState, list_journals};
    use crate::attempts::Attempts;
    use crate::config::Config;
    use crate::journals::Journals;
    use crate::random::room_id;
    use crate::server::Server;
    use crate::store::{AckSender, RoomRecord, RoomRow, testing};
    use crate::testing::{Folder, PANICS, seat};

    fn restored(folder: &Folder, matches: Vec<(u32, Uuid)>) -> Result<RestoredRoom, NotRestored> {
        let index = Journals::open(&folder.0).and_then(|journals| journals.index());
        let (id, mode, seats) = (room_id(), "duel".to_owned(), Vec::new());
        let room = RoomRecord { id, code: None, locked: false, mode, matches, seats };
        restore(&room, &index.expect("read"), &mut Attempts::open(&folder.0))
    }

    /// Returns the number of the match with which a room with these journals is restored. The
    /// newest comes first.
    fn number(journals: &[&[u8]]) -> Result<u32, NotRestored> {
        let folder = Folder::new();
        Journals::open(&folder.0).expect("a folder");
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
        let journal = Writer::new(&world(), "test").take();
        for length in 0..journal.len() {
            let torn = &journal[..length];
            assert!(matches!(number(&[torn]), Err(NotRestored::NoJournal)), "{length}");
            assert!(matches!(number(&[torn, &journal]), Ok(1)), "{length}");
        }
        assert!(matches!(number(&[&journal, &journal]), Ok(2)));
        let mut damaged = Writer::new(&world(), "test");
        damaged.tick(Tick(1), &[]);
        let mut damaged = damaged.take();
        damaged[20] ^= 1;
        let refused = number(&[&damaged, &journal]);
        assert!(matches!(refused, Err(NotRestored::Refused { .. })), "no end is torn off");
    }

    #[test]
    fn an_empty_file_is_removed_and_a_torn_one_stays() {
        let journal = Writer::new(&world(), "test").take();
        for (bytes, stays) in [(&b""[..], false), (&journal[..12], true)] {
            let (folder, id) = (Folder::new(), Uuid::from_u128(1));
            Journals::open(&folder.0).expect("a folder");
            let file = folder.file(&format!("journals/{id}.journal"), bytes);
            let refused = restored(&folder, vec![(1, id)]);
            assert!(matches!(refused, Err(NotRestored::NoJournal)));
            assert_eq!(file.exists(), stays);
        }
    }

    /// The journal is not lost: it is kept for the program that wrote it.
    #[test]
    fn a_match_of_version_1_is_refused_by_its_version_and_stays() {
        let (folder, id) = (Folder::new(), Uuid::from_u128(1));
        Journals::open(&folder.0).expect("a folder");
        let old = include_bytes!("../../sim/tests/old/version-1.journal");
        let file = folder.file(&format!("journals/{id}.journal"), old);
        let refused = restored(&folder, vec![(1, id)]);
        let expect = JournalError::SimVersion(1);
        assert!(matches!(refused, Err(NotRestored::Version(why)) if why == expect));
        assert_eq!(fs::read(&file).expect("stays"), old);
        let listed = list_journals(&folder.0, &Config::default().modes).expect("listed");
        assert_eq!(listed[0].state, JournalState::Foreign);
    }

    /// Stores a room with a seat, and a journal with this name of the program in its header.
    fn keep(folder: &Folder, program: &str) -> RoomId {
        let (room, id) = (room_id(), Uuid::now_v7());
        let journal = Writer::new(&world(), program).take();
        folder.file(&format!("journals/{id}.journal"), &journal);
        let current = (1, id);
        let row = RoomRow { id: room.clone(), mode: "duel".into(), code: None, current };
        let (store, _, thread) = testing::open(folder).expect("opens");
        store.save_seat(row, seat(), (AckSender::new().0, SaveNumber(1)));
        drop(store);
        thread.join().expect("no panic");
        room
    }

    /// Regression: such a journal ended every start of the program.
    #[tokio::test]
    async fn a_journal_whose_replay_panics_at_the_start_is_put_aside_and_the_others_go_on() {
        let folder = Folder::new();
        Journals::open(&folder.0).expect("a folder");
        let panics = keep(&folder, str::from_utf8(PANICS).expect("text"));
        let fine = keep(&folder, "test");
        let config = Config { data_dir: folder.0.clone(), shards: 1, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        assert_eq!(server.directory.shard_of(&fine), Some(0));
        assert_eq!(server.directory.shard_of(&panics), None);
        assert!(!server.directory.is_absent(&panics), "it is not tried again");
        assert_eq!(server.not_ready(), None);
        server.stop().await;
        let aside = fs::read_dir(folder.0.join("journals/quarantine")).expect("a folder");
        let mut aside: Vec<_> = aside.map(|entry| entry.expect("an entry").path()).collect();
        aside.sort();
        let [journal, reason] = &aside[..] else { panic!("{aside:?}") };
        assert!(fs::read(journal).expect("kept").windows(PANICS.len()).any(|it| it == PANICS));
        assert_eq!(fs::read_to_string(reason).expect("told"), "its replay panics\n");
        assert!(!folder.0.join("restoring").exists(), "no start was ended by it");
        let (_, kept, _) = testing::open(&folder).expect("opens");
        assert!(kept.iter().map(|room| &room.id).eq([&fine]), "{kept:?}");
    }

    /// A segment begins with a full state. So a missing one before it loses only the proof of how
    /// that state came about.
    #[test]
    fn a_start_the_list_and_a_replay_agree_on_a_match_without_its_second_file() {
        let (folder, id) = (Folder::new(), Uuid::from_u128(9));
        Journals::open(&folder.0).expect("a folder");
        let mut world = world();
        let mut segments = [Writer::new(&world, "test"), Writer::default()];
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
        while world.tick() < Tick(80) {
            let commands = if world.tick().0 == 0 { vec![bot(0), bot(1)] } else { Vec::new() };
            world.step(&commands, &mut Vec::new());
            match world.tick().0 {
                ..=30 => segments[0].tick(world.tick(), &commands),
                60 => {
                    segments[1] = Writer::new(&world, "test");
                    segments[1].state(&world);
                }
                _ => segments[1].tick(world.tick(), &commands),
            }
        }
        segments[1].hash(&world);
        let [first, third] = segments.map(|mut segment| segment.take());
        folder.file(&format!("journals/{id}.journal"), &first);
        folder.file(&format!("journals/{id}.2.journal"), &third);

        let room = restored(&folder, vec![(1, id)]).expect("restored");
        assert_eq!((room.world.hash(), room.journal.segment), (world.hash(), 2));
        let listed = list_journals(&folder.0, &Config::default().modes).expect("listed");
        assert_eq!((listed[0].ticks, listed[0].segments), (80, 2));
        let later = [&third[..]];
        let mut replay = Replay::open_segments(&first, &later).expect("a journal");
        assert!(replay.by_ref().all(|step| step.is_ok()));
        assert_eq!((replay.hashes(), replay.gaps()), (1, &[(Tick(31), Tick(60))][..]));
    }
}
