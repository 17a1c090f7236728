//! Starts other programs for xtask, in the right folder and environment, and reports their
//! failures. Programs get no standard input, so nothing here can wait for an answer.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// The folders, and the environment of every started program.
#[derive(Clone)]
pub(crate) struct Shell {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, for everything that is built or downloaded.
    pub(crate) target: PathBuf,
    env: Vec<(&'static str, &'static str)>,
}

impl Shell {
    pub(crate) fn new() -> Result<Shell> {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")?;
        let root = root.canonicalize().with_context(|| {
            format!("the repository moved from {}; run `cargo clean -p xtask`", root.display())
        })?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        Ok(Shell { target: root.join(target), root, env: Vec::new() })
    }

    /// Sets a variable for all programs started from now on.
    pub(crate) fn set_env(&mut self, name: &'static str, value: &'static str) {
        self.env.push((name, value));
    }

    /// Returns a command that will run in the root of the repository.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).envs(self.env.iter().copied()).stdin(Stdio::null());
        command
    }

    /// Returns the cargo that started this, with these arguments separated by blanks.
    pub(crate) fn cargo(&self, args: &str) -> Command {
        let mut command = self.program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(args.split_whitespace());
        command
    }
}

/// Runs the command with our standard output and error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let status = command.status().with_context(|| missing(command))?;
    ensure!(status.success(), "`{}` failed: {status}", line(command));
    Ok(())
}

/// Runs the command and returns its standard output. Its standard error is part of the failure.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::piped()).output().with_context(|| missing(command))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "`{}` failed: {}\n{}",
        line(command),
        output.status,
        errors.trim()
    );
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", line(command)))
}

/// Runs the command, shows its standard output immediately, and returns all of it.
pub(crate) fn tee(command: &mut Command) -> Result<String> {
    println!("$ {}", line(command));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| missing(command))?;
    let output = child.stdout.take().context("no output to read")?;
    let kept = keep(BufReader::new(output))?;
    let status = child.wait()?;
    ensure!(status.success(), "`{}` failed: {status}", line(command));
    Ok(kept)
}

/// Runs the command with all its output in a file, and returns that. The end of it is part of the
/// failure.
pub(crate) fn logged(command: &mut Command, log: &Path) -> Result<String> {
    let unwritable = || format!("{} cannot be written", log.display());
    let output = File::create(log).with_context(unwritable)?;
    let errors = output.try_clone().with_context(unwritable)?;
    let status =
        command.stdout(output).stderr(errors).status().with_context(|| missing(command))?;
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    if !status.success() {
        let lines: Vec<&str> = text.lines().collect();
        let end = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        bail!(
            "`{}` failed: {status}; the end of {}:\n{}",
            line(command),
            log.display(),
            end.join("\n")
        );
    }
    Ok(text)
}

/// Lines of a log that a failure shows. Enough for a panic with its backtrace and the input that
/// caused it.
const LOG_LINES_SHOWN: usize = 200;

fn keep(mut from: impl BufRead) -> Result<String> {
    let mut kept = String::new();
    let mut bytes = Vec::new();
    while from.read_until(b'\n', &mut bytes)? > 0 {
        io::stdout().write_all(&bytes)?;
        kept += &String::from_utf8_lossy(&bytes);
        bytes.clear();
    }
    Ok(kept)
}

/// Returns whether the command runs and succeeds.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn missing(command: &Command) -> String {
    format!(
        "`{}` could not be started; is it installed and on PATH?",
        command.get_program().to_string_lossy()
    )
}

/// Returns the command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    let words: Vec<_> = [name].into_iter().chain(args).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::{Shell, capture, line, logged, run, tee, works};

    #[test]
    fn a_failure_names_the_command_and_what_it_said() {
        let shell = Shell::new().expect("a shell");
        let error = capture(shell.program("sh").args(["-c", "echo no luck >&2; exit 3"]))
            .expect_err("fails");
        let error = error.to_string();
        assert!(
            error.contains("sh -c")
                && error.contains("exit status: 3")
                && error.contains("no luck"),
            "{error}"
        );

        let error = run(&mut shell.program("surely-not-a-program")).expect_err("fails");
        assert_eq!(
            error.to_string(),
            "`surely-not-a-program` could not be started; is it installed and on PATH?"
        );
        assert!(!works(&mut shell.program("surely-not-a-program")));
    }

    #[test]
    fn output_is_shown_and_kept_without_waiting_for_input() {
        let shell = Shell::new().expect("a shell");
        let mut both = shell.program("sh");
        both.args(["-c", "cat; echo out; echo err >&2"]);
        assert_eq!(line(&both), "sh -c cat; echo out; echo err >&2");
        assert_eq!(tee(&mut both).expect("runs"), "out\n");
    }

    #[test]
    fn a_log_is_kept_and_shown_only_with_a_failure() {
        let shell = Shell::new().expect("a shell");
        let log = env::temp_dir().join(format!("bolide-log-{}", std::process::id()));
        let mut command = shell.program("sh");
        let said = logged(command.args(["-c", "echo out; echo err >&2"]), &log).expect("runs");
        assert_eq!(said, "out\nerr\n");
        let mut command = shell.program("sh");
        let error = logged(command.args(["-c", "seq 1000; exit 7"]), &log).expect_err("fails");
        let error = error.to_string();
        assert!(error.contains("exit status: 7") && error.ends_with("\n999\n1000"), "{error}");
        assert!(!error.contains("\n700\n"), "only the end: {error}");
        std::fs::remove_file(&log).expect("removes");
    }
}
