//! Logs that are not read or cannot be written. Matches go on, new players may join, and lost lines
//! are counted and reported.

use std::fs::{self, File, OpenOptions};
use std::io::{PipeReader, Read, Write, pipe};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::disks::Disk;
use super::{House, is_deep, size, wait_until};
use crate::player::{Player, is_fight, tick};
use crate::program::Running;
use crate::watching::{admin, get, metric};

/// Both forms of the log, at the default level.
const FORMS: [&str; 2] = ["info", "json,info"];

/// Returns the number of lines that were dropped for a reason.
fn dropped(running: &Running, reason: &str) -> f64 {
    metric(
        &get(&admin(running), "/metrics"),
        &format!("bolide_log_lines_dropped_total{{reason=\"{reason}\"}}"),
    )
}

fn is_ready(running: &Running) -> bool {
    get(&admin(running), "/readyz").ends_with("\r\nready\n")
}

/// Says hello and disconnects, which logs some lines.
async fn visit(running: &Running) {
    let mut visitor = Player::connect(&running.address).await;
    visitor.say(&json!({"t": "hello", "name": "Visitor", "mode": "pair"})).await;
}

/// Two players in a fight, and the last tick that they were shown.
struct Fight {
    players: [Player; 2],
    tick: u64,
}

impl Fight {
    async fn begin(running: &Running) -> Fight {
        Fight { players: Player::fight(&running.address, "pair").await, tick: 0 }
    }

    /// Waits until the fight has gone on. A snapshot is sent twice a second even if nothing moves.
    async fn goes_on(&mut self) {
        let seen = self.tick;
        for player in &mut self.players {
            let later = |message: &Value| is_fight(message) && tick(message) > seen;
            self.tick = tick(&player.until(later).await);
        }
    }

    /// Waits until both players are closed because the server stops.
    async fn is_closed(&mut self) {
        for player in &mut self.players {
            assert_eq!(player.closed().await, 1012);
        }
    }
}

#[tokio::test]
async fn a_log_whose_reader_is_gone_ends_nobody() {
    join_all(FORMS.map(closed)).await;
}

async fn closed(form: &str) {
    let house = House::new();
    let mut running = Running::start(house.server().args(["--log", form]));
    let mut fight = Fight::begin(&running).await;
    running.close_log();
    for _ in 0..size(3, 100) {
        visit(&running).await;
        fight.goes_on().await;
    }
    // In a mode in which no visitor has a seat.
    Player::fight(&running.address, "witness").await;
    wait_until("lines are counted that nobody takes", || dropped(&running, "write") > 0.0);
    assert!(is_ready(&running));
    running.signal("TERM");
    fight.is_closed().await;
    assert_eq!(running.end().0, Some(0));
    house.verify_journals();
}

/// Starts a server whose log goes into a pipe that is full from the beginning.
fn stalled(house: &House, form: &str) -> (Running, PipeReader) {
    let (reader, mut writer) = pipe().expect("a pipe");
    // The capacity of a pipe on Linux, so that this write does not block and the next one does.
    writer.write_all(&[b'\n'; 64 << 10]).expect("written");
    let mut server = house.server();
    server.args(["--log", form]).stdout(Stdio::piped()).stderr(writer);
    (Running::begun(server.spawn().expect("it starts")).expect("it runs"), reader)
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_no_tick() {
    join_all(FORMS.map(unread)).await;
}

async fn unread(form: &str) {
    let house = House::new();
    let (running, mut reader) = stalled(&house, form);
    let mut fight = Fight::begin(&running).await;
    // The long form logs more than the queue holds: each visitor is some lines.
    for _ in 0..size(3, 60) {
        for _ in 0..50 {
            visit(&running).await;
        }
        fight.goes_on().await;
    }
    assert!(is_ready(&running));
    if is_deep() {
        wait_until("the queue is full", || dropped(&running, "queue") > 0.0);
    }
    // The pipe is read again, until the server ends.
    let read = thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).expect("text");
        log
    });
    fight.goes_on().await;
    running.signal("TERM");
    fight.is_closed().await;
    assert_eq!(running.end().0, Some(0));
    let log = read.join().expect("no panic");
    assert!(log.contains("room opened") && log.contains("stopped"), "{log}");
    assert_eq!(log.contains("lines of the log were dropped"), is_deep(), "{log}");
}

