//! Recorded matches that every build must play bit for bit. Their journals, with the state hash of
//! each second, are in `sim/tests/golden/`. This test plays each script again and compares the
//! journal byte by byte. Then it replays the committed journal. Debug and release builds and
//! WebAssembly (`cargo xtask test --only wasm`) do the same.
//!
//! `cargo xtask golden --mint` writes them anew. That is legitimate when the rules of the game, the
//! bots or the journal's layout were changed on purpose: then [`bolide_sim::journal::SIM_VERSION`]
//! or [`bolide_sim::journal::FORMAT`] rises, and the commit gives the reason and holds the new
//! journals. It is never legitimate because a machine, a compiler or a target disagrees: that is
//! the bug this test exists for.

mod dice;

use std::path::{Path, PathBuf};

use bolide_sim::journal::{Replay, Writer};
use bolide_sim::{
    BotSkill, Command, Event, Input, Phase, PlayerId, PlayerKind, Point, Spawn, TickRate, Walls,
    World, preset,
};

use dice::Dice;

use BotSkill::{Easy, Hard, Normal};

/// One golden match.
struct Script {
    name: &'static str,
    mode: &'static str,
    hz: u32,
    seed: u64,
    /// Players whose inputs the script generates.
    people: u16,
    bots: u16,
    skills: &'static [BotSkill],
    twist: Twist,
}

/// Situations that no preset shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twist {
    None,
    /// One leaves before the fight and another joins; one leaves the fight, and one joins too late.
    LeavesAndLateJoins,
    OpenWalls,
    CentreStart,
    /// People come and go while they fight, each now and then; after a minute all leave.
    Relay,
}

