//! The measured programs, and how one of them runs: pinned, in its own folder, and killed when it
//! is dropped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};

use super::run::Load;
use crate::shell::{Shell, capture, run, works};

/// The programs that were built.
pub(super) struct Programs {
    shell: Shell,
    bolide: PathBuf,
    floor: PathBuf,
    modes: PathBuf,
    folder: PathBuf,
}

/// A kind of server to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bolide,
    Epoll,
    Axum,
}

impl Kind {
    /// All kinds, in the order of a round.
    pub(super) const ALL: [Kind; 3] = [Kind::Bolide, Kind::Epoll, Kind::Axum];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Bolide => "bolide",
            Kind::Epoll => "epoll floor",
            Kind::Axum => "bare axum",
        }
    }
}

/// A running server.
pub(super) struct Running {
    child: Child,
    pub(super) address: String,
}

impl Programs {
    pub(super) fn build(shell: &Shell) -> Result<Programs> {
        ensure!(
            works(shell.program("taskset").args(["-c", "0,1", "true"])),
            "perf needs taskset and two cores"
        );
        run(&mut shell.cargo("build --locked --release -p bolide-cli"))?;
        let target = shell.target.join("floor");
        let mut floor =
            shell.cargo("build --locked --release --manifest-path benches/floor/Cargo.toml");
        run(floor.env("CARGO_TARGET_DIR", &target))?;
        let folder = shell.target.join("perf");
        fs::create_dir_all(&folder)?;
        Ok(Programs {
            bolide: shell.target.join("release/bolide"),
            floor: target.join("release"),
            modes: shell.root.join("benches/floor/modes.toml"),
            folder,
            shell: shell.clone(),
        })
    }

    /// Returns a program that runs on the given cores, or on all of them.
    fn on(&self, core: Option<&str>, program: &PathBuf) -> Command {
        let Some(core) = core else { return self.shell.program(program) };
        let mut command = self.shell.program("taskset");
        command.args(["-c", core]).arg(program);
        command
    }

    /// The load client.
    pub(super) fn swarm(&self, pinned: bool) -> Command {
        let mut command = self.on(pinned.then_some("1"), &self.bolide);
        command.arg("swarm").stderr(Stdio::null());
        command
    }

    /// Starts a server and waits until it listens.
    pub(super) fn start(&self, kind: Kind, load: &Load<'_>) -> Result<Running> {
        let program = match kind {
            Kind::Bolide => self.bolide.clone(),
            Kind::Epoll => self.floor.join("floor-epoll"),
            Kind::Axum => self.floor.join("floor-axum"),
        };
        let mut command = self.on(load.pinned.then_some("0"), &program);
        if load.realtime {
            let mut first = self.shell.program("chrt");
            first.args(["-r", "1"]).arg(command.get_program()).args(command.get_args());
            command = first;
        }
        command.arg("--config").arg(&self.modes).args(["--listen", "127.0.0.1:0"]);
        if kind == Kind::Bolide {
            self.forget()?;
            command.arg("--data-dir").arg(self.data());
            command.args(load.durability.iter().flat_map(|how| ["--durability", how]));
        } else {
            command.args(["--mode", load.mode, "--format", load.format, "--sync", load.sync]);
            command.args(["--inputs", &load.inputs.to_string()]);
        }
        self.run(command)
    }

    /// Starts the server on all cores, with the contents of the data folder.
    pub(super) fn serve(&self, options: &[&str]) -> Result<Running> {
        let mut command = self.bolide();
        command.arg("--config").arg(&self.modes).arg("--data-dir").arg(self.data());
        command.args(options);
        self.run(command)
    }

    /// Starts a relay on the first core: the server, which serves all kinds of pages, or the floor.
    pub(super) fn start_relay(&self, kind: Kind) -> Result<Running> {
        if kind != Kind::Bolide {
            return self.run(self.on_first_core(&self.floor.join("floor-relay")));
        }
        self.forget()?;
        let mut command = self.on_first_core(&self.bolide);
        command.arg("--config").arg(&self.modes).arg("--data-dir").arg(self.data());
        command.args(["--listen", "127.0.0.1:0", "--relay", "all"]);
        self.run(command)
    }

    /// The load of relays.
    pub(super) fn relay_load(&self) -> Command {
        let mut command = self.on(Some("1"), &self.floor.join("relay-load"));
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// Makes a key with which the running server lets its holder publish.
    pub(super) fn new_key(&self) -> Result<String> {
        let mut command = self.bolide();
        command.args(["key", "new", "perf", "--may", "publish", "--data-dir"]).arg(self.data());
        let told = capture(&mut command)?;
        let key = told.split_whitespace().find(|word| word.starts_with("bk_"));
        Ok(key.with_context(|| format!("there is no key in `{told}`"))?.to_owned())
    }

    /// A program on the core of the server.
    pub(super) fn on_first_core(&self, program: &PathBuf) -> Command {
        self.on(Some("0"), program)
    }

    /// The folder of the sources.
    pub(super) fn root(&self) -> &Path {
        &self.shell.root
    }

    /// The folder of what is measured.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's program, for another command than serving.
    pub(super) fn bolide(&self) -> Command {
        self.shell.program(&self.bolide)
    }

    /// The program that makes journals longer.
    pub(super) fn stretch(&self) -> Command {
        self.shell.program(self.floor.join("stretch"))
    }

    /// The folder of the server's data.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Removes the data of an earlier run.
    pub(super) fn forget(&self) -> Result<()> {
        let data = self.data();
        if data.exists() {
            fs::remove_dir_all(&data).context("the journals of the last run cannot be removed")?;
        }
        Ok(())
    }

    pub(super) fn run(&self, mut command: Command) -> Result<Running> {
        let log = fs::File::create(self.folder.join("server.log"))?;
        let mut child =
            command.stdout(Stdio::piped()).stderr(log).spawn().context("it does not start")?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let address = loop {
            let line = lines.next().context("the server ended at its start")??;
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        // The rest of the output is read, so that the server never waits for us.
        thread::spawn(move || lines.for_each(drop));
        Ok(Running { child, address })
    }
}

impl Running {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
