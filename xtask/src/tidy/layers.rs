//! Checks which folders may reach outside: below `transport`, `storage` and `server` there is no
//! socket, no file, no clock; `transport` and `storage` have no runtime, and `storage` no socket.
//! Cargo enforces most of it, and this catches what the standard library would let through.

use super::{Problem, Tree};

/// Crates that are pure functions of their arguments.
const PURE: [&str; 7] = ["sim/", "net/", "room/", "replay/", "legacy/", "lobby/", "client/wasm/"];

/// Parts of `std` that reach outside.
const OUTSIDE: [&str; 5] = ["fs", "net", "process", "thread", "time"];

/// Names that reach outside on their own: a runtime, the clock and the randomness of the operating
/// system.
const NAMES: [&str; 5] = ["tokio", "getrandom", "now_v7", "new_v4", "thread_rng"];

/// Crates that reach outside. Resume tokens need the randomness of the operating system, which is
/// passed in.
const CRATES: [&str; 8] =
    ["tokio", "axum", "hyper", "mio", "socket2", "getrandom", "rand", "rusqlite"];

/// The crates whose code cannot await.
const WITHOUT_RUNTIME: [&str; 2] = ["transport/", "storage/"];
/// The words of code that awaits.
const AWAITING: [&str; 2] = ["async", "await"];

/// Runtimes, and what is built on one. A crate without a runtime depends on none of them, also in
/// its tests.
const RUNTIMES: [&str; 7] =
    ["tokio", "tokio-tungstenite", "mio", "axum", "hyper", "hyper-util", "futures-util"];

/// The crates of this workspace that each crate may depend on, also in its tests. A package that is
/// not listed, such as the end-to-end tests, may depend on all of them.
const BORDERS: [(&str, &[&str]); 12] = [
    ("sim/", &[]),
    ("net/", &["sim"]),
    ("room/", &["sim", "net"]),
    ("replay/", &["sim"]),
    ("legacy/", &["sim", "net"]),
    ("lobby/", &["net"]),
    ("transport/", &["net"]),
    ("storage/", &["sim", "net", "room"]),
    ("server/", &["sim", "net", "room", "legacy", "lobby", "transport", "storage"]),
    ("swarm/", &["sim", "net"]),
    ("cli/", &["sim", "net", "replay", "storage", "server", "swarm"]),
    ("client/wasm/", &["sim", "net"]),
];

/// The crates of this workspace that the tests of a crate may depend on besides. Those of `legacy`
/// play in a real room.
const BORDERS_OF_TESTS: [(&str, &str); 1] = [("legacy/", "room")];

/// Dependencies that only these folders may have. The command line is the business of the program.
const RESERVED: [(&str, &[&str]); 1] = [("clap", &["cli/", "benches/"])];

/// A part of a crate that must not name other modules of the crate.
struct Part {
    /// The start of the paths of its files.
    home: &'static str,
    /// Modules at the root of the crate that it must not name.
    closed: &'static [&'static str],
    /// Names in those modules that it may use nevertheless.
    open: &'static [&'static str],
}

/// The modules of the game, seen from the rest of the simulation.
const GAME: &[&str] = &["model", "step", "world"];

/// The parts of the simulation that know nothing of the game, so that another game can stand on
/// them, and the model, which no step reaches back into. Then the owners of a room's state: matches
/// read the roster, streams read both, and the room alone knows all.
const PARTS: [Part; 8] = [
    Part { home: "sim/src/ids.rs", closed: GAME, open: &[] },
    Part { home: "sim/src/space", closed: GAME, open: &[] },
    Part { home: "sim/src/state", closed: GAME, open: &[] },
    Part {
        home: "sim/src/journal",
        closed: GAME,
        open: &[
            "model::command::Command",
            "model::event::Event",
            "model::rules::Rules",
            "world::World",
        ],
    },
    Part { home: "sim/src/model", closed: &["step", "world"], open: &[] },
    Part {
        home: "room/src/roster",
        closed: &["matches", "streams", "room"],
        open: &[
            "matches::skill::Level",
            "streams::fanout::broadcast",
            "streams::fanout::close",
            "streams::fanout::refuse",
            "streams::fanout::tell",
            "streams::viewer::SentPrivate",
            "streams::viewer::Viewer",
        ],
    },
    Part {
        home: "room/src/matches",
        closed: &["streams", "room"],
        open: &["streams::fanout::broadcast", "streams::fanout::refuse"],
    },
    Part { home: "room/src/streams", closed: &["room"], open: &[] },
];

