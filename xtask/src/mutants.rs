//! Mutants: the code of a crate with one small fault at a time, by cargo-mutants. A fault that no
//! test of the crate notices is a survivor. `xtask/mutants/CRATE.txt` lists the accepted survivors,
//! each with its reason, and any other one fails. Lines move, so a survivor is named by its
//! function and its change.

mod ledger;
mod survivors;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};

use self::ledger::{Fate, Ledger};
use self::survivors::{Accepted, record, verdict};
use crate::setup;
use crate::shell::{Shell, capture, line};

/// Crates whose own tests must catch their mutants.
const CRATES: [&str; 3] = ["room", "net", "sim"];

/// Longest duration of one run. The next run continues where it stopped.
const RUN: Duration = Duration::from_secs(3600);

/// Longest duration for each crate in `deep`, whose machines have two hours.
const DEEP_RUN: Duration = Duration::from_secs(2000);

/// Shortest timeout of a test run, after which its mutant counts as one that never ends. The usual
/// timeout is five times the duration without a mutant.
const TIMEOUT_S_MIN: &str = "60";

/// The code to mutate.
#[derive(Debug, PartialEq)]
struct Scope<'a> {
    /// The crate's folder, which is also the end of its package's name.
    krate: &'a str,
    /// `K/N`: part K of N, counted from 0.
    shard: Option<&'a str>,
    file: Option<String>,
}

/// Runs `mutants --crate X [--shard K/N] [--file PATH] [--fresh]`.
pub(crate) fn run(shell: &Shell, args: &[&str]) -> Result<()> {
    let (scope, fresh) = parse(args)?;
    let folder = scope.folder(shell);
    if fresh && folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    }
    check(shell, &scope, RUN)
}

/// Tests one file of each crate, another one each week.
pub(crate) fn deep(shell: &Shell) -> Result<()> {
    let week = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / (7 * 24 * 3600);
    let mut failures = Vec::new();
    for krate in CRATES {
        let all = list(shell, &Scope { krate, shard: None, file: None })?;
        let files: BTreeSet<&str> = all.iter().map(|name| file_of(name)).collect();
        let turn = usize::try_from(week)? % files.len().max(1);
        let file = files.into_iter().nth(turn).with_context(|| format!("{krate} has no mutant"))?;
        let scope = Scope { krate, shard: None, file: Some(file.to_owned()) };
        failures.extend(check(shell, &scope, DEEP_RUN).err().map(|error| format!("{error:#}")));
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn parse<'a>(args: &[&'a str]) -> Result<(Scope<'a>, bool)> {
    let usage = || {
        let (got, crates) = (args.join(" "), CRATES.join(", "));
        format!(
            "expected `--crate X [--shard K/N] [--file PATH] [--fresh]`, X of {crates}; got `{got}`"
        )
    };
    let (mut krate, mut shard, mut file, mut fresh) = (None, None, None, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            "--fresh" => fresh = true,
            "--crate" => krate = args.next().copied(),
            "--shard" => shard = Some(*args.next().with_context(usage)?),
            "--file" => file = Some((*args.next().with_context(usage)?).to_owned()),
            _ => bail!(usage()),
        }
    }
    let krate = krate.filter(|krate| CRATES.contains(krate)).with_context(usage)?;
    let is_shard = |shard: &str| {
        let (k, n) = shard.split_once('/')?;
        Some(k.parse::<u32>().ok()? < n.parse::<u32>().ok()?)
    };
    if let Some(shard) = shard {
        let told = || format!("--shard takes K/N with K from 0 to N - 1; got `{shard}`");
        ensure!(is_shard(shard) == Some(true), told());
    }
    Ok((Scope { krate, shard, file }, fresh))
}

impl Scope<'_> {
    /// The folder of its results between two runs.
    fn folder(&self, shell: &Shell) -> PathBuf {
        let part = |part: &str| part.replace('/', "-");
        let shard = self.shard.map(part).unwrap_or_default();
        let file = self.file.as_deref().map(part).unwrap_or_default();
        shell.target.join("mutants").join(format!("{}{shard}{file}", self.krate))
    }

    fn command(&self, shell: &Shell) -> Result<Command> {
        let mut command = shell.program(setup::cargo_mutants(shell)?);
        command.args(["mutants", "--colors=never", "--no-shuffle"]);
        // The bodies of fuzz targets are tests.
        command.args(["--exclude", "*/src/fuzzing.rs"]);
        command.args(["--package", &format!("bolide-{}", self.krate)]);
        if self.krate == "net" {
            // Code that is compiled only with this feature would be missed without it.
            command.args(["--features", "bolide-net/describe"]);
        }
        if let Some(shard) = self.shard {
            command.args(["--shard", shard]);
        }
        if let Some(file) = &self.file {
            command.args(["--file", file]);
        }
        Ok(command)
    }
}

