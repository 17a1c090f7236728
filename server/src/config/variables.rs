//! Finds environment variables that have the prefix of settings and are none. One that resembles a
//! setting is a mistake, and is refused like an unknown key in the file. Any other may belong to
//! another program: Kubernetes sets `BOLIDE_PORT` and more for a service named `bolide`. The
//! environment is not read here.

use super::file::nearest;
use super::setting::{PREFIX, variable};
use super::settings::in_file_order;

/// The variable that names the file. It is not a key of the file.
const FILE: &str = "config";

/// A variable that has the prefix of settings and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownVariable {
    /// It resembles a setting.
    Misspelt(MisspeltVariable),
    /// It resembles no setting, and may belong to another program.
    Foreign(String),
}

/// The error for a variable that resembles a setting and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment has `{name}`, which is no setting; did you mean `{nearest}`?")]
pub struct MisspeltVariable {
    name: String,
    nearest: String,
}

/// Returns the variables among these that have the prefix of settings and are none, sorted by name.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<UnknownVariable> {
    let known: Vec<String> =
        in_file_order().map(|setting| setting.key).chain([FILE]).map(variable).collect();
    let unknown = |name: String| {
        let rest = name.strip_prefix(PREFIX)?;
        if known.contains(&name) {
            return None;
        }
        // Without the prefix, which would make all names alike.
        let rests = known.iter().map(|known| &known[PREFIX.len()..]);
        Some(match nearest(rest, rests) {
            Some(nearest) => {
                let nearest = format!("{PREFIX}{nearest}");
                UnknownVariable::Misspelt(MisspeltVariable { name, nearest })
            }
            None => UnknownVariable::Foreign(name),
        })
    };
    let mut all: Vec<UnknownVariable> = names.filter_map(unknown).collect();
    all.sort_by(|a, b| a.name().cmp(b.name()));
    all
}

impl UnknownVariable {
    /// The name of the variable.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            UnknownVariable::Misspelt(MisspeltVariable { name, .. })
            | UnknownVariable::Foreign(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SETTINGS;
    use super::{UnknownVariable, unknown_variables};

    fn of(name: &str) -> Option<UnknownVariable> {
        let mut all = unknown_variables([name.to_owned()].into_iter());
        assert!(all.len() <= 1);
        all.pop()
    }

    #[test]
    fn they_are_in_the_order_of_their_names() {
        let names = ["BOLIDE_Z", "BOLIDE_SESSION_MAX", "PATH", "BOLIDE_HOST", "BOLIDE_LISTEN"];
        let all = unknown_variables(names.map(str::to_owned).into_iter());
        let names: Vec<&str> = all.iter().map(UnknownVariable::name).collect();
        assert_eq!(names, ["BOLIDE_HOST", "BOLIDE_SESSION_MAX", "BOLIDE_Z"]);
    }

    #[test]
    fn settings_and_other_names_are_not_unknown() {
        for setting in &SETTINGS {
            assert_eq!(of(&setting.variable()), None);
        }
        for name in ["BOLIDE_CONFIG", "BOLIDE", "PATH", "bolide_listen", ""] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_variable_that_resembles_a_setting_is_a_mistake() {
        for (name, nearest) in [
            ("BOLIDE_SESSION_MAX", "BOLIDE_SESSIONS_MAX"),
            ("BOLIDE_LISTEN_ADDRESS", "BOLIDE_LISTEN"),
            ("BOLIDE_LOGS", "BOLIDE_LOG"),
            ("BOLIDE_DATADIR", "BOLIDE_DATA_DIR"),
            ("BOLIDE_DATA", "BOLIDE_DATA_DIR"),
            ("BOLIDE_ORIGIN", "BOLIDE_ORIGINS"),
            ("BOLIDE_SHARD", "BOLIDE_SHARDS"),
            ("BOLIDE_BOTS_FILLTO", "BOLIDE_BOTS_FILL_TO"),
            ("BOLIDE_BUDGETS_PINGS", "BOLIDE_BUDGETS_PING_S"),
            ("BOLIDE_CONFIG_FILE", "BOLIDE_CONFIG"),
            ("BOLIDE_BUDGETS__PING_S", "BOLIDE_BUDGETS_PING_S"),
        ] {
            let Some(UnknownVariable::Misspelt(mistake)) = of(name) else { panic!("{name}") };
            let expect = format!(
                "the environment has `{name}`, which is no setting; did you mean `{nearest}`?"
            );
            assert_eq!(mistake.to_string(), expect);
        }
    }

    /// Names that Kubernetes sets for a service, that the tests of this program use, and that
    /// operators choose.
    #[test]
    fn a_variable_that_resembles_no_setting_is_no_mistake() {
        for name in [
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_HTTP",
            "PORT",
            "PORT_4000_TCP",
            "PORT_4000_TCP_PROTO",
            "PORT_4000_TCP_PORT",
            "PORT_4000_TCP_ADDR",
            "EU_SERVICE_HOST",
            "EU_PORT_4000_TCP_ADDR",
            "SURVIVAL",
            "BIN",
            "SEED",
            "SEEDS",
            "PYTHON",
            "MINT",
            "IMAGE",
            "VERSION",
            "TAG",
            "HOST",
            "USER",
            "HOME",
            "URL",
            "DOMAIN",
            "REPLICAS",
            "",
        ] {
            let name = format!("BOLIDE_{name}");
            assert_eq!(of(&name), Some(UnknownVariable::Foreign(name.clone())));
        }
    }
}
