//! A setting as the table describes it: its names, the kind of its value, its default, and the
//! check of a value.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use super::layers::Values;

/// The beginning of the name of a setting's environment variable.
pub(super) const PREFIX: &str = "BOLIDE_";

/// A setting: a row of the table [`SETTINGS`](super::SETTINGS).
#[derive(Debug)]
pub struct Setting {
    /// The key in the file. A key of a table is prefixed with the table's name and a dot.
    pub key: &'static str,
    /// The option, if it is not named after the key.
    pub(super) option: Option<&'static str>,
    /// The kind of the value.
    pub kind: Kind,
    /// The value if no layer sets one.
    pub(super) default: DefaultValue,
    /// The group in which `--help` shows the option; `None` if it does not.
    pub section: Option<Section>,
    /// The placeholder for the value in `--help`.
    pub(super) placeholder: &'static str,
    /// The line of `--help`, without the default.
    pub(super) summary: &'static str,
}

/// The kind of a setting's value.
#[derive(Debug)]
pub enum Kind {
    /// A [`Value::Number`] of 16 bits in this range.
    U16(RangeInclusive<u32>),
    /// A [`Value::Number`] of 32 bits in this range.
    U32(RangeInclusive<u32>),
    /// A [`Value::Flag`].
    Flag,
    /// A [`Value::Path`].
    Folder,
    /// A [`Value::Text`] of a certain form.
    Text(Form),
    /// A [`Value::List`] of texts of a certain form, with commas between them on the command line.
    List(Form),
    /// A [`Value::Text`] that is checked with the ranges, not while the command line is read.
    Log(Form),
}

/// Checks a text and returns it as the type of its setting prints it.
type Form = fn(&str) -> Result<String, String>;

/// The value of a setting that no layer sets.
#[derive(Debug)]
pub(super) enum DefaultValue {
    /// A number.
    Number(u32),
    /// A flag.
    Flag(bool),
    /// A text as it is written.
    Text(&'static str),
    /// A folder below the working directory.
    Folder(&'static str),
    /// A list of this one text.
    Listed(&'static str),
    /// An empty list, and its meaning in a word.
    Empty(&'static str),
    /// No value, and the meaning of that in a word.
    Unset(&'static str),
    /// A number that depends on the machine or on settings above this one, and its name.
    Computed(&'static str, fn(&Values) -> u32),
}

/// A group of options in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Options without a heading.
    General,
    /// Limits of the server.
    Limits,
    /// The behaviour of rooms.
    Rooms,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u32),
    /// True or false.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// A path, which may be any bytes.
    Path(PathBuf),
}

/// A value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// A number outside its range.
    #[error("`{key}` is {value}; allowed is {low} to {high}")]
    OutOfRange {
        /// The key of the setting.
        key: &'static str,
        /// The number that was refused.
        value: u32,
        /// The least allowed number.
        low: u32,
        /// The greatest allowed number.
        high: u32,
    },
    /// A text of another form. The reason is the whole sentence.
    #[error("{0}")]
    Malformed(String),
}

impl Setting {
    /// The name of the option, without the hyphens before it.
    #[must_use]
    pub fn option(&self) -> String {
        self.option.map_or_else(|| self.key.replace(['.', '_'], "-"), str::to_owned)
    }

    /// The name of the environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.key)
    }

    /// The placeholder for the value in `--help`.
    #[must_use]
    pub fn placeholder(&self) -> String {
        match self.placeholder {
            "" => self.name().to_uppercase(),
            placeholder => placeholder.to_owned(),
        }
    }

    /// The line of `--help`.
    #[must_use]
    pub fn help(&self) -> String {
        match self.default.to_string().as_str() {
            "" => self.summary.to_owned(),
            default => format!("{} [default: {default}]", self.summary),
        }
    }

    /// The table of the file that the setting is in; empty for the top level.
    pub(super) fn table(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(table, _)| table)
    }

    /// The key within its table.
    pub(super) fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }

