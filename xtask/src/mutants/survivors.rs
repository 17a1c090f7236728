//! The accepted survivors, and how many mutants of each file are caught. Both are committed, and
//! contain no line numbers.
//!
//! ```text
//! # what stands behind a # is for people
//! room/src/roster/idle.rs: replace < with <= in Room::free_idle_seats
//!     the reason, on one line or more, each indented
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::file_of;
use super::ledger::{Fate, Ledger};

/// The folder of the lists and the counts.
const FOLDER: &str = "xtask/mutants";

/// The accepted survivors of a crate. One that is listed twice may survive at two places of its
/// function.
#[derive(Debug)]
pub(super) struct Accepted(Vec<String>);

impl Accepted {
    pub(super) fn read(root: &Path, krate: &str) -> Result<Accepted> {
        let path = root.join(FOLDER).join(format!("{krate}.txt"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Accepted::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Accepted> {
        let mut names: Vec<String> = Vec::new();
        let mut has_reason = true;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with(' ') {
                ensure!(!names.is_empty(), "a reason stands below a survivor");
                has_reason = true;
                continue;
            }
            ensure!(has_reason, "`{}` has no reason", names.last().map_or("", String::as_str));
            names.push(line.to_owned());
            has_reason = false;
        }
        ensure!(has_reason, "`{}` has no reason", names.last().map_or("", String::as_str));
        Ok(Accepted(names))
    }
}

/// Returns a mutant without its line and column. A name from the list has none, and is unchanged.
fn lasting(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(4, ':').collect();
    match parts[..] {
        [file, line, _, change] if line.parse::<u32>().is_ok() => format!("{file}:{change}"),
        _ => name.to_owned(),
    }
}

/// Compares the survivors with the list. `whole` are all mutants of the crate.
///
/// # Errors
/// A mutant survives that is not listed.
pub(super) fn verdict(whole: &[String], ledger: &Ledger, accepted: &Accepted) -> Result<()> {
    let count = |names: &mut dyn Iterator<Item = &str>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        names.for_each(|name| *counts.entry(lasting(name)).or_default() += 1);
        counts
    };
    let of = |fate| ledger.fates().filter(move |(_, it)| *it == fate).map(|(name, _)| name);
    let all = count(&mut whole.iter().map(String::as_str));
    let missed = count(&mut of(Fate::Missed));
    let caught = count(&mut of(Fate::Caught));
    let listed = count(&mut accepted.0.iter().map(String::as_str));
    let at =
        |counts: &BTreeMap<String, usize>, name: &String| counts.get(name).copied().unwrap_or(0);
    for (name, times) in &listed {
        match at(&all, name) {
            0 => println!("no mutant any more, take it off the list: {name}"),
            all if all - at(&caught, name) < *times => {
                println!("caught now, take it off the list: {name}");
            }
            _ => {}
        }
    }
    let unlisted: Vec<String> = missed
        .iter()
        .filter(|(name, times)| **times > at(&listed, name))
        .map(|(name, times)| match times - at(&listed, name) {
            1 => format!("  {name}"),
            more => format!("  {name}, at {more} places"),
        })
        .collect();
    if unlisted.is_empty() {
        return Ok(());
    }
    bail!(
        "no test catches these; write one, or list them with a reason in {FOLDER}:\n{}",
        unlisted.join("\n")
    )
}

/// Rewrites the counts of the files whose mutants have all been tested.
pub(super) fn record(root: &Path, ledger: &Ledger) -> Result<()> {
    let path = root.join(FOLDER).join("caught.txt");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    fs::write(&path, recorded(&text, ledger)).with_context(|| path.display().to_string())
}

fn recorded(text: &str, ledger: &Ledger) -> String {
    let (head, rows): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#') || line.is_empty());
    let mut rows: BTreeMap<&str, String> =
        rows.iter().map(|row| (row.split(' ').next().unwrap_or(row), (*row).to_owned())).collect();
    let mut files: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for name in ledger.all() {
        files.entry(file_of(name)).or_default()[0] += 1;
    }
    for (name, fate) in ledger.fates() {
        let [_, tested, caught] = files.entry(file_of(name)).or_default();
        *tested += 1;
        *caught += usize::from(fate == Fate::Caught);
    }
    let unviable = |file: &str| {
        ledger
            .fates()
            .filter(|(name, fate)| file_of(name) == file && *fate == Fate::Unviable)
            .count()
    };
    for (file, [all, tested, caught]) in files {
        if all == tested {
            let viable = all - unviable(file);
            rows.insert(file, format!("{file:32} {caught:4} of {viable:4}"));
        }
    }
    let lines = head.into_iter().map(str::to_owned).chain(rows.into_values());
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::ledger;
    use super::{Accepted, Fate, lasting, recorded, verdict};

    #[test]
    fn a_survivor_is_named_by_function_and_change() {
        for (name, expect) in [
            ("a/src/b.rs:7:9: replace < with <= in A::b", "a/src/b.rs: replace < with <= in A::b"),
            ("a/src/b.rs: delete ! in A::b", "a/src/b.rs: delete ! in A::b"),
            ("a/src/b.rs:7:9: replace A::b -> u8 with 0", "a/src/b.rs: replace A::b -> u8 with 0"),
        ] {
            assert_eq!(lasting(name), expect);
        }
    }

    #[test]
    fn only_a_survivor_that_is_not_listed_fails() {
        let mutants = [
            ("a:1:1: x", Fate::Missed),
            ("a:2:1: x", Fate::Missed),
            ("a:3:1: y", Fate::Caught),
            ("a:4:1: z", Fate::Unviable),
        ];
        let whole = mutants.map(|(name, _)| name.to_owned());
        let check = |list: &str| {
            verdict(&whole, &ledger(&mutants), &Accepted::parse(list).expect("a list"))
        };
        let error = check("").expect_err("refused").to_string();
        assert!(error.ends_with("  a: x, at 2 places"), "{error}");
        let error = check("a: x\n    equal\n").expect_err("refused").to_string();
        assert!(error.ends_with("  a: x"), "{error}");
        check("# two\na: x\n    equal\n\na: x\n    equal\n    there, too\n").expect("listed");
        check("a: x\n  1\na: x\n  2\na: y\n  it dies now, which is told\n").expect("listed");
    }

    #[test]
    fn an_accepted_survivor_has_a_reason() {
        for list in ["a: x\n", "a: x\nb: y\n    equal\n", "    equal\n"] {
            let error = Accepted::parse(list).expect_err("refused").to_string();
            assert!(error.contains("reason"), "{error}");
        }
    }

    #[test]
    fn the_counts_of_whole_files_are_rewritten_and_the_others_stay() {
        let text = "# head\n\nb.rs 7 of 9\na.rs 1 of 2\n";
        let mutants = [
            ("a.rs:1:1: x", Fate::Missed),
            ("a.rs:2:1: x", Fate::Caught),
            ("a.rs:3:1: y", Fate::Caught),
            ("a.rs:4:1: z", Fate::Unviable),
        ];
        let expect = format!("# head\n\n{:32} {:4} of {:4}\nb.rs 7 of 9\n", "a.rs", 2, 3);
        assert_eq!(recorded(text, &ledger(&mutants)), expect);
    }
}