#[rustfmt::skip]
const SCRIPTS: [Script; 35] = [
    Script { name: "classic-20hz-bots",    mode: "classic", hz: 20, seed: 1,  people: 0,  bots: 3,  skills: &[Hard], twist: Twist::None },
    Script { name: "classic-30hz-mixed",   mode: "classic", hz: 30, seed: 2,  people: 1,  bots: 2,  skills: &[Normal, Easy], twist: Twist::None },
    Script { name: "classic-60hz-people",  mode: "classic", hz: 60, seed: 3,  people: 3,  bots: 0,  skills: &[Normal], twist: Twist::None },
    Script { name: "classic-30hz-people",  mode: "classic", hz: 30, seed: 4,  people: 3,  bots: 0,  skills: &[Normal], twist: Twist::None },
    Script { name: "brawl-20hz-ten",       mode: "brawl",   hz: 20, seed: 5,  people: 5,  bots: 5,  skills: &[Easy], twist: Twist::None },
    Script { name: "brawl-30hz-ten-hard",  mode: "brawl",   hz: 30, seed: 6,  people: 0,  bots: 10, skills: &[Hard], twist: Twist::None },
    Script { name: "brawl-30hz-people",    mode: "brawl",   hz: 30, seed: 7,  people: 8,  bots: 0,  skills: &[Normal], twist: Twist::None },
    Script { name: "brawl-60hz-two",       mode: "brawl",   hz: 60, seed: 8,  people: 0,  bots: 2,  skills: &[Hard], twist: Twist::None },
    Script { name: "duel-20hz-hard",       mode: "duel",    hz: 20, seed: 9,  people: 0,  bots: 2,  skills: &[Hard], twist: Twist::None },
    Script { name: "duel-30hz-hard",       mode: "duel",    hz: 30, seed: 10, people: 0,  bots: 2,  skills: &[Hard], twist: Twist::None },
    Script { name: "duel-60hz-mixed",      mode: "duel",    hz: 60, seed: 11, people: 1,  bots: 1,  skills: &[Easy], twist: Twist::None },
    Script { name: "duel-60hz-people",     mode: "duel",    hz: 60, seed: 12, people: 2,  bots: 0,  skills: &[Easy], twist: Twist::None },
    Script { name: "royale-20hz-sixty",    mode: "royale",  hz: 20, seed: 13, people: 0,  bots: 60, skills: &[Easy, Normal, Hard], twist: Twist::None },
    Script { name: "royale-30hz-people",   mode: "royale",  hz: 30, seed: 14, people: 20, bots: 0,  skills: &[Normal], twist: Twist::None },
    Script { name: "royale-30hz-mixed",    mode: "royale",  hz: 30, seed: 15, people: 30, bots: 30, skills: &[Normal], twist: Twist::None },
    Script { name: "royale-60hz-twelve",   mode: "royale",  hz: 60, seed: 16, people: 2,  bots: 10, skills: &[Hard], twist: Twist::None },
    Script { name: "classic-20hz-people",  mode: "classic", hz: 20, seed: 17, people: 3,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "classic-60hz-bots",    mode: "classic", hz: 60, seed: 18, people: 0,  bots: 3,  skills: &[Hard], twist: Twist::None },
    Script { name: "brawl-20hz-people",    mode: "brawl",   hz: 20, seed: 19, people: 3,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "brawl-60hz-people",    mode: "brawl",   hz: 60, seed: 20, people: 2,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "duel-20hz-people",     mode: "duel",    hz: 20, seed: 21, people: 2,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "duel-30hz-people",     mode: "duel",    hz: 30, seed: 22, people: 2,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "royale-20hz-people",   mode: "royale",  hz: 20, seed: 23, people: 12, bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "classic-30hz-long",    mode: "classic", hz: 30, seed: 24, people: 3,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "classic-60hz-long",    mode: "classic", hz: 60, seed: 25, people: 3,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "classic-20hz-long",    mode: "classic", hz: 20, seed: 26, people: 3,  bots: 0,  skills: &[Hard], twist: Twist::None },
    Script { name: "royale-60hz-ten",      mode: "royale",  hz: 60, seed: 27, people: 0,  bots: 10, skills: &[Hard], twist: Twist::None },
    Script { name: "brawl-20hz-leaves",    mode: "brawl",   hz: 20, seed: 28, people: 6,  bots: 2,  skills: &[Easy], twist: Twist::LeavesAndLateJoins },
    Script { name: "royale-60hz-leaves",   mode: "royale",  hz: 60, seed: 29, people: 8,  bots: 4,  skills: &[Normal], twist: Twist::LeavesAndLateJoins },
    Script { name: "brawl-30hz-open",      mode: "brawl",   hz: 30, seed: 30, people: 4,  bots: 2,  skills: &[Normal], twist: Twist::OpenWalls },
    Script { name: "duel-60hz-open",       mode: "duel",    hz: 60, seed: 31, people: 2,  bots: 0,  skills: &[Normal], twist: Twist::OpenWalls },
    Script { name: "brawl-20hz-centre",    mode: "brawl",   hz: 20, seed: 32, people: 4,  bots: 4,  skills: &[Hard], twist: Twist::CentreStart },
    Script { name: "classic-60hz-centre",  mode: "classic", hz: 60, seed: 33, people: 2,  bots: 1,  skills: &[Easy], twist: Twist::CentreStart },
    Script { name: "legacy-a-60hz-relay",  mode: "legacy-a", hz: 60, seed: 34, people: 10, bots: 0, skills: &[Normal], twist: Twist::Relay },
    Script { name: "legacy-b-20hz-relay",  mode: "legacy-b", hz: 20, seed: 35, people: 3,  bots: 0, skills: &[Normal], twist: Twist::Relay },
];

/// Matches and minutes below which the goldens prove too little.
const MATCHES_MIN: usize = 12;
const SECONDS_MIN: u32 = 30 * 60;

#[test]
fn every_golden_match_plays_as_recorded() {
    let mint = std::env::var_os("BOLIDE_MINT").is_some();
    let (mut seconds, mut seen) = (0, Seen::default());
    for script in &SCRIPTS {
        let (journal, ticks) = record(script, &mut seen);
        seconds += ticks / script.hz;
        let path = folder().join(format!("{}.journal", script.name));
        if mint {
            std::fs::write(&path, &journal).expect("the golden folder can be written");
        }
        let committed =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!committed.is_empty(), "{} is empty", script.name);
        if let Some(difference) = first_difference(&committed, script) {
            panic!("{}: {difference}\n{WHEN_TO_MINT}", script.name);
        }
        assert!(committed == journal, "{} is recorded otherwise now\n{WHEN_TO_MINT}", script.name);
    }
    assert!(SCRIPTS.len() >= MATCHES_MIN);
    assert!(seconds >= SECONDS_MIN, "only {seconds} seconds of golden matches");
    println!("{} golden matches, {seconds} seconds, {seen:?}", SCRIPTS.len());
    let Seen { left_before, left_fight, joined_late, ignored, outside, capped, past_hits, .. } =
        seen;
    let enough = [left_before, left_fight, joined_late, ignored, outside, past_hits];
    let enough = enough.into_iter().chain([seen.joined_fight, seen.rewound_hits, seen.alone]);
    assert!(enough.chain(capped).all(|count| count > 0), "{seen:?}");
}