    /// Checks a value, and returns it in the form in which it is printed.
    ///
    /// # Errors
    /// The value is outside its range or malformed.
    pub fn check(&self, value: Value) -> Result<Value, NotAllowed> {
        let form = |form: Form, text: &str| form(text).map_err(NotAllowed::Malformed);
        Ok(match (&self.kind, value) {
            (Kind::U16(range) | Kind::U32(range), Value::Number(value)) => {
                if !range.contains(&value) {
                    let (low, high) = (*range.start(), *range.end());
                    return Err(NotAllowed::OutOfRange { key: self.key, value, low, high });
                }
                Value::Number(value)
            }
            (Kind::Text(expected) | Kind::Log(expected), Value::Text(text)) => {
                Value::Text(form(*expected, &text)?)
            }
            (Kind::List(expected), Value::List(texts)) => {
                let texts = texts.iter().map(|text| form(*expected, text));
                Value::List(texts.collect::<Result<_, _>>()?)
            }
            (_, value) => value,
        })
    }

    /// Makes this an option that `--help` shows.
    pub(super) const fn shown(self, section: Section, placeholder: &'static str) -> Setting {
        Setting { section: Some(section), placeholder, ..self }
    }

    /// Names the option by another word than the key.
    pub(super) const fn named(self, option: &'static str) -> Setting {
        Setting { option: Some(option), ..self }
    }

    pub(super) const fn summary(self, summary: &'static str) -> Setting {
        Setting { summary, ..self }
    }
}

/// Returns the environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

impl DefaultValue {
    /// Returns the value, given those of the settings above.
    pub(super) fn value(&self, above: &Values) -> Option<Value> {
        Some(match self {
            DefaultValue::Number(number) => Value::Number(*number),
            DefaultValue::Flag(flag) => Value::Flag(*flag),
            DefaultValue::Text(text) => Value::Text((*text).to_owned()),
            DefaultValue::Folder(folder) => Value::Path(folder.into()),
            DefaultValue::Listed(text) => Value::List(vec![(*text).to_owned()]),
            DefaultValue::Empty(_) => Value::List(Vec::new()),
            DefaultValue::Unset(_) => return None,
            DefaultValue::Computed(_, compute) => Value::Number(compute(above)),
        })
    }
}

/// The default as the help and the documentation name it; empty if it goes without saying.
impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DefaultValue::Number(number) => number.fmt(f),
            DefaultValue::Flag(flag) => flag.fmt(f),
            DefaultValue::Text(text)
            | DefaultValue::Listed(text)
            | DefaultValue::Empty(text)
            | DefaultValue::Unset(text)
            | DefaultValue::Computed(text, _) => f.write_str(text),
            DefaultValue::Folder(folder) => write!(f, "./{folder}"),
        }
    }
}

impl Section {
    /// The heading in `--help`.
    #[must_use]
    pub const fn heading(self) -> Option<&'static str> {
        match self {
            Section::General => None,
            Section::Limits => Some("Limits"),
            Section::Rooms => Some("Rooms"),
        }
    }
}

/// A setting of 16 bits.
pub(super) const fn number_u16(
    key: &'static str,
    default: DefaultValue,
    range: RangeInclusive<u32>,
) -> Setting {
    row(key, Kind::U16(range), default)
}

/// A setting of 32 bits.
pub(super) const fn number_u32(
    key: &'static str,
    default: DefaultValue,
    range: RangeInclusive<u32>,
) -> Setting {
    row(key, Kind::U32(range), default)
}

/// A setting of a type that is written as a text.
pub(super) const fn text<T>(key: &'static str, default: DefaultValue) -> Setting
where
    T: FromStr<Err: fmt::Display> + fmt::Display,
{
    row(key, Kind::Text(normal::<T>), default)
}

/// A setting of any kind.
pub(super) const fn row(key: &'static str, kind: Kind, default: DefaultValue) -> Setting {
    Setting { key, option: None, kind, default, section: None, placeholder: "", summary: "" }
}

/// Parses a text, and prints what was read.
pub(super) fn normal<T>(text: &str) -> Result<String, String>
where
    T: FromStr<Err: fmt::Display> + fmt::Display,
{
    text.parse::<T>().map(|value| value.to_string()).map_err(|error| error.to_string())
}
