//! Makes long journals without waiting: `stretch FOLDER MINUTES` lets each match of a folder go on
//! behind the end of its journal, with the pilots of the swarm in its seats, until it is so long.
//! It writes the same records as a room: each tick, each second and each twenty seconds. It prints
//! what it has, as one line of JSON.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use bolide_net::{RulesMessage, Snapshot};
use bolide_sim::journal::{Writer, recover};
use bolide_sim::{Command, Event, PlayerId, World};
use bolide_swarm::{Pilot, Sight};

/// As `room/src/matches/current_match.rs` has it.
const STATE_S: u32 = 20;

const INPUTS_PER_S: u32 = 6;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [folder, minutes] = args.as_slice() else { bail!("stretch FOLDER MINUTES") };
    let minutes: u32 = minutes.parse().context("MINUTES is a whole number")?;
    let (mut matches, mut ticks, mut bytes, mut player_hours) = (0_u32, 0_u64, 0_u64, 0.0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "journal") {
            continue;
        }
        let world = stretch(&path, minutes).with_context(|| path.display().to_string())?;
        let hz = world.rules().tick_rate.hz();
        matches += 1;
        ticks += u64::from(world.tick().0);
        bytes += fs::metadata(&path)?.len();
        player_hours +=
            world.players().len() as f64 * f64::from(world.tick().0) / f64::from(hz) / 3600.0;
    }
    let per_hour = bytes as f64 / player_hours;
    println!(
        "{{\"matches\":{matches},\"ticks\":{ticks},\"bytes\":{bytes},\"bytes_per_player_hour\":{per_hour:.0}}}"
    );
    Ok(())
}

fn stretch(path: &Path, minutes: u32) -> Result<World> {
    let journal = fs::read(path)?;
    let recovered = recover(&journal)?;
    let mut world = recovered.world;
    let mut longer = journal[..recovered.whole_bytes].to_vec();
    let mut writer = Writer::default();
    let mut pilots = Pilots::of(&world);
    let mut events = Vec::new();
    let hz = world.rules().tick_rate.hz();
    while world.tick().0 < minutes * 60 * hz && world.phase().outcome().is_none() {
        let commands = pilots.commands(&world);
        step(&mut world, &commands, &mut events, &mut writer);
        longer.extend(writer.take());
    }
    fs::write(path, longer)?;
    Ok(world)
}

fn step(world: &mut World, commands: &[Command], events: &mut Vec<Event>, writer: &mut Writer) {
    events.clear();
    world.step(commands, events);
    writer.tick(world.tick(), commands);
    let (tick, hz) = (world.tick().0, world.rules().tick_rate.hz());
    if tick.is_multiple_of(STATE_S * hz) {
        writer.state(world);
    } else if tick.is_multiple_of(hz) || world.phase().outcome().is_some() {
        writer.hash(world);
    }
}

/// The players that play on, each with the time of its next decision, in seconds of the match.
struct Pilots {
    rules: RulesMessage,
    pilots: Vec<(PlayerId, Pilot, f32)>,
}

impl Pilots {
    fn of(world: &World) -> Pilots {
        let rules = RulesMessage::from(world.rules());
        let pilot = |id: PlayerId| (id, Pilot::new(1, u64::from(id.0), INPUTS_PER_S), 0.0);
        Pilots { rules, pilots: world.players().iter().map(|player| pilot(player.id)).collect() }
    }

    fn commands(&mut self, world: &World) -> Vec<Command> {
        let snapshot = Snapshot::capture(world, Vec::new());
        let tick_rate = world.rules().tick_rate.hz();
        let now_s = world.tick().0 as f32 / tick_rate as f32;
        let mut commands = Vec::new();
        for (player, pilot, next_s) in &mut self.pilots {
            if now_s < *next_s {
                continue;
            }
            *next_s = now_s + pilot.pause_s().unwrap_or(1.0);
            let sight = Sight { me: player.0, world: &snapshot, rules: &self.rules, tick_rate };
            if let Some(input) = pilot.think(sight) {
                commands.push(Command::Input { player: *player, input, rewind_ticks: 0 });
            }
        }
        commands
    }
}
