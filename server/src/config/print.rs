//! Prints the effective configuration as a file that can be read back, with the source of each
//! value behind it. It decides nothing: what it prints has been resolved.

use std::fmt::Write;

use bolide_sim::{Mode, PRESETS, RuleValue, Rules, preset};

use super::layers::Layer;
use super::modes::{Modes, Offer};
use super::setting::{NotAllowed, Value};
use super::settings::in_file_order;

/// Prints the configuration that layers merged into one resolve to. `source` returns where a key
/// was set, and is asked about a mode as `modes.NAME`. A key without a source is a default.
///
/// # Errors
/// The first value that is not allowed, with its name and what is allowed.
pub fn print(layer: &Layer, source: impl Fn(&str) -> Option<String>) -> Result<String, NotAllowed> {
    let values = layer.values()?;
    let mut page = concat!(
        "# What bolide ",
        env!("CARGO_PKG_VERSION"),
        " would run with here. It can be read back with --config.\n\n"
    )
    .to_owned();
    let mut last_table = "";
    for setting in in_file_order() {
        let (table, name) = (setting.table(), setting.name());
        if table != last_table {
            add(&mut page, format_args!("\n[{table}]\n"));
            last_table = table;
        }
        let line = match values.get(setting.key) {
            Some(value) => format!("{name} = {}", toml(value)),
            None => format!("# {name} is not set"),
        };
        let source = source(setting.key).unwrap_or_else(|| "default".to_owned());
        add(&mut page, format_args!("{line:<40} # {source}\n"));
    }
    for offer in layer.modes.iter().flat_map(Modes::offers) {
        let source = source(&format!("modes.{}", offer.mode.name)).unwrap_or_default();
        let preset = preset(&offer.mode.name).map(Offer::from);
        if preset.as_ref() != Some(offer) {
            print_offer(&mut page, offer, preset, &source);
        }
    }
    Ok(page)
}

/// Prints how a mode is offered, as far as that is not as usual, and a mode that is no preset.
fn print_offer(page: &mut String, offer: &Offer, preset: Option<Offer>, source: &str) {
    let Offer { mode, listed, bots } = offer;
    let head = format!("[modes.{}]", mode.name);
    add(page, format_args!("\n{head:<40} # {source}\n"));
    let usual = preset.unwrap_or_else(|| Offer { listed: true, ..print_mode(page, mode) });
    for (name, value, usual) in [("listed", listed, usual.listed), ("bots", bots, usual.bots)] {
        if *value != usual {
            add(page, format_args!("{name} = {value}\n"));
        }
    }
}

