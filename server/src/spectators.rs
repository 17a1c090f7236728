//! The setting for what players see once they are out of a fight with fog.

use std::fmt;
use std::str::FromStr;

use bolide_room::Spectators;
use serde::Deserialize;

/// The setting as it is written: `own`, `killer` or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SpectatorSight(pub Spectators);

impl Default for SpectatorSight {
    fn default() -> SpectatorSight {
        SpectatorSight(Spectators::Killer)
    }
}

/// The error for a text that is none of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that spectators may see; allowed are own, killer and all")]
pub struct NotASight(String);

const NAMES: [(&str, Spectators); 3] =
    [("own", Spectators::Own), ("killer", Spectators::Killer), ("all", Spectators::All)];

impl FromStr for SpectatorSight {
    type Err = NotASight;

    fn from_str(text: &str) -> Result<SpectatorSight, NotASight> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, sight)| SpectatorSight(*sight)).ok_or_else(|| NotASight(text.to_owned()))
    }
}

impl TryFrom<String> for SpectatorSight {
    type Error = NotASight;

    fn try_from(text: String) -> Result<SpectatorSight, NotASight> {
        text.parse()
    }
}

impl fmt::Display for SpectatorSight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMES.iter().find(|(_, sight)| *sight == self.0);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}
