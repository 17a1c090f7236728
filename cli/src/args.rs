//! The command line: the commands. Reading it has no effect but that a wrong one ends the process.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::config::ConfigCommand;
use crate::commands::healthcheck::{self, HealthcheckCommand};
use crate::commands::journal::JournalCommand;
use crate::commands::key::KeyCommand;
use crate::commands::notice::{self, NoticeCommand};
use crate::commands::replay::{self, ReplayCommand};
use crate::commands::swarm::{self, SwarmCommand};
use crate::environment;
use crate::options::Serve;

/// An authoritative game server for browser arenas; play at http://127.0.0.1:4000
#[derive(Debug, Parser)]
#[command(name = "bolide", version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The options without a command. With a command, what the environment sets.
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// A command with its options.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the game; the default command
    #[command(after_help = AFTER_HELP)]
    Serve(Box<Serve>),
    /// Replay a match from its journal and print what happened
    #[command(after_help = replay::HELP)]
    Replay(ReplayCommand),
    /// List, inspect or remove the journals of past matches
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Make, list or revoke the keys with which backends publish
    #[command(subcommand)]
    Key(KeyCommand),
    /// Tell something to everybody on a running server
    #[command(after_help = notice::HELP)]
    Notice(NoticeCommand),
    /// Play in many rooms at once and report what the players got
    #[command(after_help = swarm::HELP)]
    Swarm(Box<SwarmCommand>),
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a running server whether it takes players; exit with 0 or 1
    #[command(after_help = healthcheck::HELP)]
    Healthcheck(HealthcheckCommand),
}

impl Cli {
    /// Reads the command line and the environment. If one of them is wrong, ends the process with
    /// the error. An empty variable counts as not set.
    pub(crate) fn read() -> Cli {
        let matches = environment::without_empty(Cli::command()).try_get_matches();
        let read = matches.map_err(environment::name_variable);
        let read = read.and_then(|matches| Cli::from_arg_matches(&matches));
        read.unwrap_or_else(|error| error.format(&mut Cli::command()).exit())
    }
}

const AFTER_HELP: &str = "\
Every option is also an environment variable (BOLIDE_DATA_DIR) and a key of the file (data_dir).
What one connection and one address may cost are settings too: docs/operations.md, Limits.

Examples:
  bolide                          play on this machine
  bolide --listen 0.0.0.0:4000    open it to the network
  bolide --config bolide.toml     settings from a file; see docs/operations.md";

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
            let variable = crate::environment::variable_of(long);
            assert_eq!(option.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));
        }
    }
}
