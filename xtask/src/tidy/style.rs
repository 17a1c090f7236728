//! Checks that every file has a header and no temporary code, and that its lines end properly.

use super::{Problem, Tree};

/// Every file has a header. It says what the file is and what it must not do.
pub(super) fn headers(tree: &Tree) -> Vec<Problem> {
    let rust = tree.written(&[".rs"]).filter(|(_, text)| !text.starts_with("//!"));
    let rust = rust.map(|(file, _)| {
        Problem::in_file(file, "opens without `//!`: what it is, what it must not do")
    });
    let script = tree.written(&[".ts"]).filter(|(file, text)| {
        file.path.starts_with("client/src/") && !text.starts_with("//") && !text.starts_with("/*")
    });
    let script = script
        .map(|(file, _)| Problem::in_file(file, "opens without a comment that says what it is"));
    rust.chain(script).collect()
}

/// Left-overs, and tests that do not run. They are written in two parts, because otherwise this
/// file would contain them.
const BANNED: [(&[&str], &str, &str); 10] = [
    (RUST, concat!("dbg", "!("), "a left-over of a search for a bug"),
    (RUST, concat!("todo", "!("), "a stub called done is a defect"),
    (RUST, concat!("unimplemented", "!("), "a stub called done is a defect"),
    (RUST, concat!("#[", "ignore"), "a test runs or it goes"),
    (RUST, concat!("```", "ignore"), "an example compiles or it goes"),
    (SCRIPT, concat!(".on", "ly("), "it turns off all other tests"),
    (SCRIPT, concat!(".sk", "ip("), "a test runs or it goes"),
    (SCRIPT, concat!(".to", "do("), "a test runs or it goes"),
    (SCRIPT, concat!("skip:", " true"), "a test runs or it goes"),
    (SCRIPT, concat!("console.", "debug("), "a left-over of a search for a bug"),
];
const RUST: &[&str] = &[".rs"];
const SCRIPT: &[&str] = &[".ts", ".mjs", ".js"];

pub(super) fn banned_words(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (endings, word, why) in BANNED {
        for (file, text) in tree.written(endings) {
            let lines = text.lines().enumerate().filter(|(_, line)| line.contains(word));
            problems.extend(
                lines.map(|(index, _)| Problem::at(file, index, format!("`{word}`: {why}"))),
            );
        }
    }
    problems
}

pub(super) fn trailing_whitespace(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[""]) {
        let lines =
            text.split('\n').enumerate().filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
        problems.extend(
            lines.map(|(index, _)| Problem::at(file, index, "blanks at the end of the line")),
        );
        if !text.is_empty() && !text.ends_with('\n') {
            problems.push(Problem::in_file(file, "the last line has no end"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{BANNED, banned_words, headers, trailing_whitespace};
    use crate::tidy::tests::check;

    #[test]
    fn a_file_opens_with_what_it_is() {
        check(
            headers,
            &[("a.rs", "//! A.\n"), ("client/src/a.ts", "// A.\n"), ("build.ts", "x")],
            &[],
        );
        check(
            headers,
            &[("a.rs", "use b;\n")],
            &["a.rs: opens without `//!`: what it is, what it must not do"],
        );
        check(
            headers,
            &[("a.rs", "// A.\n")],
            &["a.rs: opens without `//!`: what it is, what it must not do"],
        );
        let bare = [("client/src/a.ts", "export {};\n")];
        check(headers, &bare, &["client/src/a.ts: opens without a comment that says what it is"]);
    }

    #[test]
    fn every_banned_word_is_found() {
        for (endings, word, why) in BANNED {
            let (path, text) = (format!("tests/a{}", endings[0]), format!("//! A.\n  {word}x"));
            check(banned_words, &[(&path, &text)], &[&format!("{path}:2: `{word}`: {why}")]);
        }
        check(banned_words, &[("a.rs", "args.skip(1)"), ("client/dist/app.js", BANNED[6].1)], &[]);
    }

    #[test]
    fn lines_end_where_they_end() {
        check(trailing_whitespace, &[("a.md", "a\n\nb\n"), ("net/tests/golden/a.json", "a ")], &[]);
        check(
            trailing_whitespace,
            &[("a.md", "a \nb\t\n")],
            &["a.md:1: blanks at the end of the line", "a.md:2: blanks at the end of the line"],
        );
        check(trailing_whitespace, &[("run", "a\r\n")], &["run:1: blanks at the end of the line"]);
        check(trailing_whitespace, &[("a.md", "a")], &["a.md: the last line has no end"]);
    }
}
