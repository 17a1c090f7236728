//! The layers of settings and what they resolve to. There are four: command line, environment, file
//! and default; an earlier one wins. [`Layer::resolve`] checks every value; nothing after it checks
//! one again.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use bolide_net::limits::FRAME_BYTES_MAX;

use super::log::Log;
use super::modes::{ModeName, Modes};
use super::relay::Relay;
use super::setting::{NotAllowed, Setting, Value};
use super::settings::SETTINGS;
use super::values::ListenAddress;
use super::{Budgets, Config, Retention};

/// One layer of settings. A setting that is absent is left to the next layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    values: BTreeMap<&'static str, Value>,
    /// The modes. Only the file sets them.
    pub modes: Option<Modes>,
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
    /// Maximum number of log lines per second, after a burst. Warnings and errors have the same
    /// budget of their own.
    pub log_lines_per_s: u32,
    /// The configuration of the server.
    pub config: Config,
}

impl Layer {
    /// Sets a value, which was checked.
    pub fn set(&mut self, setting: &Setting, value: Value) {
        self.values.insert(setting.key, value);
    }

    /// Merges two layers: a setting of `self` wins over one of `next`.
    #[must_use]
    pub fn over(self, next: Layer) -> Layer {
        let mut values = next.values;
        values.extend(self.values);
        Layer { values, modes: self.modes.or(next.modes) }
    }

    /// Fills in the defaults and checks every value.
    pub(super) fn values(&self) -> Result<Values, NotAllowed> {
        let mut values = Values::default();
        for setting in &SETTINGS {
            let given = self.values.get(setting.key).cloned();
            if let Some(value) = given.or_else(|| setting.default.value(&values)) {
                values.0.insert(setting.key, setting.check(value)?);
            }
        }
        Ok(values)
    }

    /// Fills in the defaults and checks every value.
    ///
    /// # Errors
    /// The first value that is not allowed, with its name and what is allowed.
    pub fn resolve(self) -> Result<Resolved, NotAllowed> {
        let values = self.values()?;
        let modes = self.modes.unwrap_or_default();
        let arena_mode = values.parsed::<ModeName>("relay.arena_mode").to_string();
        if modes.get(&arena_mode).is_none() {
            return Err(NotAllowed::Malformed(format!(
                "`relay.arena_mode` is {arena_mode}, and there is no such mode; the modes are {}",
                modes.all_names()
            )));
        }
        let listen = |address: ListenAddress| address.0;
        Ok(Resolved {
            listen: listen(values.parsed("listen")),
            admin_listen: values.get("admin_listen").map(|_| listen(values.parsed("admin_listen"))),
            log: values.parsed("log"),
            log_lines_per_s: values.number("log_lines_per_s"),
            config: Config {
                data_dir: values.path("data_dir").expect("it has a default"),
                durability: values.parsed("durability"),
                retention: Retention {
                    days: values.number("journals.keep_days"),
                    mib: values.number("journals.keep_mib"),
                },
                web_dir: values.path("web_dir"),
                shards: values.number("shards"),
                sessions_max: values.number("sessions_max"),
                rooms_max: values.number("rooms_max"),
                connections_max: values.number("connections_max"),
                origins: values.list("origins"),
                trusted_proxies: values.list("trusted_proxies"),
                budgets: values.budgets(),
                bots_wait_s: values.number("bots.wait_s"),
                bots_fill_to: values.number("bots.fill_to"),
                bots_skill: values.parsed("bots.skill"),
                grace_s: values.number("grace_s"),
                intermission_s: values.number("intermission_s"),
                spectators: values.parsed("spectators"),
                arena_mode,
                relay: Relay::of(&values),
                modes,
            },
        })
    }
}

/// The value of each setting, checked. One that is unset and has no default is absent.
///
/// A method panics if the table has no setting of that key and kind. The default configuration
/// reads every setting, so any test finds that.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, Value>);