/// Situations in the matches. Without any one of these, the goldens would prove too little.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    left_before: u32,
    left_fight: u32,
    joined_late: u32,
    /// Joins into a fight.
    ignored: u32,
    /// Ticks in which a player is beyond the edge of the arena.
    outside: u32,
    /// Shots that reach back as far as allowed, at 20, 30 and 60 Hz.
    capped: [u32; 3],
    past_hits: u32,
    joined_fight: u32,
    /// Hits of flights that are rewound as a whole.
    rewound_hits: u32,
    /// Ticks in which a fight goes on with one alive.
    alone: u32,
}

impl Seen {
    fn count(&mut self, before: &World, commands: &[Command], world: &World, events: &[Event]) {
        let fights = matches!(before.phase(), Phase::Fighting { .. });
        for command in commands {
            match command {
                Command::Leave { .. } if fights => self.left_fight += 1,
                Command::Leave { .. } => self.left_before += 1,
                Command::Join { .. } if fights && world.rules().late_joins => {
                    self.joined_fight += 1;
                }
                Command::Join { .. } if fights => self.ignored += 1,
                Command::Join { .. } => self.joined_late += u32::from(before.tick().0 > 0),
                Command::Input { .. } => {}
            }
        }
        let rules = world.rules();
        let (rate, cap) = match rules.tick_rate.hz() {
            20 => (0, 4),
            30 => (1, 6),
            60 => (2, 12),
            other => panic!("no script has {other} Hz"),
        };
        for event in events {
            let thrown = |id| world.fireballs().iter().find(|fireball| fireball.id == id);
            match event {
                Event::Shot { fireball, .. } => {
                    let is_capped = thrown(*fireball).is_some_and(|it| it.rewind_ticks == cap);
                    self.capped[rate] += u32::from(is_capped);
                }
                Event::Hit { rewind_ticks: 1.., .. } if rules.rewinds_flight => {
                    self.rewound_hits += 1
                }
                Event::Hit { rewind_ticks: 1.., .. } => self.past_hits += 1,
                _ => {}
            }
        }
        let alive = world.players().iter().filter(|player| player.is_alive()).count();
        let still_fights = matches!(world.phase(), Phase::Fighting { .. });
        self.alone += u32::from(still_fights && alive == 1);
        let is_outside = |place: Point| {
            let place = place.to_vec2();
            place.min_element() < 0.0 || place.x > rules.arena_width || place.y > rules.arena_height
        };
        self.outside += u32::from(world.players().iter().any(|player| is_outside(player.at)));
    }
}

