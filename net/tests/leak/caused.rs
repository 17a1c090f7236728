//! Pairs of worlds in which a seat sees the same for different causes. Everything lies on a lattice
//! whose step is the flight of a fireball in a tick, and every flight goes from one lattice point
//! to another in whole ticks. A fireball thrown from one flight farther away, and as much earlier,
//! is at the same place, bit for bit.

use bolide_net::Observer;
use bolide_sim::{Command, GRID, Input, Phase, PlayerId, PlayerKind, Point, Rules, World, preset};

use crate::dice::Dice;
use crate::pair::{Pair, Seen};

/// Grid steps that a fireball flies in a tick.
const STEP: i32 = GRID / 16;

/// The seat that looks, the players near it, and those out of sight.
const SEAT: PlayerId = PlayerId(3);
const NEAR: [u16; 3] = [0, 5, 8];
const FAR: [u16; 8] = [1, 2, 4, 6, 7, 9, 10, 11];

/// Longest life of a pair, in ticks.
const TICKS: usize = 32;

const AXES: [(i32, i32); 4] = [(1, 0), (-1, 0), (0, 1), (0, -1)];

/// Flights from a lattice point to the next one on their way, and their ticks.
const FLIGHTS: [((i32, i32), u32); 12] = [
    ((1, 0), 1),
    ((-1, 0), 1),
    ((0, 1), 1),
    ((0, -1), 1),
    ((3, 4), 5),
    ((-3, 4), 5),
    ((3, -4), 5),
    ((-3, -4), 5),
    ((4, 3), 5),
    ((-4, 3), 5),
    ((4, -3), 5),
    ((-4, -3), 5),
];

/// A fight of players with that much health, before any of them has acted.
pub(crate) fn start(health: u16) -> World {
    let rules = Rules { health, ..rules() };
    let mut world = World::new(rules, 1).expect("valid rules");
    let kind = PlayerKind::Human;
    let joins = (0..12).map(|id| Command::Join { player: PlayerId(id), kind });
    world.step(&joins.collect::<Vec<_>>(), &mut Vec::new());
    while !matches!(world.phase(), Phase::Fighting { .. }) {
        world.step(&[], &mut Vec::new());
    }
    world
}

/// The actions of all players in one of the worlds, tick by tick.
#[derive(Default)]
struct Script {
    ticks: [Vec<Command>; TICKS],
    busy: Vec<u16>,
}

impl Script {
    fn act(&mut self, tick: usize, player: u16, input: Input, rewind_ticks: u8) {
        if tick < TICKS {
            self.ticks[tick].push(Command::Input { player: PlayerId(player), input, rewind_ticks });
        }
    }

    /// Returns a player out of sight that has nothing to do yet.
    fn hire(&mut self, dice: &mut Dice) -> Option<u16> {
        let free: Vec<_> = FAR.into_iter().filter(|id| !self.busy.contains(id)).collect();
        let id = *free.get(dice.below(free.len().max(1) as u32) as usize)?;
        self.busy.push(id);
        Some(id)
    }
}

/// Plays one pair: all players take their places, then the plan is carried out.
pub(crate) fn stage(start: &World, dice: &mut Dice, seen: &mut Seen) {
    let middle = lattice(30 + dice.below(4) as i32, 30 + dice.below(4) as i32);
    let mut scripts = [Script::default(), Script::default()];
    let mut near = Vec::new();
    for script in &mut scripts {
        script.act(0, SEAT.0, Input::Blink(middle), 0);
    }
    for id in NEAR {
        let at = moved(middle, (dice.below(17) as i32 - 8, dice.below(17) as i32 - 8));
        near.push((id, at));
        scripts.iter_mut().for_each(|script| script.act(0, id, Input::Blink(at), 0));
    }
    for script in &mut scripts {
        for id in FAR {
            script.act(0, id, Input::Blink(corner(dice)), 0);
        }
    }
    for _ in 0..1 + dice.below(4) {
        threaten(&mut scripts, middle, &near, dice);
    }
    match dice.below(3) {
        0 => vanish(&mut scripts, &near, dice),
        1 => walk_away(&mut scripts, &near, dice),
        _ => hit_in_the_past(&mut scripts, middle, dice),
    }
    for commands in scripts.iter_mut().flat_map(|script| &mut script.ticks) {
        commands.sort_by_key(Command::player);
        commands.dedup_by_key(|command| command.player());
    }
    let mut pair = Pair::new(start, &Observer::default(), SEAT, SEAT);
    (0..TICKS).all(|tick| pair.step([&scripts[0].ticks[tick], &scripts[1].ticks[tick]], seen));
}

