//! The saved state: a world that was restored or rolled back is the same world, and every byte of
//! the state reaches the hash.

mod dice;

use bolide_sim::{
    BotSkill, Command, Input, PRESETS, PlayerId, PlayerKind, Point, StateError, World, preset,
};
use dice::Dice;
use proptest::prelude::{any, proptest};

/// Returns the commands of one tick of a match of bots and humans, in which players join, leave and
/// act now and then.
fn commands(dice: &mut Dice) -> Vec<Command> {
    let player = PlayerId(dice.small(6).into());
    let at = Point::new(
        i32::try_from(dice.roll(58_000)).expect("small"),
        i32::try_from(dice.roll(32_000)).expect("small"),
    );
    let rewind_ticks = dice.small(9);
    let input = match dice.roll(4) {
        0 => Input::Stop,
        1 => Input::Move(at),
        2 => Input::Shoot(at),
        _ => Input::Blink(at),
    };
    match dice.roll(40) {
        0 => vec![Command::Leave { player }],
        1 => vec![Command::Join { player, kind: PlayerKind::Human }],
        2..20 => vec![Command::Input { player, input, rewind_ticks }],
        _ => Vec::new(),
    }
}

fn gathered(mode: &str, seed: u64) -> World {
    let mut rules = preset(mode).expect("a preset").rules;
    rules.fight_at = 2;
    rules.dead_at = 0;
    // Each match ends.
    rules.time_limit_s = if rules.time_limit_s > 0.0 { rules.time_limit_s } else { 60.0 };
    let mut world = World::new(rules, seed).expect("valid");
    let skills = [BotSkill::Easy, BotSkill::Normal, BotSkill::Hard];
    for (id, skill) in (10..).zip(skills.iter().cycle().take(world.rules().capacity.min(8).into()))
    {
        world.step(
            &[Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(*skill) }],
            &mut Vec::new(),
        );
    }
    world
}

/// Steps, rolls back eight ticks and steps again, by clone and by saved bytes, through match after
/// match.
fn rewind(ticks: u64) {
    let mut dice = Dice(7);
    let mut seed = 0;
    let mut world = gathered("brawl", seed);
    let mut done = 0;
    while done < ticks {
        if world.phase().outcome().is_some() {
            seed += 1;
            world = gathered(PRESETS[usize::try_from(seed).expect("small") % PRESETS.len()], seed);
        }
        let (clone, saved) = (world.clone(), world.save());
        let inputs: Vec<_> = (0..8).map(|_| commands(&mut dice)).collect();
        let run = |mut world: World| -> (Vec<u64>, World) {
            let step = |commands: &Vec<Command>| {
                world.step(commands, &mut Vec::new());
                world.hash()
            };
            (inputs.iter().map(step).collect(), world)
        };
        let (hashes, after) = run(world);
        assert_eq!(run(clone).0, hashes, "clone, match {seed}, tick {}", after.tick());
        let restored = World::restore(&saved).expect("restores");
        assert_eq!(restored.save(), saved);
        assert_eq!(run(restored).0, hashes, "saved, match {seed}, tick {}", after.tick());
        world = after;
        done += 8;
    }
    assert!(cfg!(miri) || seed > 20, "many matches");
}

#[test]
fn rolled_back_and_stepped_again_gives_the_same_hashes() {
    rewind(if cfg!(miri) { 64 } else { 100_000 });
}

/// The saved state is the stream that is hashed. So changing any byte of it changes the hash, or
/// gives no state.
#[test]
fn every_byte_of_the_state_reaches_the_hash() {
    let mut world = gathered("royale", 5);
    for _ in 0..400 {
        world.step(&[], &mut Vec::new());
    }
    assert!(!world.fireballs().is_empty());
    let (saved, hash) = (world.save(), world.hash());
    let mut restored = 0;
    for index in (0..saved.len()).step_by(if cfg!(miri) { 97 } else { 1 }) {
        for mask in [1, 0x10, 0x40] {
            let mut changed = saved.clone();
            changed[index] ^= mask;
            if let Ok(other) = World::restore(&changed) {
                assert_ne!(other.hash(), hash, "byte {index}, mask {mask:#x}");
                restored += 1;
            }
        }
    }
    assert!(cfg!(miri) || restored > saved.len(), "most changes give another world");
}

#[test]
fn what_is_no_state_is_refused_with_a_reason() {
    let saved = gathered("classic", 1).save();
    assert_eq!(World::restore(&[]).expect_err("empty"), StateError::EndsEarly);
    assert_eq!(World::restore(&saved[..saved.len() - 1]).expect_err("cut"), StateError::EndsEarly);
    let longer = [saved.as_slice(), &[0]].concat();
    assert_eq!(
        World::restore(&longer).expect_err("longer").to_string(),
        "1 bytes follow the state"
    );
}

proptest! {
    #[test]
    fn any_bytes_restore_to_a_world_that_steps_or_are_refused(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8),
        cut in any::<usize>(),
    ) {
        let mut saved = gathered("brawl", 9).save();
        for (index, byte) in changes {
            let length = saved.len();
            saved[index % length] = byte;
        }
        saved.truncate(saved.len() - cut % 3);
        if let Ok(mut world) = World::restore(&saved) {
            for _ in 0..20 {
                world.step(&[], &mut Vec::new());
            }
        }
    }
}
