//! Checks that the compiler does not make: headers, lengths, words, layers, and the truth of the
//! pages. Each rule is a function from the tree to its problems. None reads a file on its own, so
//! each is tested on a few lines. `cargo test` runs all of them on the repository.

mod ci;
mod comments;
mod docs;
mod folders;
mod game;
mod layers;
mod lengths;
mod locks;
mod machine;
mod names;
mod schema;
mod storage;
mod style;
mod waits;

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::shell::{Shell, capture};

/// Prints every problem, and fails if there is one.
pub(crate) fn run(shell: &Shell) -> Result<()> {
    let tree = Tree::read(shell)?;
    let problems = problems(&tree);
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} problems in {} files", problems.len(), tree.files.len());
    }
    println!("{} files are tidy", tree.files.len());
    Ok(())
}

/// Rewrites what can be computed: the schema hash in docs/protocol.md.
pub(crate) fn fix(shell: &Shell) -> Result<()> {
    let tree = Tree::read(shell)?;
    if let Some(page) = schema::fixed(&tree) {
        fs::write(shell.root.join(schema::PAGE), page)
            .with_context(|| format!("{} cannot be written", schema::PAGE))?;
        println!("{} carries the new schema hash; does its text still hold?", schema::PAGE);
    }
    Ok(())
}

type Rule = fn(&Tree) -> Vec<Problem>;

const RULES: &[Rule] = &[
    style::headers,
    style::banned_words,
    style::trailing_whitespace,
    comments::widths,
    comments::beginnings,
    names::retired,
    names::test_files,
    waits::waits,
    lengths::files,
    lengths::typescript_functions,
    lengths::blobs,
    layers::sources,
    layers::manifests,
    layers::borders,
    layers::awaiting,
    layers::runtimes,
    layers::parts,
    folders::order,
    game::names,
    layers::reserved,
    storage::sockets,
    storage::sql,
    storage::names,
    docs::paths,
    docs::links,
    docs::commands,
    docs::changelog,
    schema::hash,
    ci::matrix,
    locks::cargo,
    locks::kept,
    ci::pins,
    ci::python,
];

fn problems(tree: &Tree) -> Vec<Problem> {
    let mut problems: Vec<Problem> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    problems.extend(machine::paths(tree));
    problems
}

/// The files that git tracks or would track.
struct Tree {
    files: Vec<File>,
    /// Absolute folders of this machine that no file may name.
    machine: Vec<String>,
}

impl Tree {
    fn read(shell: &Shell) -> Result<Tree> {
        let mut list = shell.program("git");
        list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let names = capture(&mut list)?;
        let mut files = Vec::new();
        for path in names.split_terminator('\0') {
            let full = shell.root.join(path);
            // A file deleted but not yet committed is still listed. Symbolic links are skipped.
            if fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_file()) {
                let bytes = fs::read(&full).with_context(|| format!("{path} cannot be read"))?;
                files.push(File { path: path.to_owned(), bytes });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(Tree { files, machine: machine::folders(&shell.root) })
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text()
    }

    /// Returns whether a path names a file or a folder. A name alone may be in any folder.
    fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let bare = !path.contains('/');
        self.files.iter().any(|file| {
            let below = file
                .path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            below || (bare && file.name() == path)
        })
    }

    /// Returns the files that a person wrote, with one of these endings and readable as text.
    fn written<'a>(&'a self, endings: &'a [&str]) -> impl Iterator<Item = (&'a File, &'a str)> {
        let ours = self.files.iter().filter(|file| !file.is_generated());
        ours.filter(|file| endings.iter().any(|ending| file.path.ends_with(ending)))
            .filter_map(|file| Some((file, file.text()?)))
    }
}

struct File {
    /// Relative to the root, with `/`.
    path: String,
    bytes: Vec<u8>,
}

impl File {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The text, or `None` if the file is binary.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok().filter(|text| !text.contains('\0'))
    }

    /// Returns whether a file is made by a program, or input for one. Such files are not read line
    /// by line.
    fn is_generated(&self) -> bool {
        let generated = ["dist", "generated", "golden", "corpus", "snapshots"];
        let (folders, _) = self.path.rsplit_once('/').unwrap_or_default();
        let locks = [".lock", "-lock.json"].iter().any(|ending| self.path.ends_with(ending));
        locks || folders.split('/').any(|folder| generated.contains(&folder))
    }
}

/// Returns the parts of a line of code that are neither comment nor text. A quotation mark within a
/// text moves the border, no more.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split("//").next().unwrap_or_default().split('"').step_by(2)
}

/// A problem: its place, and a text that says what is wrong and what would be right.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    path: String,
    /// Counted from 1; 0 for the whole file.
    line: usize,
    what: String,
}

impl Problem {
    fn in_file(file: &File, what: impl Into<String>) -> Problem {
        Problem { path: file.path.clone(), line: 0, what: what.into() }
    }

    /// `index` counts lines from 0.
    fn at(file: &File, index: usize, what: impl Into<String>) -> Problem {
        Problem { path: file.path.clone(), line: index + 1, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Problem, Tree, problems};
    use crate::shell::Shell;

    /// A tree of these files.
    pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        Tree { files: files.iter().map(file).collect(), machine: Vec::new() }
    }

    /// Compares the problems that the rule finds in these files, one line each.
    pub(super) fn check(rule: fn(&Tree) -> Vec<Problem>, files: &[(&str, &str)], expect: &[&str]) {
        let found: Vec<String> = rule(&tree(files)).iter().map(Problem::to_string).collect();
        assert_eq!(found, expect, "{files:?}");
    }

    #[test]
    fn the_repository_is_tidy() {
        let tree = Tree::read(&Shell::new().expect("a shell")).expect("git lists the files");
        assert!(tree.files.len() > 20, "only {} files", tree.files.len());
        let found: Vec<String> = problems(&tree).iter().map(Problem::to_string).collect();
        assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    }

    #[test]
    fn a_path_is_a_file_a_folder_or_a_name() {
        let tree = tree(&[("sim/src/space/point.rs", ""), ("README.md", "")]);
        for (path, expect) in [
            ("sim/src/space/point.rs", true),
            ("sim/src", true),
            ("sim/", true),
            ("point.rs", true),
            ("README.md", true),
            ("sim/sr", false),
            ("src/point.rs", false),
            ("angle.rs", false),
        ] {
            assert_eq!(tree.has(path), expect, "{path}");
        }
    }
}
