//! A bit that flipped on a disk is never played. `PROPTEST_CASES` is the number of flips, each
//! anywhere in a journal.

use bolide_sim::journal::{Reader, Record, Replay, Writer, recover};
use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, World, preset};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

/// Returns a journal of ten seconds of ten bots, as a room writes it, and the start of its last
/// record.
fn journal() -> (Vec<u8>, usize) {
    let mut world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let mut journal = Writer::new(&world, "brawl", "bolide 0.1.0");
    let bot = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) };
    for tick in 1..=300 {
        let commands = if tick == 1 { (0..10).map(bot).collect() } else { Vec::new() };
        world.step(&commands, &mut Vec::new());
        journal.tick(world.tick(), &commands);
        match tick % 150 {
            0 => journal.state(&world),
            30 | 60 | 90 | 120 => journal.hash(&world),
            _ => {}
        }
    }
    let journal = journal.take();
    let (_, mut reader) = Reader::open(&journal).expect("opens");
    let (mut last, mut end) = (0, reader.position());
    while let Some(record) = reader.next() {
        let _: Record = record.expect("whole");
        (last, end) = (end, reader.position());
    }
    assert_eq!(end, journal.len());
    (journal, last)
}

/// The journal is made once for all flips.
fn flips() -> impl Strategy<Value = (Vec<u8>, usize, usize)> {
    let (journal, last) = journal();
    let bits = journal.len() * 8;
    (Just(journal), Just(last), 0..bits)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// A replay stops at the flip. A recovery refuses the journal, or cuts off the last record if
    /// the flip is in it.
    #[test]
    fn a_flipped_bit_is_never_played((mut journal, last, bit) in flips()) {
        journal[bit / 8] ^= 1 << (bit % 8);
        let stops = match Replay::open(&journal) {
            Err(_) => true,
            Ok(replay) if bit / 8 >= last => replay.last().is_none_or(|tick| tick.is_err()),
            // The replay plays up to the flip. The reader is what has to detect it.
            Ok(_) => Reader::open(&journal).expect("opened").1.any(|record| record.is_err()),
        };
        prop_assert!(stops, "bit {bit}");
        match recover(&journal) {
            Ok(recovered) => {
                prop_assert!(bit / 8 >= last, "bit {bit} was passed over");
                prop_assert_eq!(recovered.whole_bytes, last);
            }
            Err(_) => prop_assert!(bit / 8 < last, "bit {bit} is in the last record"),
        }
    }
}
