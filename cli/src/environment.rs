//! Environment variables as settings. An empty variable counts as not set, a misspelt one is
//! refused, and the error for a wrong value names its variable.

use std::env;

use anyhow::Result;
use bolide_server::{SETTINGS, Setting, UnknownVariable, unknown_variables};
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};
use tracing::warn;

/// Returns the variables that have the prefix of settings but are none.
fn unknown() -> Vec<UnknownVariable> {
    let given = env::vars_os().filter(|(_, value)| !value.is_empty());
    unknown_variables(given.map(|(name, _)| name.to_string_lossy().into_owned()))
}

/// Checks that no variable is misspelt.
///
/// # Errors
/// The first misspelt variable, with the nearest setting.
pub(crate) fn check() -> Result<()> {
    misspelt().into_iter().next().map_or(Ok(()), Err)
}

/// Returns an error for each misspelt variable.
pub(crate) fn misspelt() -> Vec<anyhow::Error> {
    let mistake = |variable| match variable {
        UnknownVariable::Misspelt(mistake) => Some(mistake.into()),
        UnknownVariable::Foreign(_) => None,
    };
    unknown().into_iter().filter_map(mistake).collect()
}

/// Returns a phrase that names the variables that resemble no setting, if there are any.
pub(crate) fn foreign() -> Option<String> {
    let all = unknown();
    let foreign = all.iter().filter(|variable| matches!(variable, UnknownVariable::Foreign(_)));
    let names: Vec<&str> = foreign.map(UnknownVariable::name).collect();
    (!names.is_empty()).then(|| format!("not settings, and ignored: {}", names.join(", ")))
}

/// Logs the variables that resemble no setting.
pub(crate) fn log_foreign() {
    if let Some(foreign) = foreign() {
        warn!("variables of the environment that are {foreign}");
    }
}

/// Removes the empty variables from the command.
pub(crate) fn without_empty(command: Command) -> Command {
    let is_empty = |argument: &Arg| {
        let value = argument.get_env().and_then(env::var_os);
        value.is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|argument| match is_empty(&argument) {
            true => argument.env(Resettable::Reset),
            false => argument,
        })
        .mut_subcommands(without_empty)
}

/// Returns the variable of an option, which has the name of the setting.
pub(crate) fn variable_of(option: &str) -> String {
    let setting = SETTINGS.iter().find(|setting| setting.option() == option);
    let of_option = || format!("BOLIDE_{}", option.replace('-', "_").to_uppercase());
    setting.map_or_else(of_option, Setting::variable)
}

/// Names the variable in the error for a wrong value, unless the value is from the command line.
pub(crate) fn name_variable(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let Some(option) = argument.split(' ').next().and_then(|first| first.strip_prefix("--")) else {
        return error;
    };
    let is_given = |word: String| {
        let word = word.strip_prefix("--");
        word.is_some_and(|word| word.split('=').next() == Some(option))
    };
    let variable = variable_of(option);
    let mut words = env::args_os().map(|word| word.to_string_lossy().into_owned());
    if env::var_os(&variable).is_some() && !words.any(is_given) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}
