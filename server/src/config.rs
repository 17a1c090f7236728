//! The settings, their layers, and their ranges. There are four layers: command line, environment,
//! file, default; an earlier one wins. [`Settings::resolve`] checks every value; nothing after it
//! checks one again.

mod budgets;
mod file;
mod log;
mod modes;
mod print;
mod values;
mod variables;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use bolide_room::{BotsSkill, Spectators};
use bolide_storage::Durability;
use clap::Args;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::client_ip::Network;

pub use budgets::{BudgetSettings, Budgets};
pub use file::{ConfigFile, ConfigFileError, read as read_config_file};
pub use log::{Log, LogForm, NotALog};
pub use modes::{ModeError, Modes};
pub use print::print as print_config;
pub use values::{ListenAddress, NotAnAddress, NotAnOrigin, Origin};
pub use variables::{MisspeltVariable, UnknownVariable, unknown_variables};

/// The configuration of a server. [`Config::default`] is what `bolide` without arguments uses.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder for everything that outlives the process.
    pub data_dir: PathBuf,
    /// The condition under which a frame may be sent.
    pub durability: Durability,
    /// Limits on the journals of finished matches.
    pub retention: Retention,
    /// A folder with an `index.html`, served instead of the built-in page.
    pub web_dir: Option<PathBuf>,
    /// Threads that run rooms, 1..=256.
    pub shards: u16,
    /// Maximum number of seats taken by people on the whole server, 1..=100,000.
    pub sessions_max: u32,
    /// Maximum number of rooms, 1..=100,000.
    pub rooms_max: u32,
    /// Maximum number of game sockets, 1..=200,000. More than seats, for clients that have not sent
    /// hello yet, and clients that resume while their old socket is still open.
    pub connections_max: u32,
    /// Origins whose pages may play and read the lists; empty for all. They may also frame the
    /// page, which no other origin may.
    pub origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<Network>,
    /// Limits on the cost of one connection and one address.
    pub budgets: Budgets,
    /// Seconds until a room with too few players is filled with bots, 0..=3600.
    pub bots_wait_s: u16,
    /// Number of players up to which bots fill a room, 0..=1000; 0 means no bots.
    pub bots_fill_to: u16,
    /// Skill of the bots.
    pub bots_skill: BotsSkill,
    /// Seconds for which a seat waits for a lost connection to resume, 0..=3600.
    pub grace_s: u16,
    /// Seconds between a result and the next match, 0..=3600.
    pub intermission_s: u16,
    /// Sight of players that are out of a fight in the fog.
    pub spectators: Spectators,
    /// Modes to play: the presets, and others.
    pub modes: Modes,
}

/// Limits on the journals of finished matches; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days since the last record, 0..=36,500.
    pub days: u32,
    /// MiB of all journals together, 0..=1,000,000,000; the oldest are removed first.
    pub mib: u32,
}

impl Default for Config {
    fn default() -> Config {
        Settings::default()
            .resolve()
            .map(|resolved| resolved.config)
            .expect("the defaults are allowed")
    }
}

/// The configuration of the program: that of the server, and the settings that only `main` needs.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Address of the listener.
    pub listen: SocketAddr,
    /// Address of the admin listener, if there is one.
    pub admin_listen: Option<SocketAddr>,
    /// Level and format of the log.
    pub log: Log,
    /// Maximum number of log lines per second, after a burst, 1..=1,000,000. Warnings and errors
    /// have the same budget of their own.
    pub log_lines_per_s: u32,
    /// The configuration of the server.
    pub config: Config,
}

