//! The command line: commands, options, help texts, and the task that results from them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use bolide_server::{HealthUrl, Resolved, Settings};
use bolide_swarm::SwarmOptions;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::config::{self, read_file};
use crate::commands::journal::JournalCommand;
use crate::commands::replay::ReplayCommand;
use crate::environment;

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
    /// Serve the game; the default command
    #[command(after_help = AFTER_HELP)]
    Serve(Box<Serve>),
    /// Replay a match from its journal and print what happened
    #[command(after_help = REPLAY_HELP)]
    Replay(ReplayCommand),
    /// List, inspect or remove the journals of past matches
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Play in many rooms at once and report what the players got
    #[command(after_help = SWARM_HELP)]
    Swarm(SwarmOptions),
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a running server whether it takes players; exit with 0 or 1
    #[command(after_help = HEALTH_HELP)]
    Healthcheck(Healthcheck),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Read settings from this file; command line and environment win
    #[arg(long, env = "BOLIDE_CONFIG", hide_env = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print what `serve` would run with, as a file, with each value's source
    #[command(after_help = PRINT_HELP)]
    Print(Box<Serve>),
    /// Check a configuration file; exit with 1 if it has errors
    #[command(after_help = CHECK_HELP)]
    Check {
        /// The file [default: from BOLIDE_CONFIG]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Healthcheck {
    /// The server, as http://127.0.0.1:4000 [default: from BOLIDE_ADMIN_LISTEN, BOLIDE_LISTEN or
    /// the file]
    #[arg(long, value_name = "URL")]
    url: Option<HealthUrl>,
    /// The server's configuration file, to find its address [default: from BOLIDE_CONFIG]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
}

/// The task of the program.
#[derive(Debug)]
pub(crate) enum Task {
    /// Serve with the given settings, and with defaults for the rest.
    Serve(Box<Resolved>),
    /// Print the match of a journal.
    Replay(ReplayCommand),
    /// Load a server and report.
    Swarm(Box<SwarmOptions>),
    /// Print this text.
    Say(String),
    /// Print this text. Exit with 0 if the flag is true, else with 1.
    Report(String, bool),
    /// Print all errors and exit with 1.
    Complain(Vec<anyhow::Error>),
    /// Ask the server at this URL whether it takes players.
    Healthcheck(HealthUrl),
}

impl Cli {
    /// Reads the command line and the environment. If one of them is wrong, ends the process with
    /// the error.
    pub(crate) fn read() -> Cli {
        let read = matches().and_then(|matches| Cli::from_arg_matches(&matches));
        read.unwrap_or_else(|error| error.format(&mut Cli::command()).exit())
    }

    /// Combines command line, environment and file into a task.
    pub(crate) fn task(self) -> Result<Task> {
        let Serve { config, settings } = match self.command {
            Some(Command::Replay(replay)) => return Ok(Task::Replay(replay)),
            Some(Command::Swarm(options)) => return Ok(Task::Swarm(Box::new(options))),
            Some(Command::Journal(command)) => {
                return Ok(match command.run(self.serve) {
                    Ok((text, is_fine)) => Task::Report(text, is_fine),
                    Err(error) => Task::Complain(vec![error]),
                });
            }
            Some(Command::Config(command)) => return command.task(self.serve),
            Some(Command::Healthcheck(healthcheck)) => return Ok(healthcheck.task(self.serve)),
            Some(Command::Serve(serve)) => *serve,
            None => self.serve,
        };
        environment::check()?;
        let file = config.map(|path| read_file(&path)).transpose()?.unwrap_or_default();
        Ok(Task::Serve(Box::new(settings.over(file.settings).resolve()?)))
    }
}

/// Returns what the command line and the environment set. An empty variable counts as not set.
fn matches() -> Result<ArgMatches, clap::Error> {
    let command = environment::without_empty(Cli::command());
    command.try_get_matches().map_err(environment::name_variable)
}

impl ConfigCommand {
    /// `environment` holds only what the environment sets, because options before a command are
    /// refused.
    fn task(self, environment: Serve) -> Result<Task> {
        match self {
            ConfigCommand::Print(serve) => {
                // Parsed a second time, because only the matches know where a value comes from.
                let matches = matches()?;
                let config = matches.subcommand_matches("config");
                let print = config.and_then(|config| config.subcommand_matches("print"));
                let print = print.expect("the command that was just read");
                Ok(Task::Say(config::print(*serve, print)?))
            }
            ConfigCommand::Check { file } => Ok(match config::check(file, environment) {
                Ok(summary) => Task::Say(summary + "\n"),
                Err(errors) => Task::Complain(errors),
            }),
        }
    }
}

impl Healthcheck {
    /// A server that cannot be asked is not healthy, so there is no other exit code for it.
    fn task(self, environment: Serve) -> Task {
        match self.find(environment) {
            Ok(url) => Task::Healthcheck(url),
            Err(error) => Task::Complain(vec![error]),
        }
    }

    fn find(self, serve: Serve) -> Result<HealthUrl> {
        if let Some(url) = self.url {
            return Ok(url);
        }
        environment::check()?;
        let Serve { config, settings } = serve;
        let path = self.config.or(config);
        let file = path.map(|path| read_file(&path)).transpose()?.unwrap_or_default();
        let Resolved { listen, admin_listen, .. } = settings.over(file.settings).resolve()?;
        HealthUrl::of(admin_listen.unwrap_or(listen))
            .context("the server listens on a port that the system chooses; name it with --url")
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
take as many players as the mode has seats: a server fills one room before it opens the next. Ctrl-C ends the \
run early, with its report.

Examples:
  bolide swarm                                  100 players on the server of this machine, for 10 s
  bolide swarm --mode duel --players 2 --rooms 500 --seconds 60
  bolide swarm --server-pid $(pidof bolide)     with what the server takes for it
  bolide swarm --json > report.json             the figures for a program

Exit codes: 0 all is well; 1 a player was lost, a hash differed, or there is no server; 2 the command \
line asks for what cannot be had.";
const PRINT_HELP: &str = "\
Every option of `serve` can be given and is taken into account, as the environment is. What is printed can be \
read back with --config.

Examples:
  bolide config print                           every setting there is, and its default
  bolide config print --config bolide.toml      what this file makes of them
  bolide config print > bolide.toml             to begin a file of your own";

const CHECK_HELP: &str = "\
The environment is checked as well, because a server would take it into account.

Exit codes: 0 all is well; 1 something is wrong, one line for each mistake.";

const HEALTH_HELP: &str = "\
It asks /readyz of the admin listener if there is one, else of the game's, for two seconds at most, and prints \
one line. It needs no shell:

  HEALTHCHECK CMD [\"bolide\", \"healthcheck\"]

Exit codes: 0 the server takes players; 1 it does not, or does not answer, or is not to be found.";

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
