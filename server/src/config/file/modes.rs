//! Reads the tables `[modes.NAME]` of the file: a preset, the rules in which the mode differs from
//! it, and how it is offered. It knows no rule: names, kinds and ranges are those of
//! `bolide_sim::Rules`.

use bolide_sim::{Mode, PRESETS, RuleValue, Rules, RulesError, preset};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{in_order, nearest};
use crate::config::modes::{ModeError, Modes, Offer};

/// The preset of a mode that names none.
const DEFAULT_BASE: &str = "brawl";

/// The keys of a mode that say how it is offered. They may be written for a preset, too.
const LISTED: &str = "listed";
const BOTS: &str = "bots";

/// A mistake in a table of modes, with its offset.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// A rule as written: its full name, the offset of that, and its value.
struct Written<'a> {
    name: String,
    offset: usize,
    value: &'a DeValue<'a>,
}

/// Returns the presets and the modes of the value of the key `modes`, and all mistakes in them.
pub(super) fn read(modes: &Spanned<DeValue<'_>>) -> (Modes, Vec<Mistake>) {
    let (mut all, mut mistakes) = (Modes::default(), Vec::new());
    let DeValue::Table(table) = modes.get_ref() else {
        let message = "`modes` is a table: write [modes.NAME] and below it the rules".to_owned();
        return (all, vec![Mistake { offset: modes.span().start, message }]);
    };
    for (key, mode) in in_order(table) {
        let name = key.get_ref().escape_debug();
        let read = read_mode(key, mode.get_ref(), &mut all);
        mistakes.extend(read.err().into_iter().flatten().map(|(offset, message)| Mistake {
            offset,
            message: format!("mode `{name}`: {message}"),
        }));
    }
    (all, mistakes)
}

fn read_mode(
    key: &Spanned<DeString<'_>>,
    mode: &DeValue<'_>,
    all: &mut Modes,
) -> Result<(), Vec<(usize, String)>> {
    let (offset, name) = (key.span().start, key.get_ref());
    let DeValue::Table(table) = mode else {
        let message = format!("a mode is a table: write [modes.{}]", name.escape_debug());
        return Err(vec![(offset, message)]);
    };
    let mut written = Vec::new();
    flatten(table, "", &mut written);
    let listed = take_switch(LISTED, &mut written)?;
    let bots = take_switch(BOTS, &mut written)?;
    let is_new = !written.is_empty() || (listed, bots) == (None, None);
    let preset = if is_new || !PRESETS.contains(&&**name) { None } else { all.offer_mut(name) };
    if let Some(preset) = preset {
        preset.listed = listed.unwrap_or(preset.listed);
        preset.bots = bots.unwrap_or(preset.bots);
        return Ok(());
    }
    let Mode { name: base, rules } = changed(&mut written)?;
    let bots = bots.or(all.offer(&base).map(|base| base.bots)).unwrap_or(true);
    let mode = Mode { name: name.clone().into_owned(), rules };
    let offer = Offer { mode, listed: listed.unwrap_or(true), bots };
    all.add(offer).map_err(|error| vec![(place_of(&error, &written, offset), error.to_string())])
}

/// Takes a key that is true or false out of those that are written, if it is there.
fn take_switch(
    name: &str,
    written: &mut Vec<Written<'_>>,
) -> Result<Option<bool>, Vec<(usize, String)>> {
    let Some(at) = written.iter().position(|key| key.name == name) else { return Ok(None) };
    match written.remove(at) {
        Written { value: DeValue::Boolean(flag), .. } => Ok(Some(*flag)),
        Written { offset, .. } => Err(vec![(offset, format!("{name} is true or false"))]),
    }
}

/// Takes the base of a mode out of what is written. Returns the base, with its rules changed by
/// those that are written; or all mistakes.
fn changed(written: &mut Vec<Written<'_>>) -> Result<Mode, Vec<(usize, String)>> {
    let base = written.iter().position(|rule| rule.name == "base").map(|at| written.remove(at));
    let mut mode = match &base {
        None => preset(DEFAULT_BASE),
        Some(Written { value: DeValue::String(name), .. }) => preset(name),
        Some(_) => None,
    }
    .ok_or_else(|| {
        let presets = PRESETS.map(|name| format!("\"{name}\"")).join(", ");
        vec![(base.map_or(0, |base| base.offset), format!("base is one of the presets {presets}"))]
    })?;
    let mistakes = written
        .iter()
        .filter_map(|rule| set(&mut mode.rules, rule).err().map(|message| (rule.offset, message)));
    let mistakes: Vec<(usize, String)> = mistakes.collect();
    if mistakes.is_empty() { Ok(mode) } else { Err(mistakes) }
}

