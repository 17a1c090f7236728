//! Checks that one file of the room alone knows the game: all others ask it.

use super::layers::{code, has_word};
use super::{Problem, Tree};

/// The crate whose other files know no game.
const HOME: &str = "room/src/";

/// The file that holds the world.
const MATCH: &str = "room/src/matches/current_match.rs";

/// Types of the game.
const TYPES: [&str; 8] =
    ["Event", "Fireball", "Life", "Motion", "Phase", "Player", "Rules", "World"];

/// Files that hand one of these types to the match, or work out numbers from it.
const OPEN: [(&str, &str); 3] = [
    ("room/src/records.rs", "World"),
    ("room/src/room.rs", "World"),
    ("room/src/terms.rs", "Rules"),
];

/// No other file of the room names a type of the game.
pub(super) fn names(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        if !file.path.starts_with(HOME) || file.path == MATCH {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let is_open = |name: &str| OPEN.contains(&(file.path.as_str(), name));
            let named = TYPES.iter().filter(|name| has_word(code(line), name) && !is_open(name));
            problems.extend(named.map(|name| {
                Problem::at(file, index, format!("`{name}` is of the game: ask {MATCH}"))
            }));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::names;
    use crate::tidy::tests::check;

    #[test]
    fn a_file_of_the_room_that_names_the_game_is_found() {
        let found = |place: &str, name: &str| {
            format!("{place}: `{name}` is of the game: ask room/src/matches/current_match.rs")
        };
        let line = "use bolide_sim::{PlayerId, World};";
        check(names, &[("room/src/matches.rs", line)], &[&found("room/src/matches.rs:1", "World")]);
        check(names, &[("room/src/records.rs", line)], &[]);
        check(names, &[("room/src/matches/current_match.rs", line)], &[]);
        check(names, &[("room/tests/a.rs", line), ("server/src/a.rs", line)], &[]);
        check(names, &[("room/src/a.rs", "// The World\nlet a: PlayerInput = b;")], &[]);
    }
}
