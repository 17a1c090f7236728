//! Checks that the pages are true: the paths, links and commands in them exist, and the changelog
//! keeps its form.

use super::{Problem, Tree};
use crate::COMMANDS;

/// Pages, or folders of them, whose code spans name places in the repository. Others also name
/// places on a server.
const MAPS: [&str; 5] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/determinism.md",
    "docs/internals/",
    "docs/protocol.md",
];

/// A code span that looks like a path names a file or folder that exists.
pub(super) fn paths(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let maps = tree.written(&[".md"]);
    let maps = maps.filter(|(file, _)| MAPS.iter().any(|map| file.path.starts_with(map)));
    for (file, text) in maps {
        for (index, line) in prose(text) {
            let spans = line.split('`').skip(1).step_by(2);
            let missing = spans.filter(|span| looks_like_path(span) && !tree.has(span));
            let what = |span| format!("`{span}` does not exist");
            problems.extend(missing.map(|span| Problem::at(file, index, what(span))));
        }
    }
    problems
}

/// Returns whether a code span is a path. One that begins with a slash is a URL or a place on a
/// server, not in the repository.
fn looks_like_path(span: &str) -> bool {
    let plain = span.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c));
    let ends = [".rs", ".md", ".ts", ".toml", ".mjs"].iter().any(|ending| span.ends_with(ending));
    let named = ends && !span.starts_with('.');
    plain && !span.starts_with('/') && (span.contains('/') || named)
}

/// A relative link in any page leads to a file or folder that exists.
pub(super) fn links(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".md"]) {
        for (index, line) in prose(text) {
            let missing = relative_links(line).filter(|link| {
                let path = resolve(&file.path, link);
                !tree.files.iter().any(|other| is_or_holds(&path, &other.path))
            });
            let what = |link| format!("the link to `{link}` leads nowhere");
            problems.extend(missing.map(|link| Problem::at(file, index, what(link))));
        }
    }
    problems
}

/// Returns the targets of `[text](target)` that lie in the repository, without their anchors.
fn relative_links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split(')').next());
    let here = targets.filter(|target| !target.contains(':') && !target.starts_with(['#', '/']));
    here.filter_map(|target| target.split('#').next())
}

fn is_or_holds(path: &str, other: &str) -> bool {
    other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the path, from the root, to which a link in the page at `page` leads.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Returns the lines outside of code blocks, with their index.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut block = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        block ^= fence;
        !block && !fence
    })
}

/// Every `cargo xtask …` in a page or a script is a command.
pub(super) fn commands(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    let tells = |path: &str| {
        path.ends_with(".md") || path.starts_with(".ci/") || path.starts_with(".github/")
    };
    for (file, text) in tree.written(&[""]).filter(|(file, _)| tells(&file.path)) {
        for (index, line) in text.lines().enumerate() {
            let unknown = line.split("cargo xtask ").skip(1).map(first_word).filter(|name| {
                !name.is_empty() && COMMANDS.iter().all(|command| command.name != *name)
            });
            let what = |name| format!("there is no `cargo xtask {name}`");
            problems.extend(unknown.map(|name| Problem::at(file, index, what(name))));
        }
    }
    problems
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or("")
}

/// The reasons to open a changelog, most urgent first.
const HEADINGS: [&str; 3] = ["Safety and performance", "Features", "Internals"];

