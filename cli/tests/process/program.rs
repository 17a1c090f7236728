//! The program in a process and a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::survival::{patience, signal, wait_until};

/// Time that any step may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary folder, removed at the end of the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("bolide-process-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("made");
        Folder(folder)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).expect("written");
        file
    }

    /// Writes a configuration with these settings and the mode `long`: a duel without bots that is
    /// not won soon.
    pub(crate) fn long_fights(&self, settings: &str) -> PathBuf {
        let text = format!(
            "\
listen = '127.0.0.1:0'
data_dir = 'data'
{settings}bots.fill_to = 0
[modes.long]
base = 'duel'
countdown_s = 0
health = 1000
dead_at = 0
"
        );
        self.file("bolide.toml", &text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Returns the program's command, without settings from the environment, in a folder of its own.
/// `BOLIDE_BIN` may name another build.
pub(crate) fn bolide(folder: &Folder) -> Command {
    let built = std::env::var_os("BOLIDE_BIN");
    let mut command = Command::new(built.unwrap_or(env!("CARGO_BIN_EXE_bolide").into()));
    command.current_dir(&folder.0).env_clear().stdin(Stdio::null());
    command
}

/// Returns a command that runs the program under a wrapper program.
pub(crate) fn bolide_under(folder: &Folder, wrapper: &str, options: &[&str]) -> Command {
    let mut command = Command::new(wrapper);
    command.current_dir(&folder.0).env_clear().stdin(Stdio::null());
    command.args(options).arg(bolide(folder).get_program());
    command
}

/// Runs a command to its end. A process that does not end is killed, so that its exit code fails
/// the test.
pub(crate) fn output(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let pid = child.id();
    let (ended, end) = channel::<()>();
    thread::spawn(move || {
        if end.recv_timeout(patience()) == Err(RecvTimeoutError::Timeout) {
            signal(pid, "KILL");
        }
    });
    let output = child.wait_with_output().expect("it ends");
    drop(ended);
    output
}

/// Runs a command, and expects this exit code and one sentence on standard error.
pub(crate) fn refused(command: &mut Command, code: i32, expect: &str) {
    let output = output(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with(&format!("error: {expect}")), "{said:?} is not {expect:?}");
    assert!(output.stdout.is_empty(), "nothing was started, so nothing is announced");
}

/// A running program, killed if the test fails.
pub(crate) struct Running {
    child: Child,
    /// `None` if the log does not go into a pipe, or if the pipe was closed.
    log: Option<BufReader<ChildStderr>>,
    pub(crate) address: String,
    pub(crate) start_block: Vec<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Running {
        let child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        Running::begun(child).unwrap_or_else(|ended| panic!("no line with the address: {ended:?}"))
    }

    /// Waits until the program prints its address. Returns the output if it ended without doing so.
    pub(crate) fn begun(mut child: Child) -> Result<Running, Output> {
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut start_block = Vec::new();
        let address = loop {
            let Some(line) = lines.next() else {
                return Err(child.wait_with_output().expect("it ends"));
            };
            let line = line.expect("text");
            let address = line.split_once("http://").map(|(_, address)| address.to_owned());
            start_block.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        while start_block.last().is_some_and(|line| !line.contains("Stop")) {
            start_block.push(lines.next().expect("the rest of the block").expect("text"));
        }
        let log = child.stderr.take().map(|log| {
            // Reads do not block, so that a line that never comes is a timeout.
            rustix::io::ioctl_fionbio(&log, true).expect("set");
            BufReader::new(log)
        });
        Ok(Running { child, log, address, start_block })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits until a line that contains `what` is logged.
    pub(crate) fn logs(&mut self, what: &str) {
        self.logs_line(what, |line| line.contains(what));
    }

    /// Waits until a line is logged for which `is_like_that` holds.
    pub(crate) fn logs_line(&mut self, what: &str, is_like_that: impl Fn(&str) -> bool) {
        let log = self.log.as_mut().expect("piped");
        let mut line = String::new();
        wait_until(&format!("{what:?} is logged"), || {
            loop {
                match log.read_line(&mut line) {
                    Ok(0) => panic!("{what:?} was not logged"),
                    Ok(_) if is_like_that(&line) => return true,
                    Ok(_) => line.clear(),
                    // The part of the next line that has been read stays in `line`.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }

    /// Closes the pipe of the log, as a log collector does when it ends.
    pub(crate) fn close_log(&mut self) {
        self.log = None;
    }

    /// Waits for the end of the program. Returns the exit code, and the part of the log that was
    /// not read yet.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut ended = None;
        wait_until("the program ends", || {
            ended = self.child.try_wait().expect("it can be asked");
            ended.is_some()
        });
        let mut text = Vec::new();
        if let Some(log) = &mut self.log {
            wait_until("the log ends", || match log.read_to_end(&mut text) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => false,
                read => read.is_ok(),
            });
        }
        (ended.and_then(|status| status.code()), String::from_utf8(text).expect("text"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
