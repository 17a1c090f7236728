//! Fuzzing with plain cargo on the stable toolchain: no nightly, no cargo-fuzz. The flags below are
//! those that cargo-fuzz would pass. With them libFuzzer sees the branches that an input takes.
//! Without them it still runs, finds nothing and looks healthy, so the coverage it reports is
//! checked.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use crate::shell::{Shell, capture, logged, run};

/// Builds the targets and runs every file of their corpora once.
pub(crate) fn replay(shell: &Shell) -> Result<()> {
    for target in build(shell, None)? {
        let seeds = target.seeds(shell)?;
        let mut command = shell.program(&target.program);
        command.arg("-runs=0").args(LIMITS).arg(target.artifact_prefix(shell)?).arg(&seeds);
        let log = target.run(shell, &mut command)?;
        let files = fs::read_dir(&seeds)?.count();
        let covered =
            replayed(&log, files).with_context(|| format!("fuzz target `{}`", target.name))?;
        println!("{:16} {files:6} seeds replayed {covered:10} branches", target.name);
    }
    Ok(())
}

/// Searches for inputs that break a target. The given time is shared equally by all targets. Inputs
/// that libFuzzer learns stay in the target folder, and only seeds that a person chose are in git.
pub(crate) fn search(shell: &Shell, seconds: u32, only: Option<&str>) -> Result<()> {
    let targets = build(shell, only)?;
    let share = share(seconds, targets.len());
    println!("{} targets, {share} s each; logs in target/fuzz/logs", targets.len());
    for target in targets {
        let learned = shell.target.join("fuzz/corpus").join(&target.name);
        fs::create_dir_all(&learned)?;
        let mut command = shell.program(&target.program);
        command.arg(format!("-max_total_time={share}")).args(LIMITS).arg("-print_final_stats=1");
        command.arg(dictionary(shell)?);
        command.arg(target.artifact_prefix(shell)?).arg(learned).arg(target.seeds(shell)?);
        let log = target.run(shell, &mut command)?;
        println!("{:16} {}", target.name, summary(&log).with_context(|| target.name.clone())?);
    }
    Ok(())
}

/// Replays the corpora, then searches for a short time: long enough for what is easily found.
pub(crate) fn smoke(shell: &Shell) -> Result<()> {
    replay(shell)?;
    search(shell, SMOKE_SECONDS, None)
}

/// Searches for an hour, which is longer than a pull request should wait.
pub(crate) fn deep(shell: &Shell) -> Result<()> {
    search(shell, DEEP_SECONDS, None)
}

/// Seconds for all targets together, so that a new target makes no run longer.
const SMOKE_SECONDS: u32 = 120;
const DEEP_SECONDS: u32 = 3600;

/// Returns the seconds for each target. At least one, because 0 means no end to libFuzzer.
fn share(seconds: u32, targets: usize) -> u32 {
    (seconds / u32::try_from(targets).unwrap_or(u32::MAX).max(1)).max(1)
}

/// Writes the words of both formats to one file, because libFuzzer takes only one.
fn dictionary(shell: &Shell) -> Result<String> {
    let mut words = String::new();
    for format in ["json", "msgpack"] {
        let path = format!("fuzz/dictionaries/{format}.dict");
        words += &fs::read_to_string(shell.root.join(&path))
            .with_context(|| format!("{path} cannot be read"))?;
    }
    let all = shell.target.join("fuzz/all.dict");
    fs::write(&all, words).with_context(|| format!("{} cannot be written", all.display()))?;
    Ok(format!("-dict={}", all.display()))
}

struct Target {
    name: String,
    program: PathBuf,
}

impl Target {
    fn seeds(&self, shell: &Shell) -> Result<PathBuf> {
        let seeds = shell.root.join("fuzz/corpus").join(&self.name);
        ensure!(seeds.is_dir(), "fuzz/corpus/{} is missing; a target needs some seeds", self.name);
        Ok(seeds)
    }

    fn artifact_prefix(&self, shell: &Shell) -> Result<String> {
        let folder = shell.root.join("fuzz/artifacts").join(&self.name);
        fs::create_dir_all(&folder)?;
        Ok(format!("-artifact_prefix={}/", folder.display()))
    }

    /// Runs the target. Its log is in a file of its own, whose end is shown only when something was
    /// found.
    fn run(&self, shell: &Shell, command: &mut Command) -> Result<String> {
        let folder = shell.target.join("fuzz/logs");
        fs::create_dir_all(&folder)?;
        let log = folder.join(format!("{}.log", self.name));
        logged(command, &log).with_context(|| self.how_to_keep())
    }

    fn how_to_keep(&self) -> String {
        format!(
            "fuzz target `{0}` found an input that breaks it, in fuzz/artifacts/{0}; copy it to \
             fuzz/corpus/{0} under a name that says what it shows, then run `cargo xtask test --only fuzz`",
            self.name
        )
    }
}

/// A frame is at most 16 KiB, after the byte that selects the format. No frame takes long.
const LIMITS: [&str; 3] = ["-max_len=16400", "-timeout=5", "-rss_limit_mb=512"];

