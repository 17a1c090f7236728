//! Disks that are full or fail. Matches whose journal cannot be written are suspended and resumed
//! later. Every tick that was shown is in a journal, and no file is corrupt.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use serde_json::json;

use super::witness::Witnesses;
use super::{House, is_deep, size, until_playing, wait_until};
use crate::player::{Player, is_fight, tick};
use crate::program::Running;
use crate::watching::{admin, get, metric};

/// The first, the second, or every tenth `fsync` of a thread fails, as on a dying disk.
#[test]
fn a_disk_that_fails_to_sync_costs_nobody_what_was_shown() {
    for when in size(vec!["2"], vec!["1", "2", "10+10"]) {
        let house = House::new();
        // A match that began earlier, on a healthy disk, and goes on.
        let running = house.serve();
        let witnesses = Witnesses::begin(house.port);
        let crowd = house.crowd("short", 2, 2);
        until_playing(&running, 6);
        running.signal("KILL");
        running.end();
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={when}");
        let options =
            ["-f", "-qq", "-o", "strace.log", "-e", "trace=fsync,fdatasync", "-e", &inject];
        let mut failing = house.server_under("strace", &options);
        match start(&mut failing) {
            Err(output) => refuses_in_a_sentence(&output),
            Ok(running) => {
                // Players play as far as this server lets them.
                let ticks = || {
                    metric(
                        &get(&admin(&running), "/metrics"),
                        "bolide_tick_duration_seconds_count{",
                    )
                };
                wait_until("it ticks", || ticks() > size(300.0, 1500.0));
                let server =
                    fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.pid()));
                let server = server.expect("strace runs it").trim().parse().expect("a process");
                super::signal(server, "KILL");
                let log = running.end().1;
                assert!(!log.contains("panic"), "{log}");
            }
        }
        let log = fs::read_to_string(house.folder.0.join("strace.log")).expect("what it did");
        println!(
            "when={when}: {} of {} failed",
            log.matches("INJECTED").count(),
            log.matches("sync(").count()
        );
        assert!(log.contains("INJECTED"), "nothing failed: {log}");
        let tick = witnesses.tick.load(Ordering::Relaxed);
        let running = house.serve();
        // A match that the disk did not keep has ended, and its players were informed. The
        // witnesses are in another one then.
        wait_until("somebody plays", || witnesses.tick.load(Ordering::Relaxed) != tick);
        let report = crowd.end();
        let desyncs = report["desyncs"].as_object().expect("counts");
        assert!(desyncs.values().all(|count| *count == 0), "{report}");
        running.signal("TERM");
        assert_eq!(running.end().0, Some(0));
        assert!(witnesses.compare(&house.folder.0.join("data/journals")) > 10);
        house.verify_journals();
    }
}

/// Starts a server on a disk that may refuse its writes. Returns its output if it did not start.
fn start(command: &mut Command) -> Result<Running, Output> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    Running::begun(child.expect("it starts"))
}

fn refuses_in_a_sentence(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.lines().count() == 1, "{said}");
    println!("refused: {said}");
}

/// The disk under a server's data folder.
pub(super) enum Disk {
    /// A limit on the size of files. The disk is not full, but its writers get the same errors.
    Limit,
    /// A tmpfs of 1 MiB, visible only to the process that mounted it and through its `/proc` root.
    Small { holder: Child, folder: PathBuf },
}

impl Disk {
    pub(super) fn small(house: &House) -> Disk {
        let at = house.folder.0.join("data");
        fs::create_dir(&at).expect("made");
        let script = "mount -t tmpfs -o size=1m tmpfs \"$0\" && echo mounted && exec sleep 1000";
        let mut command = Command::new("unshare");
        // In a user namespace of its own, an unprivileged user may mount.
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command.arg(&at).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare");
        let mut told = BufReader::new(holder.stdout.take().expect("piped")).lines();
        assert_eq!(told.next().expect("a line").expect("text"), "mounted");
        let folder = PathBuf::from(format!("/proc/{}/root{}", holder.id(), at.display()));
        Disk::Small { holder, folder }
    }

    pub(super) fn folder(&self, house: &House) -> PathBuf {
        match self {
            Disk::Limit => house.folder.0.join("data"),
            Disk::Small { folder, .. } => folder.clone(),
        }
    }