fn set(rules: &mut Rules, rule: &Written<'_>) -> Result<(), String> {
    let name = rule.name.as_str();
    let known = || Rules::names().chain(["zone", "base", LISTED, BOTS]);
    if !known().any(|rule| rule == name) {
        let advice = nearest(name, known()).map_or_else(
            || "docs/operations.md lists them".to_owned(),
            |rule| format!("did you mean `{rule}`?"),
        );
        return Err(format!("there is no rule `{}`; {advice}", name.escape_debug()));
    }
    let value = match rule.value {
        DeValue::String(word) => RuleValue::Word(word),
        DeValue::Boolean(flag) => RuleValue::Flag(*flag),
        // A number that Rust cannot represent, such as one of more than 64 bits, is out of every
        // range.
        DeValue::Float(float) => RuleValue::Number(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Integer(integer) => {
            let whole = i64::from_str_radix(integer.as_str(), integer.radix());
            RuleValue::Number(whole.map_or(f64::NAN, |whole| whole as f64))
        }
        // Only an empty table gets here; others are flattened.
        DeValue::Table(_) => {
            return Err(format!("the table {name} is empty; {name} = false takes it away"));
        }
        DeValue::Array(_) | DeValue::Datetime(_) => {
            return Err(format!("{name} is a number, a word, true or false"));
        }
    };
    rules.set(name, value).map_err(|error| error.to_string())
}

/// Collects the rules of a table in the order of the file. Those of a nested table are prefixed
/// with its name and a dot.
fn flatten<'a>(table: &'a DeTable<'a>, prefix: &str, rules: &mut Vec<Written<'a>>) {
    for (key, value) in in_order(table) {
        let name = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(table) if !table.is_empty() => {
                flatten(table, &format!("{name}."), rules)
            }
            value => rules.push(Written { name, offset: key.span().start, value }),
        }
    }
}

