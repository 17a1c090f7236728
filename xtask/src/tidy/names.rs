//! Checks names: those that were given up do not come back, and a file of tests is called so.

use super::{File, Problem, Tree, code};

/// Identifiers that were given up, each with the term that took its place.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("ArchiveError", "CatalogError"),
    ("Book", "OpenSegment"),
    ("Bucket", "TokenBucket"),
    ("Caller", "Requester"),
    ("Caretaker", "RetentionThread"),
    ("Closing", "CloseReason"),
    ("Comeback", "ResumeRequest"),
    ("Commons", "ConnectionContext"),
    ("Continued", "ResumeAt"),
    ("Cut", "DropReason"),
    ("Desk", "Shared"),
    ("Door", "SocketRegistry"),
    ("Durations", "Histogram"),
    ("Ears", "Poller"),
    ("Fallen", "panics"),
    ("Farewell", "Drain"),
    ("Feed", "SnapshotStream"),
    ("Figure", "SingleWriterCounter"),
    ("Hearing", "ReadySockets"),
    ("Hosted", "RoomDriver"),
    ("InDoubt", "JournalFault"),
    ("Inbox", "ShardHandle"),
    ("Journals", "DataDir"),
    ("Keeper", "RoomStore"),
    ("KeptRoom", "RoomRecord"),
    ("Lanes", "Outbox"),
    ("Links", "ConnectionSlab"),
    ("Measures", "ShardMetrics"),
    ("NotRestored", "RestoreError"),
    ("Papers", "Queue"),
    ("Said", "Delivery"),
    ("Scribe", "JournalWriter"),
    ("Surroundings", "ShardContext"),
    ("Trouble", "JournalFault"),
    ("bury", "fail"),
    ("commons", "context"),
    ("ears", "poller"),
    ("farewell", "drain"),
    ("keeper", "store"),
    ("lanes", "outbox"),
    ("let_go", "disconnect"),
    ("minds", "is_affected_by"),
    ("papers", "queue"),
    ("scribe", "writer"),
    ("seats_told", "last_sent_seats"),
    ("show_out", "release"),
    ("tell_or_hold", "send_or_defer"),
];

/// Names of files below `src` that were given up, without the ending.
const FILES: &[(&str, &str)] = &[
    ("act", "intents"),
    ("addresses", "address_quota"),
    ("archive", "catalog"),
    ("code", "room_code"),
    ("contact", "sweep"),
    ("counters", "reasons"),
    ("door", "poller"),
    ("farewell", "drain"),
    ("feed", "snapshot_stream"),
    ("forwarded", "client_ip"),
    ("gather", "pregame"),
    ("grid", "coordinate"),
    ("hearing", "reading"),
    ("hits", "collisions"),
    ("hosted", "driver"),
    ("hot", "tick"),
    ("inbox", "handle"),
    ("incoming", "inbound"),
    ("journals", "data_dir"),
    ("keeper", "room_store"),
    ("lanes", "outbox"),
    ("links", "slab"),
    ("math", "point"),
    ("measures", "shard_metrics"),
    ("past", "history"),
    ("play", "current_match"),
    ("rate", "token_bucket"),
    ("restarting", "panics"),
    ("room_driver", "driver"),
    ("scribe", "writer"),
    ("seating", "roster"),
    ("sight", "snapshots"),
    ("simulated", "sim_disk"),
    ("telling", "announcements"),
    ("tuning", "tick_rules"),
    ("verdict", "outcome"),
    ("walk", "precheck"),
    ("watched", "async_socket"),
];

