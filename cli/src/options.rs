//! The options of `serve`, made from the server's table of settings: each setting is an option and
//! an environment variable.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::Result;
use bolide_server::{Kind, Layer, Resolved, SETTINGS, Section, Setting, Value};
use clap::builder::{
    BoolValueParser, PathBufValueParser, StringValueParser, TypedValueParser, ValueParser,
};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use crate::commands::config::read_file;
use crate::environment;

/// The options of `serve`, as the command line and the environment set them.
#[derive(Debug, Default)]
pub(crate) struct Serve {
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// The settings.
    pub(crate) settings: Layer,
    /// The option or variable that set a key.
    pub(crate) sources: BTreeMap<&'static str, String>,
}

impl Serve {
    /// Combines command line, environment and file.
    pub(crate) fn resolve(self) -> Result<Resolved> {
        environment::check()?;
        let file = self.config.map(|path| read_file(&path)).transpose()?.unwrap_or_default();
        Ok(self.settings.over(file.settings).resolve()?)
    }
}

/// The names of an option, which clap borrows for as long as the program runs.
struct Names {
    option: String,
    variable: String,
    placeholder: String,
}

/// The names of each of [`SETTINGS`].
static NAMES: LazyLock<Vec<Names>> = LazyLock::new(|| {
    let names = SETTINGS.iter().map(|setting| Names {
        option: setting.option(),
        variable: setting.variable(),
        placeholder: setting.placeholder(),
    });
    names.collect()
});

impl Args for Serve {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .env("BOLIDE_CONFIG")
            .hide_env(true)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Read settings from this file; command line and environment win");
        let settings = SETTINGS.iter().zip(NAMES.iter());
        command.arg(config).args(settings.map(|(setting, names)| option(setting, names)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Serve::augment_args(command)
    }
}

fn option(setting: &'static Setting, names: &'static Names) -> Arg {
    let option = Arg::new(setting.key)
        .long(names.option.as_str())
        .env(names.variable.as_str())
        .hide_env(true)
        .value_name(names.placeholder.as_str())
        .value_parser(parser(setting))
        .help(setting.help())
        .help_heading(setting.section.and_then(Section::heading))
        .hide(setting.section.is_none());
    match setting.kind {
        Kind::List(_) => option.action(ArgAction::Append).value_delimiter(','),
        _ => option,
    }
}

/// Returns the parser of an option's value. Ranges are checked once all layers are merged.
fn parser(setting: &'static Setting) -> ValueParser {
    match setting.kind {
        Kind::U16(_) => value_parser!(u16).map(|number| Value::Number(number.into())).into(),
        Kind::U32(_) => value_parser!(u32).map(Value::Number).into(),
        Kind::Flag => BoolValueParser::new().map(Value::Flag).into(),
        Kind::Folder => PathBufValueParser::new().map(Value::Path).into(),
        Kind::Log(_) => StringValueParser::new().map(Value::Text).into(),
        Kind::Text(_) => {
            ValueParser::new(move |text: &str| setting.check(Value::Text(text.to_owned())))
        }
        Kind::List(_) => {
            ValueParser::new(move |text: &str| setting.check(Value::List(vec![text.to_owned()])))
        }
    }
}

impl FromArgMatches for Serve {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Serve, Error> {
        let mut serve = Serve { config: matches.get_one("config").cloned(), ..Serve::default() };
        for (setting, names) in SETTINGS.iter().zip(NAMES.iter()) {
            let Some(value) = value(setting, matches) else { continue };
            serve.settings.set(setting, value);
            let source = match matches.value_source(setting.key) {
                Some(ValueSource::EnvVariable) => names.variable.clone(),
                _ => format!("--{}", names.option),
            };
            serve.sources.insert(setting.key, source);
        }
        Ok(serve)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Serve::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns the value of an option. Every occurrence of a list adds to it.
fn value(setting: &Setting, matches: &ArgMatches) -> Option<Value> {
    let values = matches.get_many::<Value>(setting.key)?;
    values.cloned().reduce(|value, next| match (value, next) {
        (Value::List(value), Value::List(next)) => Value::List([value, next].concat()),
        (_, next) => next,
    })
}
