//! The program in its own process, as the operating system sees it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use bolide_tests::get;
use serde_json::Value;
use uuid::Uuid;

/// A running server, which is killed at the end.
pub(crate) struct Program {
    child: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Program {
    pub(crate) fn start(options: &[&str]) -> Program {
        let bolide = std::env::var_os("BOLIDE_BIN").expect("BOLIDE_BIN names the program to test");
        let folder = std::env::temp_dir().join(format!("bolide-faults-{}", Uuid::now_v7()));
        // The shell raises the limit of descriptors for itself and for the program that it becomes.
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 8192; exec \"$0\" \"$@\""]).arg(bolide);
        command.args(["--listen", "127.0.0.1:0", "--log", "error", "--bots-fill-to", "0"]);
        command.args(options).arg("--data-dir").arg(&folder).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines
            .map(|line| line.expect("text"))
            .find_map(|line| line.split_once("http://")?.1.trim().parse().ok())
            .expect("a line with the address");
        Program { child, folder, address }
    }

    /// Private memory of the process, in bytes.
    pub(crate) fn memory(&self) -> f64 {
        let maps = self.proc("smaps_rollup");
        let own = maps.lines().filter(|line| line.starts_with("Private_"));
        own.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum::<f64>()
            * 1024.0
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs").count()
    }

    /// Rooms in the list.
    pub(crate) async fn rooms(&self) -> usize {
        let rooms: Value =
            serde_json::from_str(&get(self.address, "/api/v1/rooms").await.body).expect("JSON");
        rooms["rooms"].as_array().expect("a list").len()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("it runs")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// The kernel's memory for sockets of all processes, in bytes.
pub(crate) fn kernel_memory() -> f64 {
    let all = fs::read_to_string("/proc/net/sockstat").expect("Linux");
    let tcp = all.lines().find(|line| line.starts_with("TCP:")).expect("TCP");
    let mut words = tcp.split(' ').skip_while(|word| *word != "mem");
    words.nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("pages") * 4096.0
}
