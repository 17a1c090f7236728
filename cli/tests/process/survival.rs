//! Failures of all kinds around a real server process. Its matches go on as far as they can, and no
//! client is ever shown a state that the recovered match does not have.
//!
//! A crowd (`bolide swarm --resume`) reconnects by itself, and detects whether a match has gone
//! back. The tests are short by default. `cargo xtask deep --only survival` runs the long forms
//! with a release build, and prints figures.

mod clocks;
mod cuts;
mod database;
mod disks;
mod frozen;
mod hangs;
mod kills;
mod logs;
mod panics;
mod power;
mod stops;
mod witness;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::program::{Folder, PATIENCE, Running, bolide, bolide_under, output};
use crate::watching::{admin, get, metric};

/// Modes without bots: fights that are not won for an hour, and fights of one second.
const CONFIG: &str = "\
log = 'warn'
admin_listen = '127.0.0.1:0'
data_dir = 'data'
bots.fill_to = 0
intermission_s = 0
[modes.long]
base = 'brawl'
capacity = 4
fight_at = 4
countdown_s = 0
time_limit_s = 3600
health = 1000
dead_at = 0
radius_per_health = 0.0001
[modes.short]
base = 'brawl'
capacity = 2
fight_at = 2
countdown_s = 0
time_limit_s = 1
[modes.pair]
base = 'brawl'
capacity = 2
fight_at = 2
countdown_s = 0
time_limit_s = 3600
health = 1000
dead_at = 0
radius_per_health = 0.0001
[modes.witness]
base = 'brawl'
capacity = 2
fight_at = 2
countdown_s = 0
time_limit_s = 3600
health = 1000
dead_at = 0
radius_per_health = 0.0001
";

/// Returns whether the long forms are to run.
fn is_deep() -> bool {
    std::env::var_os("BOLIDE_SURVIVAL").is_some_and(|form| form == "deep")
}

/// Returns one of two sizes, by the form of the tests.
fn size<T>(short: T, deep: T) -> T {
    if is_deep() { deep } else { short }
}

/// A data folder and an address that outlive the server processes.
struct House {
    folder: Folder,
    config: PathBuf,
    port: u16,
}

impl House {
    fn new() -> House {
        let folder = Folder::new();
        let config = folder.file("bolide.toml", CONFIG);
        House { folder, config, port: port() }
    }

    /// Returns the command that starts the server.
    fn server(&self) -> Command {
        self.arguments(bolide(&self.folder))
    }

    /// Returns the command that starts the server under a wrapper program.
    fn server_under(&self, wrapper: &str, options: &[&str]) -> Command {
        self.arguments(bolide_under(&self.folder, wrapper, options))
    }

    fn arguments(&self, mut command: Command) -> Command {
        command.arg("--config").arg(&self.config);
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        command
    }

    fn serve(&self) -> Running {
        Running::start(&mut self.server())
    }

    /// Starts a crowd that connects to this port: that of the server, or of a proxy before it.
    fn crowd_at(&self, port: u16, mode: &str, rooms: u32, players: u32) -> Crowd {
        let mut command = bolide(&self.folder);
        let (rooms, players) = (rooms.to_string(), players.to_string());
        command.args(["swarm", "--resume", "--json", "--seconds", "3600", "--threads", "1"]);
        command.args(["--url", &format!("ws://127.0.0.1:{port}/play")]);
        command.args(["--mode", mode, "--rooms", &rooms, "--players", &players]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        Crowd(Some(command.spawn().expect("it starts")))
    }

    fn crowd(&self, mode: &str, rooms: u32, players: u32) -> Crowd {
        self.crowd_at(self.port, mode, rooms, players)
    }

    /// Returns the first journal file of each match, without quarantined matches.
    fn journals(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.0.join("data/journals")).expect("the folder");
        let files = entries.map(|entry| entry.expect("an entry").path());
        let is_first = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.ends_with(".journal") && name.matches('.').count() == 1
        };
        files.filter(is_first).collect()
    }

    /// Checks that no match was quarantined, verifies every journal, and returns their number.
    ///
    /// The program begins with the rules and the seed from the header and steps the recorded
    /// commands of every tick. It compares each recorded hash and each full state with the
    /// resulting world, and never resumes from a recorded state. So this is the run without
    /// interruption, with the same inputs.
    fn verify_journals(&self) -> usize {
        let quarantine = self.folder.0.join("data/journals/quarantine");
        assert!(!quarantine.exists(), "no match is given up");
        let journals = self.journals();
        journals.iter().for_each(|journal| verify(&self.folder, journal));
        journals.len()
    }
}

