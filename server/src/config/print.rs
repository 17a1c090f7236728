//! Prints the effective configuration as a file that can be read back, with the source of each
//! value behind it. It decides nothing: what it prints has been resolved.

use std::fmt::Write;
use std::path::Path;

use bolide_sim::{Mode, PRESETS, RuleValue, Rules, preset};
use toml::Value;

use crate::config::Resolved;
use crate::config::file::KEYS;

/// Prints a configuration. `source` returns where a key was set, and is asked about a mode as
/// `modes.NAME`. A key without a source is a default.
#[must_use]
pub fn print(resolved: &Resolved, source: impl Fn(&str) -> Option<String>) -> String {
    let mut page = concat!(
        "# What bolide ",
        env!("CARGO_PKG_VERSION"),
        " would run with here. It can be read back with --config.\n\n"
    )
    .to_owned();
    let mut last_table = "";
    for key in KEYS {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        if table != last_table {
            add(&mut page, format_args!("\n[{table}]\n"));
            last_table = table;
        }
        let line = match value(resolved, key) {
            Some(value) => format!("{name} = {value}"),
            None => format!("# {name} is not set"),
        };
        let source = source(key).unwrap_or_else(|| "default".to_owned());
        add(&mut page, format_args!("{line:<40} # {source}\n"));
    }
    for mode in resolved.config.modes.iter().filter(|mode| !PRESETS.contains(&mode.name.as_str())) {
        let source = source(&format!("modes.{}", mode.name)).unwrap_or_default();
        print_mode(&mut page, mode, &source);
    }
    page
}

/// Prints a mode as its differences from the preset that it resembles most.
fn print_mode(page: &mut String, mode: &Mode, source: &str) {
    let presets = PRESETS.iter().filter_map(|name| preset(name));
    let Some(base) = presets.min_by_key(|base| differences(base, mode).count()) else { return };
    let head = format!("[modes.{}]", mode.name);
    add(page, format_args!("\n{head:<40} # {source}\nbase = \"{}\"\n", base.name));
    if mode.rules.zone.is_none() && base.rules.zone.is_some() {
        page.push_str("zone = false\n");
    }
    for (name, value) in differences(&base, mode) {
        let value = match value {
            RuleValue::Number(number) => short(number),
            RuleValue::Flag(flag) => flag.to_string(),
            RuleValue::Word(word) => format!("\"{word}\""),
        };
        add(page, format_args!("{name} = {value}\n"));
    }
}

fn differences<'a>(
    base: &'a Mode,
    mode: &'a Mode,
) -> impl Iterator<Item = (&'static str, RuleValue<'static>)> + 'a {
    Rules::names().filter_map(|name| {
        let value = mode.rules.get(name)?;
        (base.rules.get(name) != Some(value)).then_some((name, value))
    })
}

/// Formats a number of the rules as it was written. Rules are `f32`, and 0.3 must not become
/// 0.30000001192092896.
#[expect(clippy::cast_possible_truncation, reason = "it was an f32 before")]
fn short(number: f64) -> String {
    (number as f32).to_string()
}

/// Returns a setting as TOML; `None` if it is not set and has no default.
fn value(resolved: &Resolved, key: &str) -> Option<Value> {
    let Resolved { listen, admin_listen, log, log_lines_per_s, config } = resolved;
    let budgets = &config.budgets;
    let number = |number: u32| Some(Value::from(number));
    match key {
        "listen" => Some(text(listen)),
        "admin_listen" => admin_listen.as_ref().map(text),
        "data_dir" => Some(path(&config.data_dir)),
        "durability" => Some(text(&config.durability)),
        "log" => Some(text(log)),
        "log_lines_per_s" => number(*log_lines_per_s),
        "web_dir" => config.web_dir.as_deref().map(path),
        "sessions_max" => number(config.sessions_max),
        "rooms_max" => number(config.rooms_max),
        "connections_max" => number(config.connections_max),
        "origins" => list(&config.origins),
        "trusted_proxies" => list(&config.trusted_proxies),
        "shards" => number(config.shards.into()),
        "grace_s" => number(config.grace_s.into()),
        "intermission_s" => number(config.intermission_s.into()),
        "spectators" => Some(text(&config.spectators)),
        "bots.wait_s" => number(config.bots_wait_s.into()),
        "bots.skill" => Some(text(&config.bots_skill)),
        "bots.fill_to" => number(config.bots_fill_to.into()),
        "journals.keep_days" => number(config.retention.days),
        "journals.keep_mib" => number(config.retention.mib),
        "budgets.bytes_per_s" => number(budgets.bytes_per_s),
        "budgets.bytes_burst" => number(budgets.bytes_burst),
        "budgets.inputs_per_s" => number(budgets.inputs_per_s),
        "budgets.inputs_burst" => number(budgets.inputs_burst),
        "budgets.control_per_s" => number(budgets.control_per_s),
        "budgets.control_burst" => number(budgets.control_burst),
        "budgets.fragments_max" => number(budgets.fragments_max),
        "budgets.hello_s" => number(budgets.hello_s),
        "budgets.idle_s" => number(budgets.idle_s),
        "budgets.ping_s" => number(budgets.ping_s),
        "budgets.outbox_bytes_max" => number(budgets.outbox_bytes_max),
        "budgets.send_buffer_bytes" => number(budgets.send_buffer_bytes),
        "budgets.address_connections" => number(budgets.address_connections),
        "budgets.address_handshakes_per_s" => number(budgets.address_handshakes_per_s),
        "budgets.site_addresses" => number(budgets.site_addresses),
        "budgets.address_loopback" => Some(budgets.address_loopback.into()),
        _ => None,
    }
}

