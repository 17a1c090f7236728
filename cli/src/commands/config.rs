//! `bolide config`: prints the configuration that a server would run with here, and checks
//! configuration files. It starts nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use bolide_server::{ConfigFile, print_config, read_config_file};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use crate::args::Serve;
use crate::environment;

/// Returns the configuration as a file, with the source of each value. `matches` are those of the
/// command `print`.
pub(crate) fn print(serve: Serve, matches: &ArgMatches) -> Result<String> {
    environment::check()?;
    let Serve { config: path, settings } = serve;
    let file = path.as_deref().map(read_file).transpose()?.unwrap_or_default();
    let ConfigFile { settings: of_file, lines } = file;
    let resolved = settings.over(of_file).resolve()?;
    let named = set_outside(matches);
    Ok(print_config(&resolved, |key| {
        let line = lines.get(key).zip(path.as_deref());
        let of_file = || line.map(|(line, path)| format!("{}, line {line}", path.display()));
        named.get(key).cloned().or_else(of_file)
    }))
}

/// Returns one line if the file is right, otherwise all errors. `serve` holds the settings of the
/// environment.
pub(crate) fn check(path: Option<PathBuf>, serve: Serve) -> Result<String, Vec<anyhow::Error>> {
    let Serve { config, settings } = serve;
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

/// Returns what the command line and the environment set: the key of the file, and the option or
/// variable that sets it.
fn set_outside(matches: &ArgMatches) -> BTreeMap<String, String> {
    let known = Serve::augment_args(Command::new("bolide"));
    let arguments = known.get_arguments().filter_map(|argument| {
        let long = argument.get_long()?;
        let named = match matches.value_source(argument.get_id().as_str())? {
            ValueSource::CommandLine => format!("--{long}"),
            ValueSource::EnvVariable => argument.get_env()?.to_str()?.to_owned(),
            _ => return None,
        };
        Some((key_of(long), named))
    });
    arguments.collect()
}

/// Returns the key of the file that corresponds to an option.
fn key_of(long: &str) -> String {
    let name = long.replace('-', "_");
    for table in ["bots", "budgets", "journals"] {
        if let Some(rest) = name.strip_prefix(table).and_then(|rest| rest.strip_prefix('_')) {
            return format!("{table}.{rest}");
        }
    }
    name
}