impl Values {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        assert!(SETTINGS.iter().any(|setting| setting.key == key), "there is no setting {key}");
        self.0.get(key)
    }

    pub(super) fn number<T: TryFrom<u32>>(&self, key: &str) -> T {
        let Some(Value::Number(number)) = self.get(key) else { panic!("{key} is no number") };
        T::try_from(*number).ok().expect("its range fits its type")
    }

    fn flag(&self, key: &str) -> bool {
        let Some(Value::Flag(flag)) = self.get(key) else { panic!("{key} is no flag") };
        *flag
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        match self.get(key)? {
            Value::Path(path) => Some(path.clone()),
            _ => panic!("{key} is no path"),
        }
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, key: &str) -> T {
        let Some(Value::Text(text)) = self.get(key) else { panic!("{key} is no text") };
        reparse(text)
    }

    pub(super) fn list<T: FromStr<Err: Display>>(&self, key: &str) -> Vec<T> {
        let Some(Value::List(texts)) = self.get(key) else { panic!("{key} is no list") };
        texts.iter().map(|text| reparse(text)).collect()
    }

    fn budgets(&self) -> Budgets {
        let number = |name: &str| self.number(&format!("budgets.{name}"));
        Budgets {
            bytes_per_s: number("bytes_per_s"),
            bytes_burst: number("bytes_burst"),
            inputs_per_s: number("inputs_per_s"),
            inputs_burst: number("inputs_burst"),
            control_per_s: number("control_per_s"),
            control_burst: number("control_burst"),
            fragments_max: number("fragments_max"),
            hello_s: number("hello_s"),
            idle_s: number("idle_s"),
            ping_s: number("ping_s"),
            outbox_bytes_max: number("outbox_bytes_max"),
            send_buffer_bytes: number("send_buffer_bytes"),
            address_connections: number("address_connections"),
            address_handshakes_per_s: number("address_handshakes_per_s"),
            site_addresses: number("site_addresses"),
            address_loopback: self.flag("budgets.address_loopback"),
            message_bytes_max: FRAME_BYTES_MAX,
        }
    }
}

/// Parses a text that the type printed after it had parsed it before.
fn reparse<T: FromStr<Err: Display>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("`{text}` was allowed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Config, SETTINGS, Value};
    use super::Layer;

    fn number(key: &str, number: u32) -> Layer {
        let mut layer = Layer::default();
        let setting = SETTINGS.iter().find(|setting| setting.key == key).expect("a setting");
        layer.set(setting, Value::Number(number));
        layer
    }

    #[test]
    fn a_value_outside_its_range_is_refused_with_the_range() {
        for (key, value, expect) in [
            ("sessions_max", 0, "`sessions_max` is 0; allowed is 1 to 100000"),
            ("shards", 300, "`shards` is 300; allowed is 1 to 256"),
            ("bots.fill_to", 1001, "`bots.fill_to` is 1001; allowed is 0 to 1000"),
            ("journals.keep_days", 36_501, "`journals.keep_days` is 36501; allowed is 0 to 36500"),
            ("grace_s", 3601, "`grace_s` is 3601; allowed is 0 to 3600"),
            ("budgets.control_per_s", 1, "`budgets.control_per_s` is 1; allowed is 3 to 100000"),
        ] {
            let refused = number(key, value).resolve().expect_err("refused");
            assert_eq!(refused.to_string(), expect);
        }
    }

    #[test]
    fn a_mode_of_old_pages_that_does_not_exist_is_refused_with_all_that_do() {
        let mut layer = Layer::default();
        let setting = SETTINGS.iter().find(|setting| setting.key == "relay.arena_mode");
        layer.set(setting.expect("a setting"), Value::Text("quake".to_owned()));
        let expect = "`relay.arena_mode` is quake, and there is no such mode; the modes are classic, \
                      brawl, duel, royale, legacy-a, legacy-b";
        assert_eq!(layer.resolve().expect_err("refused").to_string(), expect);
    }

    #[test]
    fn an_earlier_layer_wins_and_a_default_comes_last() {
        let file = number("grace_s", 7).over(number("rooms_max", 9));
        let config = number("grace_s", 3).over(file).resolve().expect("allowed").config;
        assert_eq!((config.grace_s, config.rooms_max, config.sessions_max), (3, 9, 5000));
        assert_eq!(Config::default().grace_s, 20);
    }

    #[test]
    fn there_are_more_sockets_than_seats() {
        let config = number("sessions_max", 7).resolve().expect("allowed").config;
        assert_eq!(config.connections_max, 1007);
    }
}
