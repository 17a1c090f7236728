//! The regression gate: the instructions that each scene of `benches/examples/count.rs` takes under
//! callgrind, compared with `benches/counts.json` in git. Counts barely vary, so two percent more
//! is a change of the code and not noise. A gain must not go unrecorded either: at five percent
//! less the gate fails until the count is minted, because the gain could otherwise be lost again
//! unnoticed.
//!
//! The C library's share (`memcpy`, `malloc`) is counted, too: the numbers in git are those of
//! Debian 12, glibc 2.36. Both limits are wider than the difference that another version is
//! expected to make.
//!
//! Callgrind is called directly. The usual harness for this needs a runner of exactly its own
//! version, which takes minutes to build on a fresh machine, to do what these lines do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::setup;
use crate::shell::{Shell, capture, run as run_program};

const FILE: &str = "benches/counts.json";

/// The most that a scene may take, in percent of the committed count.
const PERCENT_MAX: u64 = 102;

/// The least that a scene may take, in percent of the committed count. With less, that count is out
/// of date.
const PERCENT_MIN: u64 = 95;

/// Only the writing of frames is counted in these scenes, because a room encodes once for all
/// sessions with the same view.
const SHARED_ENCODING: &str = "shared_encoding/";
const ENCODERS: [&str; 2] = [
    "bolide_net::wire::codec::Codec::encode_snapshot",
    "bolide_net::wire::codec::Codec::encode_delta",
];

/// The most that encoding for a thousand sessions may take, in percent of encoding for ten.
const SHARED_PERCENT_MAX: u64 = 110;

type Counts = BTreeMap<String, u64>;

/// Counts all scenes and compares them with the committed counts.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    let counts = count(shell)?;
    let committed = read(&shell.root.join(FILE))?;
    let mut problems = compare(&committed, &counts);
    problems.extend(not_shared(&counts));
    println!("{}", table(&committed, &counts));
    if problems.is_empty() {
        return Ok(());
    }
    bail!(
        "{}\nIf it is meant, run `cargo xtask counts --mint` and commit {FILE} with the reason in the changelog",
        problems.join("\n")
    );
}

/// Counts all scenes and writes the counts to the file.
pub(crate) fn mint(shell: &Shell) -> Result<()> {
    let counts = count(shell)?;
    let path = shell.root.join(FILE);
    println!("{}", table(&read(&path).unwrap_or_default(), &counts));
    let text = serde_json::to_string_pretty(&counts)? + "\n";
    fs::write(&path, text).with_context(|| format!("{FILE} cannot be written"))
}

fn count(shell: &Shell) -> Result<Counts> {
    setup::valgrind(shell)?;
    run_program(
        &mut shell.cargo("build --locked --profile counts -p bolide-benches --example count"),
    )?;
    let program = shell.target.join("counts/examples/count");
    let scenes = capture(&mut shell.program(&program))?;
    let scenes: Vec<&str> = scenes.lines().collect();
    ensure!(!scenes.is_empty(), "there is no scene to count");
    scenes
        .into_iter()
        .map(|scene| Ok((scene.to_owned(), count_scene(shell, &program, scene)?)))
        .collect()
}

fn count_scene(shell: &Shell, program: &Path, scene: &str) -> Result<u64> {
    let mut command = shell.program("valgrind");
    // The size of the environment moves the stack, and with it a copy now and then.
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    if scene.starts_with(SHARED_ENCODING) {
        command.args(ENCODERS.map(|name| format!("--toggle-collect={name}*")));
    } else {
        command.arg("--toggle-collect=count::measured*");
    }
    let output = command.arg(program).arg(scene).output().context("valgrind does not start")?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed on {scene}:\n{log}");
    collected(&log)
        .filter(|count| *count > 0)
        .with_context(|| format!("nothing was counted in {scene}:\n{log}"))
}

