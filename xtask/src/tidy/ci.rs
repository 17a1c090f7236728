//! Checks CI against its sources: the workflow against the steps, and the locked Python packages
//! against the requirements.

use super::{Problem, Tree};
use crate::steps;

const WORKFLOW: &str = ".github/workflows/ci.yml";
const LOCKED: &str = "tests/requirements.lock";

/// Each machine of the job `deep` prepares itself, and then runs only its step.
const DEEP: &str = "- run: cargo xtask deep --only setup,${{ matrix.step }}";

/// The machines of the job `deep` are its steps, except for `setup`, which comes first on each.
pub(super) fn matrix(tree: &Tree) -> Vec<Problem> {
    let Some(file) = tree.files.iter().find(|file| file.path == WORKFLOW) else {
        return Vec::new();
    };
    let names = steps::DEEP.iter().map(|step| step.name).filter(|name| *name != "setup");
    let steps = format!("step: [{}]", names.collect::<Vec<_>>().join(", "));
    let has = |expected: &str| {
        file.text().is_some_and(|it| it.lines().any(|line| line.trim() == expected))
    };
    let mut problems = Vec::new();
    if !has(&steps) {
        let what = format!("the matrix of `deep` is not its steps; expected `{steps}`");
        problems.push(Problem::in_file(file, what));
    }
    if !has(DEEP) {
        let what = format!("the job `deep` does not run its step after `setup`; expected `{DEEP}`");
        problems.push(Problem::in_file(file, what));
    }
    problems
}

/// Every action is pinned to a commit. A tag can be moved to other code, a commit cannot.
pub(super) fn pins(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in
        tree.written(&[".yml"]).filter(|(file, _)| file.path.starts_with(".github/"))
    {
        for (index, line) in text.lines().enumerate() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let commit = action.split_once('@').map_or("", |(_, rest)| rest);
            let commit = commit.split_whitespace().next().unwrap_or("");
            if commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let what = format!("`{action}` is not pinned; expected a commit of 40 hex digits");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// Every required Python package is locked in that version.
pub(super) fn python(tree: &Tree) -> Vec<Problem> {
    let locked = tree.text(LOCKED).unwrap_or("");
    let mut problems = Vec::new();
    for (file, text) in tree.written(&["requirements.txt"]) {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| line.contains("==")) {
            if !locked.lines().any(|other| other.split_whitespace().next() == Some(line.trim())) {
                let what =
                    format!("`{line}` is not in {LOCKED}; its first lines say how to write it");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{DEEP, LOCKED, WORKFLOW, matrix, pins, python};
    use crate::steps;
    use crate::tidy::tests::check;

    #[test]
    fn the_matrix_is_the_list_of_steps() {
        let names: Vec<&str> = steps::DEEP.iter().map(|step| step.name).collect();
        assert_eq!(names[0], "setup");
        let steps = format!("step: [{}]", names[1..].join(", "));
        let right = format!("        {steps}\n      {DEEP}\n");
        check(matrix, &[(WORKFLOW, &right)], &[]);
        let list = format!("{WORKFLOW}: the matrix of `deep` is not its steps; expected `{steps}`");
        let run = format!(
            "{WORKFLOW}: the job `deep` does not run its step after `setup`; expected `{DEEP}`"
        );
        check(matrix, &[(WORKFLOW, &right.replace("miri, ", ""))], &[&list]);
        check(matrix, &[(WORKFLOW, &right.replace("setup,", ""))], &[&run]);
        check(matrix, &[(WORKFLOW, "")], &[&list, &run]);
    }

    #[test]
    fn an_action_is_a_commit() {
        let pinned = format!("- uses: a/b@{} # v1\n", "0123456789".repeat(4));
        check(pins, &[(WORKFLOW, &pinned)], &[]);
        for (line, action) in [("- uses: a/b@v4\n", "a/b@v4"), ("- uses: a/b\n", "a/b")] {
            let found = format!(
                "{WORKFLOW}:1: `{action}` is not pinned; expected a commit of 40 hex digits"
            );
            check(pins, &[(WORKFLOW, line)], &[&found]);
        }
    }

    #[test]
    fn a_python_package_is_locked_in_its_version() {
        let asked = ("tests/requirements.txt", "# Why.\nkosoku==0.1.0\n");
        check(python, &[asked, (LOCKED, "kosoku==0.1.0 \\\n    --hash=sha256:00\n")], &[]);
        let found = "tests/requirements.txt:2: `kosoku==0.1.0` is not in tests/requirements.lock; \
                     its first lines say how to write it";
        check(python, &[asked, (LOCKED, "kosoku==0.1.1 \\\n")], &[found]);
        check(python, &[asked], &[found]);
    }
}