/// All that the journal calls on a world.
const JOURNAL_CALLS: &[&str] = &[
    "new",
    "clone",
    "step",
    "tick",
    "hash",
    "write",
    "read",
    "rules",
    "seed",
    "is_waiting",
    "standings",
];

/// No source of a pure crate reaches outside. Comments may, and so may the tests in `tests/`,
/// because a golden is a file.
pub(super) fn sources(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let Some(home) = PURE.iter().find(|home| file.path.starts_with(&format!("{home}src/")))
        else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if let Some(found) = reaches_outside(line) {
                let what =
                    format!("`{found}`: {home} is pure; hand in what it needs as an argument");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// No source of a crate without a runtime awaits.
pub(super) fn awaiting(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let Some(home) = WITHOUT_RUNTIME.iter().find(|home| file.path.starts_with(*home)) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if let Some(found) = AWAITING.iter().find(|word| has_word(code, word)) {
                let what = format!("`{found}`: {home} has no runtime, and never waits");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// Returns what in the line's code reaches outside. Comments are ignored.
fn reaches_outside(line: &str) -> Option<String> {
    let code = code(line);
    let module = OUTSIDE.iter().find(|module| uses_std(code, module));
    let name = NAMES.iter().find(|name| has_word(code, name));
    module.map(|module| format!("std::{module}")).or(name.map(|name| (*name).to_owned()))
}

/// Returns whether code has `std::fs`, or `fs` among the names of a `use std::{…}` on one line.
fn uses_std(code: &str, module: &str) -> bool {
    let direct = has_word(code, &format!("std::{module}"));
    let group = code
        .split_once("std::{")
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or("", |(names, _)| names);
    direct || has_word(group, module)
}

pub(super) fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(inside) && !text[at + word.len()..].starts_with(inside)
    })
}

/// No part of the simulation names a module that it must not know, and the journal calls nothing
/// else on a world than it needs.
pub(super) fn parts(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let Some(part) = PARTS.iter().find(|part| file.path.starts_with(part.home)) else {
            continue;
        };
        let lines: Vec<&str> = text.lines().map(code).collect();
        let paths = crate_paths(&lines);
        let closed = paths.into_iter().filter(|(_, path)| {
            let module = path.split("::").next().unwrap_or(path);
            part.closed.contains(&module) && !part.open.contains(&path.as_str())
        });
        problems.extend(closed.map(|(index, path)| {
            let what = format!("`{path}`: {} must not know it; see ARCHITECTURE.md", part.home);
            Problem::at(file, index, what)
        }));
        if part.home == "sim/src/journal" {
            for (index, line) in lines.iter().enumerate() {
                let others =
                    world_calls(line).filter(|call| !JOURNAL_CALLS.contains(&call.as_str()));
                problems.extend(others.map(|call| {
                    let what = format!("the journal must not call `{call}` on a world");
                    Problem::at(file, index, what)
                }));
            }
        }
    }
    problems
}

/// Returns a line without its comment.
pub(super) fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

/// Returns the paths after each `crate::`; see [`paths_in`].
pub(super) fn crate_paths(lines: &[&str]) -> Vec<(usize, String)> {
    paths_in("crate::", lines)
}