#[test]
fn the_folder_holds_the_scripts_and_nothing_else() {
    let entries = std::fs::read_dir(folder()).expect("the golden folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
    let mut found: Vec<_> =
        entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    found.sort();
    let mut expected: Vec<_> =
        SCRIPTS.iter().map(|script| format!("{}.journal", script.name)).collect();
    expected.sort();
    assert_eq!(found, expected);
}

const WHEN_TO_MINT: &str = "If the game was changed on purpose: raise SIM_VERSION, run `cargo xtask golden --mint`, and \
    say why in the commit. If this machine, compiler or target disagrees with another: that is a bug, do not mint.";

/// Returns the reason why the committed journal does not replay, if it does not.
fn first_difference(journal: &[u8], script: &Script) -> Option<String> {
    let mut replay = match Replay::open(journal) {
        Ok(replay) => replay,
        Err(error) => return Some(error.to_string()),
    };
    for tick in replay.by_ref() {
        if let Err(error) = tick {
            return Some(error.to_string());
        }
    }
    let seconds = replay.world().tick().0 / script.hz;
    if replay.world().phase().outcome().is_none() {
        return Some("the match does not come to its end".to_owned());
    }
    (replay.hashes() < seconds || seconds < 10)
        .then(|| format!("{} hashes in {seconds} seconds are too few", replay.hashes()))
}

/// Plays a script to its end. Returns its journal and the number of ticks.
fn record(script: &Script, seen: &mut Seen) -> (Vec<u8>, u32) {
    let mut rules = preset(script.mode).expect("a preset").rules;
    rules.tick_rate = TickRate::from_hz(script.hz).expect("a rate");
    match script.twist {
        Twist::OpenWalls => rules.walls = Walls::Open,
        Twist::CentreStart => rules.spawn = Spawn::Centre,
        Twist::None | Twist::LeavesAndLateJoins | Twist::Relay => {}
    }
    let mut world = World::new(rules, script.seed).expect("valid");
    let mut journal = Writer::new(&world, script.mode, "golden");
    let mut dice = Dice(script.seed);
    let mut events: Vec<Event> = Vec::new();
    while world.phase().outcome().is_none() {
        let mut commands =
            if world.tick().0 == 0 { joins(script) } else { inputs(script, &world, &mut dice) };
        match script.twist {
            Twist::LeavesAndLateJoins => commands.extend(come_and_go(&world)),
            Twist::Relay => commands.extend(drop_in(script, &world, &mut dice)),
            Twist::None | Twist::OpenWalls | Twist::CentreStart => {}
        }
        commands
            .sort_by_key(|command| (!matches!(command, Command::Leave { .. }), command.player()));
        let before = world.clone();
        events.clear();
        world.step(&commands, &mut events);
        seen.count(&before, &commands, &world, &events);
        if !commands.is_empty() {
            journal.tick(world.tick(), &commands);
        }
        if world.tick().0.is_multiple_of(script.hz) || world.phase().outcome().is_some() {
            journal.hash(&world);
        }
        assert!(world.tick().0 < 60 * 400, "{} ends", script.name);
    }
    (journal.take(), world.tick().0)
}

fn joins(script: &Script) -> Vec<Command> {
    let people = (0..script.people).map(|_| PlayerKind::Human);
    let bots =
        script.skills.iter().cycle().map(|skill| PlayerKind::Bot(*skill)).take(script.bots.into());
    (0..)
        .map(PlayerId)
        .zip(people.chain(bots))
        .map(|(player, kind)| Command::Join { player, kind })
        .collect()
}

/// Returns the leave or the join that is due. Both players that leave are human. Of the two that
/// join, one takes part.
fn come_and_go(world: &World) -> Option<Command> {
    let late = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(Hard) };
    let since = match world.phase() {
        Phase::Fighting { since, .. } => Some(world.tick().since(since)),
        _ => None,
    };
    match (world.tick().0, since) {
        (10, None) => Some(Command::Leave { player: PlayerId(0) }),
        (20, None) => Some(late(90)),
        (_, Some(60)) => Some(Command::Leave { player: PlayerId(1) }),
        (_, Some(61)) => Some(late(91)),
        _ => None,
    }
}

/// Returns the leaves and joins of a relay arena: who is out comes again after a while.
fn drop_in(script: &Script, world: &World, dice: &mut Dice) -> Vec<Command> {
    let mut commands = Vec::new();
    let is_over = world.tick().0 > 60 * script.hz;
    for player in (0..script.people).map(PlayerId) {
        let is_out = world.player(player).is_some_and(|player| !player.is_alive());
        let joins = Command::Join { player, kind: PlayerKind::Human };
        match world.player(player) {
            Some(_) if is_over => commands.push(Command::Leave { player }),
            Some(_) if is_out && dice.roll(3 * u64::from(script.hz)) == 0 => {
                commands.extend([Command::Leave { player }, joins]);
            }
            Some(_) if dice.roll(20 * u64::from(script.hz)) == 0 => {
                commands.push(Command::Leave { player })
            }
            None if !is_over && dice.roll(2 * u64::from(script.hz)) == 0 => commands.push(joins),
            _ => {}
        }
    }
    commands
}

/// Returns the inputs of a script's humans. Now and then one walks, shoots at a player, blinks or
/// stops.
fn inputs(script: &Script, world: &World, dice: &mut Dice) -> Vec<Command> {
    let mut commands = Vec::new();
    for player in (0..script.people).map(PlayerId) {
        if dice.roll(12) != 0 {
            continue;
        }
        let rules = world.rules();
        // With open walls, humans also leave the arena.
        let (size, beyond) = (if rules.walls == Walls::Open { 2.0 } else { 1.0 }, 0.5);
        let mut along = |length: f32| ((share(dice) - beyond) * size + beyond) * length;
        let place = Point::in_units(along(rules.arena_width), along(rules.arena_height));
        let others = world.players();
        let input = match dice.roll(8) {
            0 => Input::Stop,
            1 => Input::Blink(place),
            2 | 3 => Input::Shoot(
                others[usize::from(dice.small(u8::try_from(others.len()).expect("at most 60")))].at,
            ),
            _ => Input::Move(place),
        };
        commands.push(Command::Input { player, input, rewind_ticks: dice.small(15) });
    }
    commands
}

fn share(dice: &mut Dice) -> f32 {
    dice.roll(1 << 20) as f32 / (1 << 20) as f32
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}
