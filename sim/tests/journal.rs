//! The journal: what was written can be read, damage is named, and nothing panics.

use bolide_sim::journal::{
    JournalError, Reader, Record, Replay, ReplayError, Writer, is_blank, recover, recover_segments,
};
use bolide_sim::{
    BotSkill, Command, FIREBALLS_MAX, Input, Phase, PlayerId, PlayerKind, Point, Rules, Tick,
    World, preset,
};
use proptest::prelude::{any, proptest};

/// Returns a journal of a short match of bots, and its world. It has one record per tick, a hash
/// each second and a state in the middle.
fn journal() -> (Vec<u8>, World) {
    let mut world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let mut journal = Writer::new(&world, "brawl", "bolide 0.1.0");
    let bot = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) };
    for tick in 1..=300 {
        let commands = if tick == 1 { (0..4).map(bot).collect() } else { Vec::new() };
        world.step(&commands, &mut Vec::new());
        journal.tick(world.tick(), &commands);
        if tick % 30 == 0 {
            journal.hash(&world);
        }
        if tick == 150 {
            journal.state(&world);
        }
    }
    (journal.take(), world)
}

#[test]
fn a_replay_ends_in_the_same_world_and_has_compared_every_hash() {
    let (journal, world) = journal();
    let mut replay = Replay::open(&journal).expect("opens");
    assert_eq!(replay.header().build, "bolide 0.1.0");
    let (mut ticks, mut events) = (Vec::new(), 0);
    while let Some(tick) = replay.next() {
        ticks.push(tick.expect("replays").0);
        events += replay.events().len();
    }
    assert_eq!(ticks, (1..=300).collect::<Vec<_>>());
    assert!(events > 0, "the events of each tick can be read");
    assert_eq!(replay.world().hash(), world.hash());
    assert_eq!(replay.hashes(), 11);
}

#[test]
fn a_difference_is_told_with_its_tick() {
    let (mut world, mut other) = (journal().1, journal().1);
    let mut journal = Writer::new(&world.fresh(3), "brawl", "test");
    (world, other) = (world.fresh(3), other.fresh(4));
    for _ in 0..40 {
        world.step(&[], &mut Vec::new());
        other.step(&[], &mut Vec::new());
        journal.tick(world.tick(), &[]);
        journal.hash(if world.tick() < Tick(25) { &world } else { &other });
    }
    let journal = journal.take();
    let last = Replay::open(&journal).expect("opens").last().expect("ticks");
    let Err(ReplayError::Differs { tick, recorded, computed }) = last else { panic!("{last:?}") };
    assert_eq!(tick, Tick(25));
    assert_ne!(recorded, computed);
    let recovered = recover(&journal).map(|recovered| recovered.ticks);
    assert_eq!(recovered, Err(ReplayError::Differs { tick, recorded, computed }));
}

#[test]
fn a_journal_is_blank_if_not_even_its_header_is_whole() {
    let (journal, _) = journal();
    assert!(is_blank(&[]) && is_blank(&journal[..20]));
    assert!(!is_blank(&journal));
}

#[test]
fn a_replay_plays_a_gap_of_two_hours_and_no_longer_one() {
    let world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let last = |tick| {
        let mut journal = Writer::new(&world, "brawl", "test");
        journal.tick(Tick(1), &[join(0)]);
        journal.tick(Tick(tick), &[]);
        let journal = journal.take();
        let mut replay = Replay::open(&journal).expect("opens");
        // The first tick after the gap is enough: all of it takes a while.
        (replay.next(), replay.next())
    };
    assert_eq!(last(10_000), (Some(Ok(Tick(1))), Some(Ok(Tick(2)))));
    assert_eq!(last(2 + 2 * 3600 * 60), (Some(Ok(Tick(1))), Some(Ok(Tick(2)))));
    let (after, tick) = (Tick(1), Tick(3 + 2 * 3600 * 60));
    assert_eq!(last(tick.0).1, Some(Err(ReplayError::Order { after, tick })));
}

