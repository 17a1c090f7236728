//! Checks the border of the crate `storage`: it reaches no socket, only there SQL is spoken, and
//! only there the names of the files in a data folder are spelled.

use super::{Problem, Tree};

/// The crate of the data folder.
const HOME: &str = "storage/";

/// Paths that reach a socket.
const SOCKETS: [&str; 4] = ["std::net", "os::unix::net", "rustix::net", "socket2"];

/// The crate that speaks SQL.
const SQL: &str = "rusqlite";

/// Texts that only the data folder's own code holds.
const NAMES: [&str; 6] = [
    "join(\"journals\")",
    "join(\"quarantine\")",
    "bolide.sqlite",
    "control.sock",
    ".reason.txt",
    ".journal\"",
];

/// The crates of the product that the rule about names holds for, besides the data folder's own.
const READERS: [&str; 8] = [
    "sim/src/",
    "net/src/",
    "room/src/",
    "replay/src/",
    "transport/src/",
    "server/src/",
    "swarm/src/",
    "cli/src/",
];

/// No source of the data folder's crate reaches a socket.
pub(super) fn sockets(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        if !file.path.starts_with(HOME) {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if let Some(found) = SOCKETS.iter().find(|socket| code.contains(*socket)) {
                let what = format!("`{found}`: {HOME} reaches no socket");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// No other crate depends on SQL but in its tests.
pub(super) fn sql(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["Cargo.toml"]) {
        let mut section = "";
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', '=', ' ']).next().unwrap_or("");
            if section == "[dependencies]" && name == SQL && !file.path.starts_with(HOME) {
                let what = format!("only {HOME} may depend on `{SQL}`; see ARCHITECTURE.md");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// No other crate spells a name of the data folder, but in its tests.
pub(super) fn names(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let is_reader = READERS.iter().any(|reader| file.path.starts_with(reader));
        if !is_reader || file.path.contains("tests") {
            continue;
        }
        let production = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
        for (index, line) in production.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            if let Some(found) = NAMES.iter().find(|name| code.contains(*name)) {
                let what = format!("`{found}`: only {HOME} spells names of the data folder");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{names, sockets, sql};
    use crate::tidy::tests::check;

    #[test]
    fn a_socket_in_the_data_folders_crate_is_found() {
        let found = ["storage/src/a.rs:1: `std::net`: storage/ reaches no socket"];
        check(sockets, &[("storage/src/a.rs", "use std::net::TcpStream;")], &found);
        check(sockets, &[("server/src/a.rs", "use std::net::TcpStream;")], &[]);
        check(sockets, &[("storage/src/a.rs", "use bolide_net::Codec; // std::net")], &[]);
    }

    #[test]
    fn sql_elsewhere_is_found_but_in_tests() {
        let toml = |section: &str| format!("[{section}]\nrusqlite.workspace = true\n");
        let found =
            ["cli/Cargo.toml:2: only storage/ may depend on `rusqlite`; see ARCHITECTURE.md"];
        check(sql, &[("cli/Cargo.toml", &toml("dependencies"))], &found);
        check(sql, &[("cli/Cargo.toml", &toml("dev-dependencies"))], &[]);
        check(sql, &[("storage/Cargo.toml", &toml("dependencies"))], &[]);
    }

    #[test]
    fn a_name_of_the_data_folder_elsewhere_is_found() {
        let line = "let folder = data_dir.join(\"journals\");";
        let found =
            ["cli/src/a.rs:1: `join(\"journals\")`: only storage/ spells names of the data folder"];
        check(names, &[("cli/src/a.rs", line)], &found);
        check(names, &[("storage/src/a.rs", line), ("cli/tests/a.rs", line)], &[]);
        check(names, &[("cli/src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {line} }}"))], &[]);
        check(names, &[("cli/src/a.rs", &format!("// {line}"))], &[]);
    }
}
