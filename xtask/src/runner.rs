//! Runs steps and shows what a person wants to know: the result and the time of each. Of several
//! steps, each is a process of its own whose output goes to a log, and a failure shows the end of
//! it. A step that is chosen alone shows its output.

use std::env;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::shell::{Shell, logged};
use crate::steps::Step;

/// A command that runs steps.
pub(crate) struct List {
    /// The command's name.
    pub(crate) command: &'static str,
    /// Its steps, in order.
    pub(crate) steps: &'static [Step],
}

impl List {
    /// Returns the steps with their purposes, one a line.
    pub(crate) fn describe(&self) -> String {
        describe(self.steps)
    }

    /// Runs the steps, or those that `only` names. Several of them end with a table of their
    /// durations, and with the number of tests that ran.
    pub(crate) fn run(&self, shell: &Shell, only: Option<&str>) -> Result<()> {
        let chosen = choose(self.steps, only)?;
        let shell = &for_ci(shell);
        if let [step] = chosen[..] {
            println!("==> {}: {}", step.name, step.about);
            return named(step, (step.run)(shell));
        }
        let logs = shell.target.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("{}", logs.display()))?;
        let mut tests = 0;
        let result = each(&chosen, |step| {
            let log = logs.join(format!("{}-{}.log", self.command, step.name));
            let text = logged(&mut self.alone(shell, step)?, &log)?;
            tests += tests_passed(&text);
            Ok(())
        });
        if result.is_ok() && tests > 0 {
            println!("{tests} passed, 0 failed");
        }
        let logs = logs.strip_prefix(&shell.root).unwrap_or(&logs);
        println!("logs of the steps: {}", logs.display());
        result
    }

    /// Returns the command that runs one step alone.
    fn alone(&self, shell: &Shell, step: &Step) -> Result<std::process::Command> {
        let mut command = shell.program(env::current_exe()?);
        command.args([self.command, "--only", step.name]);
        Ok(command)
    }
}

fn describe(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("{:12} {}\n", step.name, step.about)).collect()
}

/// Runs the steps up to the first that fails, with a line for each and a table at the end.
fn each(steps: &[&Step], mut run: impl FnMut(&Step) -> Result<()>) -> Result<()> {
    let mut times = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("==> {}: {}", step.name, step.about);
        let began = Instant::now();
        let result = run(step);
        let time = began.elapsed();
        times.push(time);
        if let Err(error) = named(step, result) {
            println!("    FAILED after {:.1} s", time.as_secs_f64());
            failure = Some(error);
            break;
        }
        println!("    passed in {:.1} s", time.as_secs_f64());
    }
    println!("\n{}", table(steps, &times, failure.is_some()));
    failure.map_or(Ok(()), Err)
}

fn named(step: &Step, result: Result<()>) -> Result<()> {
    result.with_context(|| format!("step `{}` failed", step.name))
}

/// Counts the tests that passed, in the summaries of cargo's and node's test runners.
fn tests_passed(output: &str) -> u64 {
    let passed = |line: &str| {
        let cargo =
            line.strip_prefix("test result: ok. ").and_then(|rest| rest.split_once(" passed"));
        let node = ["# pass ", "ℹ pass "].iter().find_map(|start| line.strip_prefix(start));
        cargo.map(|(number, _)| number).or(node)?.trim().parse::<u64>().ok()
    };
    output.lines().filter_map(passed).sum()
}

/// Returns the chosen steps in the order of the list, whatever the order of the names.
fn choose<'a>(steps: &'a [Step], only: Option<&str>) -> Result<Vec<&'a Step>> {
    let Some(only) = only else { return Ok(steps.iter().collect()) };
    let names: Vec<&str> = only.split(',').collect();
    if let Some(wrong) = names.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        return Err(anyhow!("there is no step `{wrong}`; the steps are:\n{}", describe(steps)));
    }
    Ok(steps.iter().filter(|step| names.contains(&step.name)).collect())
}

/// Makes release builds of CI faster. A build for a check need not be as fast as one that ships,
/// and fat LTO costs minutes on a small machine.
fn for_ci(shell: &Shell) -> Shell {
    let mut shell = shell.clone();
    if env::var_os("CI").is_some_and(|ci| ci == "true") {
        println!("CI=true: release builds use thin LTO and 16 codegen units");
        shell.set_env("CARGO_PROFILE_RELEASE_LTO", "thin");
        shell.set_env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    }
    shell
}

fn table(steps: &[&Step], times: &[Duration], failed: bool) -> String {
    let mut text = format!("{:12} {:>8}\n", "step", "seconds");
    for (index, step) in steps.iter().enumerate() {
        let last = index + 1 == times.len();
        text += &match times.get(index) {
            Some(time) if failed && last => {
                format!("{:12} {:8.1}  FAILED\n", step.name, time.as_secs_f64())
            }
            Some(time) => format!("{:12} {:8.1}\n", step.name, time.as_secs_f64()),
            None => format!("{:12} {:>8}  not run\n", step.name, "-"),
        };
    }
    text + &format!("{:12} {:8.1}\n", "total", times.iter().sum::<Duration>().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::bail;

    use super::{Step, choose, each, table, tests_passed};
    use crate::shell::Shell;

    const STEPS: [Step; 3] = [
        Step { name: "one", about: "passes", run: |_| Ok(()) },
        Step { name: "two", about: "fails", run: |_| bail!("two is broken") },
        Step { name: "three", about: "is never reached", run: |_| panic!("reached") },
    ];

    #[test]
    fn the_first_failure_ends_the_run_and_is_named() {
        let shell = Shell::new().expect("a shell");
        let run = |only| each(&choose(&STEPS, only).expect("known"), |step| (step.run)(&shell));
        let error = run(None).expect_err("two fails");
        assert_eq!(format!("{error:#}"), "step `two` failed: two is broken");
        run(Some("one")).expect("one passes");
    }

    #[test]
    fn steps_keep_their_order_and_unknown_ones_are_refused() {
        let names: Vec<&str> =
            choose(&STEPS, Some("two,one")).expect("known").iter().map(|s| s.name).collect();
        assert_eq!(names, ["one", "two"]);
        assert!(choose(&STEPS, Some("one,four")).is_err());
        assert!(choose(&STEPS, Some("")).is_err());
    }

    #[test]
    fn the_table_tells_passed_failed_and_not_run_apart() {
        let steps: Vec<&Step> = STEPS.iter().collect();
        let times = [Duration::from_millis(1500), Duration::from_millis(250)];
        let lines = "step          seconds\none               1.5\ntwo               0.2  FAILED\n\
                     three               -  not run\ntotal             1.8\n";
        assert_eq!(table(&steps, &times, true), lines);
    }

    #[test]
    fn passed_tests_of_both_runners_are_counted() {
        let output = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored\n# pass 4\nℹ pass 5\n\
                      test result: FAILED. 1 passed; 1 failed\n# passing by 6\n";
        assert_eq!(tests_passed(output), 12);
    }
}
