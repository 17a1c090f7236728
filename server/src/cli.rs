//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use bolide_server::swarm::SwarmOptions;
use bolide_server::{ReplayForm, Resolved, Settings, read_config_file};
use clap::{Args, Parser, Subcommand};

/// An authoritative game server for browser arenas; play at http://127.0.0.1:4000
#[derive(Debug, Parser)]
#[command(name = "bolide", version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the game; this is also what `bolide` without a command does
    #[command(after_help = AFTER_HELP)]
    Serve(Box<Serve>),
    /// Run a match again from its journal and tell what happened
    #[command(after_help = REPLAY_HELP)]
    Replay(Replay),
    /// Play in many rooms at once, and report what the players got
    #[command(after_help = SWARM_HELP)]
    Swarm(SwarmOptions),
}

#[derive(Debug, Args)]
struct Serve {
    /// Read settings from this file; command line and environment win
    #[arg(long, env = "BOLIDE_CONFIG", hide_env = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
struct Replay {
    /// The journal: `journals/ID.journal` in the data folder
    file: PathBuf,
    /// Say only whether every recorded state hash comes out again
    #[arg(long, conflicts_with_all = ["json", "verbose"])]
    verify: bool,
    /// Print the events as JSON, one a line
    #[arg(long, conflicts_with = "verbose")]
    json: bool,
    /// Tell shots, blinks, burns and refused inputs as well
    #[arg(long)]
    verbose: bool,
}

/// What the program is to do.
#[derive(Debug)]
pub(crate) enum Task {
    /// Serve, with everything that was set and defaults for the rest.
    Serve(Box<Resolved>),
    /// Tell the match of a journal.
    Replay(PathBuf, ReplayForm),
    /// Load a server and report.
    Swarm(Box<SwarmOptions>),
}

impl Cli {
    /// Puts together what was said in all places.
    pub(crate) fn task(self) -> Result<Task> {
        let Serve { config, settings } = match self.command {
            Some(Command::Replay(replay)) => {
                let form = replay.form();
                return Ok(Task::Replay(replay.file, form));
            }
            Some(Command::Swarm(options)) => return Ok(Task::Swarm(Box::new(options))),
            Some(Command::Serve(serve)) => *serve,
            None => self.serve,
        };
        let file = config.map(|path| read_config_file(&path)).transpose()?.unwrap_or_default();
        Ok(Task::Serve(Box::new(settings.over(file).resolve()?)))
    }
}

impl Replay {
    const fn form(&self) -> ReplayForm {
        match self {
            Replay { verify: true, .. } => ReplayForm::Verify,
            Replay { json: true, .. } => ReplayForm::Json,
            Replay { verbose, .. } => ReplayForm::Text { verbose: *verbose },
        }
    }
}

const AFTER_HELP: &str = "\
Every option is also an environment variable (BOLIDE_DATA_DIR) and a key of the file (data_dir).
What one connection and one address may cost are settings too: docs/operations.md, Limits.

Examples:
  bolide                          play on this machine
  bolide --listen 0.0.0.0:4000    open it to the network
  bolide --config bolide.toml     settings from a file; see docs/operations.md";

const REPLAY_HELP: &str = "\
A last record that is cut off, as a killed server leaves it, is told and is no failure, with --verify \
neither: what is whole was verified.

Exit codes: 0 all is well; 1 the replay differs or the journal is damaged; 2 there is no such journal, \
or another version of this program must replay it.";

const SWARM_HELP: &str = "\
The players join room by room, play from what they are sent, ask for a rematch, and leave. With several rooms \
take as many players as the mode has seats: a server fills one room before it opens the next.

Examples:
  bolide swarm                                  100 players on the server of this machine, for 10 s
  bolide swarm --mode duel --players 2 --rooms 500 --seconds 60
  bolide swarm --server-pid $(pidof bolide)     with what the server takes for it
  bolide swarm --json > report.json             the figures for a program

Exit codes: 0 all is well; 1 a player was lost, a hash differed, or there is no server; 2 the command \
line asks for what cannot be had.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent_and_every_option_is_an_environment_variable() {
        Cli::command().debug_assert();
        for option in Cli::command().get_arguments() {
            let Some(long) = option.get_long().filter(|long| !["help", "version"].contains(long))
            else {
                continue;
            };
            let variable = format!("BOLIDE_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(option.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));
        }
    }
}