fn verify(folder: &Folder, journal: &Path) {
    let output = output(bolide(folder).args(["replay", "--verify"]).arg(journal));
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    let no_second_old = wrong.contains("holds no state hash");
    assert!(output.status.success() || no_second_old, "{}: {wrong}", journal.display());
}

/// A crowd of players in a process of its own, killed if the test fails.
struct Crowd(Option<Child>);

impl Crowd {
    /// Asks the players to leave, and returns their report.
    fn end(mut self) -> Value {
        let child = self.0.take().expect("it runs");
        signal(child.id(), "TERM");
        let output = child.wait_with_output().expect("it ends");
        serde_json::from_slice(&output.stdout).expect("a report in JSON")
    }

    /// Ends the crowd after another second, in which each player had a hash to compare. Every
    /// player must be there, and none may have been shown a state that the server does not have or
    /// no longer has.
    fn end_well(self, running: &Running) -> Value {
        let page = || get(&admin(running), "/metrics");
        let ticks = || metric(&page(), "bolide_tick_duration_seconds_count{");
        let later = ticks() + 40.0 * metric(&page(), "bolide_rooms{");
        wait_until("another second has passed", || ticks() >= later);
        let report = self.end();
        assert_eq!(report["players"]["had"], report["players"]["asked"], "{report}");
        assert_eq!(report["lost"], Value::Object(Default::default()), "{report}");
        let desyncs = report["desyncs"].as_object().expect("counts");
        assert!(desyncs.values().all(|count| *count == 0), "{report}");
        assert!(report["hashes_compared"].as_u64() > Some(0), "{report}");
        report
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let signalled = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(signalled.expect("kill").success());
}

/// Waits until this many players are connected and seated, and ticks go on.
fn until_playing(running: &Running, players: u32) {
    let admin = admin(running);
    let players = f64::from(players);
    let ticks = |page: &str| metric(page, "bolide_tick_duration_seconds_count{");
    let mut begun = None;
    wait_until("everybody plays", || {
        let page = get(&admin, "/metrics");
        // There may be more connections: those of clients that are gone without a close.
        let connections = metric(&page, "bolide_connections ");
        let all = connections >= players && metric(&page, "bolide_sessions{") == players;
        // At least a tick lies in between, so that each seated player has been sent its welcome.
        begun = begun.filter(|_| all).or_else(|| all.then(|| ticks(&page)));
        begun.is_some_and(|begun| ticks(&page) > begun + 3.0 * players)
    });
}

/// Returns the time that any step may take before a test gives up.
pub(crate) fn patience() -> Duration {
    PATIENCE * size(1, 3)
}

/// Waits until a condition holds.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < patience(), "it never came about that {what}");
        sleep(Duration::from_millis(20)); // WAITS: between two looks at the condition.
    }
}

/// Returns a free port below those that the kernel gives to outgoing connections, so that it stays
/// free without a server.
fn port() -> u16 {
    let mut chance = Chance::new();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = (0..1000).map(|_| 20_000 + u16::try_from(chance.below(10_000)).expect("small"));
    ports.find(free).expect("a free port")
}

/// A random generator. Where a failure may depend on chance, its seed is printed.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("later");
        Chance(u64::from(since.subsec_nanos()) << 20 ^ u64::from(std::process::id()))
    }

    /// Takes the seed from `BOLIDE_SEED`, or a new one, and prints it.
    fn told() -> Chance {
        let told = std::env::var("BOLIDE_SEED").ok();
        let seed = told.map_or_else(|| Chance::new().0, |seed| seed.parse().expect("a number"));
        println!("again with BOLIDE_SEED={seed}");
        Chance(seed)
    }

    /// Returns a number from 0 to below `end`.
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }

    /// Sleeps for a random time up to `most`.
    fn pause(&mut self, most: Duration) {
        let micros = u64::try_from(most.as_micros()).expect("short").max(1);
        // WAITS: the test is about what happens at a random moment, not about a condition.
        sleep(Duration::from_micros(self.below(micros)));
    }
}
