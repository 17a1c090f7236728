//! Journals that the tests of this crate share.

use bolide_sim::journal::Writer;
use bolide_sim::{BotSkill, Command, PlayerId, PlayerKind, World, preset};

/// Plays a duel of bots to its end and returns the journal, with or without state hashes.
pub(crate) fn duel(hashes: bool) -> Vec<u8> {
    let mut writer = None;
    play_duel(|world, commands| {
        let writer = writer.get_or_insert_with(|| Writer::new(&start(), "duel", "a\x1b[2Jb"));
        writer.tick(world.tick(), commands);
        if hashes && (world.tick().0.is_multiple_of(30) || world.phase().outcome().is_some()) {
            writer.hash(world);
        }
    });
    writer.expect("a tick").take()
}

/// Returns the journal of a duel as two segments. The second one begins with the tick
/// `second_from`.
pub(crate) fn two_segments(first_until: u32, second_from: u32) -> [Vec<u8>; 2] {
    let mut first = Writer::new(&start(), "duel", "test");
    let mut second = Writer::default();
    play_duel(|world, commands| {
        if world.tick().0 <= first_until {
            first.tick(world.tick(), commands);
        }
        if world.tick().0 == second_from {
            second = Writer::new(world, "duel", "test");
            second.state(world);
        } else {
            second.tick(world.tick(), commands);
        }
        if world.phase().outcome().is_some() {
            second.hash(world);
        }
    });
    [first.take(), second.take()]
}

fn start() -> World {
    World::new(preset("duel").expect("a preset").rules, 7).expect("valid")
}

/// Plays a duel of bots and passes each tick with its commands to `record`.
fn play_duel(mut record: impl FnMut(&World, &[Command])) {
    let mut world = start();
    let bot = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Hard) };
    while world.phase().outcome().is_none() {
        let commands = if world.tick().0 == 0 { vec![bot(0), bot(1)] } else { Vec::new() };
        world.step(&commands, &mut Vec::new());
        record(&world, &commands);
    }
}