/// Instruments all crates for coverage. Arithmetic that wraps or a broken assertion counts as a
/// find.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Coverflow-checks";

/// Builds all targets, or only the given one. They have their own target folder, because their
/// flags differ from those of all other builds.
fn build(shell: &Shell, only: Option<&str>) -> Result<Vec<Target>> {
    let names = names(shell)?;
    if let Some(only) = only.filter(|only| names.iter().all(|name| name != only)) {
        return Err(anyhow!(
            "there is no fuzz target `{only}`; the targets are {}",
            names.join(", ")
        ));
    }
    let folder = shell.target.join("fuzz");
    let host = host(shell)?;
    let mut command = shell.cargo("build --locked --release -p bolide-fuzz --bins");
    command
        // Naming the target keeps the flags away from build scripts and proc macros, which cannot
        // have them.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    run(&mut command)?;
    let program = |name: &String| folder.join(&host).join("release").join(name);
    let chosen = names.iter().filter(|name| only.is_none_or(|only| only == *name));
    Ok(chosen.map(|name| Target { name: name.clone(), program: program(name) }).collect())
}

/// Returns the names of all targets: every file in fuzz/fuzz_targets is one.
fn names(shell: &Shell) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(shell.root.join("fuzz/fuzz_targets")).context("fuzz/fuzz_targets")? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    ensure!(!names.is_empty(), "fuzz/fuzz_targets is empty");
    names.sort();
    Ok(names)
}

fn host(shell: &Shell) -> Result<String> {
    let version = capture(shell.program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

/// Far below the coverage of even an empty codec, far above that of an uninstrumented one (0).
const COVERAGE_MIN: u32 = 50;

/// Returns the branches that libFuzzer saw, or an error if there are too few.
fn coverage(output: &str) -> Result<u32> {
    let reported = output.lines().rev().find_map(|line| number_after(line, "cov: "));
    let covered = reported.unwrap_or(0);
    ensure!(
        covered >= COVERAGE_MIN,
        "libFuzzer saw {covered} branches; the build is not instrumented"
    );
    Ok(covered)
}

/// Summarizes a search in one line. Fails if libFuzzer saw no branches.
fn summary(log: &str) -> Result<String> {
    let stat = |name: &str| {
        let found = log.lines().find_map(|line| number_after(line, &format!("stat::{name}:")));
        found.with_context(|| format!("libFuzzer told no `{name}`"))
    };
    let (runs, new) = (stat("number_of_executed_units")?, stat("new_units_added")?);
    Ok(format!("{runs:12} runs {:8} branches {new:6} new inputs", coverage(log)?))
}

/// Returns the branches that the files covered. Fails if not all files were run.
fn replayed(log: &str, files: usize) -> Result<u32> {
    let seen = log.lines().find_map(|line| number_after(line, "seed corpus: files: ")).unwrap_or(0);
    ensure!(files > 0 && seen as usize == files, "{files} seeds are there, {seen} were replayed");
    coverage(log)
}

fn number_after(line: &str, mark: &str) -> Option<u32> {
    let (_, rest) = line.split_once(mark)?;
    rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{coverage, replayed, share, summary};

    const GOOD: &str = "INFO: seed corpus: files: 24 min: 2b max: 90b total: 800b rss: 30Mb\n\
                        #25\tINITED cov: 812 ft: 1400 corp: 20/700b exec/s: 0 rss: 31Mb\n\
                        #25\tDONE   cov: 812 ft: 1400 corp: 20/700b lim: 90 exec/s: 0 rss: 31Mb\n";

    #[test]
    fn a_replay_counts_only_with_all_seeds_and_with_coverage() {
        replayed(GOOD, 24).expect("all seen");
        assert_eq!(coverage(GOOD).expect("instrumented"), 812);
        let error = |output: &str, files| replayed(output, files).expect_err("refused").to_string();
        assert_eq!(error(GOOD, 25), "25 seeds are there, 24 were replayed");
        assert_eq!(error("", 0), "0 seeds are there, 0 were replayed");
        assert!(error(&GOOD.replace("812", "0"), 24).contains("not instrumented"));
        assert!(error("INFO: seed corpus: files: 24 min: 1b", 24).contains("not instrumented"));
    }

    #[test]
    fn a_search_is_told_in_one_line() {
        let stats = "stat::number_of_executed_units: 90210\nstat::average_exec_per_sec:     4510\n\
                     stat::new_units_added:          37\n";
        let line = summary(&format!("{GOOD}{stats}")).expect("instrumented");
        assert_eq!(line, "       90210 runs      812 branches     37 new inputs");
        assert!(summary(GOOD).is_err(), "it did not come to its end");
        assert!(summary(stats).is_err(), "nothing was covered");
    }

    #[test]
    fn all_targets_share_one_budget_and_each_has_an_end() {
        assert_eq!([share(120, 6), share(120, 7), share(3, 6), share(5, 0)], [20, 17, 1, 5]);
    }
}