/// The count in callgrind's summary, `==1== Collected : 123`.
fn collected(log: &str) -> Option<u64> {
    let line = log.lines().find(|line| line.contains("Collected :"))?;
    line.split_whitespace().last()?.parse().ok()
}

fn read(path: &Path) -> Result<Counts> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("{FILE} cannot be read; `cargo xtask counts --mint`"))?;
    serde_json::from_str(&text).with_context(|| format!("{FILE} is damaged"))
}

fn compare(committed: &Counts, counts: &Counts) -> Vec<String> {
    let mut problems = Vec::new();
    for (scene, count) in counts {
        match committed.get(scene) {
            None => problems.push(format!("{scene} is not in {FILE}")),
            Some(before) if count * 100 > before * PERCENT_MAX => {
                let more = percent(*before, *count);
                problems.push(format!(
                    "{scene} takes {more:.1} % more instructions: {before} before, {count} now"
                ));
            }
            Some(before) if count * 100 < before * PERCENT_MIN => {
                let less = -percent(*before, *count);
                problems.push(format!(
                    "{scene} takes {less:.1} % fewer instructions: {before} before, {count} now; mint it, so that it stays"
                ));
            }
            Some(_) => {}
        }
    }
    let gone = committed.keys().filter(|scene| !counts.contains_key(*scene));
    problems.extend(gone.map(|scene| format!("{scene} of {FILE} was not counted")));
    problems
}

fn not_shared(counts: &Counts) -> Option<String> {
    let of = |sessions: &str| counts.get(&format!("{SHARED_ENCODING}{sessions}")).copied();
    let (Some(few), Some(many)) = (of("10"), of("1000")) else {
        return Some(format!("the scenes {SHARED_ENCODING}10 and 1000 were not counted"));
    };
    (many * 100 > few * SHARED_PERCENT_MAX).then(|| {
        let more = percent(few, many);
        format!("encoding for 1,000 sessions of one sight takes {more:.1} % more than for 10")
    })
}

fn percent(before: u64, now: u64) -> f64 {
    (now as f64 / before as f64 - 1.0) * 100.0
}

fn table(committed: &Counts, counts: &Counts) -> String {
    let mut text = format!("{:26} {:>12} {:>8}\n", "scene", "instructions", "change");
    for (scene, count) in counts {
        let change = committed
            .get(scene)
            .map_or("new".to_owned(), |before| format!("{:+.1} %", percent(*before, *count)));
        text += &format!("{scene:26} {count:12} {change:>8}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, collected, compare};

    fn counts(pairs: &[(&str, u64)]) -> Counts {
        pairs.iter().map(|(scene, count)| ((*scene).to_owned(), *count)).collect()
    }

    #[test]
    fn two_percent_more_and_five_less_are_allowed_and_not_a_thousandth_beyond() {
        let before = counts(&[("a", 100_000)]);
        assert!(compare(&before, &counts(&[("a", 102_000)])).is_empty());
        assert!(compare(&before, &counts(&[("a", 95_000)])).is_empty());
        let problems = compare(&before, &counts(&[("a", 94_900)]));
        assert_eq!(
            problems,
            [
                "a takes 5.1 % fewer instructions: 100000 before, 94900 now; mint it, so that it stays"
            ]
        );
        let problems = compare(&before, &counts(&[("a", 102_100)]));
        assert_eq!(problems, ["a takes 2.1 % more instructions: 100000 before, 102100 now"]);
    }

    #[test]
    fn a_scene_that_is_new_or_gone_is_a_problem() {
        let problems = compare(&counts(&[("a", 1), ("b", 1)]), &counts(&[("b", 1), ("c", 1)]));
        assert_eq!(
            problems,
            ["c is not in benches/counts.json", "a of benches/counts.json was not counted"]
        );
    }

    #[test]
    fn the_summary_of_callgrind_is_read() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 46398\n"), Some(46_398));
        assert_eq!(collected("==7== Command: count"), None);
    }
}