/// Prints a mode as its differences from the preset that it resembles most, which is returned.
fn print_mode(page: &mut String, mode: &Mode) -> Offer {
    let presets = PRESETS.iter().filter_map(|name| preset(name));
    let base = presets.min_by_key(|base| differences(base, mode).count()).expect("a preset");
    add(page, format_args!("base = \"{}\"\n", base.name));
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
    base.into()
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

fn toml(value: &Value) -> toml::Value {
    match value {
        Value::Number(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(texts) => texts.clone().into(),
        Value::Path(path) => path.to_string_lossy().as_ref().into(),
    }
}

fn add(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a text takes everything");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::SETTINGS;
    use super::super::file::parse;
    use super::super::layers::{Layer, Resolved};
    use super::print;

    fn layer(text: &str) -> Layer {
        let file = parse(Path::new("bolide.toml"), text);
        file.unwrap_or_else(|errors| panic!("{errors:?} in\n{text}")).settings
    }

    fn resolved(text: &str) -> Resolved {
        layer(text).resolve().expect("allowed")
    }

    fn page(text: &str) -> String {
        print(&layer(text), |_| None).expect("allowed")
    }

    /// Every setting at a value that is not its default, and modes that resemble each preset.
    const ALL: &str = "listen = '0.0.0.0:4001'\nadmin_listen = '[::1]:4556'\ndata_dir = 'da \"ta'\n\
        durability = 'off'\nlog = 'json,info,hyper=debug'\nlog_lines_per_s = 9\n\
        web_dir = 'web'\nsessions_max = 1\nrooms_max = 2\nshards = 3\n\
        grace_s = 4\nintermission_s = 5\nspectators = 'all'\nconnections_max = 8\norigins = ['https://a.b', 'http://c:1']\n\
        trusted_proxies = ['10.0.0.0/8', '::1']\n[bots]\nwait_s = 6\nfill_to = 7\nskill = 'easy'\n\
        [relay]\narena_mode = 'legacy-b'\nserve = ['rooms']\nws_name = 'room'\nauth = 'http://site/whoami'\nanonymous = 'listen'\npublish = ['user']\nheartbeat = 'beat'\n\
        expire_s = 9\nmessage_bytes_max = 99\nmessages_per_s = 9\nmessages_burst = 9\nchannels_max = 9\nmembers_max = 9\nchat_history = 9\nsession_cookie = 'sid'\n[journals]\nkeep_days = 8\nkeep_mib = 9\n[budgets]\n\
        bytes_per_s = 2000\nbytes_burst = 40000\ninputs_per_s = 9\ninputs_burst = 9\ncontrol_per_s = 9\n\
        control_burst = 20\nfragments_max = 9\nhello_s = 9\nidle_s = 9\nping_s = 9\n\
        outbox_bytes_max = 20000\nsend_buffer_bytes = 5000\naddress_connections = 9\n\
        address_handshakes_per_s = 9\nsite_addresses = 9\naddress_loopback = true\n\
        [modes.ice]\nwalk_speed = 0.3333\nknockback_kept = 0.97\nwalls = 'open'\n\
        [modes.big]\nbase = 'royale'\ncapacity = 20\nfight_at = 4\nvision_radius = false\n\
        [modes.big.zone]\ndamage = 3\n[modes.wide]\nbase = 'royale'\nzone = false\n\
        [modes.lone]\nbots = false\nlisted = false\n[modes.legacy-b]\nlisted = true\nbots = true\n\
        [modes.relay]\nbase = 'legacy-a'\nbots = true\nwalls = 'solid'\n\
        [modes.shrinks]\nbase = 'duel'\nzone = { waits_s = 1, closes_s = 2, end_radius = 0, damage = 1 }\n";

    #[test]
    fn what_is_printed_can_be_read_back_and_is_the_same() {
        for text in [ALL, "", "[modes.same]\nbase = 'classic'\n"] {
            let page = page(text);
            assert_eq!(format!("{:?}", resolved(text)), format!("{:?}", resolved(&page)));
            assert_eq!(self::page(&page), page);
        }
    }

    #[test]
    fn every_setting_is_printed_with_where_it_comes_from() {
        let page = print(&layer(ALL), |key| Some(format!("from {key}"))).expect("allowed");
        for setting in &SETTINGS {
            let (key, name) = (setting.key, setting.name());
            let line = page.lines().find(|line| line.ends_with(&format!("# from {key}")));
            assert!(
                line.is_some_and(|line| line.starts_with(&format!("{name} = "))),
                "{key} in\n{page}"
            );
        }
        assert!(page.contains("# from modes.big\nbase = \"royale\"\n"), "{page}");
        let defaults = self::page("");
        assert!(defaults.contains("# web_dir is not set"), "{defaults}");
    }

    /// A setting that has no field would be accepted and ignored.
    #[test]
    fn every_setting_changes_the_configuration() {
        let default = format!("{:?}", resolved(""));
        let changed = page(ALL);
        let mut table = "";
        for line in changed.lines().take_while(|line| !line.starts_with("[modes.")) {
            if line.starts_with('[') {
                table = line;
            } else if line.contains(" = ") {
                let alone = format!("{:?}", resolved(&format!("{table}\n{line}\n")));
                assert_ne!(alone, default, "{table} {line}");
            }
        }
    }

    #[test]
    fn a_mode_is_printed_as_short_as_it_was_written() {
        let page = page(ALL);
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