pub(super) fn changelog(tree: &Tree) -> Vec<Problem> {
    let Some(file) = tree.files.iter().find(|file| file.path == "CHANGELOG.md") else {
        return vec![Problem {
            path: "CHANGELOG.md".to_owned(),
            line: 0,
            what: "is missing".to_owned(),
        }];
    };
    let mut releases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in file.text().unwrap_or("").lines() {
        if let Some(release) = line.strip_prefix("## ") {
            releases.push((release.trim(), Vec::new()));
        } else if let (Some(heading), Some((_, headings))) =
            (line.strip_prefix("### "), releases.last_mut())
        {
            headings.push(heading.trim());
        }
    }
    let mut problems = Vec::new();
    if releases.first().is_none_or(|(name, _)| *name != "Unreleased") {
        problems.push(Problem::in_file(file, "its first section is not `## Unreleased`"));
    }
    for (name, headings) in &releases {
        // An older release may leave out empty sections.
        let expected: Vec<&str> = HEADINGS
            .into_iter()
            .filter(|heading| *name == "Unreleased" || headings.contains(heading))
            .collect();
        if *headings != expected {
            let what = format!("`{name}` has the headings {headings:?}; expected {expected:?}");
            problems.push(Problem::in_file(file, what));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{changelog, commands, links, paths};
    use crate::tidy::tests::check;

    #[test]
    fn a_path_that_is_gone_is_found() {
        let with = |text| [("ARCHITECTURE.md", text), ("sim/src/space/point.rs", "")];
        check(paths, &with("`sim/src/space/point.rs`, `sim/src`, `point.rs`, `sim`"), &[]);
        check(
            paths,
            &with("`/play`, `cargo run`, `handle_*/poll_*`, `a / b`, `sim/<name>.rs`"),
            &[],
        );
        check(paths, &with("```\nsee `sim/old.rs`\n```"), &[]);
        check(
            paths,
            &with("a\n`sim/src/angle.rs` and `world.rs`"),
            &[
                "ARCHITECTURE.md:2: `sim/src/angle.rs` does not exist",
                "ARCHITECTURE.md:2: `world.rs` does not exist",
            ],
        );
        check(paths, &with("`net/`"), &["ARCHITECTURE.md:1: `net/` does not exist"]);
        check(paths, &[("docs/operations.md", "`journals/today`")], &[]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let with = |text| [("docs/a.md", text), ("docs/b.md", ""), ("README.md", "")];
        check(
            links,
            &with("[b](b.md#x) [r](../README.md) [d](../docs) [w](https://x.y/z) [h](#h)"),
            &[],
        );
        check(links, &with("[c](c.md)"), &["docs/a.md:1: the link to `c.md` leads nowhere"]);
        check(
            links,
            &with("[r](README.md)"),
            &["docs/a.md:1: the link to `README.md` leads nowhere"],
        );
    }

    #[test]
    fn a_command_that_is_gone_is_found() {
        check(
            commands,
            &[("README.md", "Run `cargo xtask test`, or cargo xtask build-client.")],
            &[],
        );
        check(commands, &[("README.md", "`cargo xtask <command>`")], &[]);
        check(
            commands,
            &[("README.md", "\n`cargo xtask check`")],
            &["README.md:2: there is no `cargo xtask check`"],
        );
        check(
            commands,
            &[(".ci/run", "cargo xtask ci")],
            &[".ci/run:1: there is no `cargo xtask ci`"],
        );
    }

    #[test]
    fn the_changelog_keeps_its_form() {
        let page =
            |text: &str, expect: &[&str]| check(changelog, &[("CHANGELOG.md", text)], expect);
        let good =
            "# C\n## Unreleased\n### Safety and performance\n- a\n### Features\n### Internals\n";
        page(good, &[]);
        page(&format!("{good}## 0.1.0\n### Features\n"), &[]);
        let bad = |name: &str, found: &str, expected: &str| {
            format!("CHANGELOG.md: `{name}` has the headings [{found}]; expected [{expected}]")
        };
        let all = "\"Safety and performance\", \"Features\", \"Internals\"";
        page("## Unreleased\n### Features\n", &[&bad("Unreleased", "\"Features\"", all)]);
        page(&format!("{good}## 0.1.0\n### Fixes\n"), &[&bad("0.1.0", "\"Fixes\"", "")]);
        page("## 0.1.0\n", &["CHANGELOG.md: its first section is not `## Unreleased`"]);
        check(changelog, &[], &["CHANGELOG.md: is missing"]);
    }
}
