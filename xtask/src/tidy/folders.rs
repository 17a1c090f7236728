//! Checks the order of the folders of the server: each names only those before it.

use super::layers::{code, crate_paths};
use super::{Problem, Tree};

const HOME: &str = "server/src/";

/// The modules at the root of the server, in their order.
const ORDER: [&str; 13] = [
    "random",
    "measure",
    "config",
    "connection",
    "lobby",
    "rooms",
    "directory",
    "shard",
    "keys",
    "publish",
    "server",
    "http",
    "ops",
];

/// No file of the server names a folder that comes after its own. Tests may, and so may the root of
/// the crate.
pub(super) fn order(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let Some(path) = file.path.strip_prefix(HOME) else { continue };
        let module = path.split(['/', '.']).next().unwrap_or(path);
        if matches!(module, "lib" | "testing") || is_test(path) {
            continue;
        }
        let Some(place) = ORDER.iter().position(|folder| *folder == module) else {
            let what = format!("`{module}` has no place in the order of {}", file!());
            problems.push(Problem::at(file, 0, what));
            continue;
        };
        let lines: Vec<&str> = product(text).map(code).collect();
        let later = crate_paths(&lines).into_iter().filter_map(|(index, path)| {
            let folder = path.split("::").next().unwrap_or(&path);
            let is_later = ORDER[place + 1..].contains(&folder);
            is_later.then(|| (index, format!("`{module}` must not know `{folder}`")))
        });
        problems.extend(later.map(|(index, what)| Problem::at(file, index, what)));
    }
    problems
}

/// Returns whether a file holds tests alone.
pub(super) fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.contains("/tests/")
}

/// Returns the lines before the test module, which stands at the foot of a file.
pub(super) fn product(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| *line != "mod tests {")
}

#[cfg(test)]
mod tests {
    use super::order;
    use crate::tidy::tests::check;

    #[test]
    fn a_folder_of_the_server_that_names_a_later_one_is_found() {
        let text = "use crate::measure::a;\nuse crate::shard::{b, c};\n";
        let found = "`rooms` must not know `shard`";
        for file in ["server/src/rooms.rs", "server/src/rooms/a.rs"] {
            let expect = format!("{file}:2: {found}");
            check(order, &[(file, text)], &[&expect, &expect]);
        }
        let tests = format!("#[cfg(test)]\nmod tests {{\n    {text}}}\n");
        for (file, text) in [
            ("server/src/rooms/a.rs", tests.as_str()),
            ("server/src/rooms/tests.rs", text),
            ("server/src/rooms/tests/a.rs", text),
            ("server/src/shard/a.rs", text),
            ("server/src/http/a.rs", text),
            ("server/src/lib.rs", text),
            ("room/src/a.rs", text),
            ("server/src/rooms/a.rs", "// crate::shard::b\n"),
        ] {
            check(order, &[(file, text)], &[]);
        }
    }

    #[test]
    fn a_new_module_needs_a_place() {
        let what = "`billing` has no place in the order of xtask/src/tidy/folders.rs";
        check(
            order,
            &[("server/src/billing.rs", "")],
            &[&format!("server/src/billing.rs:1: {what}")],
        );
    }
}
