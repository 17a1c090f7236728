//! Pairs from matches of random players. Those in sight act the same in both worlds, the others act
//! independently.

use bolide_net::{Eyes, Observer, Scene};
use bolide_sim::{Command, Input, Phase, PlayerId, PlayerKind, Point, Rules, World, preset};

use crate::dice::Dice;
use crate::pair::{Pair, Seen};

pub(crate) const PLAYERS: u16 = 12;

/// Longest life of a pair, in ticks.
const TICKS: u32 = 6;

/// Plays one match. At each of its ticks some seats look at a pair that begins there.
pub(crate) fn play(dice: &mut Dice, seen: &mut Seen, pairs: u32) {
    let mut world = begin(dice);
    // The last observer has no body.
    let mut observers = vec![Observer::default(); usize::from(PLAYERS) + 1];
    // If players leave before the fight, too few may be left for it, and the match has no end.
    while seen.pairs < pairs && !matches!(world.phase(), Phase::Waiting | Phase::Over { .. }) {
        for _ in 0..8 {
            let seat = PlayerId(dice.below(u32::from(PLAYERS) + 1) as u16);
            let other = PlayerId(dice.below(u32::from(PLAYERS)) as u16);
            let looks = if dice.below(3) == 0 { other } else { seat };
            let mut pair = Pair::new(&world, &observers[usize::from(seat.0)], seat, looks);
            let same = |pair: &mut Pair| {
                let [a, b] = commands(pair, dice);
                pair.step([&a, &b], seen)
            };
            let mut same = same;
            (0..TICKS).all(|_| same(&mut pair));
        }
        let (commands, mut events) = (inputs(&world, dice), Vec::new());
        world.step(&commands, &mut events);
        let scene = Scene::of(&world);
        for (seat, observer) in (0..).zip(&mut observers) {
            let seat = PlayerId(seat);
            observer.look(&scene, seat, Eyes::Of(seat), None, &events);
        }
    }
}

/// Returns the world of a match that has just begun.
pub(crate) fn begin(dice: &mut Dice) -> World {
    let mut world = World::new(rules(), dice.next()).expect("valid rules");
    let kind = PlayerKind::Human;
    let joins = (0..PLAYERS).map(|id| Command::Join { player: PlayerId(id), kind });
    world.step(&joins.collect::<Vec<_>>(), &mut Vec::new());
    world
}

fn commands(pair: &Pair, dice: &mut Dice) -> [Vec<Command>; 2] {
    let [a, other] = pair.worlds.each_ref().map(|world| inputs(world, dice));
    let in_sight = |command: &&Command| pair.sees(command.player());
    let shared = a.iter().filter(in_sight);
    let mut b: Vec<_> = shared.chain(other.iter().filter(|c| !in_sight(c))).copied().collect();
    b.sort_by_key(Command::player);
    [a, b]
}

/// The inputs of all players in the next tick: mostly none, otherwise random, with a random rewind.
pub(crate) fn inputs(world: &World, dice: &mut Dice) -> Vec<Command> {
    let mut commands = Vec::new();
    for player in world.players().iter().map(|player| player.id) {
        let (at, rewind_ticks) = (any_place(world, dice), dice.below(7) as u8);
        let input = match dice.below(12) {
            0 | 1 => Input::Move(at),
            2 | 3 => Input::Shoot(at),
            4 => Input::Blink(at),
            5 => Input::Stop,
            6 if dice.below(60) == 0 => {
                commands.push(Command::Leave { player });
                continue;
            }
            _ => continue,
        };
        commands.push(Command::Input { player, input, rewind_ticks });
    }
    commands
}

fn any_place(world: &World, dice: &mut Dice) -> Point {
    let mut share = |length: f32| dice.below(1_000) as f32 / 1_000.0 * length;
    Point::in_units(share(world.rules().arena_width), share(world.rules().arena_height))
}

/// A small arena in which much happens at the edge of sight.
fn rules() -> Rules {
    Rules {
        capacity: PLAYERS,
        fight_at: PLAYERS,
        arena_width: 4.0,
        arena_height: 3.0,
        vision_radius: Some(0.8),
        countdown_s: 0.0,
        fireball_cooldown_s: 0.3,
        blink_cooldown_s: 0.5,
        walk_speed: 1.0,
        fireball_range: 2.0,
        health: 60,
        time_limit_s: 60.0,
        ..preset("royale").expect("a preset").rules
    }
}