/// No Rust source has an identifier or a name that was given up. Comments and texts may.
pub(super) fn retired(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let is_source = file.path.contains("/src/");
        let retired = FILES.iter().find(|(old, _)| is_source && stem(file) == *old);
        if let Some((old, new)) = retired {
            problems.push(Problem::in_file(file, format!("`{old}` was given up for `{new}`")));
        }
        for (index, line) in text.lines().enumerate() {
            for word in identifiers(line) {
                if let Ok(at) = IDENTIFIERS.binary_search_by_key(&word, |(old, _)| old) {
                    let what = format!("`{word}` was given up for `{}`", IDENTIFIERS[at].1);
                    problems.push(Problem::at(file, index, what));
                }
            }
        }
    }
    problems
}

/// Returns the name of a file without its ending.
fn stem(file: &File) -> &str {
    file.name().trim_end_matches(".rs")
}

/// Returns the identifiers of a line of code, without those in its comment and its texts.
fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    code(line).flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'))
}

/// A file below `src` that only tests have is named so: `tests.rs`, `…_tests.rs`, `testing.rs`, or
/// `sim_….rs` if it simulates a device; or it lies in a folder `tests`.
pub(super) fn test_files(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let sources = tree.written(&[".rs"]).filter(|(file, _)| file.path.contains("/src/"));
    for (file, text) in sources.filter(|(file, _)| !file.path.contains("/tests/")) {
        let mut is_test = false;
        for (index, line) in text.lines().enumerate() {
            let module = line.trim().strip_suffix(';').and_then(|line| line.split_once("mod "));
            let name = module.map(|(_, name)| name).filter(|_| is_test);
            if let Some(name) = name.filter(|name| !is_test_name(name)) {
                let what = format!(
                    "`{name}` is only for tests; name it tests, {name}_tests or testing, or move it into tests/"
                );
                problems.push(Problem::at(file, index, what));
            }
            is_test = line.trim() == "#[cfg(test)]" || (is_test && line.starts_with("#["));
        }
    }
    problems
}

fn is_test_name(name: &str) -> bool {
    name == "tests" || name == "testing" || name.ends_with("_tests") || name.starts_with("sim_")
}

#[cfg(test)]
mod tests {
    use super::{FILES, IDENTIFIERS, retired, test_files};
    use crate::tidy::tests::check;

    #[test]
    fn a_name_that_was_given_up_is_found() {
        assert!(IDENTIFIERS.is_sorted() && FILES.is_sorted());
        for (old, new) in IDENTIFIERS {
            let found = format!("a/src/a.rs:1: `{old}` was given up for `{new}`");
            check(retired, &[("a/src/a.rs", &format!("fn a(b: &{old}<'_>) {{}}"))], &[&found]);
        }
        for (old, new) in FILES {
            let path = format!("a/src/{old}.rs");
            check(retired, &[(&path, "")], &[&format!("{path}: `{old}` was given up for `{new}`")]);
        }
        check(retired, &[("a.rs", "// Ears.\nlet a = \"Ears\"; // Ears\nstruct BigEars;")], &[]);
        check(retired, &[("a/src/door.ts", "Ears"), ("a/tests/door.rs", "")], &[]);
    }

    #[test]
    fn a_file_of_tests_that_is_not_named_so_is_found() {
        let check = |path: &str, module: &str, expect: &[&str]| {
            check(test_files, &[(path, &format!("//! A.\n\n#[cfg(test)]\n{module}\n"))], expect);
        };
        let found = "a/src/b.rs:4: `machine` is only for tests; \
            name it tests, machine_tests or testing, or move it into tests/";
        check("a/src/b.rs", "mod machine;", &[found]);
        check("a/src/b.rs", "pub(crate) mod machine;", &[found]);
        check("a/src/b.rs", "#[path = \"c.rs\"]\nmod machine;", &[&found.replace(":4:", ":5:")]);
        for module in [
            "mod tests;",
            "mod a_tests;",
            "mod sim_disk;",
            "mod testing;",
            "mod tests {",
            "use a::b;",
        ] {
            check("a/src/b.rs", module, &[]);
        }
        check("a/src/b/tests/c.rs", "mod machine;", &[]);
        check("a/src/b.rs", "use a::b;\nmod machine;", &[]);
    }
}