    /// Returns a server on this disk. The signal for a file that is too large is ignored, so that a
    /// write just fails.
    pub(super) fn server(&self, house: &House) -> Command {
        let mut server = house.server_under("sh", &["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        server.arg("--data-dir").arg(self.folder(house));
        server
    }

    /// Fills the disk: no further write succeeds.
    pub(super) fn fill(&self, running: &Running) {
        match self {
            Disk::Limit => limit_files(running, "1000"),
            Disk::Small { folder, .. } => {
                let mut ballast = File::create(folder.join("ballast")).expect("made");
                while ballast.write_all(&[0; 512]).is_ok() {}
            }
        }
    }

    pub(super) fn empty(&self, running: &Running) {
        match self {
            Disk::Limit => limit_files(running, "unlimited"),
            Disk::Small { folder, .. } => fs::remove_file(folder.join("ballast")).expect("removed"),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Disk::Small { holder, .. } = self {
            holder.kill().ok();
            holder.wait().ok();
        }
    }
}

fn limit_files(running: &Running, bytes: &str) {
    let pid = running.pid().to_string();
    let limit = format!("--fsize={bytes}:unlimited");
    let limited = Command::new("prlimit").args(["--pid", &pid, &limit]).status().expect("prlimit");
    assert!(limited.success());
}

#[tokio::test]
async fn a_full_disk_suspends_matches_takes_nobody_new_and_all_go_on_when_there_is_space() {
    let house = House::new();
    full(&house, &Disk::Limit).await;
    if is_deep() {
        let house = House::new();
        full(&house, &Disk::small(&house)).await;
    }
}

/// Reads until the fight is suspended. Returns the last tick that was shown.
async fn suspended(player: &mut Player) -> u64 {
    let seen = Cell::new(0);
    let error = player.until(|message| {
        if is_fight(message) {
            seen.set(tick(message));
        }
        message["t"] == "error"
    });
    let error = error.await;
    assert_eq!(error["code"], "room_failed");
    assert!(error["message"].as_str().expect("text").contains("its seats are kept"), "{error}");
    assert_eq!(player.closed().await, 1013);
    seen.get()
}

/// Resumes both seats, and checks that it is the match that was shown.
async fn goes_on(running: &Running, players: &[Player; 2], seen: u64) -> [Player; 2] {
    let [one, two] = players;
    let mut again = [
        Player::come_back(&running.address, &one.token).await,
        Player::come_back(&running.address, &two.token).await,
    ];
    assert_eq!([again[0].seat, again[1].seat], [one.seat, two.seat]);

    let first = again[0].until(is_fight).await;
    assert!(tick(&first) >= seen, "tick {seen} was shown, and it goes on with {first}");
    again[1].until(|message| is_fight(message) && tick(message) > seen + 40).await;
    again
}

async fn full(house: &House, disk: &Disk) {
    let mut running = Running::start(&mut disk.server(house));
    let mut fights = [
        Player::fight(&running.address, "pair").await,
        Player::fight(&running.address, "pair").await,
        Player::fight(&running.address, "pair").await,
    ];
    disk.fill(&running);
    // A journal notices it when its last page is full. All players are read from, because the
    // fights notice it at different times.
    let ends = join_all(fights.as_flattened_mut().iter_mut().map(suspended)).await;
    let seen = ends.into_iter().max().expect("six");
    // A new client is turned away, because its seat cannot be stored.
    let mut refused = Player::connect(&running.address).await;
    refused.say(&json!({"t": "hello", "name": "Bea", "mode": "pair"})).await;
    assert_eq!(refused.closed().await, 1013);
    wait_until("it says why", || {
        get(&admin(&running), "/readyz").contains(" rooms cannot be opened at the moment: ")
    });
    if matches!(disk, Disk::Small { .. }) {
        // A start on the full disk is refused, or takes no players. It does no harm.
        running.signal("KILL");
        running.end();
        match start(&mut disk.server(house)) {
            Err(output) => refuses_in_a_sentence(&output),
            Ok(running) => running.signal("KILL"),
        }
        fs::remove_file(disk.folder(house).join("ballast")).expect("removed");
        running = Running::start(&mut disk.server(house));
        let mut players = Player::fight(&running.address, "pair").await;
        disk.fill(&running);
        suspended(&mut players[0]).await;
    }
    disk.empty(&running);
    // The server recovers while it runs: old matches are resumed, and new ones begin.
    let mut all_again = Vec::new();
    for players in &fights {
        all_again.push(goes_on(&running, players, seen).await);
    }
    let mut players = Player::fight(&running.address, "pair").await;
    players[0].until(|message| is_fight(message) && tick(message) > 40).await;
    wait_until("it is ready", || get(&admin(&running), "/readyz").contains("200"));
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");
    let journals = fs::read_dir(disk.folder(house).join("journals")).expect("a folder");
    let journals: Vec<PathBuf> = journals.map(|entry| entry.expect("an entry").path()).collect();
    assert!(journals.len() >= 4, "{journals:?}");
    journals.iter().for_each(|journal| super::verify(&house.folder, journal));
    assert!(!disk.folder(house).join("journals/quarantine").exists());
}
