//! Whatever befalls a server, its matches go on, as far as they can, and nobody is told what then never was. With real
//! processes, and a crowd (`bolide swarm --resume`) that comes back by itself and sees whether a match had gone back. Short by
//! default; `cargo xtask deep --only survival` runs the long forms with a release build, and prints figures.

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

/// Fights that nobody wins for an hour, and such that are over in a second; nobody is in them but those who come.
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

/// Whether the long forms are wanted.
fn is_deep() -> bool {
    std::env::var_os("BOLIDE_SURVIVAL").is_some_and(|form| form == "deep")
}

/// One of two sizes.
fn size<T>(short: T, deep: T) -> T {
    if is_deep() { deep } else { short }
}

/// A data folder and an address that outlive the processes that serve them.
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

    /// The server, to be started.
    fn server(&self) -> Command {
        self.arguments(bolide(&self.folder))
    }

    /// The server under a program that does something to it.
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

    /// The crowd, at the address of the house or at another.
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

    /// The journals of all matches, the quarantined not among them; of those that have several files, the first.
    fn journals(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.0.join("data/journals")).expect("the folder");
        let files = entries.map(|entry| entry.expect("an entry").path());
        let is_first = |file: &PathBuf| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.ends_with(".journal") && name.matches('.').count() == 1
        };
        files.filter(is_first).collect()
    }

    /// Nothing was put aside, and every journal is verified: the program begins with rules and seed from the header, steps the
    /// recorded commands of every tick, and compares each recorded hash and each full state with the world that it gets. It
    /// never goes on from a recorded state. So this is the run that nobody interrupted, with the same inputs.
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

/// A crowd of players, in a process of its own; killed if the test fails.
struct Crowd(Option<Child>);

impl Crowd {
    /// Lets them leave, and returns what they report.
    fn end(mut self) -> Value {
        let child = self.0.take().expect("it runs");
        signal(child.id(), "TERM");
        let output = child.wait_with_output().expect("it ends");
        serde_json::from_slice(&output.stdout).expect("a report in JSON")
    }

    /// After another second, in which each had a hash to compare: everybody is there, and nobody was shown anything else than
    /// the server has, or what then never was.
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

/// Waits until so many are connected and have their seats, and ticks go on.
fn until_playing(running: &Running, players: u32) {
    let admin = admin(running);
    let players = f64::from(players);
    let ticks = |page: &str| metric(page, "bolide_tick_duration_seconds_count{");
    let mut begun = None;
    wait_until("everybody plays", || {
        let page = get(&admin, "/metrics");
        // There may be more connections: of clients that are gone and have not said so.
        let connections = metric(&page, "bolide_connections ");
        let all = connections >= players && metric(&page, "bolide_sessions{") == players;
        // With a tick in between, so that whoever has a seat knows of it.
        begun = begun.filter(|_| all).or_else(|| all.then(|| ticks(&page)));
        begun.is_some_and(|begun| ticks(&page) > begun + 3.0 * players)
    });
}

/// How long anything may take before a test gives up.
pub(crate) fn patience() -> Duration {
    PATIENCE * size(1, 3)
}

/// Waits for what must become true.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < patience(), "it never came about that {what}");
        sleep(Duration::from_millis(20));
    }
}

/// A port that no outgoing connection is given while nobody listens.
fn port() -> u16 {
    let mut chance = Chance::new();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = (0..1000).map(|_| 20_000 + u16::try_from(chance.below(10_000)).expect("small"));
    ports.find(free).expect("a free port")
}

/// Where a failure must be told apart from bad luck, chance has a seed that is printed.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("later");
        Chance(u64::from(since.subsec_nanos()) << 20 ^ u64::from(std::process::id()))
    }

    /// What `BOLIDE_SEED` says, or something new; printed either way.
    fn told() -> Chance {
        let told = std::env::var("BOLIDE_SEED").ok();
        let seed = told.map_or_else(|| Chance::new().0, |seed| seed.parse().expect("a number"));
        println!("again with BOLIDE_SEED={seed}");
        Chance(seed)
    }

    /// From 0 to below `end`.
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }

    /// Waits for a random time up to this. The moment is what is tested; nothing is waited for.
    fn pause(&mut self, most: Duration) {
        let micros = u64::try_from(most.as_micros()).expect("short").max(1);
        sleep(Duration::from_micros(self.below(micros)));
    }
}