/// A reader refuses a record of more than 4 MiB.
#[test]
fn a_state_with_as_many_fireballs_as_are_allowed_fits_a_record() {
    let mut rules = preset("brawl").expect("a preset").rules;
    (rules.fireball_cooldown_s, rules.fireball_speed, rules.countdown_s) = (0.0, 0.01, 0.0);
    let mut world = World::new(rules, 3).expect("valid");
    let join = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Human };
    world.step(&[join(0), join(1)], &mut Vec::new());
    let state_bytes = |world: &World| {
        let mut journal = Writer::default();
        journal.state(world);
        journal.take().len() as u64
    };
    let input = Input::Shoot(Point::snap([0.8, 0.45].into()));
    let shoot = Command::Input { player: PlayerId(0), input, rewind_ticks: 0 };
    let mut sizes = Vec::new();
    while sizes.len() < 2 {
        world.step(&[shoot], &mut Vec::new());
        if [10, 110].contains(&world.fireballs().len()) {
            sizes.push(state_bytes(&world));
        }
    }
    let fireball = (sizes[1] - sizes[0]).div_ceil(100);
    // A world also has a thousand players and some other fields.
    assert!(fireball * FIREBALLS_MAX < 3 << 20, "{fireball} bytes each");
}

#[test]
fn a_torn_end_is_good_up_to_the_last_whole_record() {
    let (journal, _) = journal();
    let whole = Reader::open(&journal).expect("opens").1.count();
    for cut in 1..400 {
        let torn = &journal[..journal.len() - cut];
        let (_, mut reader) = Reader::open(torn).expect("opens");
        let mut records = 0;
        let error = loop {
            match reader.next() {
                Some(Ok(_)) => records += 1,
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        let good = reader.position();
        assert!(records < whole);
        match error {
            Some(JournalError::Torn { at }) => assert_eq!(at, good),
            None => assert_eq!(good, torn.len(), "cut between two records"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let (journal, _) = journal();
    for index in (0..journal.len()).step_by(3) {
        let mut flipped = journal.clone();
        flipped[index] ^= 1 << (index % 8);
        let failed = match Replay::open(&flipped) {
            Err(_) => true,
            Ok(replay) => replay.last().is_none_or(|tick| tick.is_err()),
        };
        assert!(failed, "byte {index}");
    }
}

#[test]
fn a_match_is_recovered_from_its_last_state() {
    let (journal, world) = journal();
    let recovered = recover(&journal).expect("whole");
    assert_eq!(recovered.world.hash(), world.hash());
    assert_eq!((recovered.ticks, recovered.hashes), (150, 5));
    assert_eq!(recovered.whole_bytes, journal.len());
    // A later segment begins with a state. It can be replayed and recovered alone.
    let mut segment = Writer::new(&world, "brawl", "test");
    segment.state(&world);
    let mut later = world.clone();
    later.step(&[], &mut Vec::new());
    segment.tick(later.tick(), &[]);
    segment.hash(&later);
    let segment = segment.take();
    assert_eq!(recover(&segment).expect("whole").world.hash(), later.hash());
    let mut replay = Replay::open(&segment).expect("opens");
    assert_eq!(replay.by_ref().map(Result::unwrap).collect::<Vec<_>>(), [later.tick()]);
    assert_eq!(replay.hashes(), 1);
}

fn join(id: u16) -> Command {
    Command::Join { player: PlayerId(id), kind: PlayerKind::Human }
}

/// Returns the commands of a match that waits for players and begins its countdown in tick 160.
fn gathering(tick: u32) -> Vec<Command> {
    match tick {
        40 => vec![join(0)],
        130 => vec![Command::Leave { player: PlayerId(0) }, join(1)],
        160 => vec![join(2)],
        _ => Vec::new(),
    }
}

/// Steps a world to a tick and writes its journal. With `sparse`, ticks of waiting without commands
/// are left out, except for the hash of each second. Older programs wrote them.
fn write(world: &mut World, until: u32, sparse: bool, journal: &mut Writer) {
    while world.tick().0 < until {
        let commands = gathering(world.tick().next().0);
        world.step(&commands, &mut Vec::new());
        if !sparse || !commands.is_empty() || world.phase() != Phase::Waiting {
            journal.tick(world.tick(), &commands);
        }
        if world.tick().0.is_multiple_of(30) {
            journal.hash(world);
        }
    }
}

#[test]
fn a_match_that_waits_is_recovered_as_far_as_it_may_have_come() {
    for (sparse, until) in [true, false].into_iter().flat_map(|s| (0..200).map(move |t| (s, t))) {
        let mut world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
        let mut journal = Writer::new(&world, "brawl", "test");
        write(&mut world, until, sparse, &mut journal);
        let mut journal = journal.take();
        let recovered = recover(&journal).expect("whole");
        let further = recovered.world.tick().since(world.tick());
        assert!(recovered.world.tick() >= world.tick() && further < 30, "{further} after {until}");
        assert!(further == 0 || world.phase() == Phase::Waiting, "tick {until}");
        (0..further).for_each(|_| world.step(&[], &mut Vec::new()));
        assert_eq!(recovered.world.hash(), world.hash(), "tick {until}, sparse {sparse}");
        // The match continues in the same journal.
        let (mut world, mut more) = (recovered.world, Writer::default());
        let joins: Vec<_> = (2..4).map(join).collect();
        world.step(&joins, &mut Vec::new());
        more.tick(world.tick(), &joins);
        write(&mut world, 250, true, &mut more);
        journal.extend(more.take());
        assert_eq!(recover(&journal).expect("whole").world.hash(), world.hash(), "tick {until}");
        let mut replay = Replay::open(&journal).expect("opens");
        let ticks: Vec<_> = replay.by_ref().map(|tick| tick.expect("replays")).collect();
        assert_eq!(ticks.last(), Some(&Tick(250)));
        assert_eq!(replay.world().hash(), world.hash());
    }
}

#[test]
fn a_tick_that_is_missing_is_refused_unless_the_match_waits_for_players() {
    let world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let play = |ticks: &[(u32, Option<u16>)]| {
        let mut journal = Writer::new(&world, "brawl", "test");
        for (tick, joins) in ticks {
            let commands: Vec<_> = joins.iter().map(|id| join(*id)).collect();
            journal.tick(Tick(*tick), &commands);
        }
        let recovered = recover(&journal.take()).map_err(|error| error.to_string());
        recovered.map(|recovered| recovered.world.tick())
    };
    assert_eq!(play(&[(30, Some(0)), (59, None)]), Ok(Tick(59)));
    let missing =
        |after, tick| Err(format!("after tick {after} the journal goes on with tick {tick}"));
    assert_eq!(play(&[(30, Some(0)), (62, None)]), missing(30, 61));
    assert_eq!(play(&[(1, Some(0)), (2, Some(1)), (4, None)]), missing(2, 4));
}

/// Wherever the last write was torn, the match is resumed from the last whole record. The end is
/// cut, or has zeros where nothing was written.
#[test]
fn a_torn_end_is_cut_off_at_each_of_the_last_bytes() {
    let (journal, _) = journal();
    let mut ends = vec![0];
    let (_, mut reader) = Reader::open(&journal).expect("opens");
    while reader.next().is_some() {
        ends.push(reader.position());
    }
    let last = if cfg!(miri) { 40 } else { 4096 };
    for length in journal.len() - last..journal.len() {
        let whole = *ends.iter().rfind(|end| **end <= length).expect("a header");
        let recovered = recover(&journal[..length]).expect("torn, not damaged");
        assert_eq!(recovered.whole_bytes, whole, "{length} bytes");
        // The missing bytes may themselves be zeros.
        let zeros = [&journal[..length], &[0; 100]].concat();
        let recovered = recover(&zeros).expect("torn, not damaged").whole_bytes;
        assert!(recovered >= whole && ends.contains(&recovered), "{length} bytes");
        assert!(journal.starts_with(&zeros[..recovered]));
    }
}

/// A flipped bit is never played. Before the last record it is damage; in the last one, that record
/// is cut off.
#[test]
fn a_flipped_bit_is_damage_or_cuts_the_last_record() {
    let (journal, world) = journal();
    let (_, mut reader) = Reader::open(&journal).expect("opens");
    let (mut last, mut end) = (0, reader.position());
    while reader.next().is_some() {
        (last, end) = (end, reader.position());
    }
    assert_eq!(end, journal.len());
    let mut journal = journal;
    let step = if cfg!(miri) { 9_973 } else { 7 };
    for bit in (0..journal.len() * 8).step_by(step).chain(last * 8..journal.len() * 8) {
        journal[bit / 8] ^= 1 << (bit % 8);
        match recover(&journal) {
            Ok(recovered) => {
                assert!(bit / 8 >= last, "bit {bit} of {} bytes was passed over", journal.len());
                assert_eq!(recovered.whole_bytes, last);
                assert_ne!(recovered.world.hash(), 0);
            }
            Err(_) => assert!(bit / 8 < last, "bit {bit}"),
        }
        journal[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(recover(&journal).expect("whole again").world.hash(), world.hash());
}

#[test]
fn what_is_no_journal_is_named() {
    let (journal, _) = journal();
    let open = |bytes: &[u8]| Reader::open(bytes).map(|_| ()).expect_err("refused").to_string();
    assert_eq!(open(b"PK\x03\x04"), "this is not a journal: it does not begin with \"BOLIDE\"");
    assert_eq!(open(&journal[..9]), "the record at byte 8 is cut off");
    let header = |words: &[u8]| [&b"BOLIDE\r\n"[..], &record(0, words)].concat();
    assert_eq!(open(&header(&[2])), "the record at byte 8 is damaged: the state ends early");
    assert_eq!(open(&header(&[9])), "this journal has format 9; this program reads formats 1 to 2");
    let plays = "this program plays arena 2 to 3";
    assert_eq!(open(&header(&[1, 99])), format!("this journal is of arena 99; {plays}"));
    assert_eq!(open(&header(&[1, 4])), format!("this journal is of arena 4; {plays}"));
    let hockey = [&[2, 6][..], b"hockey", &[3]].concat();
    assert_eq!(open(&header(&hockey)), format!("this journal is of hockey 3; {plays}"));
    let no_name = "the record at byte 8 is damaged: the state holds a game name that cannot be";
    assert_eq!(open(&header(&[2, 0, 3])), no_name);
    assert_eq!(open(&header(&[2, 2, b'a', 0x1b, 3])), no_name);
}

/// Returns a record of any kind.
fn record(kind: u8, words: &[u8]) -> Vec<u8> {
    let payload = [&[kind], words].concat();
    let length = u32::try_from(payload.len()).expect("small").to_le_bytes();
    [&length[..], &crc32(&payload).to_le_bytes(), &payload].concat()
}

/// A golden match as format 1 wrote it.
const FORMAT_1: &[u8] = include_bytes!("old/format-1.journal");

#[test]
fn a_journal_of_format_1_is_the_same_match() {
    let golden = include_bytes!("golden/duel-20hz-hard.journal");
    let played = |journal: &[u8]| {
        let mut replay = Replay::open(journal).expect("opens");
        let ticks = replay.by_ref().map(|tick| tick.expect("replays")).last().expect("ticks");
        let header = replay.header().clone();
        (ticks, replay.hashes(), replay.world().hash(), header.rules, header.seed, header.build)
    };
    assert_eq!(played(FORMAT_1), played(golden));
    let header = |journal| Reader::open(journal).expect("opens").0;
    assert_eq!((header(FORMAT_1).format, header(FORMAT_1).mode), (1, None));
    assert_eq!((header(golden).format, header(golden).mode), (2, Some("duel".to_owned())));
}

#[test]
fn a_state_of_format_1_has_no_tick_of_its_own_and_its_match_no_result() {
    let header_ends = 16 + usize::from(FORMAT_1[8]) + 256 * usize::from(FORMAT_1[9]);
    let mut replay = Replay::open(FORMAT_1).expect("opens");
    replay.by_ref().take(100).for_each(|tick| assert!(tick.is_ok()));
    let (world, format_1) = (replay.world(), &FORMAT_1[..header_ends]);
    let state = [format_1, &record(3, &world.save())].concat();
    assert_eq!(recover(&state).expect("recovered").world.hash(), world.hash());
    let mut tick_and_state = Writer::default();
    tick_and_state.state(world);
    let newer = [format_1, &tick_and_state.take()].concat();
    assert!(matches!(recover(&newer), Err(ReplayError::Journal(JournalError::Damaged { .. }))));
    let mut result = Writer::default();
    result.end(world);
    let newer = [format_1, &result.take()].concat();
    let records = |bytes| Reader::open(bytes).expect("opens").1.collect::<Result<Vec<_>, _>>();
    assert!(matches!(records(&newer), Err(JournalError::Damaged { .. })));
}

#[test]
fn a_state_with_the_tick_of_another_one_is_damage() {
    let (_, world) = journal();
    let begins = Writer::new(&world, "brawl", "test").take();
    for (tick, is_whole) in [(300_u16, true), (299, false)] {
        let [low, high] =
            [tick % 128 + 128, tick / 128].map(|byte| u8::try_from(byte).expect("7 bits"));
        let state = record(3, &[&[low, high][..], &world.save()].concat());
        assert_eq!(recover(&[&begins[..], &state].concat()).is_ok(), is_whole, "{tick}");
    }
}

#[test]
fn a_result_is_read_without_a_replay_and_compared_by_one() {
    let mut world = World::new(preset("duel").expect("a preset").rules, 3).expect("valid");
    let mut journal = Writer::new(&world, "duel", "test");
    while world.phase().outcome().is_none() {
        let bot =
            |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) };
        let commands = if world.tick() == Tick(0) { vec![bot(0), bot(1)] } else { Vec::new() };
        world.step(&commands, &mut Vec::new());
        journal.tick(world.tick(), &commands);
    }
    let journal = journal.take();
    let appended = |other: &World| {
        let mut result = Writer::default();
        result.end(other);
        [&journal[..], &result.take()].concat()
    };
    let whole = appended(&world);
    let (_, records) = Reader::open(&whole).expect("opens");
    let last = records.last().expect("records").expect("whole");
    let Record::End { tick, standings } = last else { panic!("{last:?}") };
    assert_eq!((tick, &standings), (world.tick(), &world.standings()));
    let told: Vec<_> = standings.iter().map(|it| (it.place, it.team, it.score)).collect();
    assert_eq!(told, [(1, None, 1), (2, None, 0)]);
    let played = |journal: &[u8]| {
        let ended = Replay::open(journal).expect("opens").last().expect("ticks");
        assert_eq!(recover(journal).map(|it| it.world.tick()), ended);
        ended
    };
    assert_eq!(played(&whole), Ok(world.tick()));
    let mut other = world.fresh(3);
    while other.tick() < world.tick() {
        other.step(&[], &mut Vec::new());
    }
    assert_eq!(played(&appended(&other)), Err(ReplayError::Result(world.tick())));
}

/// A match that version 1 recorded. A hit of that version may be none in this one, so no tick of it
/// is played.
#[test]
fn a_journal_of_version_1_is_refused_by_its_version() {
    let journal = include_bytes!("old/version-1.journal");
    let expect = JournalError::Game { game: "arena".to_owned(), version: 1 };
    assert_eq!(Reader::open(journal).expect_err("refused"), expect);
    assert_eq!(Replay::open(journal).expect_err("refused"), expect);
    assert_eq!(recover(journal).expect_err("refused"), ReplayError::Journal(expect.clone()));
    let segments = recover_segments(&[journal, journal]);
    assert_eq!(segments.expect_err("refused"), ReplayError::Journal(expect));
    assert!(!is_blank(journal), "it is no match that nobody has seen");
}

/// Returns the journal with another version in its header.
fn of_version(journal: &[u8], version: u8) -> Vec<u8> {
    let mut other = journal.to_vec();
    let length = u32::from_le_bytes(other[8..12].try_into().expect("4 bytes")) as usize;
    assert_eq!(&other[16..24], b"\0\x02\x05arena");
    other[24] = version;
    let crc = crc32(&other[16..16 + length]);
    other[12..16].copy_from_slice(&crc.to_le_bytes());
    other
}

#[test]
fn a_journal_has_the_version_that_its_rules_need() {
    let begin = |change: fn(&mut Rules)| {
        let mut rules = preset("brawl").expect("a preset").rules;
        change(&mut rules);
        let world = World::new(rules, 3).expect("valid");
        Writer::new(&world, "brawl", "test").take()
    };
    let damage =
        "the record at byte 8 is damaged: the state holds a version of the game that cannot be";
    let news: [fn(&mut Rules); 5] = [
        |rules| rules.late_joins = true,
        |rules| rules.ends_at = 0,
        |rules| rules.time_limit_s = 0.0,
        |rules| rules.protection_s = 0.5,
        |rules| rules.rewinds_flight = true,
    ];
    let all = news.map(|news| (begin(news), 3)).into_iter().chain([(begin(|_| {}), 2)]);
    for (journal, version) in all {
        assert_eq!(journal[24], version);
        Reader::open(&journal).expect("opens");
        let other = Reader::open(&of_version(&journal, 5 - version)).expect_err("refused");
        assert_eq!(other.to_string(), damage);
        assert!(!other.is_foreign());
        let newer = Reader::open(&of_version(&journal, 4)).expect_err("refused");
        assert_eq!(newer, JournalError::Game { game: "arena".to_owned(), version: 4 });
        assert!(newer.is_foreign(), "it waits for the program that wrote it");
    }
}

#[test]
fn records_out_of_order_are_refused() {
    let world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let play = |ticks: &[u32]| {
        let mut journal = Writer::new(&world, "brawl", "test");
        for tick in ticks {
            journal.tick(Tick(*tick), &[]);
        }
        let journal = journal.take();
        Replay::open(&journal)
            .expect("opens")
            .last()
            .expect("ticks")
            .map_err(|error| error.to_string())
    };
    assert_eq!(play(&[1, 2, 5]), Ok(Tick(5)));
    assert_eq!(play(&[1, 2, 2]), Err("after tick 2 the journal goes on with tick 2".to_owned()));
    assert_eq!(
        play(&[1, u32::MAX]),
        Err("after tick 1 the journal goes on with tick 4294967295".to_owned())
    );
}

proptest! {
    #[test]
    fn any_bytes_are_a_prefix_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut: usize) {
        bolide_sim::fuzzing::journal_read(&bytes);
        let (mut journal, _) = journal();
        let at = cut % journal.len();
        journal.splice(at.., bytes);
        bolide_sim::fuzzing::journal_read(&journal);
    }
}

/// Returns the CRC-32 (IEEE), computed bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[test]
fn records_come_back() {
    let (journal, _) = journal();
    let (_, reader) = Reader::open(&journal).expect("opens");
    let (mut ticks, mut hashes, mut states) = (0, 0, 0);
    for record in reader {
        match record.expect("reads") {
            Record::Tick { .. } => ticks += 1,
            Record::Hash { .. } => hashes += 1,
            Record::End { .. } => panic!("it is not over"),
            Record::State(_) => states += 1,
        }
    }
    assert_eq!((ticks, hashes, states), (300, 10, 1));
}