fn text(value: &impl ToString) -> Value {
    Value::String(value.to_string())
}

fn list(values: &[impl ToString]) -> Option<Value> {
    Some(Value::Array(values.iter().map(text).collect()))
}

fn path(path: &Path) -> Value {
    Value::String(path.to_string_lossy().into_owned())
}

fn add(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a text takes everything");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{print, value};
    use crate::config::file::{ConfigFile, KEYS, parse};
    use crate::config::{Resolved, Settings};

    fn file(text: &str) -> ConfigFile {
        parse(Path::new("bolide.toml"), text)
            .unwrap_or_else(|errors| panic!("{errors:?} in\n{text}"))
    }

    fn resolved(text: &str) -> Resolved {
        file(text).settings.resolve().expect("allowed")
    }

    fn same(one: &Resolved, other: &Resolved) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    /// Every setting at a value that is not its default, and modes that resemble each preset.
    const ALL: &str = "listen = '0.0.0.0:4001'\nadmin_listen = '[::1]:4556'\ndata_dir = 'da \"ta'\n\
        durability = 'off'\nlog = 'json,info,hyper=debug'\nweb_dir = 'web'\nsessions_max = 1\nrooms_max = 2\nshards = 3\n\
        grace_s = 4\nintermission_s = 5\nspectators = 'all'\nconnections_max = 8\norigins = ['https://a.b', 'http://c:1']\n\
        trusted_proxies = ['10.0.0.0/8', '::1']\n[bots]\nwait_s = 6\nfill_to = 7\nskill = 'easy'\n\
        [journals]\nkeep_days = 8\nkeep_mib = 9\n[budgets]\n\
        bytes_per_s = 2000\nbytes_burst = 40000\ninputs_per_s = 9\ninputs_burst = 9\ncontrol_per_s = 9\n\
        control_burst = 20\nfragments_max = 9\nhello_s = 9\nidle_s = 9\nping_s = 9\n\
        outbox_bytes_max = 20000\nsend_buffer_bytes = 5000\naddress_connections = 9\n\
        address_handshakes_per_s = 9\nsite_addresses = 9\naddress_loopback = true\n\
        [modes.ice]\nwalk_speed = 0.3333\nknockback_kept = 0.97\nwalls = 'open'\n\
        [modes.big]\nbase = 'royale'\ncapacity = 20\nfight_at = 4\nvision_radius = false\n\
        [modes.big.zone]\ndamage = 3\n[modes.wide]\nbase = 'royale'\nzone = false\n\
        [modes.shrinks]\nbase = 'duel'\nzone = { waits_s = 1, closes_s = 2, end_radius = 0, damage = 1 }\n";

    #[test]
    fn what_is_printed_can_be_read_back_and_is_the_same() {
        for text in [ALL, "", "[modes.same]\nbase = 'classic'\n"] {
            let before = resolved(text);
            let page = print(&before, |_| None);
            let after = resolved(&page);
            same(&before, &after);
            assert_eq!(print(&after, |_| None), page);
        }
    }

    #[test]
    fn every_setting_is_printed_with_where_it_comes_from() {
        let all = resolved(ALL);
        let page = print(&all, |key| Some(format!("from {key}")));
        for key in KEYS {
            assert!(value(&all, key).is_some(), "{key} has a value");
            let name = key.rsplit('.').next().expect("a name");
            let line = page.lines().find(|line| line.ends_with(&format!("# from {key}")));
            assert!(
                line.is_some_and(|line| line.starts_with(&format!("{name} = "))),
                "{key} in\n{page}"
            );
        }
        assert!(page.contains("# from modes.big\nbase = \"royale\"\n"), "{page}");
        let defaults = print(&Settings::default().resolve().expect("allowed"), |_| None);
        assert!(defaults.contains("# web_dir is not set"), "{defaults}");
    }

    #[test]
    fn a_mode_is_printed_as_short_as_it_was_written() {
        let page = print(&resolved(ALL), |_| None);
        let (_, modes) = page.split_once("[modes.ice]").expect("modes");
        let lines: Vec<&str> = modes.lines().skip(1).take_while(|line| !line.is_empty()).collect();
        let expect = [
            "base = \"brawl\"",
            "walk_speed = 0.3333",
            "knockback_kept = 0.97",
            "walls = \"open\"",
        ];
        assert_eq!(lines, expect);
    }
}