#[tokio::test]
async fn a_stop_waits_a_second_at_most_for_a_log_that_nobody_reads() {
    let house = House::new();
    let (running, reader) = stalled(&house, "info");
    let mut player = Player::join(&running.address, "pair").await;
    running.signal("TERM");
    assert_eq!(player.closed().await, 1012);
    drop(player);
    // Without the limit of a second the server would wait for ever. The reader is kept until here.
    assert_eq!(running.end().0, Some(0));
    drop(reader);
}

#[tokio::test]
async fn visitors_cannot_fill_a_disk_with_lines() {
    let house = House::new();
    let options = ["--log", "info", "--log-lines-per-s", "1"];
    let running = Running::start(house.server().args(options));
    // A burst of a hundred lines is allowed.
    for _ in 0..150 {
        visit(&running).await;
    }
    wait_until("lines are dropped", || dropped(&running, "rate") > 0.0);
    running.signal("TERM");
    let (code, log) = running.end();
    let counted = log.lines().filter(|line| line.contains("INFO")).count();
    assert!((100..200).contains(&counted), "{counted} lines");
    let reports = log.lines().filter(|line| line.contains("lines of the log were dropped"));
    assert_eq!((code, reports.count() > 0), (Some(0), true), "{log}");
}

#[tokio::test]
async fn a_log_on_the_full_data_disk_heals_with_it() {
    for form in FORMS {
        let house = House::new();
        full(&house, &Disk::Limit, form).await;
        if is_deep() {
            let house = House::new();
            full(&house, &Disk::small(&house), form).await;
        }
    }
}

async fn full(house: &House, disk: &Disk, form: &str) {
    let log = disk.folder(house).join("log");
    fs::create_dir_all(disk.folder(house)).expect("made");
    let running = start(house, disk, form, &log);
    Player::fight(&running.address, "pair").await;
    disk.fill(&running);
    for _ in 0..60 {
        visit(&running).await;
    }
    wait_until("lines are counted that the disk does not take", || {
        dropped(&running, "write") > 0.0
    });
    disk.empty(&running);
    let players = Player::fight(&running.address, "witness").await;
    wait_until("it is ready again", || is_ready(&running));
    let text = || fs::read_to_string(&log).expect("text");
    wait_until("it says what was lost", || text().contains("lines of the log were dropped"));
    drop(players);
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    let text = text();
    assert!(text.contains("stopped") && !text.contains("panic"), "{text}");
    if form.starts_with("json") {
        let is_json = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
        let torn: Vec<&str> = text.lines().filter(|line| !is_json(line)).collect();
        assert!(torn.len() <= 1, "only the line in which the disk was full: {torn:#?}");
    }
}

fn start(house: &House, disk: &Disk, form: &str, log: &Path) -> Running {
    let log: File = OpenOptions::new().create(true).append(true).open(log).expect("opened");
    let mut server = disk.server(house);
    server.args(["--log", form]).stdout(Stdio::piped()).stderr(log);
    Running::begun(server.spawn().expect("it starts")).expect("it runs")
}

/// Runs the server in a terminal that `script` makes.
#[test]
fn colours_are_for_terminals_without_no_color() {
    for (no_color, expect) in [(None, true), (Some("1"), false)] {
        let house = House::new();
        let program = house.server();
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let typescript: PathBuf = house.folder.0.join("typescript");
        let mut terminal = std::process::Command::new("script");
        terminal.current_dir(&house.folder.0).stdin(Stdio::null()).stdout(Stdio::piped());
        terminal.env_remove("NO_COLOR").envs(no_color.map(|value| ("NO_COLOR", value)));
        terminal.args(["-q", "-e", "-f", "-c", &format!("{} --log info", words.join(" "))]);
        let running = Running::begun(terminal.arg(&typescript).spawn().expect("script"));
        let running = running.expect("it runs");
        let text = || fs::read_to_string(&typescript).expect("text");
        let children = format!("/proc/{0}/task/{0}/children", running.pid());
        let shell = fs::read_to_string(children).expect("it runs a shell");
        super::signal(shell.trim().parse().expect("one process"), "TERM");
        running.end();
        let text = text();
        assert_eq!(text.contains("\u{1b}["), expect, "{text:?}");
    }
}
