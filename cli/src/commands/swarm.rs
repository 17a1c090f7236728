//! `bolide swarm`: loads a server and prints what the players got, as text or as JSON.

use std::io::Write;
use std::num::NonZeroU32;
use std::process::ExitCode;

use bolide_swarm::{Format, SwarmOptions, Sync, Target, swarm};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::exit::{answer, fail, say};

#[derive(Debug, Args)]
pub(crate) struct SwarmCommand {
    /// Game socket of the server
    #[arg(long, default_value = "ws://127.0.0.1:4000/play", value_name = "URL")]
    url: Target,
    /// Rooms to play in, 1 to 10000
    #[arg(long, default_value = "10", value_name = "ROOMS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rooms: u32,
    /// Players in each room, 1 to 1000
    #[arg(long, default_value = "10", value_name = "PLAYERS", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    players: u32,
    /// Seconds to measure once all have joined, 1 to 86400
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Mode to play
    #[arg(long, default_value = "brawl", value_name = "MODE")]
    mode: String,

    /// Format of the messages
    #[arg(long, value_parser = one_of(Format::ALL, Format::name), default_value = "msgpack", help_heading = "Players")]
    format: Format,
    /// Whole snapshots, deltas with checked hashes, or deltas of motions
    #[arg(long, value_parser = one_of(Sync::ALL, Sync::name), default_value = "state", help_heading = "Players")]
    sync: Sync,
    /// Inputs of a living player per second, 0 to 10; 0 stands still
    #[arg(long, default_value = "6", value_name = "PER_SECOND", help_heading = "Players",
        value_parser = clap::value_parser!(u32).range(0..=10))]
    inputs: u32,
    /// Resume the seat when a connection is lost
    #[arg(long, help_heading = "Players")]
    resume: bool,
    /// Seed of the players' decisions
    #[arg(long, default_value = "1", value_name = "NUMBER", help_heading = "Players")]
    seed: u64,

    /// Players that join per second, 1 to 10000
    #[arg(long, default_value = "500", value_name = "PER_SECOND", help_heading = "Run",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    ramp: u32,
    /// Threads to play on, 1 to 256 [default: one per core]
    #[arg(long, value_name = "NUMBER", help_heading = "Run", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Server process, to report its CPU and memory (Linux)
    #[arg(long, value_name = "PID", help_heading = "Run")]
    server_pid: Option<NonZeroU32>,
    /// Print the report as JSON
    #[arg(long, help_heading = "Run")]
    json: bool,
}

impl SwarmCommand {
    /// Loads the server and prints the report. The exit code says whether all was well.
    pub(crate) fn run(self, out: &mut impl Write) -> ExitCode {
        let json = self.json;
        match swarm(&self.options()) {
            Ok(report) => {
                say(out, &if json { report.json() } else { report.to_string() });
                answer(report.is_fine())
            }
            Err(failure) => fail(failure.exit_code(), &failure.into()),
        }
    }

    fn options(self) -> SwarmOptions {
        let SwarmCommand { url, rooms, players, seconds, mode, format, sync, inputs, .. } = self;
        let SwarmCommand { resume, seed, ramp, threads, server_pid, .. } = self;
        SwarmOptions {
            url,
            rooms,
            players,
            seconds,
            mode,
            format,
            sync,
            inputs,
            resume,
            seed,
            ramp,
            threads,
            server_pid,
        }
    }
}

/// Returns a parser for the names of these values. A derived one would add the comments of the
/// values to the help and triple its length.
fn one_of<T: Copy + Send + std::marker::Sync + 'static>(
    values: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(values.iter().map(|value| name(*value)));
    names.map(move |text| {
        let named = values.iter().copied().find(|value| name(*value) == text);
        named.expect("one of the names")
    })
}

pub(crate) const HELP: &str = "\
The players join room by room, play from what they are sent, ask for a rematch, and leave. With several rooms \
take as many players as the mode has seats: a server fills one room before it opens the next. Ctrl-C ends the \
run early, with its report.

Examples:
  bolide swarm                                  100 players on the server of this machine, for 10 s
  bolide swarm --mode duel --players 2 --rooms 500 --seconds 60
  bolide swarm --server-pid $(pidof bolide)     with what the server takes for it
  bolide swarm --json > report.json             the figures for a program

Exit codes: 0 all is well; 1 a player was lost, a hash differed, or there is no server; 2 the command \
line asks for what cannot be had.";
