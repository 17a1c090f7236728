//! Reads `bolide.toml`, and reports each mistake in one sentence that also says what to do. The
//! settings are those of the table in `settings`. Modes are read by `modes.rs` beside it.

mod modes;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, ValueDeserializer};

use super::layers::Layer;
use super::setting::{Kind, Setting, Value};
use super::settings::{SETTINGS, in_file_order};

/// The key of the modes, whose names the operator chooses.
const MODES: &str = "modes";

/// Reason why a configuration file was refused. Its text is the whole sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// It could not be read.
    #[error("cannot read the configuration file `{path}`: {error}; check the path after --config", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The file is not TOML, a value has the wrong type, or a mode is not allowed.
    #[error("{path}, line {line}: {message}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The expectation that was not met.
        message: String,
    },
    /// There is no such setting.
    #[error("{path}, line {line}: there is no setting `{key}`; {advice}", path = path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key as written.
        key: String,
        /// The nearest key, or all keys.
        advice: String,
    },
}

/// A file that was read without a mistake.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigFile {
    /// The settings of the file.
    pub settings: Layer,
    /// The line of each key, counted from 1; a mode is listed as `modes.NAME`.
    pub lines: BTreeMap<String, usize>,
}

/// Reads a file.
///
/// # Errors
/// Every mistake, in the order of the lines. See [`ConfigFileError`].
pub fn read(path: &Path) -> Result<ConfigFile, Vec<ConfigFileError>> {
    let text = fs::read_to_string(path)
        .map_err(|error| vec![ConfigFileError::Unreadable { path: path.to_owned(), error }])?;
    parse(path, &text)
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<ConfigFile, Vec<ConfigFileError>> {
    let malformed = |offset: usize, message: &str| ConfigFileError::Malformed {
        path: path.to_owned(),
        line: line_of(text, offset),
        message: message.replace('\n', "; "),
    };
    let mut table = DeTable::parse(text).map_err(|error| {
        vec![malformed(error.span().map_or(0, |span| span.start), error.message())]
    })?;
    let mut file = ConfigFile::default();
    let mut errors = Vec::new();
    if let Some(modes) = table.get_mut().remove(MODES) {
        let (read, mistakes) = modes::read(&modes);
        file.settings.modes = Some(read);
        errors.extend(mistakes.iter().map(|it| (it.offset, malformed(it.offset, &it.message))));
        let names = modes.get_ref().as_table().map(in_order).unwrap_or_default();
        let line = |(name, _): Pair<'_, '_>| {
            (format!("{MODES}.{}", name.get_ref()), line_of(text, name.span().start))
        };
        file.lines.extend(names.into_iter().map(line));
    }
    for Entry { key, offset, read } in settings(table.get_ref(), "") {
        let line = line_of(text, offset);
        match read {
            Ok((setting, value)) => file.settings.set(setting, value),
            Err(Mistake::Malformed(message)) => errors.push((offset, malformed(offset, &message))),
            Err(Mistake::Unknown) => {
                let (path, key, advice) = (path.to_owned(), key.clone(), advice(&key));
                errors.push((offset, ConfigFileError::UnknownKey { path, line, key, advice }));
            }
        }
        file.lines.insert(key, line);
    }
    errors.sort_by_key(|(offset, _)| *offset);
    let errors: Vec<ConfigFileError> = errors.into_iter().map(|(_, error)| error).collect();
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

/// A key of the file outside of the modes.
struct Entry {
    key: String,
    offset: usize,
    read: Result<(&'static Setting, Value), Mistake>,
}

/// A mistake in one setting.
enum Mistake {
    /// There is no such setting.
    Unknown,
    /// The value has the wrong type or is not allowed.
    Malformed(String),
}

/// Reads the settings of a table. Each is checked alone, so that one mistake does not hide the
/// next.
fn settings(table: &DeTable<'_>, prefix: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, value) in in_order(table) {
        let key = format!("{prefix}{}", name.get_ref());
        let is_table = SETTINGS.iter().any(|setting| setting.table() == key);
        if let (true, DeValue::Table(inner)) = (is_table, value.get_ref()) {
            entries.extend(settings(inner, &format!("{key}.")));
            continue;
        }
        let read = match SETTINGS.iter().find(|setting| setting.key == key) {
            Some(setting) => {
                read_value(setting, value).map(|value| (setting, value)).map_err(Mistake::Malformed)
            }
            None if is_table => Err(Mistake::Malformed(format!(
                "`{key}` is a table: write [{key}] and below it the settings"
            ))),
            None => Err(Mistake::Unknown),
        };
        entries.push(Entry { key, offset: name.span().start, read });
    }
    entries
}

fn read_value(setting: &Setting, value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    let value = ValueDeserializer::from(value.clone());
    let read = match setting.kind {
        Kind::U16(_) => u16::deserialize(value).map(|number| Value::Number(number.into())),
        Kind::U32(_) => u32::deserialize(value).map(Value::Number),
        Kind::Flag => bool::deserialize(value).map(Value::Flag),
        Kind::Folder => PathBuf::deserialize(value).map(Value::Path),
        Kind::Text(_) | Kind::Log(_) => String::deserialize(value).map(Value::Text),
        Kind::List(_) => Vec::deserialize(value).map(Value::List),
    };
    let read = read.map_err(|error| error.message().to_owned())?;
    setting.check(read).map_err(|error| error.to_string())
}

fn advice(key: &str) -> String {
    let known = || in_file_order().map(|setting| setting.key).chain([MODES]);
    nearest(key, known()).map_or_else(
        || {
            let all: Vec<String> = known().map(|known| format!("`{known}`")).collect();
            format!("the settings are {}", all.join(", "))
        },
        |nearest| format!("did you mean `{nearest}`?"),
    )
}

type Pair<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

/// Returns the entries of a table in the order of the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Pair<'a, 'i>> {
    let mut entries: Vec<Pair<'a, 'i>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Returns the known name nearest to `written`, if one is similar.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (known, strsim::jaro_winkler(known, written)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, likeness)| *likeness > 0.8)
        .map(|(known, _)| known)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::SETTINGS;
    use super::{parse, read};

    const ALL: &str = "listen = '0.0.0.0:4000'\nadmin_listen = 'localhost:4556'\ndata_dir = 'data'\ndurability = 'strict'\nlog = 'debug'\nlog_lines_per_s = 9\nweb_dir = 'web'\n\
        sessions_max = 1\nrooms_max = 2\nshards = 3\ngrace_s = 4\nintermission_s = 5\nspectators = 'own'\n\
        connections_max = 8\norigins = ['https://a.b']\ntrusted_proxies = ['10.0.0.0/8']\n\
        [bots]\nwait_s = 6\nfill_to = 7\nskill = 'hard'\n[relay]\narena_mode = 'duel'\nserve = ['rooms']\nws_name = 'room'\nauth = 'http://site/whoami'\nanonymous = 'listen'\npublish = ['user']\nheartbeat = 'beat'\n\
        expire_s = 9\nmessage_bytes_max = 99\nmessages_per_s = 9\nmessages_burst = 9\nchannels_max = 9\nmembers_max = 9\nchat_history = 9\nsession_cookie = 'sid'\n[journals]\nkeep_days = 8\nkeep_mib = 9\n[budgets]\n\
        bytes_per_s = 2000\nbytes_burst = 40000\ninputs_per_s = 9\n\
        inputs_burst = 9\ncontrol_per_s = 9\ncontrol_burst = 20\n\
        fragments_max = 9\nhello_s = 9\nidle_s = 9\n\
        ping_s = 9\noutbox_bytes_max = 20000\nsend_buffer_bytes = 5000\n\
        address_connections = 9\naddress_handshakes_per_s = 9\nsite_addresses = 9\naddress_loopback = true\n";

    fn refused(text: &str, expect: &str) {
        let errors = parse(Path::new("bolide.toml"), text).expect_err("refused");
        assert_eq!(errors.len(), 1, "{errors:?}");
        let error = errors[0].to_string();
        assert!(error.starts_with(expect), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn every_key_is_read_with_its_line() {
        let file = parse(Path::new("bolide.toml"), ALL).expect("all of it");
        assert_eq!(file.lines.len(), SETTINGS.len());
        assert!(SETTINGS.iter().all(|setting| file.lines.contains_key(setting.key)));
        assert_eq!((file.lines["listen"], file.lines["bots.wait_s"]), (1, 18));
        let resolved = file.settings.resolve().expect("allowed");
        assert_eq!(resolved.listen.to_string(), "0.0.0.0:4000");
        let admin = resolved.admin_listen.map(|address| address.to_string());
        assert_eq!(admin.as_deref(), Some("127.0.0.1:4556"));
        let config = resolved.config;
        assert_eq!((config.sessions_max, config.rooms_max, config.shards), (1, 2, 3));
        assert_eq!((config.bots_wait_s, config.bots_fill_to), (6, 7));
        assert_eq!((config.retention.days, config.retention.mib), (8, 9));
        assert_eq!((config.origins.len(), config.trusted_proxies.len()), (1, 1));
        assert!(config.budgets.address_loopback);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_key() {
        refused(
            "\nlisten_on = 1\n",
            "bolide.toml, line 2: there is no setting `listen_on`; did you mean `listen`?",
        );
        refused(
            "grace_s = 1\n[bots]\nfil_to = 1\n",
            "bolide.toml, line 3: there is no setting `bots.fil_to`; did you mean `bots.fill_to`?",
        );
        refused(
            "bots_wait_s = 1\n",
            "bolide.toml, line 1: there is no setting `bots_wait_s`; did you mean `bots.wait_s`?",
        );
        refused(
            "[mode.ice]\nwalk_speed = 1\n",
            "bolide.toml, line 1: there is no setting `mode`; did you mean `modes`?",
        );
        refused(
            "[zzz]\na = 1\n",
            "bolide.toml, line 1: there is no setting `zzz`; the settings are `listen`, ",
        );
    }

    #[test]
    fn what_is_not_toml_or_of_the_wrong_type_is_refused_with_its_line() {
        refused("listen = \n", "bolide.toml, line 1: ");
        refused(
            "grace_s = 1\nshards = 'two'\n",
            "bolide.toml, line 2: invalid type: string \"two\", expected u16",
        );
        refused("grace_s = -1\n", "bolide.toml, line 1: invalid value: integer `-1`, expected u16");
        refused(
            "listen = 'here'\n",
            "bolide.toml, line 1: `here` is not an address to listen on; write IP:PORT",
        );
        refused(
            "spectators = 'ghosts'\n",
            "bolide.toml, line 1: `ghosts` is nothing that spectators may see; allowed are own, killer and all",
        );
        refused(
            "durability = 'never'\n",
            "bolide.toml, line 1: `never` is no durability; allowed are group, strict and off",
        );
        refused(
            "[bots]\nskill = 'mean'\n",
            "bolide.toml, line 2: `mean` is no skill of bots; allowed are adaptive, easy, normal and hard",
        );
        refused(
            "bots = 1\n",
            "bolide.toml, line 1: `bots` is a table: write [bots] and below it the settings",
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once_in_the_order_of_their_lines() {
        let text = "grace_s = 9999\nlisen = 1\n[budgets]\nping_s = 'x'\n[modes.a]\nwalk_speed = 99\n\
            healt = 1\n[modes.b]\nbase = 1\n[bots]\nfill_to = 2000\n";
        let errors = parse(Path::new("b.toml"), text).expect_err("refused");
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let expect = [
            "b.toml, line 1: `grace_s` is 9999; allowed is 0 to 3600",
            "b.toml, line 2: there is no setting `lisen`; did you mean `listen`?",
            "b.toml, line 4: invalid type: string \"x\", expected u32",
            "b.toml, line 6: mode `a`: walk_speed is 99; allowed is 0 to 10",
            "b.toml, line 7: mode `a`: there is no rule `healt`; did you mean `health`?",
            "b.toml, line 9: mode `b`: base is one of the presets",
            "b.toml, line 11: `bots.fill_to` is 2000; allowed is 0 to 1000",
        ];
        assert_eq!(told.len(), expect.len(), "{told:#?}");
        for (told, expect) in told.iter().zip(expect) {
            assert!(told.starts_with(expect), "{told}");
        }
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let errors = read(Path::new("/no/such/bolide.toml")).expect_err("no file");
        let error = errors[0].to_string();
        assert!(
            error.starts_with(
                "cannot read the configuration file `/no/such/bolide.toml`: No such file"
            ),
            "{error}"
        );
    }
}