/// Returns the paths after each `root`, with the line on which they stand, one for each name of a
/// group. A group may span lines, but not hold another group.
pub(super) fn paths_in(root: &str, lines: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        for (at, start) in line.match_indices(root) {
            let rest = &line[at + start.len()..];
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let end = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
            let (path, after) = rest.split_at(end);
            if let Some(names) = after.strip_prefix('{') {
                let all = std::iter::once(names).chain(lines[index + 1..].iter().copied());
                let group = all.collect::<Vec<_>>().join(" ");
                let names = group.split('}').next().unwrap_or("").split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                found.extend(names.map(|name| (index, format!("{path}{name}"))));
            } else {
                found.push((index, path.to_owned()));
            }
        }
    }
    found
}

/// Returns the methods and functions that a line calls on `world`, `state` or `World`.
fn world_calls(line: &str) -> impl Iterator<Item = String> + '_ {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    ["world.", "state.", "World::"].into_iter().flat_map(move |receiver| {
        line.match_indices(receiver).filter_map(move |(at, _)| {
            let is_whole = !line[..at].ends_with(inside);
            let rest = &line[at + receiver.len()..];
            let name = &rest[..rest.find(|c| !inside(c)).unwrap_or(rest.len())];
            (is_whole && rest[name.len()..].starts_with('(')).then(|| name.to_owned())
        })
    })
}

/// The pure crates depend on nothing that reaches outside, and the simulation does not depend on
/// serde, because it defines no wire format.
pub(super) fn manifests(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["Cargo.toml"]) {
        let Some(home) = PURE.iter().find(|home| file.path == format!("{home}Cargo.toml")) else {
            continue;
        };
        let mut section = "";
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', '=', ' ']).next().unwrap_or("");
            let serde = *home == "sim/" && name == "serde";
            if section == "[dependencies]" && (CRATES.contains(&name) || serde) {
                problems.push(Problem::at(
                    file,
                    index,
                    format!("{home} may not depend on `{name}`; see ARCHITECTURE.md"),
                ));
            }
        }
    }
    problems
}

