//! The bodies of the fuzz targets, so that stable tests can replay their corpora.

use alloc::vec::Vec;

use crate::ids::PlayerId;
use crate::journal::{Reader, recover};
use crate::model::command::{Command, Input, PlayerKind};
use crate::model::modes::{PRESETS, preset};
use crate::model::rules::Walls;
use crate::space::point::Point;
use crate::world::World;

/// Checks that any bytes are records and then at most one error, and that the prefix that can be
/// recovered recovers to the same world again.
///
/// # Panics
/// The prefix does not recover to the same world.
pub fn journal_read(data: &[u8]) {
    if let Ok(recovered) = recover(data) {
        let again = recover(&data[..recovered.whole_bytes]).map(|again| again.world.hash());
        assert_eq!(again, Ok(recovered.world.hash()));
    }
    if let Ok((_, reader)) = Reader::open(data) {
        for record in reader {
            let _any_record_or_error = record;
        }
    }
}

/// Checks that any commands keep the world sound: it saves, restores and hashes alike, no player
/// leaves the arena, and a winner is alive. The first byte of `data` picks the mode. Each four
/// bytes after it are a command or a number of ticks that pass.
///
/// # Panics
/// The world is not sound.
pub fn sim_step(data: &[u8]) {
    let Some((mode, bytes)) = data.split_first() else { return };
    let mut bytes = bytes.iter().copied();
    let mut byte = || bytes.next();
    let Some(mut rules) =
        preset(PRESETS[usize::from(*mode) % PRESETS.len()]).map(|mode| mode.rules)
    else {
        return;
    };
    rules.countdown_s = 0.1;
    rules.fight_at = 2;
    let Ok(mut world) = World::new(rules, u64::from(*mode)) else { return };
    let mut events = Vec::new();
    while let (Some(kind), Some(player), Some(x), Some(y)) = (byte(), byte(), byte(), byte()) {
        let at = Point::new((i32::from(x) - 64) * 512, (i32::from(y) - 64) * 512);
        let player = PlayerId(u16::from(player % 8));
        let input = |input| Command::Input { player, input, rewind_ticks: x };
        let command = match kind % 8 {
            0 => Command::Join { player, kind: PlayerKind::Human },
            1 => Command::Leave { player },
            2 => input(Input::Stop),
            3 => input(Input::Move(at)),
            4 => input(Input::Shoot(at)),
            5 => input(Input::Blink(at)),
            _ => {
                for _ in 0..kind / 8 {
                    world.step(&[], &mut events);
                }
                continue;
            }
        };
        events.clear();
        world.step(&[command], &mut events);
        assert_sound(&world);
    }
    let restored = World::restore(&world.save()).map(|world| world.hash());
    assert_eq!(restored, Ok(world.hash()));
}

fn assert_sound(world: &World) {
    let rules = world.rules();
    for player in world.players() {
        let (at, radius) = (player.at.to_vec2(), rules.radius(player.health));
        let is_inside = at.min_element() >= radius
            && at.x <= rules.arena_width - radius
            && at.y <= rules.arena_height - radius;
        assert!(is_inside || rules.walls == Walls::Open, "{player:?}");
        assert!(!player.is_alive() || player.health > rules.dead_at, "{player:?}");
    }
    let winner = world.phase().outcome().and_then(|outcome| outcome.winner);
    assert!(
        winner.is_none_or(|winner| world.player(winner).is_some_and(|player| player.is_alive()))
    );
}