/// One layer of settings. A `None` is left to the next layer. This is also the list of command line
/// options, so its comments are the texts of `--help`.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Listen address; 0.0.0.0:4000 for all [default: 127.0.0.1:4000]
    #[arg(long, env = "BOLIDE_LISTEN", hide_env = true, value_name = "ADDRESS")]
    pub listen: Option<ListenAddress>,
    /// Private address of /metrics, as 127.0.0.1:4556 [default: off]
    #[arg(long, env = "BOLIDE_ADMIN_LISTEN", hide_env = true, value_name = "ADDRESS")]
    pub admin_listen: Option<ListenAddress>,
    /// Folder for what outlives the process [default: ./bolide-data]
    #[arg(long, env = "BOLIDE_DATA_DIR", hide_env = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Durability of matches: group, strict or off [default: group]
    #[arg(long, env = "BOLIDE_DURABILITY", hide_env = true, value_name = "HOW")]
    pub durability: Option<Durability>,
    /// A level or a filter; json or json,debug for JSON [default: info]
    #[arg(long, env = "BOLIDE_LOG", hide_env = true, value_name = "LOG")]
    pub log: Option<String>,
    /// Log lines per second, with a burst on top [default: 200]
    #[arg(
        long,
        env = "BOLIDE_LOG_LINES_PER_S",
        hide_env = true,
        value_name = "LINES",
        help_heading = "Limits"
    )]
    pub log_lines_per_s: Option<u32>,
    /// Serve the page from this folder, not the built-in one
    #[arg(long, env = "BOLIDE_WEB_DIR", hide_env = true, value_name = "FOLDER")]
    pub web_dir: Option<PathBuf>,

    /// Maximum players on the server [default: 5000]
    #[arg(
        long,
        env = "BOLIDE_SESSIONS_MAX",
        hide_env = true,
        value_name = "NUMBER",
        help_heading = "Limits"
    )]
    pub sessions_max: Option<u32>,
    /// Maximum rooms [default: 1000]
    #[arg(
        long,
        env = "BOLIDE_ROOMS_MAX",
        hide_env = true,
        value_name = "NUMBER",
        help_heading = "Limits"
    )]
    pub rooms_max: Option<u32>,
    /// Maximum game sockets [default: 1000 more than players]
    #[arg(
        long,
        env = "BOLIDE_CONNECTIONS_MAX",
        hide_env = true,
        value_name = "NUMBER",
        help_heading = "Limits"
    )]
    pub connections_max: Option<u32>,
    /// Let only pages of these play, as https://a.org [default: all]
    #[arg(
        long,
        env = "BOLIDE_ORIGINS",
        hide_env = true,
        value_name = "ORIGIN,...",
        value_delimiter = ',',
        help_heading = "Limits"
    )]
    pub origins: Option<Vec<Origin>>,
    /// Proxies whose X-Forwarded-For is trusted, as 10.0.0.0/8
    #[arg(
        long,
        env = "BOLIDE_TRUSTED_PROXIES",
        hide_env = true,
        value_name = "NETWORK,...",
        value_delimiter = ',',
        help_heading = "Limits"
    )]
    pub trusted_proxies: Option<Vec<Network>>,
    /// Threads that run rooms [default: one per core]
    #[arg(
        long,
        env = "BOLIDE_SHARDS",
        hide_env = true,
        value_name = "NUMBER",
        help_heading = "Limits"
    )]
    pub shards: Option<u16>,

    /// Players up to which bots fill a room; 0 for none [default: 4]
    #[arg(
        long,
        env = "BOLIDE_BOTS_FILL_TO",
        hide_env = true,
        value_name = "PLAYERS",
        help_heading = "Rooms"
    )]
    #[serde(skip)]
    pub bots_fill_to: Option<u16>,
    /// Wait for people before bots join [default: 4]
    #[arg(
        long,
        env = "BOLIDE_BOTS_WAIT_S",
        hide_env = true,
        value_name = "SECONDS",
        help_heading = "Rooms"
    )]
    #[serde(skip)]
    pub bots_wait_s: Option<u16>,
    /// Bot skill: easy, normal, hard, adaptive [default: adaptive]
    #[arg(
        long,
        env = "BOLIDE_BOTS_SKILL",
        hide_env = true,
        value_name = "SKILL",
        help_heading = "Rooms"
    )]
    #[serde(skip)]
    pub bots_skill: Option<BotsSkill>,
    /// Time to resume a lost connection [default: 20]
    #[arg(
        long,
        env = "BOLIDE_GRACE_S",
        hide_env = true,
        value_name = "SECONDS",
        help_heading = "Rooms"
    )]
    pub grace_s: Option<u16>,
    /// Pause between a result and the next match [default: 8]
    #[arg(
        long,
        env = "BOLIDE_INTERMISSION_S",
        hide_env = true,
        value_name = "SECONDS",
        help_heading = "Rooms"
    )]
    pub intermission_s: Option<u16>,
    /// Sight of the dead in fog: own, killer, all [default: killer]
    #[arg(
        long,
        env = "BOLIDE_SPECTATORS",
        hide_env = true,
        value_name = "SIGHT",
        help_heading = "Rooms"
    )]
    #[serde(deserialize_with = "parsed")]
    pub spectators: Option<Spectators>,

    /// Days to keep past matches; 0 forever [default: 30]
    #[arg(
        long,
        env = "BOLIDE_JOURNALS_KEEP_DAYS",
        hide_env = true,
        value_name = "DAYS",
        help_heading = "Limits"
    )]
    #[serde(skip)]
    pub journals_keep_days: Option<u32>,
    /// MiB of them to keep; 0 for all [default: 10240]
    #[arg(
        long,
        env = "BOLIDE_JOURNALS_KEEP_MIB",
        hide_env = true,
        value_name = "MIB",
        help_heading = "Limits"
    )]
    #[serde(skip)]
    pub journals_keep_mib: Option<u32>,

    /// Limits on the cost of one connection and one address.
    #[command(flatten)]
    pub budgets: BudgetSettings,

    /// The table `[journals]` of the file.
    #[arg(skip)]
    pub journals: Keep,
    /// The table `[bots]` of the file.
    #[arg(skip)]
    pub bots: Bots,
    /// The modes. They are set in the file only; `config_file` reads them.
    #[arg(skip)]
    #[serde(skip)]
    pub modes: Option<Modes>,
}

