//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use bolide_server::{Resolved, Settings, read_config_file};
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
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Read settings from this file; command line and environment win
    #[arg(long, env = "BOLIDE_CONFIG", hide_env = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Cli {
    /// Everything that was set, with defaults for the rest.
    pub(crate) fn resolve(self) -> Result<Resolved> {
        let Serve { config, settings } = match self.command {
            Some(Command::Serve(serve)) => serve,
            None => self.serve,
        };
        let file = config.map(|path| read_config_file(&path)).transpose()?.unwrap_or_default();
        Ok(settings.over(file).resolve()?)
    }
}

const AFTER_HELP: &str = "\
Every option is also an environment variable (BOLIDE_DATA_DIR) and a key of the file (data_dir).

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
            let variable = format!("BOLIDE_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(option.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));
        }
    }
}