/// Returns the names of all mutants, with their lines.
fn list(shell: &Shell, scope: &Scope<'_>) -> Result<Vec<String>> {
    let names = capture(scope.command(shell)?.arg("--list"))?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// Returns the file of a mutant.
fn file_of(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

/// Tests the mutants for at most the given time, and compares the survivors with the list.
fn check(shell: &Shell, scope: &Scope<'_>, at_most: Duration) -> Result<()> {
    let all = list(shell, scope)?;
    ensure!(!all.is_empty(), "there is no mutant in {scope:?}");
    let folder = scope.folder(shell);
    fs::create_dir_all(&folder)?;
    let mut ledger = Ledger::open(&folder, &all)?;
    if !ledger.is_complete() || ledger.count(Fate::Missed) > 0 {
        test(shell, scope, at_most)?;
        ledger.take()?;
    }
    let tested = ledger.tested();
    ensure!(tested > 0, "no mutant was tested");
    let viable = tested - ledger.count(Fate::Unviable);
    let missed = ledger.count(Fate::Missed);
    let left = all.len() - tested;
    println!("{}: {} of {viable} mutants are caught", scope.krate, viable - missed);
    if left > 0 {
        println!("{left} more are left; the same command goes on with them");
    }
    record(&shell.root, &ledger)?;
    let accepted = Accepted::read(&shell.root, scope.krate)?;
    let whole = list(shell, &Scope { krate: scope.krate, shard: None, file: None })?;
    verdict(&whole, &ledger, &accepted)
}

/// Runs cargo-mutants. Mutants that were caught before are not tested again.
fn test(shell: &Shell, scope: &Scope<'_>, at_most: Duration) -> Result<()> {
    let mut command = scope.command(shell)?;
    command.args(["--iterate", "--jobs=1", "--cargo-arg=--locked", "--output"]);
    command.arg(scope.folder(shell)).args(["--minimum-test-timeout", TIMEOUT_S_MIN]);
    // Few random walks, because a mutant that needs more of them is caught by luck. No debug
    // information, because the backtraces are not read.
    command.env("BOLIDE_SEEDS", "10").env("CARGO_PROFILE_DEV_DEBUG", "0");
    println!("$ {}", line(&command));
    let mut child = command.spawn().context("cargo-mutants could not be started")?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > at_most {
            // It ends the test it has started and keeps its results.
            let pid = child.id().to_string();
            capture(shell.program("kill").args(["-INT", &pid]))?;
            child.wait()?;
            return Ok(());
        }
        thread::sleep(Duration::from_millis(200));
    };
    // 0: all caught; 2: some are missed; 3: some never ended.
    let known = matches!(status.code(), Some(0 | 2 | 3));
    ensure!(known, "cargo-mutants failed: {status}; without a mutant all tests must pass");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Scope, file_of, parse};

    #[test]
    fn a_scope_is_a_crate_of_the_list_a_part_of_it_or_a_file() {
        let (scope, fresh) = parse(&["--crate", "room", "--shard", "0/3"]).expect("right");
        let expect = Scope { krate: "room", shard: Some("0/3"), file: None };
        assert_eq!((scope, fresh), (expect, false));
        let (scope, fresh) =
            parse(&["--file", "sim/src/ids.rs", "--crate", "sim", "--fresh"]).expect("right");
        let file = Some("sim/src/ids.rs".to_owned());
        assert_eq!((scope, fresh), (Scope { krate: "sim", shard: None, file }, true));
        for (args, expect) in [
            (&["--crate", "server"][..], "X of room, net, sim; got `--crate server`"),
            (&[], "expected `--crate X"),
            (&["--crate", "net", "--shard"], "expected `--crate X"),
            (&["--crate", "net", "--shard", "3/3"], "with K from 0 to N - 1; got `3/3`"),
            (&["--crate", "net", "--shards", "1/3"], "expected `--crate X"),
        ] {
            let error = parse(args).expect_err("refused").to_string();
            assert!(error.contains(expect), "{error}");
        }
    }

    #[test]
    fn a_mutant_begins_with_its_file() {
        assert_eq!(file_of("room/src/lib.rs:21:5: replace < with > in a"), "room/src/lib.rs");
    }
}