/// The table `[journals]` of the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// As `--journals-keep-days`.
    pub keep_days: Option<u32>,
    /// As `--journals-keep-mib`.
    pub keep_mib: Option<u32>,
}

/// The table `[bots]` of the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bots {
    /// As `--bots-wait-s`.
    pub wait_s: Option<u16>,
    /// As `--bots-fill-to`.
    pub fill_to: Option<u16>,
    /// As `--bots-skill`.
    #[serde(deserialize_with = "parsed")]
    pub skill: Option<BotsSkill>,
}

/// Parses a word as on the command line.
fn parsed<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

impl Settings {
    /// Merges two layers: a setting of `self` wins over one of `file`.
    #[must_use]
    pub fn over(self, file: Settings) -> Settings {
        Settings {
            listen: self.listen.or(file.listen),
            admin_listen: self.admin_listen.or(file.admin_listen),
            data_dir: self.data_dir.or(file.data_dir),
            durability: self.durability.or(file.durability),
            log: self.log.or(file.log),
            log_lines_per_s: self.log_lines_per_s.or(file.log_lines_per_s),
            web_dir: self.web_dir.or(file.web_dir),
            sessions_max: self.sessions_max.or(file.sessions_max),
            rooms_max: self.rooms_max.or(file.rooms_max),
            connections_max: self.connections_max.or(file.connections_max),
            origins: self.origins.or(file.origins),
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies),
            shards: self.shards.or(file.shards),
            bots_fill_to: self.bots_fill_to.or(file.bots_fill_to).or(file.bots.fill_to),
            bots_wait_s: self.bots_wait_s.or(file.bots_wait_s).or(file.bots.wait_s),
            bots_skill: self.bots_skill.or(file.bots_skill).or(file.bots.skill),
            grace_s: self.grace_s.or(file.grace_s),
            intermission_s: self.intermission_s.or(file.intermission_s),
            spectators: self.spectators.or(file.spectators),
            journals_keep_days: self
                .journals_keep_days
                .or(file.journals_keep_days)
                .or(file.journals.keep_days),
            journals_keep_mib: self
                .journals_keep_mib
                .or(file.journals_keep_mib)
                .or(file.journals.keep_mib),
            budgets: self.budgets.over(file.budgets),
            journals: Keep::default(),
            bots: Bots::default(),
            modes: self.modes.or(file.modes),
        }
    }

    /// Fills in the defaults and checks every value.
    ///
    /// # Errors
    /// The first value that is not allowed, with its name and what is allowed.
    pub fn resolve(self) -> Result<Resolved, NotAllowed> {
        let cores = std::thread::available_parallelism()
            .map_or(1, |n| u16::try_from(n.get()).unwrap_or(u16::MAX));
        let sessions_max = allowed("sessions_max", self.sessions_max, 5000, 1..=100_000)?;
        Ok(Resolved {
            listen: self
                .listen
                .map_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 4000)), |listen| listen.0),
            admin_listen: self.admin_listen.map(|listen| listen.0),
            log: self.log.as_deref().unwrap_or("info").parse()?,
            log_lines_per_s: allowed("log_lines_per_s", self.log_lines_per_s, 200, 1..=1_000_000)?,
            config: Config {
                data_dir: self.data_dir.unwrap_or_else(|| "bolide-data".into()),
                durability: self.durability.unwrap_or_default(),
                retention: Retention {
                    days: allowed("journals.keep_days", self.journals_keep_days, 30, 0..=36_500)?,
                    mib: allowed(
                        "journals.keep_mib",
                        self.journals_keep_mib,
                        10_240,
                        0..=1_000_000_000,
                    )?,
                },
                web_dir: self.web_dir,
                shards: allowed("shards", self.shards, cores.min(256), 1..=256)?,
                sessions_max,
                rooms_max: allowed("rooms_max", self.rooms_max, 1000, 1..=100_000)?,
                connections_max: allowed(
                    "connections_max",
                    self.connections_max,
                    sessions_max + CONNECTIONS_WITHOUT_SEAT,
                    1..=200_000,
                )?,
                origins: self.origins.unwrap_or_default(),
                trusted_proxies: self.trusted_proxies.unwrap_or_default(),
                budgets: self.budgets.resolve()?,
                bots_wait_s: allowed("bots.wait_s", self.bots_wait_s, 4, 0..=3600)?,
                bots_fill_to: allowed("bots.fill_to", self.bots_fill_to, 4, 0..=1000)?,
                bots_skill: self.bots_skill.unwrap_or_default(),
                grace_s: allowed("grace_s", self.grace_s, 20, 0..=3600)?,
                intermission_s: allowed("intermission_s", self.intermission_s, 8, 0..=3600)?,
                spectators: self.spectators.unwrap_or_default(),
                modes: self.modes.unwrap_or_default(),
            },
        })
    }
}

