//! `bolide`: the program. By default it prints where to play and serves until it is asked to stop.
//! Its commands replay a match, list or remove journals, make keys, tell a notice, load a server,
//! print or check the configuration, or ask a server for its health.

#![forbid(unsafe_code)]

mod args;
mod banner;
mod commands;
mod environment;
mod exit;
mod logging;
mod options;
mod signals;

use std::io;
use std::process::ExitCode;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::read();
    let mut out = io::stdout();
    match command {
        None => serve.run(out),
        Some(Command::Serve(serve)) => serve.run(out),
        Some(Command::Replay(replay)) => replay.run(&mut out),
        Some(Command::Journal(journal)) => journal.run(serve, &mut out),
        Some(Command::Key(key)) => key.run(serve, &mut out),
        Some(Command::Notice(notice)) => notice.run(serve, &mut out),
        Some(Command::Swarm(swarm)) => swarm.run(&mut out),
        Some(Command::Config(config)) => config.run(serve, &mut out),
        Some(Command::Healthcheck(healthcheck)) => healthcheck.run(serve, &mut out),
    }
}
