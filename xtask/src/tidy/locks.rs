//! Checks that locked versions stay locked: cargo takes the lock files unchanged, and the other
//! safeguards of a checked build are there.

use super::{Problem, Tree};

/// Commands of cargo that would update a lock file that is out of date.
const COMMANDS: [&str; 11] = [
    "bench",
    "build",
    "check",
    "clippy",
    "doc",
    "metadata",
    "miri test",
    "run",
    "test",
    "tree",
    "update",
];

/// Every cargo command of CI and of the README has `--locked`.
pub(super) fn cargo(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let begins = [".github/", ".ci/", ".cargo/", "xtask/src/", "README.md"];
    let ours = |path: &str| begins.iter().any(|begin| path.starts_with(begin));
    let endings = [".yml", ".toml", ".rs", ".md", "/run"];
    for (file, text) in tree.written(&endings).filter(|(file, _)| ours(&file.path)) {
        // A test may name a command that is never run.
        let code = text.split("#[cfg(test)]").next().unwrap_or(text);
        for (index, line) in code.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
            if begins_command(line) && !line.contains("--locked") {
                let what =
                    "cargo without `--locked` takes other packages than those that were checked";
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

fn is_comment(line: &str) -> bool {
    ["//", "#"].iter().any(|begin| line.trim_start().starts_with(begin))
}

/// Returns whether a command with an option begins behind the name of cargo, a toolchain or a
/// quotation mark.
fn begins_command(line: &str) -> bool {
    let begins = |rest: &str| {
        let mut options = COMMANDS.iter().filter_map(|command| rest.strip_prefix(command));
        options.any(|rest| rest.starts_with(" -"))
    };
    ["cargo ", "+nightly ", "\""].iter().any(|before| line.split(before).skip(1).any(begins))
}

/// Text that must not be removed unnoticed: its file, the text, and its purpose.
const KEPT: [(&str, &str, &str); 5] = [
    ("xtask/src/setup.rs", "\"--require-hashes\"", "a Python package is the one that was locked"),
    ("rust-toolchain.toml", "\nchannel = \"1.", "everybody checks with the same compiler"),
    (".github/workflows/ci.yml", "run: cargo xtask advisories", "known vulnerabilities are told"),
    ("server/src/lib.rs", "compile_error!(\"the server needs Unix", "Windows is told why not"),
    ("xtask/src/steps.rs", "run: deny::", "dependencies have the licences that are allowed"),
];

/// Finds texts whose removal no other check would notice.
pub(super) fn kept(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text, why) in KEPT {
        let Some(file) = tree.files.iter().find(|file| file.path == path) else { continue };
        if !file.text().is_some_and(|it| it.contains(text)) {
            let what = format!("`{}` is gone; by it {why}", text.trim());
            problems.push(Problem::in_file(file, what));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{KEPT, cargo, kept};
    use crate::tidy::tests::check;

    #[test]
    fn cargo_takes_the_lock_files_as_they_are() {
        for (path, line) in [
            (".github/workflows/ci.yml", "      - run: cargo bench --locked -p bolide-benches"),
            (".github/workflows/ci.yml", "      - run: cargo xtask deep --only setup,fuzz"),
            (".cargo/config.toml", "xtask = \"run --locked --quiet --package xtask --\""),
            (
                "xtask/src/steps.rs",
                "run: |shell| run_program(&mut shell.cargo(\"fmt --all --check\")),",
            ),
            ("xtask/src/steps.rs", "    shell.cargo(\"test --locked --workspace\");"),
            ("xtask/src/steps.rs", "    // As `cargo test -p` does."),
            ("cli/src/main.rs", "\"run it with cargo run --release\""),
        ] {
            check(cargo, &[(path, line)], &[]);
        }
        for (path, line) in [
            (".github/workflows/ci.yml", "      - run: cargo bench -p bolide-benches"),
            (".ci/run", "cargo run --package xtask"),
            ("README.md", "`cargo run --release -- --help` lists every option."),
            (".cargo/config.toml", "xtask = \"run --quiet --package xtask --\""),
            ("xtask/src/steps.rs", "    shell.cargo(\"test --workspace\");"),
            ("xtask/src/steps.rs", "    let tree = \"tree -p bolide-server\";"),
            (
                "xtask/src/miri.rs",
                "    miri.args(\"+nightly miri test -p bolide-sim\".split(' '));",
            ),
        ] {
            let what = "cargo without `--locked` takes other packages than those that were checked";
            check(cargo, &[(path, line)], &[&format!("{path}:1: {what}")]);
        }
    }

    #[test]
    fn what_keeps_a_build_to_what_was_checked_is_missed() {
        for (path, text, why) in KEPT {
            check(kept, &[(path, &format!("x{text}y"))], &[]);
            let what = format!("{path}: `{}` is gone; by it {why}", text.trim());
            check(kept, &[(path, "")], &[&what]);
        }
    }
}