/// Returns the offset of the rule that an error is about; if that comes from the base, the offset
/// of the mode.
fn place_of(error: &ModeError, written: &[Written<'_>], mode: usize) -> usize {
    let ModeError::Rules(RulesError::Range { field, .. } | RulesError::Kind { field, .. }) = error
    else {
        return mode;
    };
    written.iter().find(|rule| rule.name == *field).map_or(mode, |rule| rule.offset)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bolide_sim::{Rules, TickRate, Walls, preset};

    use crate::config::file::parse;

    fn rules(text: &str) -> Rules {
        let file = parse(Path::new("bolide.toml"), text).expect("allowed");
        file.settings.modes.expect("modes").get("mine").expect("this one").rules.clone()
    }

    fn refused(text: &str, expect: &str) {
        let errors = parse(Path::new("bolide.toml"), text).expect_err("refused");
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, [format!("bolide.toml, line {expect}")]);
    }

    #[test]
    fn a_mode_is_its_base_and_what_is_written() {
        let of = |name| preset(name).expect("a preset").rules;
        assert_eq!(rules("[modes.mine]\n"), of("brawl"));
        assert_eq!(rules("[modes.mine]\nbase = 'royale'\n"), of("royale"));
        let mine = rules(
            "[modes.mine]\nwalk_speed = 0.5\ncapacity = 0x10\nwalls = 'open'\ntick_rate = 60\n\
             lag_compensation = false\nvision_radius = 2\n[modes.mine.zone]\ndamage = 3\n",
        );
        let expect = Rules {
            walk_speed: 0.5,
            capacity: 16,
            walls: Walls::Open,
            tick_rate: TickRate::Hz60,
            lag_compensation: false,
            vision_radius: Some(2.0),
            zone: mine.zone,
            ..of("brawl")
        };
        assert_eq!(mine, expect);
        assert_eq!(mine.zone.map(|zone| zone.damage), Some(3));
        let bare =
            rules("[modes]\nmine = { zone = false, base = 'royale', vision_radius = false }\n");
        assert_eq!(bare, Rules { zone: None, vision_radius: None, ..of("royale") });
    }

    #[test]
    fn a_rule_that_cannot_be_is_refused_with_its_line_its_mode_and_what_is_allowed() {
        for (rule, expect) in [
            ("walk_sped = 1", "there is no rule `walk_sped`; did you mean `walk_speed`?"),
            ("zone.damag = 1", "there is no rule `zone.damag`; did you mean `zone.damage`?"),
            ("xyz = 1", "there is no rule `xyz`; docs/operations.md lists them"),
            ("walk_speed = 99", "walk_speed is 99; allowed is 0 to 10"),
            ("walk_speed = nan", "walk_speed is NaN; allowed is 0 to 10"),
            ("walk_speed = 'fast'", "walk_speed is \"fast\"; allowed is a number"),
            ("walk_speed = [1]", "walk_speed is a number, a word, true or false"),
            ("capacity = 2.5", "capacity is 2.5; allowed is a whole number"),
            ("fight_at = 11", "fight_at is 11; allowed is 2 to 10"),
            ("walls = 'glass'", "walls is \"glass\"; allowed is \"solid\" or \"open\""),
            ("tick_rate = 25", "tick_rate is 25; allowed is 20, 30 or 60"),
            ("zone = true", "zone is true; allowed is a table, or false for none"),
            ("zone = {}", "the table zone is empty; zone = false takes it away"),
            (
                "base = 'mine'",
                "base is one of the presets \"classic\", \"brawl\", \"duel\", \"royale\", \"legacy-a\", \"legacy-b\"",
            ),
            (
                "base = 1",
                "base is one of the presets \"classic\", \"brawl\", \"duel\", \"royale\", \"legacy-a\", \"legacy-b\"",
            ),
            ("listed = 1", "listed is true or false"),
            ("bots = 'many'", "bots is true or false"),
            ("bot = true", "there is no rule `bot`; did you mean `bots`?"),
        ] {
            let text = format!("grace_s = 1\n[modes.mine]\n\n{rule}\n");
            refused(&text, &format!("4: mode `mine`: {expect}"));
        }
    }

    #[test]
    fn a_mode_is_listed_and_has_the_bots_of_its_base_unless_it_says_otherwise() {
        let offered = |text: &str, name: &str| {
            let file = parse(Path::new("bolide.toml"), text).expect("allowed");
            let modes = file.settings.modes.expect("modes");
            let offer = modes.offer(name).expect("offered");
            (offer.listed, offer.bots)
        };
        for (text, expect) in [
            ("", (true, true)),
            ("base = 'legacy-b'", (true, false)),
            ("base = 'legacy-b'\nbots = true", (true, true)),
            ("bots = false\nlisted = false\nwalk_speed = 1", (false, false)),
        ] {
            assert_eq!(offered(&format!("[modes.mine]\n{text}\n"), "mine"), expect, "{text}");
        }
        for (text, expect) in [
            ("[modes.mine]", (false, false)),
            ("[modes.legacy-a]\nlisted = true", (true, false)),
            ("[modes.legacy-a]\nbots = true", (false, true)),
        ] {
            assert_eq!(offered(text, "legacy-a"), expect, "{text}");
        }
        assert_eq!(offered("[modes]\nduel = { listed = false }", "duel"), (false, true));
    }

    #[test]
    fn a_contradiction_with_the_base_is_told_with_the_line_of_the_mode() {
        refused(
            "\n[modes.mine]\nbase = 'royale'\ncapacity = 9\n",
            "2: mode `mine`: fight_at is 10; allowed is 2 to 9",
        );
    }

    #[test]
    fn a_name_that_cannot_be_is_refused() {
        refused(
            "[modes.Mine]\n",
            "1: mode `Mine`: a mode's name has 1 to 24 characters out of a to z, 0 to 9 and -",
        );
        refused(
            "[modes.a]\n[modes.duel]\nhealth = 1\n",
            "2: mode `duel`: this is the name of a preset, which stays what it is; choose another name",
        );
        for text in ["[modes.duel]\n", "[modes.duel]\nbots = false\nbase = 'duel'\n"] {
            let why = "this is the name of a preset, which stays what it is; choose another name";
            refused(text, &format!("1: mode `duel`: {why}"));
        }
        refused("modes = 1\n", "1: `modes` is a table: write [modes.NAME] and below it the rules");
        refused("modes.mine = 1\n", "1: mode `mine`: a mode is a table: write [modes.mine]");
    }
}