/// A crate without a runtime depends on none.
pub(super) fn runtimes(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["Cargo.toml"]) {
        let is_its = |home: &&&str| file.path == format!("{home}Cargo.toml");
        let Some(home) = WITHOUT_RUNTIME.iter().find(is_its) else { continue };
        for (index, line) in text.lines().enumerate() {
            let name = line.split(['.', '=', ' ']).next().unwrap_or("");
            if RUNTIMES.contains(&name) {
                let what = format!("{home} may not depend on `{name}`; see ARCHITECTURE.md");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// A crate depends on no other crate of the workspace than its border allows.
pub(super) fn borders(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["Cargo.toml"]) {
        let allowed = BORDERS.iter().find(|(home, _)| file.path == format!("{home}Cargo.toml"));
        let Some((home, allowed)) = allowed else { continue };
        let mut section = "";
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', '=', ' ']).next().unwrap_or("");
            let Some(other) = name.strip_prefix("bolide-") else { continue };
            let is_for_tests =
                section == "[dev-dependencies]" && BORDERS_OF_TESTS.contains(&(home, other));
            // A crate may name itself, to have a feature of its own in its tests.
            let is_itself = home.trim_end_matches('/') == other;
            if !allowed.contains(&other) && !is_for_tests && !is_itself {
                let what = format!("{home} may not depend on `{other}/`; see ARCHITECTURE.md");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// No other package than those listed has a dependency that is reserved. The workspace's own
/// manifest only names versions.
pub(super) fn reserved(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["/Cargo.toml"]) {
        for (index, line) in text.lines().enumerate() {
            let name = line.split(['.', '=', ' ']).next().unwrap_or("");
            let Some((_, homes)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) else {
                continue;
            };
            if !homes.iter().any(|home| file.path.starts_with(home)) {
                let what = format!("only {} may depend on `{name}`", homes.join(", "));
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{awaiting, borders, manifests, parts, reserved, runtimes, sources};
    use crate::tidy::tests::check;

    #[test]
    fn a_pure_crate_that_reaches_outside_is_found() {
        let found = |module: &str| {
            format!(
                "room/src/a.rs:1: `{module}`: room/ is pure; hand in what it needs as an argument"
            )
        };
        for (line, module) in [
            ("use std::time::Instant;", "std::time"),
            ("let a = std::fs::read(b);", "std::fs"),
            ("use std::{fmt, net::TcpStream};", "std::net"),
            ("use tokio::sync;", "tokio"),
            ("let id = Uuid::now_v7();", "now_v7"),
        ] {
            check(sources, &[("room/src/a.rs", line)], &[&found(module)]);
            check(sources, &[("server/src/a.rs", line), ("room/tests/a.rs", line)], &[]);
            check(sources, &[("room/src/a.rs", &format!("//! No {line}"))], &[]);
        }
        check(
            sources,
            &[("net/src/a.rs", "use std::fmt; use core::time::Duration; use std::{fmt, mem};")],
            &[],
        );
    }

    #[test]
    fn a_dependency_that_reaches_outside_is_found() {
        let toml =
            |section: &str, line: &str| format!("[package]\nname = \"a\"\n\n[{section}]\n{line}\n");
        let found = |home: &str, name: &str| {
            format!("{home}Cargo.toml:5: {home} may not depend on `{name}`; see ARCHITECTURE.md")
        };
        let check = |home: &str, section: &str, line: &str, expect: &[&str]| {
            check(manifests, &[(&format!("{home}Cargo.toml"), &toml(section, line))], expect);
        };
        check("net/", "dependencies", "tokio.workspace = true", &[&found("net/", "tokio")]);
        check("room/", "dependencies", "rand = \"1\"", &[&found("room/", "rand")]);
        check("sim/", "dependencies", "serde.workspace = true", &[&found("sim/", "serde")]);
        check("net/", "dependencies", "serde.workspace = true", &[]);
        check("replay/", "dependencies", "mio = \"1\"", &[&found("replay/", "mio")]);
        check("sim/", "dev-dependencies", "serde.workspace = true", &[]);
        check("server/", "dependencies", "tokio.workspace = true", &[]);
    }

    #[test]
    fn a_dependency_across_a_border_is_found() {
        let check = |home: &str, name: &str, expect: &[&str]| {
            let toml = format!(
                "[package]\nname = \"a\"\n\n[dependencies]\nbolide-{name}.workspace = true\n"
            );
            check(borders, &[(&format!("{home}Cargo.toml"), &toml)], expect);
        };
        let found = "swarm/Cargo.toml:5: swarm/ may not depend on `server/`; see ARCHITECTURE.md";
        check("swarm/", "server", &[found]);
        check("swarm/", "net", &[]);
        let found = "replay/Cargo.toml:5: replay/ may not depend on `net/`; see ARCHITECTURE.md";
        check("replay/", "net", &[found]);
        let found =
            "transport/Cargo.toml:5: transport/ may not depend on `room/`; see ARCHITECTURE.md";
        check("transport/", "room", &[found]);
        check("transport/", "net", &[]);
        check("tests/", "server", &[]);
        check("room/", "room", &[]);
        let found = "legacy/Cargo.toml:5: legacy/ may not depend on `room/`; see ARCHITECTURE.md";
        check("legacy/", "room", &[found]);
        let found = "swarm/Cargo.toml:5: swarm/ may not depend on `legacy/`; see ARCHITECTURE.md";
        check("swarm/", "legacy", &[found]);
    }

    #[test]
    fn a_dependency_of_tests_across_a_border_is_found() {
        let check = |home: &str, expect: &[&str]| {
            let toml = "[dev-dependencies]\nbolide-room.workspace = true\n";
            check(borders, &[(&format!("{home}Cargo.toml"), toml)], expect);
        };
        check("legacy/", &[]);
        check("net/", &["net/Cargo.toml:2: net/ may not depend on `room/`; see ARCHITECTURE.md"]);
    }

    #[test]
    fn a_reserved_dependency_is_found() {
        let toml = "[dependencies]\nclap.workspace = true\n";
        let found = "server/Cargo.toml:2: only cli/, benches/ may depend on `clap`";
        check(reserved, &[("server/Cargo.toml", toml)], &[found]);
        check(reserved, &[("cli/Cargo.toml", toml), ("benches/floor/Cargo.toml", toml)], &[]);
        check(reserved, &[("Cargo.toml", "clap = \"4\"\n")], &[]);
    }

    #[test]
    fn a_part_that_knows_the_game_is_found() {
        let check = |path: &str, text: &str, expect: &[&str]| check(parts, &[(path, text)], expect);
        let knows = |place: &str, name: &str, home: &str| {
            format!("{place}: `{name}`: {home} must not know it; see ARCHITECTURE.md")
        };
        let rules = "use crate::model::rules::Rules;";
        let found = knows("sim/src/space/a.rs:1", "model::rules::Rules", "sim/src/space");
        check("sim/src/space/a.rs", rules, &[&found]);
        check("sim/src/journal/a.rs", rules, &[]);
        check("sim/src/step/a.rs", rules, &[]);
        check("sim/src/state/a.rs", "use crate::space::point::Point; // crate::world", &[]);
        let group = "a\nuse crate::model::rules::{\n    Rules, Zone,\n};";
        let found = knows("sim/src/journal.rs:2", "model::rules::Zone", "sim/src/journal");
        check("sim/src/journal.rs", group, &[&found]);
        let found = knows("room/src/roster/a.rs:1", "matches::Matches", "room/src/roster");
        check("room/src/roster/a.rs", "use crate::matches::Matches;", &[&found]);
        check("room/src/roster.rs", "use crate::streams::fanout::{broadcast, tell};", &[]);
        check("room/src/matches.rs", "use crate::roster::Roster;", &[]);
        let found = knows("sim/src/model/a.rs:1", "world::World", "sim/src/model");
        check("sim/src/model/a.rs", "let a: crate::world::World = b;", &[&found]);
    }

    #[test]
    fn a_call_of_the_journal_on_a_world_is_found() {
        let check = |line: &str, expect: &[&str]| {
            check(parts, &[("sim/src/journal/a.rs", line)], expect);
        };
        check("self.world.step(&[], events); World::new(a)?; state.tick()", &[]);
        check("let a = underworld.players();", &[]);
        let found = "sim/src/journal/a.rs:1: the journal must not call `players` on a world";
        check("for a in world.players() {", &[found]);
    }

    #[test]
    fn a_runtime_below_the_socket_path_is_found() {
        let toml = |name: &str| format!("[dependencies]\n{name}.workspace = true\n");
        let found = |name: &str| {
            format!(
                "transport/Cargo.toml:2: transport/ may not depend on `{name}`; see ARCHITECTURE.md"
            )
        };
        for name in ["tokio", "axum", "hyper", "mio"] {
            let manifest = ("transport/Cargo.toml", &*toml(name));
            check(runtimes, &[manifest], &[&found(name)]);
            check(runtimes, &[("server/Cargo.toml", &*toml(name))], &[]);
        }
        check(runtimes, &[("transport/Cargo.toml", &*toml("socket2"))], &[]);
        for (line, word) in [("pub async fn next() {}", "async"), ("socket.more().await", "await")]
        {
            let found = format!(
                "transport/src/a.rs:1: `{word}`: transport/ has no runtime, and never waits"
            );
            check(awaiting, &[("transport/src/a.rs", line)], &[&found]);
            check(awaiting, &[("server/src/a.rs", line)], &[]);
        }
        let found = "storage/src/a.rs:1: `async`: storage/ has no runtime, and never waits";
        check(awaiting, &[("storage/src/a.rs", "async fn read() {}")], &[found]);
        check(awaiting, &[("transport/src/a.rs", "//! Nothing here can await.")], &[]);
    }
}
