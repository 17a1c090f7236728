//! Checks the form of comments: their width, and the first word of a doc comment.

use super::{Problem, Tree};

/// As `max_width` of rustfmt, which leaves comments as they are.
const COLUMNS_MAX: usize = 100;

/// First words of a clause. A doc comment begins with the noun or verb that says what its item is.
const CLAUSES: [&str; 9] =
    ["How", "What", "Whatever", "Where", "Whether", "Who", "Whoever", "Whose", "Why"];

/// No comment is wider than code may be. A word that is longer, such as an address, may stand on a
/// line of its own.
pub(super) fn widths(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs", ".ts", ".mjs"]) {
        for (index, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            let words = line.split_whitespace().filter(|word| !is_mark(word)).count();
            if columns > COLUMNS_MAX && is_comment(line) && words > 1 {
                let what = format!("a comment of {columns} columns; {COLUMNS_MAX} are allowed");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line == "*/" || ["//", "/*", "* "].iter().any(|mark| line.starts_with(mark))
}

fn is_mark(word: &str) -> bool {
    ["//", "///", "//!", "/*", "/**", "*", "*/"].contains(&word)
}

/// The summary of an item or a file begins with a noun or a verb.
pub(super) fn beginnings(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs", ".ts", ".mjs"]) {
        let mut above = None;
        for (index, line) in text.lines().enumerate() {
            let header = line.strip_prefix("// ").filter(|_| index == 0);
            let doc = header.or_else(|| doc_text(line));
            let begins = above.is_none_or(str::is_empty);
            let first = doc.and_then(|doc| doc.split([' ', ',']).next()).unwrap_or_default();
            if begins && CLAUSES.contains(&first) {
                let what = format!("`{first}` begins a doc comment; begin with a noun or a verb");
                problems.push(Problem::at(file, index, what));
            }
            above = doc;
        }
    }
    problems
}

/// Returns the text of a line of a doc comment; in a script, of its first line.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = ["///", "//!", "/**"].iter().find_map(|mark| line.strip_prefix(mark))?;
    Some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::{beginnings, widths};
    use crate::tidy::tests::check;

    #[test]
    fn a_comment_that_is_wider_than_code_is_found() {
        let text = |mark: &str, columns: usize| {
            let words = "ä ".repeat(columns).chars().take(columns - 5).collect::<String>();
            format!("{mark:<4}{}.\n", words.trim_end())
        };
        for (path, mark) in
            [("a.rs", "///"), ("a.rs", "//"), ("a.ts", "/**"), ("a.ts", "  *"), ("a.mjs", "//")]
        {
            check(widths, &[(path, &text(mark, 100))], &[]);
            let found = format!("{path}:1: a comment of 102 columns; 100 are allowed");
            check(widths, &[(path, &text(mark, 102))], &[&found]);
        }
        let code = format!("let a = \"{}\";\n", "b c".repeat(50));
        let address = format!("// <https://{}>\n", "b".repeat(100));
        check(widths, &[("a.rs", &code), ("b.rs", &address), ("a.md", &text("//", 120))], &[]);
    }

    #[test]
    fn a_doc_comment_that_begins_with_a_clause_is_found() {
        let found = |line: usize, word: &str| {
            format!("a.rs:{line}: `{word}` begins a doc comment; begin with a noun or a verb")
        };
        let check = |text: &str, expect: &[&str]| check(beginnings, &[("a.rs", text)], expect);
        check("//! What it is.\n", &[&found(1, "What")]);
        check("//! A.\n\n    /// Whether it is so.\n", &[&found(3, "Whether")]);
        check("/// A.\n///\n/// Who asks gets it.\n", &[&found(3, "Who")]);
        check("/// A. It says\n/// How it is.\n// What for.\nlet a; // Why.\n", &[]);
        check("/// Whatsoever.\n/// Returns what it is.\n", &[]);
        check("// What it is.\n", &[&found(1, "What")]);
        check("// A.\n\n/** Where it is. */\n", &[&found(3, "Where")]);
    }
}
