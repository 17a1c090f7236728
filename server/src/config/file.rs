//! Reads `bolide.toml`, and reports each mistake in one sentence that also says what to do. It
//! knows the names of the settings; their types and ranges are in `config.rs`. Modes are read by
//! `modes.rs` beside it.

mod modes;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer};

use crate::config::Settings;

/// Every key of the file but `modes`. Keys of a table are prefixed with its name and a dot.
pub(crate) const KEYS: [&str; 37] = [
    "listen",
    "admin_listen",
    "data_dir",
    "durability",
    "log",
    "log_lines_per_s",
    "web_dir",
    "sessions_max",
    "rooms_max",
    "connections_max",
    "origins",
    "trusted_proxies",
    "shards",
    "grace_s",
    "intermission_s",
    "spectators",
    "bots.wait_s",
    "bots.fill_to",
    "bots.skill",
    "journals.keep_days",
    "journals.keep_mib",
    "budgets.bytes_per_s",
    "budgets.bytes_burst",
    "budgets.inputs_per_s",
    "budgets.inputs_burst",
    "budgets.control_per_s",
    "budgets.control_burst",
    "budgets.fragments_max",
    "budgets.hello_s",
    "budgets.idle_s",
    "budgets.ping_s",
    "budgets.outbox_bytes_max",
    "budgets.send_buffer_bytes",
    "budgets.address_connections",
    "budgets.address_handshakes_per_s",
    "budgets.site_addresses",
    "budgets.address_loopback",
];

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
    pub settings: Settings,
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
        let line = |(name, _): Entry<'_, '_>| {
            (format!("{MODES}.{}", name.get_ref()), line_of(text, name.span().start))
        };
        file.lines.extend(names.into_iter().map(line));
    }
    // Each setting is checked alone, so that one mistake does not hide the next.
    for (key, offset, alone) in each_alone(table.get_ref(), "") {
        let line = line_of(text, offset);
        let Some(alone) = alone else {
            let (path, advice) = (path.to_owned(), advice(&key));
            errors.push((offset, ConfigFileError::UnknownKey { path, line, key, advice }));
            continue;
        };
        match setting(alone) {
            Ok(setting) => file.settings = setting.over(file.settings),
            Err(message) => errors.push((offset, malformed(offset, &message))),
        }
        file.lines.insert(key, line);
    }
    errors.sort_by_key(|(offset, _)| *offset);
    let errors: Vec<ConfigFileError> = errors.into_iter().map(|(_, error)| error).collect();
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

/// Reads one setting, checked as if nothing else were set.
fn setting(alone: DeTable<'_>) -> Result<Settings, String> {
    let setting = Settings::deserialize(Deserializer::from(Spanned::new(0..0, alone)))
        .map_err(|error| error.message().to_owned())?;
    // Settings of bots and journals are a table in the file and nowhere else.
    let setting = Settings::default().over(setting);
    setting.clone().resolve().map_err(|error| error.to_string())?;
    Ok(setting)
}

/// Returns every full key, its offset, and a table that contains nothing else; `None` for an
/// unknown key.
fn each_alone<'i>(table: &DeTable<'i>, prefix: &str) -> Vec<(String, usize, Option<DeTable<'i>>)> {
    let mut all = Vec::new();
    for (key, value) in in_order(table) {
        let name = format!("{prefix}{}", key.get_ref());
        let of_table = format!("{name}.");
        let has_keys = KEYS.iter().any(|known| known.starts_with(&of_table));
        let only = |value| DeTable::from_iter([(key.clone(), value)]);
        match value.get_ref() {
            DeValue::Table(inner) if has_keys => {
                let inner = each_alone(inner, &of_table).into_iter();
                all.extend(inner.map(|(name, offset, alone)| {
                    let table = |alone| only(Spanned::new(value.span(), DeValue::Table(alone)));
                    (name, offset, alone.map(table))
                }));
            }
            _ => {
                let known = has_keys || KEYS.contains(&name.as_str());
                all.push((name, key.span().start, known.then(|| only(value.clone()))));
            }
        }
    }
    all
}

