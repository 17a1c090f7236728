//! A server that runs out of file descriptors: its matches go on, and it recovers.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use crate::player::Player;
use crate::program::{Folder, Running, bolide_under};
use crate::survival::wait_until;
use crate::watching::{admin, get, metric};

const HANDSHAKE: &str = "GET /play HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Starts the server under a wrapper program, with budgets that keep silent game sockets open.
fn serve_under(folder: &Folder, wrapper: &str, options: &[&str]) -> Running {
    let mut command = bolide_under(folder, wrapper, options);
    command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--shards", "1"]);
    command.args(["--budgets-hello-s", "3600", "--budgets-idle-s", "3600"]);
    Running::start(command.args(["--budgets-ping-s", "3600", "--log", "warn"]))
}

/// Opens this many connections. Each sends `begin` and then nothing more.
fn connect(address: &str, times: usize, begin: &str) -> Vec<TcpStream> {
    let one = || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(begin.as_bytes()).expect("sent");
        stream
    };
    (0..times).map(|_| one()).collect()
}

fn refused(running: &Running, reason: &str) -> f64 {
    let page = get(&admin(running), "/metrics");
    metric(&page, &format!("bolide_refused_total{{reason=\"{reason}\"}}"))
}

#[tokio::test]
async fn sockets_take_no_descriptor_that_a_match_needs() {
    let folder = Folder::new();
    let running = serve_under(&folder, "prlimit", &["--nofile=96:96"]);
    let mut ada = Player::join(&running.address, "brawl").await;
    let held = connect(&running.address, 150, HANDSHAKE);
    wait_until("all are answered", || refused(&running, "descriptors") >= 50.0);
    assert!(get(&running.address, "/").starts_with("HTTP/1.1 503"));
    assert!(get(&running.address, "/readyz").starts_with("HTTP/1.1 200"));
    for _ in 0..4 {
        ada.until(|message| message[0] == 1).await;
    }
    drop(held);
    wait_until("it heals", || get(&running.address, "/").starts_with("HTTP/1.1 200"));
    // A new match needs a descriptor for its journal.
    let mut bob = Player::join(&running.address, "duel").await;
    bob.until(|message| message[0] == 1).await;
    ada.until(|message| message[0] == 1).await;
}

#[tokio::test]
async fn idle_http_connections_give_their_descriptors_to_players() {
    let folder = Folder::new();
    let running = serve_under(&folder, "prlimit", &["--nofile=96:96"]);
    let _idle = connect(&running.address, 200, "");
    // Each counts as within a request until a second has passed.
    wait_until("it answers", || get(&running.address, "/").starts_with("HTTP/1.1 200"));
    let mut ada = Player::join(&running.address, "brawl").await;
    ada.until(|message| message[0] == 1).await;
    assert!(refused(&running, "http") >= 1.0);
}

/// Eight of the first accepts fail as if there were no descriptor. The pauses between retries grow.
#[tokio::test]
async fn accepts_that_fail_are_tried_again_and_logged_once_in_a_while() {
    let folder = Folder::new();
    let inject = "inject=accept4:error=EMFILE:when=2..9";
    let options = ["-f", "-qq", "-o", "strace.log", "-e", "trace=accept4", "-e", inject];
    let mut running = serve_under(&folder, "strace", &options);
    let mut ada = Player::join(&running.address, "brawl").await;
    ada.until(|message| message[0] == 1).await;
    // The threads of the runtime take turns to accept, and strace counts per thread.
    connect(&running.address, 20, "");
    wait_until("it answers", || get(&running.address, "/livez").starts_with("HTTP/1.1 200"));
    running.logs("cannot accept connections");
    let failures = metric(&get(&admin(&running), "/metrics"), "bolide_accept_failures_total");
    let server = fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.pid()));
    let server = server.expect("strace runs it");
    Command::new("kill").args(["-KILL", server.trim()]).status().expect("killed");
    let (_, log) = running.end();
    let lines = 1 + log.matches("cannot accept connections").count();
    assert!((lines as f64) < failures, "{failures} failures in {lines} lines");
}
