//! A thread that hangs in a system call, as on a disk that does not answer. `/readyz` names it, and
//! the server is ready again when the call returns.

use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{House, is_deep, wait_until};
use crate::player::{Player, is_fight, tick};
use crate::program::Running;
use crate::watching::{admin, get, metric};

/// Delays these calls of one thread of the server until it is dropped. Each delay is longer than
/// any test waits.
struct Hang(Child);

impl Hang {
    fn begin(running: &Running, thread: &str, calls: &str) -> Hang {
        let tasks = fs::read_dir(format!("/proc/{}/task", running.pid())).expect("it runs");
        let mut tasks = tasks.map(|task| task.expect("a task").path());
        let is_named = |name: String| name.trim_end() == thread;
        let task = tasks.find(|task| fs::read_to_string(task.join("comm")).is_ok_and(is_named));
        let task = task.expect(thread);
        let id = task.file_name().expect("a number").to_str().expect("a number");
        let (trace, inject) =
            (format!("trace={calls}"), format!("inject={calls}:delay_enter=600000000"));
        let mut strace = Command::new("strace");
        strace.args(["-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "-p", id]);
        let hang = Hang(strace.stdin(Stdio::null()).spawn().expect("strace"));
        let is_traced = || {
            let status = fs::read_to_string(task.join("status")).expect("it runs");
            !status.contains("TracerPid:\t0\n")
        };
        wait_until("strace has it", is_traced);
        hang
    }
}

impl Drop for Hang {
    fn drop(&mut self) {
        // strace detaches from the thread when it is asked to end.
        super::signal(self.0.id(), "TERM");
        self.0.wait().ok();
    }
}

/// Lets one thread of a server hang while a match is played.
async fn hang(durability: &str, thread: &str, calls: &str) {
    let house = House::new();
    let mut server = house.server();
    let running = Running::start(server.args(["--durability", durability, "--shards", "1"]));
    let [mut player, mut other] = Player::fight(&running.address, "pair").await;
    let admin = admin(&running);
    let readyz = || get(&admin, "/readyz");
    assert!(readyz().ends_with("\r\nready\n"));
    let hang = Hang::begin(&running, thread, calls);
    // A visitor gives the database something to write, because it is not written in each tick.
    let mut visitor = Player::connect(&running.address).await;
    visitor.say(&json!({"t": "hello", "name": "Bea", "mode": "long"})).await;
    wait_until("it is named", || readyz().contains(&format!("the thread {thread} has hung for ")));
    assert!(readyz().starts_with("HTTP/1.1 503"), "{}", readyz());
    let page = get(&admin, "/metrics");
    let age = metric(&page, &format!("bolide_thread_turn_age_seconds{{thread=\"{thread}\"}}"));
    assert!(age > 5.0, "{age}");
    assert!(page.contains("\nbolide_ready 0\n"));
    if thread == "sync-0" {
        // The match does not depend on that thread.
        let seen = tick(&player.until(is_fight).await);
        player.until(|message| is_fight(message) && tick(message) > seen).await;
    }
    drop(hang);
    wait_until("it is ready again", || readyz().ends_with("\r\nready\n"));
    let seen = tick(&other.until(is_fight).await);
    other.until(|message| is_fight(message) && tick(message) > seen).await;
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    house.verify_journals();
}

#[tokio::test]
async fn a_sync_that_does_not_come_back_is_named() {
    hang("group", "sync-0", "fsync,fdatasync").await;
}

#[tokio::test]
async fn a_strict_sync_that_does_not_come_back_is_named() {
    hang("strict", "journal-0", "fsync,fdatasync").await;
}

#[tokio::test]
async fn any_other_thread_that_does_not_come_back_is_named() {
    if is_deep() {
        hang("group", "journal-0", "write,pwrite64,writev,pwritev").await;
        hang("group", "store", "pwrite64,fsync,fdatasync").await;
        hang("group", "shard-0", "?epoll_wait,?epoll_pwait").await;
    }
}