/// Default number of game sockets beyond the number of seats.
const CONNECTIONS_WITHOUT_SEAT: u32 = 1000;

pub(crate) fn allowed<T>(
    name: &'static str,
    value: Option<T>,
    default: T,
    range: RangeInclusive<T>,
) -> Result<T, OutOfRange>
where
    T: Copy + PartialOrd + Into<u32>,
{
    let value = value.unwrap_or(default);
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(OutOfRange {
            name,
            value: value.into(),
            low: (*range.start()).into(),
            high: (*range.end()).into(),
        })
    }
}

/// A setting that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// A number outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A malformed log filter.
    #[error(transparent)]
    Log(#[from] NotALog),
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is {value}; allowed is {low} to {high}")]
pub struct OutOfRange {
    name: &'static str,
    value: u32,
    low: u32,
    high: u32,
}

#[cfg(test)]
mod tests {
    use super::{Config, Settings};

    fn refused(change: impl FnOnce(&mut Settings), expect: &str) {
        let mut settings = Settings::default();
        change(&mut settings);
        assert_eq!(settings.resolve().expect_err("refused").to_string(), expect);
    }

    #[test]
    fn a_value_outside_its_range_is_refused_with_the_range() {
        refused(|s| s.sessions_max = Some(0), "`sessions_max` is 0; allowed is 1 to 100000");
        refused(|s| s.shards = Some(300), "`shards` is 300; allowed is 1 to 256");
        refused(|s| s.bots_fill_to = Some(1001), "`bots.fill_to` is 1001; allowed is 0 to 1000");
        refused(
            |s| s.journals_keep_days = Some(36_501),
            "`journals.keep_days` is 36501; allowed is 0 to 36500",
        );
        refused(|s| s.grace_s = Some(3601), "`grace_s` is 3601; allowed is 0 to 3600");
    }

    #[test]
    fn an_earlier_layer_wins_and_a_default_comes_last() {
        let file = Settings { grace_s: Some(7), rooms_max: Some(9), ..Settings::default() };
        let line = Settings { grace_s: Some(3), ..Settings::default() };
        let config = line.over(file).resolve().expect("allowed").config;
        assert_eq!((config.grace_s, config.rooms_max, config.sessions_max), (3, 9, 5000));
        assert_eq!(Config::default().grace_s, 20);
    }
}
