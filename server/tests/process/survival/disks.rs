//! Disks that are full, or that fail: what cannot be written down ends with a reason, what was shown was, nothing is corrupt,
//! and it heals.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use super::witness::Witnesses;
use super::{House, is_deep, size, until_playing, wait_until};
use crate::player::{Player, is_fight};
use crate::program::{Folder, Running};
use crate::watching::{admin, get, metric};

/// The first, the second, and every tenth `fsync` of a thread fails, as on a disk that dies.
#[test]
fn a_disk_that_fails_to_sync_costs_nobody_what_was_shown() {
    for when in size(vec!["2"], vec!["1", "2", "10+10"]) {
        let house = House::new();
        // Before, on a disk that is well: a match that goes on.
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
                // As far as it lets anybody play, they do.
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
        // A server that did not sync had nothing that could fail.
        assert!(log.contains("INJECTED") || !log.contains("sync("), "nothing failed: {log}");
        let running = house.serve();
        until_playing(&running, 6);
        drop(crowd);
        running.signal("TERM");
        assert_eq!(running.end().0, Some(0));
        assert!(witnesses.compare(&house.folder.0.join("data/journals")) > 10);
        house.verify_journals();
    }
}

/// On a disk that may not take what it needs: the running server, or what it said when it refused.
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

/// A disk of 1 MiB that nobody sees but the process that holds it, and who looks through its eyes.
struct SmallDisk {
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    fn new(folder: &Folder) -> SmallDisk {
        let at = folder.0.join("data");
        fs::create_dir(&at).expect("made");
        let script = "mount -t tmpfs -o size=1m tmpfs \"$0\" && echo mounted && exec sleep 1000";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).arg(&at).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare");
        let mut told = std::io::BufReader::new(holder.stdout.take().expect("piped"));
        let mut line = String::new();
        std::io::BufRead::read_line(&mut told, &mut line).expect("text");
        assert_eq!(line, "mounted\n", "mounting a disk needs root");
        let folder = PathBuf::from(format!("/proc/{}/root{}", holder.id(), at.display()));
        SmallDisk { holder, folder }
    }

    /// Nothing more fits on it.
    fn fill(&self) {
        let mut ballast = File::create(self.folder.join("ballast")).expect("made");
        while ballast.write_all(&[0; 512]).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.folder.join("ballast")).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.holder.kill().ok();
        self.holder.wait().ok();
    }
}

/// A disk of 1 MiB is filled to its last byte. The short form is in `journals`: a limit on the size of files.
#[tokio::test]
async fn a_full_disk_ends_matches_with_a_reason_takes_nobody_new_and_heals() {
    let house = House::new();
    if !is_deep() {
        return;
    }
    let disk = SmallDisk::new(&house.folder);
    let serve = || {
        let mut server = house.server();
        server.arg("--data-dir").arg(&disk.folder);
        server
    };
    let running = Running::start(&mut serve());
    let mut fights = Vec::new();
    for _ in 0..3 {
        fights.push(fight(&running).await);
    }
    disk.fill();
    for players in &mut fights {
        for player in players {
            let error = player.until(|message| message["t"] == "error").await;
            assert_eq!(error["code"], "room_failed");
            assert_eq!(player.closed().await, 1013);
        }
    }
    let mut refused = Player::connect(&running.address).await;
    refused.say(&json!({"t": "hello", "name": "Bea", "mode": "pair"})).await;
    assert_eq!(refused.closed().await, 1013);
    // A start on the full disk is refused, or takes nobody; it does no harm.
    running.signal("KILL");
    running.end();
    match start(&mut serve()) {
        Err(output) => refuses_in_a_sentence(&output),
        Ok(running) => {
            running.signal("KILL");
            running.end();
        }
    }
    disk.empty();
    let running = Running::start(&mut serve());
    let mut players = fight(&running).await;
    // Full again, and healed while it runs.
    disk.fill();
    assert_eq!(players[0].closed().await, 1013);
    disk.empty();
    let mut players = fight(&running).await;
    let later = |message: &Value| is_fight(message) && message[1].as_u64() > Some(40);
    players[0].until(later).await;
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!((code, log.contains("panic")), (Some(0), false), "{log}");
    assert!(!disk.folder.join("journals/quarantine").exists());
    let journals = fs::read_dir(disk.folder.join("journals")).expect("a folder");
    let journals: Vec<PathBuf> = journals.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(journals.len(), 5, "{journals:?}");
    journals.iter().for_each(|journal| super::verify(&house.folder, journal));
}

/// Two players in a fight.
async fn fight(running: &Running) -> [Player; 2] {
    let mut players = [
        Player::join(&running.address, "pair").await,
        Player::join(&running.address, "pair").await,
    ];
    for player in &mut players {
        player.until(is_fight).await;
    }
    players
}
