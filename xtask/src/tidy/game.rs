//! Checks who knows the game: in the room one file, which all others ask, and in the server the
//! settings.

use super::folders::{is_test, product};
use super::layers::{code, paths_in};
use super::{Problem, Tree};

/// The crates whose other files know no game.
const HOMES: [&str; 2] = ["room/src/", "server/src/"];

/// The file that holds the world.
const MATCH: &str = "room/src/matches/current_match.rs";

/// Names of the simulation that would be the same for any game. A mode is handed on as a whole.
const NEUTRAL: [&str; 4] = ["Mode", "PlayerId", "Tick", "TickRate"];

/// Files and folders that hand more than these to the match, work out numbers from it, or read it
/// from the settings.
const OPEN: [(&str, &[&str]); 6] = [
    ("room/src/records.rs", &["World"]),
    ("room/src/room.rs", &["RulesError", "World"]),
    ("room/src/roster/inputs.rs", &["Input"]),
    ("room/src/terms.rs", &["Rules"]),
    ("server/src/config/", &["PRESETS", "RuleValue", "Rules", "RulesError", "preset"]),
    ("server/src/ops/metrics.rs", &["journal::SIM_VERSION"]),
];

/// No other file names a type of the game. Tests may.
pub(super) fn names(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let is_home = HOMES.iter().any(|home| file.path.starts_with(home));
        if !is_home || file.path == MATCH || is_test(&file.path) {
            continue;
        }
        let open = OPEN.iter().filter(|(place, _)| file.path.starts_with(place));
        let open: Vec<&str> = open.flat_map(|(_, names)| *names).copied().collect();
        let lines: Vec<&str> = product(text).map(code).collect();
        let named = paths_in("bolide_sim::", &lines).into_iter();
        let named = named.filter(|(_, name)| {
            !NEUTRAL.contains(&name.as_str()) && !open.contains(&name.as_str())
        });
        problems.extend(named.map(|(index, name)| {
            Problem::at(file, index, format!("`{name}` is of the game: ask {MATCH}"))
        }));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::names;
    use crate::tidy::tests::check;

    #[test]
    fn a_file_that_names_the_game_is_found() {
        let found = |place: &str, name: &str| {
            format!("{place}: `{name}` is of the game: ask room/src/matches/current_match.rs")
        };
        let line = "use bolide_sim::{PlayerId, World};";
        check(names, &[("room/src/matches.rs", line)], &[&found("room/src/matches.rs:1", "World")]);
        check(names, &[("server/src/a.rs", line)], &[&found("server/src/a.rs:1", "World")]);
        check(names, &[("room/src/records.rs", line)], &[]);
        check(names, &[("room/src/matches/current_match.rs", line)], &[]);
        check(names, &[("room/tests/a.rs", line), ("server/src/a/tests.rs", line)], &[]);
        let tests = format!("// bolide_sim::World\nmod tests {{\n    {line}");
        check(names, &[("room/src/a.rs", &tests)], &[]);
        let path = "let a = bolide_sim::journal::Writer::default();";
        let found = found("room/src/a.rs:1", "journal::Writer::default");
        check(names, &[("room/src/a.rs", path)], &[&found]);
        let rules = "use bolide_sim::{Mode, Rules};";
        check(names, &[("server/src/config/file.rs", rules), ("room/src/terms.rs", rules)], &[]);
    }
}
