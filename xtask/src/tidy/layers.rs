//! Checks which folders may reach outside: below `server` there is no socket, no file, no clock.
//! Cargo enforces most of it, and this catches what the standard library would let through.

use super::{Problem, Tree};

/// Crates that are pure functions of their arguments.
const PURE: [&str; 4] = ["sim/", "net/", "room/", "client/wasm/"];

/// Parts of `std` that reach outside.
const OUTSIDE: [&str; 5] = ["fs", "net", "process", "thread", "time"];

/// Names that reach outside on their own: a runtime, the clock and the randomness of the operating
/// system.
const NAMES: [&str; 5] = ["tokio", "getrandom", "now_v7", "new_v4", "thread_rng"];

/// Crates that reach outside. Resume tokens need the randomness of the operating system, which is
/// passed in.
const CRATES: [&str; 8] =
    ["tokio", "axum", "hyper", "mio", "socket2", "getrandom", "rand", "rusqlite"];

/// The crates of this workspace that each crate may depend on, also in its tests. A package that is
/// not listed, such as the end-to-end tests, may depend on all of them.
const BORDERS: [(&str, &[&str]); 7] = [
    ("sim/", &[]),
    ("net/", &["sim"]),
    ("room/", &["sim", "net"]),
    ("server/", &["sim", "net", "room"]),
    ("swarm/", &["sim", "net"]),
    ("cli/", &["sim", "net", "server", "swarm"]),
    ("client/wasm/", &["sim", "net"]),
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

/// Returns what in the line's code reaches outside. Comments are ignored.
fn reaches_outside(line: &str) -> Option<String> {
    let code = line.split("//").next().unwrap_or("");
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

fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(inside) && !text[at + word.len()..].starts_with(inside)
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

/// A crate depends on no other crate of the workspace than its border allows.
pub(super) fn borders(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["Cargo.toml"]) {
        let allowed = BORDERS.iter().find(|(home, _)| file.path == format!("{home}Cargo.toml"));
        let Some((home, allowed)) = allowed else { continue };
        for (index, line) in text.lines().enumerate() {
            let name = line.split(['.', '=', ' ']).next().unwrap_or("");
            let Some(other) = name.strip_prefix("bolide-") else { continue };
            if !allowed.contains(&other) {
                let what = format!("{home} may not depend on `{other}/`; see ARCHITECTURE.md");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{borders, manifests, sources};
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
        check("tests/", "server", &[]);
    }
}
