//! `bolide config`: prints the configuration that a server would run with here, and checks
//! configuration files. It starts nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use bolide_server::{ConfigFile, print_config, read_config_file};
use clap::Subcommand;

use crate::environment;
use crate::exit::{FAILED, USAGE, fail, say};
use crate::options::Serve;

/// `bolide config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
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

impl ConfigCommand {
    /// Prints or checks. `environment` holds only what the environment sets, because options before
    /// a command are refused.
    pub(crate) fn run(self, environment: Serve, out: &mut impl Write) -> ExitCode {
        match self {
            ConfigCommand::Print(serve) => match print(*serve) {
                Ok(file) => {
                    say(out, &file);
                    ExitCode::SUCCESS
                }
                Err(error) => fail(USAGE, &error),
            },
            ConfigCommand::Check { file } => match check(file, environment) {
                Ok(summary) => {
                    say(out, &(summary + "\n"));
                    ExitCode::SUCCESS
                }
                Err(errors) => {
                    for error in &errors {
                        fail(FAILED, error);
                    }
                    ExitCode::from(FAILED)
                }
            },
        }
    }
}

/// Returns the configuration as a file, with the source of each value.
fn print(serve: Serve) -> Result<String> {
    environment::check()?;
    let Serve { config: path, settings, sources } = serve;
    let file = path.as_deref().map(read_file).transpose()?.unwrap_or_default();
    let ConfigFile { settings: of_file, lines } = file;
    let page = print_config(&settings.over(of_file), |key| {
        let line = lines.get(key).zip(path.as_deref());
        let of_file = || line.map(|(line, path)| format!("{}, line {line}", path.display()));
        sources.get(key).cloned().or_else(of_file)
    })?;
    Ok(page)
}

/// Returns one line if the file is right, otherwise all errors. `serve` holds the settings of the
/// environment.
fn check(path: Option<PathBuf>, serve: Serve) -> Result<String, Vec<anyhow::Error>> {
    let Serve { config, settings, .. } = serve;
    let mut errors = environment::misspelt();
    let foreign =
        environment::foreign().map(|foreign| format!("; in the environment are {foreign}"));
    let foreign = foreign.unwrap_or_default();
    let Some(path) = path.or(config) else {
        errors.extend(settings.resolve().err().map(Into::into));
        let well = "all is well; no file is named, so there is only the environment";
        return if errors.is_empty() { Ok(format!("{well}{foreign}")) } else { Err(errors) };
    };
    let file = match read_config_file(&path) {
        Ok(file) => file,
        Err(more) => {
            errors.extend(more.into_iter().map(anyhow::Error::new));
            return Err(errors);
        }
    };
    let modes = file.lines.keys().filter(|key| key.starts_with("modes.")).count();
    let count = file.lines.len() - modes;
    errors.extend(settings.over(file.settings).resolve().err().map(Into::into));
    if !errors.is_empty() {
        return Err(errors);
    }
    let [settings, modes] = [(count, "setting"), (modes, "mode")]
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }));
    Ok(format!("{}: all is well; {settings}, {modes}{foreign}", path.display()))
}

/// Reads a file. If it has mistakes, the error is the first of them and the number of the others.
pub(crate) fn read_file(path: &Path) -> Result<ConfigFile> {
    read_config_file(path).map_err(|errors| {
        let more = errors.len().saturating_sub(1);
        let first = errors.into_iter().next().map_or_else(|| anyhow!("it is empty"), Into::into);
        if more == 0 {
            return first;
        }
        anyhow!("{first:#}; and {more} more, which `bolide config check {}` tells", path.display())
    })
}

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
