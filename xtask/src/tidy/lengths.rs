//! Checks lengths: a file is one noun, a function fits a screen, and the repository stays quick to
//! clone. Clippy counts the lines of Rust functions.

use super::{Problem, Tree};

/// Beyond this a file must give a reason in its header why it is one noun all the same.
const FILE_LINES: usize = 600;
/// Beyond this no reason counts.
const FILE_LINES_MAX: usize = 1000;
/// The text that begins the reason in the header of a long file.
const REASON: &str = "Over 600 lines because ";
/// As in clippy.toml.
const FUNCTION_LINES_MAX: usize = 70;
const BLOB_BYTES_MAX: usize = 512 * 1024;

pub(super) fn files(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in tree.written(&[".rs", ".ts", ".mjs", ".css"]) {
        let lines = text.lines().count();
        let header = text.lines().take_while(|line| is_comment(line));
        let reason = header.into_iter().any(|line| line.contains(REASON));
        if lines > FILE_LINES_MAX {
            problems.push(Problem::in_file(
                file,
                format!("{lines} lines; split it, {FILE_LINES_MAX} is the end"),
            ));
        } else if lines > FILE_LINES && !reason {
            let what = format!("{lines} lines; split it, or say in its header: `{REASON}…`");
            problems.push(Problem::in_file(file, what));
        }
    }
    problems
}

fn is_comment(line: &str) -> bool {
    ["//", "/*", " *", "*"].iter().any(|mark| line.starts_with(mark))
}

/// A function ends at the first `}` that is indented like the line that opened it.
pub(super) fn typescript_functions(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in
        tree.written(&[".ts"]).filter(|(file, _)| file.path.starts_with("client/src/"))
    {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| opens_function(line)) {
            let below = &lines[index + 1..];
            let ends =
                |other: &&str| other.trim_start().starts_with('}') && indent(other) == indent(line);
            let length = below.iter().position(ends).unwrap_or(below.len());
            if length > FUNCTION_LINES_MAX {
                let what =
                    format!("a function of {length} lines; {FUNCTION_LINES_MAX} fit a screen");
                problems.push(Problem::at(file, index, what));
            }
        }
    }
    problems
}

/// Returns whether a body of a function, method or arrow begins at the end of the line. Blocks do
/// not count.
fn opens_function(line: &str) -> bool {
    let first = line.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    let block =
        ["if", "for", "while", "switch", "catch", "else", "do", "try", "with", ""].contains(&first);
    let line = line.trim_end();
    let arrow = line.ends_with("=> {");
    arrow || (line.ends_with('{') && line.contains('(') && line.contains(')') && !block)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

pub(super) fn blobs(tree: &Tree) -> Vec<Problem> {
    let large = tree.files.iter().filter(|file| file.bytes.len() > BLOB_BYTES_MAX);
    let what =
        |size| format!("{size} bytes; every clone pays for more than {BLOB_BYTES_MAX}, for ever");
    large.map(|file| Problem::in_file(file, what(file.bytes.len()))).collect()
}

#[cfg(test)]
mod tests {
    use super::{blobs, files, opens_function, typescript_functions};
    use crate::tidy::tests::check;

    #[test]
    fn a_long_file_needs_a_reason_and_a_longer_one_goes() {
        let of = |lines: usize, header: &str| format!("{header}\n{}", "x\n".repeat(lines - 1));
        let because = "//! Over 600 lines because it is one table.";
        check(files, &[("a.rs", &of(600, "//! A."))], &[]);
        check(files, &[("a.rs", &of(601, because))], &[]);
        check(files, &[("fuzz/corpus/a.rs", &of(2000, ""))], &[]);
        let long = "601 lines; split it, or say in its header: `Over 600 lines because …`";
        check(files, &[("a.ts", &of(601, "// A."))], &[&format!("a.ts: {long}")]);
        check(
            files,
            &[("a.rs", &of(601, "\n//! Over 600 lines because too late."))],
            &[&format!("a.rs: 602{}", &long[3..])],
        );
        check(
            files,
            &[("a.rs", &of(1001, because))],
            &["a.rs: 1001 lines; split it, 1000 is the end"],
        );
    }

    #[test]
    fn a_long_typescript_function_is_found_at_its_first_line() {
        let text =
            |head: &str, lines| format!("// A.\n  {head}\n{}  }}\n", "    x();\n".repeat(lines));
        for head in ["function f(a: T): U {", "private async f() {", "const f = (a) => {"] {
            check(typescript_functions, &[("client/src/a.ts", &text(head, 70))], &[]);
            let problem = "client/src/a.ts:2: a function of 71 lines; 70 fit a screen";
            check(typescript_functions, &[("client/src/a.ts", &text(head, 71))], &[problem]);
        }
        for head in
            ["if (a) {", "} else if (b) {", "class A {", "for (const a of b()) {", "const a = {"]
        {
            assert!(!opens_function(head), "{head}");
        }
    }

    #[test]
    fn a_large_file_is_found_wherever_it_is() {
        check(blobs, &[("a.png", &"x".repeat(512 * 1024))], &[]);
        let problem = "a.png: 524289 bytes; every clone pays for more than 524288, for ever";
        check(blobs, &[("a.png", &"x".repeat(512 * 1024 + 1))], &[problem]);
    }
}
