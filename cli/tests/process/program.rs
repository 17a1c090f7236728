//! The program in a process of its own, in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use crate::survival::{patience, signal, wait_until};

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that goes away with the test.
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

    /// A configuration with these settings and the mode `long`: a duel without bots that nobody wins soon.
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

/// The program, without the environment's settings, in a folder of its own. `BOLIDE_BIN` may name another build of it.
pub(crate) fn bolide(folder: &Folder) -> Command {
    let built = std::env::var_os("BOLIDE_BIN");
    let mut command = Command::new(built.unwrap_or(env!("CARGO_BIN_EXE_bolide").into()));
    command.current_dir(&folder.0).env_clear().stdin(Stdio::null());
    command
}

/// The program under another one that does something to it.
pub(crate) fn bolide_under(folder: &Folder, wrapper: &str, options: &[&str]) -> Command {
    let mut command = Command::new(wrapper);
    command.current_dir(&folder.0).env_clear().stdin(Stdio::null());
    command.args(options).arg(bolide(folder).get_program());
    command
}

/// Runs it to its end. One that does not end is killed, so that its exit code fails the test.
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

/// Runs it and expects one sentence on standard error, and this exit code.
pub(crate) fn refused(command: &mut Command, code: i32, expect: &str) {
    let output = output(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with(&format!("error: {expect}")), "{said:?} is not {expect:?}");
    assert!(output.stdout.is_empty(), "nothing was started, so nothing is announced");
}

/// A running program; killed if the test fails.
pub(crate) struct Running {
    child: Child,
    /// Unless it goes elsewhere than into a pipe, or the pipe was closed.
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

    /// Waits until it says where it listens; or that it ended without doing so.
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
            // Nobody waits for a line that never comes.
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

    /// Waits until something is logged.
    pub(crate) fn logs(&mut self, what: &str) {
        self.logs_line(what, |line| line.contains(what));
    }

    /// Waits until a line is logged that is like that.
    pub(crate) fn logs_line(&mut self, what: &str, is_like_that: impl Fn(&str) -> bool) {
        let log = self.log.as_mut().expect("piped");
        let mut line = String::new();
        wait_until(&format!("{what:?} is logged"), || {
            loop {
                match log.read_line(&mut line) {
                    Ok(0) => panic!("{what:?} was not logged"),
                    Ok(_) if is_like_that(&line) => return true,
                    Ok(_) => line.clear(),
                    // What has come of the next line stays.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }

    /// Closes the pipe of the log, as a collector does that ends.
    pub(crate) fn close_log(&mut self) {
        self.log = None;
    }

    /// Waits for the end: the exit code, and what was logged since the last look.
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