fn advice(key: &str) -> String {
    let known = || KEYS.into_iter().chain([MODES]);
    nearest(key, known()).map_or_else(
        || {
            let all: Vec<String> = known().map(|known| format!("`{known}`")).collect();
            format!("the settings are {}", all.join(", "))
        },
        |nearest| format!("did you mean `{nearest}`?"),
    )
}

type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

/// Returns the entries of a table in the order of the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<Entry<'a, 'i>> = table.iter().collect();
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

    use super::{KEYS, parse, read};
    use bolide_room::BotsSkill;
    use bolide_sim::BotSkill;
    use bolide_storage::Durability;

    const ALL: &str = "listen = '0.0.0.0:4000'\nadmin_listen = 'localhost:4556'\ndata_dir = 'data'\ndurability = 'strict'\nlog = 'debug'\nlog_lines_per_s = 9\nweb_dir = 'web'\n\
        sessions_max = 1\nrooms_max = 2\nshards = 3\ngrace_s = 4\nintermission_s = 5\nspectators = 'own'\n\
        connections_max = 8\norigins = ['https://a.b']\ntrusted_proxies = ['10.0.0.0/8']\n\
        [bots]\nwait_s = 6\nfill_to = 7\nskill = 'hard'\n[journals]\nkeep_days = 8\nkeep_mib = 9\n[budgets]\n\
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
    fn every_key_is_read() {
        for key in KEYS {
            let last = key.rsplit('.').next().expect("a name");
            assert!(ALL.lines().any(|line| line.starts_with(last)), "{key} is not in the sample");
        }
        let file = parse(Path::new("bolide.toml"), ALL).expect("all of it");
        assert_eq!(file.lines.len(), KEYS.len());
        assert_eq!((file.lines["listen"], file.lines["bots.wait_s"]), (1, 18));
        let all = file.settings;
        assert_eq!(all.listen.map(|listen| listen.to_string()).as_deref(), Some("0.0.0.0:4000"));
        assert_eq!((all.sessions_max, all.rooms_max, all.shards), (Some(1), Some(2), Some(3)));
        assert_eq!((all.grace_s, all.intermission_s), (Some(4), Some(5)));
        assert_eq!((all.bots_wait_s, all.bots_fill_to), (Some(6), Some(7)));
        assert_eq!(all.bots_skill, Some(BotsSkill::Always(BotSkill::Hard)));
        assert_eq!((all.connections_max, all.origins.map(|all| all.len())), (Some(8), Some(1)));
        assert_eq!(
            all.trusted_proxies.map(|all| all[0].to_string()).as_deref(),
            Some("10.0.0.0/8")
        );
        let budgets = format!("{:?}", all.budgets);
        assert!(!budgets.contains("None"), "{budgets}");
        all.budgets.resolve().expect("allowed");
        assert!(all.data_dir.is_some() && all.log.is_some() && all.web_dir.is_some());
        assert_eq!((all.admin_listen.is_some(), all.log_lines_per_s), (true, Some(9)));
        assert_eq!(all.durability, Some(Durability::Strict));
        assert_eq!(all.spectators.map(|sight| sight.to_string()).as_deref(), Some("own"));
        assert_eq!((all.journals_keep_days, all.journals_keep_mib), (Some(8), Some(9)));
    }

    #[test]
    fn every_key_is_documented() {
        let page = include_str!("../../../docs/operations.md");
        for key in KEYS {
            assert!(
                page.contains(&format!("| `{key}` |")),
                "{key} is not in the table of docs/operations.md"
            );
        }
    }

    #[test]
    fn every_example_of_the_documentation_is_read() {
        let page = include_str!("../../../docs/operations.md");
        let examples: Vec<&str> = page
            .split("```toml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().expect("the end of a block"))
            .collect();
        let modes = examples.iter().filter_map(|example| {
            let file = parse(Path::new("operations.md"), example);
            file.expect("an example that can be copied").settings.modes
        });
        assert!(examples.len() >= 2 && modes.count() >= 1, "{} examples", examples.len());
    }

    #[test]
    fn every_rule_of_a_mode_is_documented() {
        let page = include_str!("../../../docs/operations.md");
        for rule in bolide_sim::Rules::names() {
            assert!(page.contains(&format!("`{rule}`")), "{rule} is not in docs/operations.md");
        }
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
            "bolide.toml, line 1: invalid type: integer `1`, expected struct Bots",
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
