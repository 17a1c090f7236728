//! The configuration of a server. `settings` is the table of all settings, each described as a
//! `setting`; `layers` merges command line, environment and file and resolves them; `file` reads
//! `bolide.toml`, `variables` finds misspelt environment variables, and `print` writes a
//! configuration as a file. `values`, `log`, `relay` and `modes` are types of values,
//! `budgets` the limits on the cost of one connection.

mod budgets;
mod file;
mod layers;
mod log;
mod modes;
#[cfg(test)]
mod page_tests;
mod print;
mod relay;
mod setting;
mod settings;
mod values;
mod variables;

use std::path::PathBuf;

use bolide_room::{BotsSkill, Spectators};
use bolide_storage::Durability;

pub use budgets::Budgets;
pub use file::{ConfigFile, ConfigFileError, read as read_config_file};
pub use layers::{Layer, Resolved};
pub use log::{Log, LogForm, NotALog};
pub use modes::{ModeError, Modes, Offer};
pub use print::print as print_config;
pub use relay::{Auth, NotARelayValue, Relay, Served};
pub use setting::{Kind, NotAllowed, Section, Setting, Value};
pub use settings::SETTINGS;
pub use values::{ListenAddress, Network, NotANetwork, NotAnAddress, NotAnOrigin, Origin};
pub use variables::{MisspeltVariable, UnknownVariable, unknown_variables};

/// The configuration of a server. [`Config::default`] is what `bolide` without arguments uses. The
/// ranges of its values are in [`SETTINGS`].
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
    /// Threads that run rooms.
    pub shards: u16,
    /// Maximum number of seats taken by people on the whole server.
    pub sessions_max: u32,
    /// Maximum number of rooms.
    pub rooms_max: u32,
    /// Maximum number of game sockets. More than seats, for clients that have not sent
    /// hello yet, and clients that resume while their old socket is still open.
    pub connections_max: u32,
    /// Origins whose pages may play and read the lists; empty for all. They may also frame the
    /// page, which no other origin may.
    pub origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<Network>,
    /// Limits on the cost of one connection and one address.
    pub budgets: Budgets,
    /// Seconds until a room with too few players is filled with bots.
    pub bots_wait_s: u16,
    /// Number of players up to which bots fill a room; 0 means no bots.
    pub bots_fill_to: u16,
    /// Skill of the bots.
    pub bots_skill: BotsSkill,
    /// Seconds for which a seat waits for a lost connection to resume.
    pub grace_s: u16,
    /// Seconds between a result and the next match.
    pub intermission_s: u16,
    /// Sight of players that are out of a fight in the fog.
    pub spectators: Spectators,
    /// The mode of the pages of an old relay, unless their address names another one.
    pub arena_mode: String,
    /// The endpoints of old relays.
    pub relay: Relay,
    /// Modes to play: the presets, and others.
    pub modes: Modes,
}

/// Limits on the journals of finished matches; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days since the last record.
    pub days: u32,
    /// MiB of all journals together; the oldest are removed first.
    pub mib: u32,
}

impl Default for Config {
    fn default() -> Config {
        Layer::default()
            .resolve()
            .map(|resolved| resolved.config)
            .expect("the defaults are allowed")
    }
}