/// Plans one or two fireballs from out of sight, side by side, at a player or past it. They have
/// other throwers in each world, and in one world they may come from farther away and as much
/// earlier.
fn threaten(scripts: &mut [Script; 2], middle: Point, near: &[(u16, Point)], dice: &mut Dice) {
    let ((dx, dy), ticks) = FLIGHTS[dice.below(12) as usize];
    let target = match dice.below(4) {
        index @ 0..3 => near[index as usize].1,
        _ => middle,
    };
    let aside = dice.below(5) as i32 - 2;
    // As many flights as take about the same time, whatever their direction.
    let along = ticks == 1;
    let away = if along { 22 + dice.below(3) as i32 } else { 4 };
    let at = if along { 4 } else { 7 } + dice.below(6) as usize;
    let (volley, same_distance) = (1 + dice.below(2) as i32, dice.below(2) == 0);
    for script in scripts {
        let most = if along { 4 } else { 2 };
        let earlier = if same_distance { 1 } else { dice.below(most) };
        let (steps, tick) = (away + earlier as i32, at - (earlier * ticks) as usize);
        for number in 0..volley {
            let Some(thrower) = script.hire(dice) else { return };
            let aside = aside + number;
            let from = moved(target, (-dx * steps + dy * aside, -dy * steps + dx * aside));
            script.act(tick - 1, thrower, Input::Blink(from), 0);
            script.act(tick, thrower, Input::Shoot(moved(from, (dx * 8, dy * 8))), 0);
            script.act(tick + 1, thrower, Input::Blink(corner(dice)), 0);
        }
    }
}

/// Plans that a player in sight blinks out of it, to another place in each world.
fn vanish(scripts: &mut [Script; 2], near: &[(u16, Point)], dice: &mut Dice) {
    let (id, tick) = (near[dice.below(3) as usize].0, 2 + dice.below(12) as usize);
    for script in scripts {
        script.act(tick, id, Input::Blink(corner(dice)), 0);
    }
}

/// Plans that a player in sight walks out of it, in the same direction but to different distances.
fn walk_away(scripts: &mut [Script; 2], near: &[(u16, Point)], dice: &mut Dice) {
    let (id, at) = near[dice.below(3) as usize];
    let ((dx, dy), tick) = (AXES[dice.below(4) as usize], 2 + dice.below(12) as usize);
    for script in scripts {
        let steps = 16 + dice.below(8) as i32;
        script.act(tick, id, Input::Move(moved(at, (dx * steps, dy * steps))), 0);
    }
}

/// Plans that a player comes into sight and is hit in the past, at another place and time in each
/// world. The thrower stands at the edge of sight.
fn hit_in_the_past(scripts: &mut [Script; 2], middle: Point, dice: &mut Dice) {
    let (thrower, tick, (dx, dy)) = (NEAR[0], 14, AXES[dice.below(4) as usize]);
    let edge = moved(middle, (dx * 12, dy * 12));
    let here = moved(middle, (dy * 3, dx * 3));
    let victim = FAR[dice.below(8) as usize];
    for script in scripts {
        let steps = 2 + dice.below(3) as i32;
        script.busy.push(victim);
        script.ticks[1..].iter_mut().for_each(|commands| {
            commands.retain(|command| {
                ![PlayerId(thrower), PlayerId(victim)].contains(&command.player())
            });
        });
        script.act(1, thrower, Input::Blink(edge), 0);
        script.act(4, victim, Input::Blink(moved(edge, (dx * steps, dy * steps))), 0);
        script.act(tick, victim, Input::Blink(here), 0);
        script.act(tick, thrower, Input::Shoot(moved(edge, (dx * 8, dy * 8))), 6);
    }
}

/// Returns a place out of sight.
fn corner(dice: &mut Dice) -> Point {
    let side = |dice: &mut Dice| if dice.below(2) == 0 { 2 } else { 58 } + dice.below(4) as i32;
    lattice(side(dice), side(dice))
}

const fn lattice(x: i32, y: i32) -> Point {
    Point::new(x * STEP, y * STEP)
}

const fn moved(from: Point, (dx, dy): (i32, i32)) -> Point {
    Point::new(from.x() + dx * STEP, from.y() + dy * STEP)
}

fn rules() -> Rules {
    Rules {
        capacity: 12,
        fight_at: 12,
        arena_width: 4.0,
        arena_height: 4.0,
        vision_radius: Some(0.75),
        countdown_s: 0.0,
        fireball_speed: 1.875,
        fireball_range: 1.75,
        fireball_cooldown_s: 0.0,
        blink_cooldown_s: 0.0,
        blink_range: 8.0,
        health: 60,
        zone: None,
        ..preset("royale").expect("a preset").rules
    }
}
