//! A power cut: of every file only the synced part is left, and a new file only if its folder was
//! synced. A client that was welcomed can resume, with `strict` and with `group`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{Chance, House, size};
use crate::player::{Player, is_fight, tick};
use crate::program::Running;

#[tokio::test]
async fn a_power_cut_under_strict_takes_nobody_who_was_welcomed() {
    for _ in 0..size(1, 8) {
        cut_short("strict", 1).await;
    }
}

/// With `group` a match may lose its last quarter of a second, so this one is older. A seat in it
/// may be younger.
#[tokio::test]
async fn a_power_cut_under_group_takes_nobody_who_was_welcomed_to_a_match_that_is_older_than_a_moment()
 {
    for _ in 0..size(1, 8) {
        cut_short("group", 60).await;
    }
}

/// Cuts the power under four players: one has a new token, and another has just been welcomed.
async fn cut_short(durability: &str, ticks: u64) {
    let house = House::new();
    let log = house.folder.0.join("strace.log");
    let calls = "trace=mkdir,openat,write,pwrite64,ftruncate,fsync,fdatasync,syncfs,rename,unlink";
    let options = ["-f", "-y", "-qq", "-s", "0", "--seccomp-bpf", "-o", "strace.log", "-e", calls];
    let mut server = house.server_under("strace", &options);
    let running = Running::start(server.args(["--durability", durability]));
    let seen = |message: &Value| message[0] == 1 && tick(message) >= ticks;
    let mut players = Vec::new();
    for _ in 0..3 {
        players.push(Player::join(&running.address, "long").await);
    }
    players[0].until(seen).await;
    let token = players.remove(0).token;
    players.push(Player::resume(&running.address, &token).await);
    Chance::new().pause(size(Duration::ZERO, Duration::from_secs(2)));
    players.push(Player::join(&running.address, "long").await);
    let server = fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.pid()));
    let server = server.expect("strace runs it").trim().parse().expect("a process");
    super::signal(server, "KILL");
    running.end();
    let log = fs::read_to_string(log).expect("what it did");
    let files = Files::of(&log);
    let cut = files.cut(&house.folder.0.join("data"));
    println!("{durability}: {cut} bytes and files that were not synced are gone");

    let running = house.serve();
    let mut again = Vec::new();
    for player in &players {
        again.push(Player::resume(&running.address, &player.token).await);
        assert_eq!(again.last().map(|player| player.seat), Some(player.seat));
    }
    again[0].until(is_fight).await;
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    house.verify_journals();
}

/// The effects of a traced process on its files and folders.
#[derive(Default)]
struct Files {
    files: BTreeMap<PathBuf, Written>,
    /// Counts the lines of the log: the time at which a call begins or ends.
    now: u64,
}

/// A file or folder that the process made.
#[derive(Default)]
struct Written {
    /// Time of the call that made it.
    made: u64,
    /// Sizes in bytes after each write, each with the time of the write.
    sizes: Vec<(u64, u64)>,
    /// Time at which the last successful sync of its bytes began.
    synced: u64,
    /// Time at which the last successful sync of its folder began.
    folder_synced: u64,
}

impl Files {
    /// Parses the log of strace. Each line is a process id and a call. A call that is interrupted
    /// by another takes two lines.
    fn of(log: &str) -> Files {
        let mut files = Files::default();
        let mut begun: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for line in log.lines() {
            files.now += 1;
            let (pid, call) = line.split_once(char::is_whitespace).expect("a process and a call");
            let call = call.trim_start();
            if let Some((head, _)) = call.split_once("<unfinished ...>") {
                begun.insert(pid, (files.now, head.trim_end()));
            } else if call.starts_with("<... ") {
                let (began, head) = begun.remove(pid).expect("its begin");
                let rest = call.split_once("resumed>").expect("its end").1;
                files.heed(began, &format!("{head}{rest}"));
            } else {
                files.heed(files.now, call);
            }
        }
        files
    }

    /// Records a call that has ended.
    fn heed(&mut self, began: u64, call: &str) {
        let Some((call, result)) = call.rsplit_once(" = ") else { return };
        let Some((name, arguments)) = call.split_once('(') else { return };
        let number = result.split(['<', ' ']).next().and_then(|it| it.parse::<u64>().ok());
        let Some(number) = number else { return };
        match name {
            "mkdir" => {
                let path = arguments.split('"').nth(1).expect("a path");
                self.make(Path::new(path));
            }
            "openat" if arguments.contains("O_CREAT") => {
                if let Some(path) = in_brackets(result) {
                    self.make(path);
                }
            }
            "write" | "pwrite64" => {
                let Some(path) = in_brackets(arguments) else { return };
                let offset = arguments.trim_end().trim_end_matches(')').rsplit(", ").next();
                let offset = offset.filter(|_| name == "pwrite64").map(|it| it.parse::<u64>());
                let Some(file) = self.files.get_mut(path) else { return };
                let before = file.sizes.last().map_or(0, |(_, size)| *size);
                let begin = offset.map_or(before, |it| it.expect("a number"));
                let name = path.to_string_lossy();
                let only_grows = name.ends_with(".journal") || name.ends_with("-wal");
                assert!(begin == before || !only_grows, "{name} is written anew");
                file.sizes.push((self.now, before.max(begin + number)));
            }
            "fsync" | "fdatasync" => {
                if let Some(path) = in_brackets(arguments) {
                    self.sync(path, began);
                }
            }
            _ => {}
        }
    }

    fn make(&mut self, path: &Path) {
        let made = self.now;
        self.files.entry(path.to_owned()).or_insert(Written { made, ..Written::default() });
    }

    fn sync(&mut self, path: &Path, began: u64) {
        if let Some(file) = self.files.get_mut(path) {
            file.synced = file.synced.max(began);
        }
        for (name, file) in &mut self.files {
            if name.parent() == Some(path) {
                file.folder_synced = file.folder_synced.max(began);
            }
        }
    }

    /// Removes from the folder everything that was not synced. Returns the number of bytes and
    /// files that are gone.
    fn cut(&self, folder: &Path) -> u64 {
        let mut gone = 0;
        for (path, file) in self.files.iter().filter(|(path, _)| path.starts_with(folder)) {
            let Ok(data) = fs::metadata(path) else { continue };
            let is_lost = file.folder_synced < file.made;
            if data.is_dir() {
                assert!(!is_lost, "{} is not synced into its folder", path.display());
                continue;
            }
            let kept =
                file.sizes.iter().filter(|(call, _)| *call < file.synced).map(|it| it.1).max();
            let kept = kept.filter(|_| !is_lost).unwrap_or(0);
            if path.extension().is_some_and(|it| it == "sqlite") {
                assert_eq!(kept, data.len(), "the database itself is written at checkpoints");
            }
            gone += data.len() - kept;
            if is_lost || path.to_string_lossy().ends_with("-shm") {
                fs::remove_file(path).expect("removed");
            } else {
                File::options()
                    .write(true)
                    .open(path)
                    .and_then(|it| it.set_len(kept))
                    .expect("cut");
            }
        }
        gone
    }
}

/// Extracts the path of a descriptor, as printed with `-y`.
fn in_brackets(text: &str) -> Option<&Path> {
    text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| Path::new(path))
}
