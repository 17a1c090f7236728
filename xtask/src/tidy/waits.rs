//! Checks that a test which sleeps says for what: a sleep makes a suite slow or unreliable where a
//! count of ticks or a condition would do.

use super::{Problem, Tree, code};

/// The mark of a reason, on the line of the sleep or in the comment above it.
const MARK: &str = "// WAITS: ";

/// No test sleeps without a reason.
pub(super) fn waits(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs"]) {
        let mut is_test = is_test_file(&file.path);
        let mut is_marked = false;
        for (index, line) in text.lines().enumerate() {
            is_test |= line.trim() == "#[cfg(test)]";
            is_marked |= line.contains(MARK);
            if is_test && sleeps(line) && !is_marked {
                let what = format!("a test sleeps; wait for a condition, or say why: `{MARK}…`");
                problems.push(Problem::at(file, index, what));
            }
            is_marked &= line.trim_start().starts_with("//");
        }
    }
    problems
}

/// Returns whether all of a file is for tests: it lies in a folder `tests` or is named so. In other
/// files the tests are at the end.
fn is_test_file(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_named = ["tests.rs", "testing.rs"].contains(&name) || name.ends_with("_tests.rs");
    is_named || folders.split('/').any(|folder| folder == "tests")
}

/// Returns whether code calls a function `sleep`. A method of that name does something else.
fn sleeps(line: &str) -> bool {
    code(line).any(|code| {
        code.match_indices("sleep(").any(|(at, _)| {
            let before = &code[..at];
            let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
            !is_word && !before.ends_with("fn ")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::waits;
    use crate::tidy::tests::check;

    #[test]
    fn a_test_that_sleeps_without_a_reason_is_found() {
        let found = |place: &str| {
            format!("{place}: a test sleeps; wait for a condition, or say why: `// WAITS: …`")
        };
        let call = "        std::thread::sleep(a);\n";
        for path in ["a/tests/b.rs", "tests/src/b.rs", "a/src/tests.rs", "a/src/b_tests.rs"] {
            check(waits, &[(path, call)], &[&found(&format!("{path}:1"))]);
        }
        check(waits, &[("a/src/b.rs", call)], &[]);
        let both = format!("{call}#[cfg(test)]\nmod tests {{\n{call}}}\n");
        check(waits, &[("a/src/b.rs", &both)], &[&found("a/src/b.rs:4")]);
        let test = |text: &str, expect: &[&str]| check(waits, &[("tests/b.rs", text)], expect);
        test("sleep(POLL).await;\n", &[&found("tests/b.rs:1")]);
        test("sleep(POLL).await; // WAITS: a peer that is late.\n", &[]);
        test("// WAITS: a peer that is late.\nsleep(POLL).await;\n", &[]);
        test("// WAITS: a peer that\n// is late.\nsleep(POLL).await;\n", &[]);
        test("// WAITS: a.\n\nsleep(POLL).await;\n", &[&found("tests/b.rs:3")]);
        test("shard.sleep(a); sleep_until(b); fn sleep(c) {} // sleep(d)\n", &[]);
    }
}
