//! `bolide key` and `bolide notice`: on a data folder alone, and by the control socket of a running
//! server.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::process::Command;

use futures_util::StreamExt;
use rusqlite::Connection;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::player::Player;
use crate::program::{Folder, PATIENCE, Running, bolide, output, refused};
use crate::survival::wait_until;

fn server(folder: &Folder) -> Command {
    let mut command = bolide(folder);
    command.args(["--listen", "127.0.0.1:0", "--data-dir", "data"]);
    command
}

/// Returns a command with the data folder of the tests.
fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = bolide(folder);
    command.args(arguments).args(["--data-dir", "data"]);
    command
}

/// Runs a command that succeeds, and returns its output.
fn said(folder: &Folder, arguments: &[&str]) -> String {
    let output = output(&mut command(folder, arguments));
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), wrong.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).expect("text")
}

/// Makes a key, and returns its secret.
fn key(folder: &Folder, name: &str, may: &str) -> String {
    let secret = said(folder, &["key", "new", name, "--may", may]).trim().to_owned();
    assert!(secret.starts_with("bk_") && secret.len() == 3 + 64, "{secret:?}");
    secret
}

/// Publishes to everybody, and returns the status of the answer.
fn publish(running: &Running, key: &str) -> u16 {
    let mut stream = TcpStream::connect(&running.address).expect("it listens");
    let body = r#"{"to":{"all":true},"text":"hello"}"#;
    let request = format!(
        "POST /api/v1/publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[test]
fn a_key_that_was_made_before_the_first_start_publishes() {
    let folder = Folder::new();
    let site = key(&folder, "site", "publish");
    let mode = |name: &str| {
        let file = folder.0.join("data").join(name);
        fs::metadata(file).expect("there").permissions().mode() & 0o777
    };
    assert_eq!((mode("."), mode("bolide.sqlite")), (0o700, 0o600));
    let running = Running::start(&mut server(&folder));
    assert_eq!((publish(&running, &site), publish(&running, "bk_00")), (202, 401));
}

#[test]
fn keys_of_a_running_server_are_known_and_revoked_at_once_and_a_kill_keeps_them() {
    let folder = Folder::new();
    let mut running = Running::start(&mut server(&folder));
    let (site, shop) = (key(&folder, "site", "publish"), key(&folder, "shop", "read,publish"));
    running.logs("key made");
    assert_eq!((publish(&running, &site), publish(&running, &shop)), (202, 202));
    running.logs_line("an act with its key", |line| {
        line.contains("published") && line.contains("site")
    });
    let table = said(&folder, &["key", "list"]);
    let lines: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(lines, [["KEY", "MAY"], ["shop", "publish,read"], ["site", "publish"]]);
    assert!(!table.contains("bk_"), "{table}");
    said(&folder, &["key", "revoke", "site"]);
    assert_eq!((publish(&running, &site), publish(&running, &shop)), (401, 202));
    running.signal("KILL");
    running.end();

    // Without a server, and with the next one.
    assert!(said(&folder, &["key", "list"]).contains("shop"));
    let running = Running::start(&mut server(&folder));
    assert_eq!((publish(&running, &site), publish(&running, &shop)), (401, 202));
    // No secret is in the database.
    for name in ["bolide.sqlite", "bolide.sqlite-wal"] {
        let bytes = fs::read(folder.0.join("data").join(name)).expect("there");
        let secret = shop.as_bytes();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{name}");
    }
}

#[tokio::test]
async fn a_notice_reaches_a_player_of_the_running_server() {
    let folder = Folder::new();
    let running = Running::start(&mut server(&folder));
    let mut player = Player::join(&running.address, "duel").await;
    let told = said(&folder, &["notice", "Back at 18:00", "--level", "warning"]);
    assert_eq!(told, "told 1 connection\n");
    let notice = player.until(|message| message["t"] == "notice").await;
    assert_eq!((&notice["text"], &notice["level"]), (&"Back at 18:00".into(), &"warning".into()));
    assert!(notice["title"].is_null(), "{notice}");
}

/// The last text of a topic is told by the next process.
#[tokio::test]
async fn a_kill_keeps_what_topics_were_told_last() {
    let folder = Folder::new();
    let serving = |folder: &Folder| {
        let mut command = server(folder);
        command.args(["--relay", "topics"]);
        command
    };
    let running = Running::start(&mut serving(&folder));
    let site = key(&folder, "site", "publish");
    assert_eq!(publish(&running, &site), 202);
    let kept = || {
        let store = Connection::open(folder.0.join("data/bolide.sqlite")).expect("opens");
        let count = store.query_row("SELECT count(*) FROM topics", [], |row| row.get::<_, u32>(0));
        count.expect("read") == 1
    };
    wait_until("the topic is stored", kept);
    running.signal("KILL");
    running.end();
    let running = Running::start(&mut serving(&folder));
    let address = format!("ws://{}/ws/notifications?subscribe-broadcast", running.address);
    let (mut page, _) = connect_async(address).await.expect("a socket");
    let told = async {
        loop {
            if let Message::Text(text) = page.next().await.expect("open").expect("a message") {
                return text;
            }
        }
    };
    assert_eq!(timeout(PATIENCE, told).await.expect("in time").as_str(), "hello");
}

/// The socket is for its owner alone, and one that a killed server left is replaced.
#[test]
fn the_control_socket_is_private_and_a_stale_one_is_replaced() {
    let folder = Folder::new();
    for _ in 0..2 {
        let running = Running::start(&mut server(&folder));
        assert_eq!(said(&folder, &["key", "list"]), "no keys\n");
        let socket = fs::metadata(folder.0.join("data/control.sock")).expect("there");
        assert!(socket.file_type().is_socket());
        assert_eq!(socket.permissions().mode() & 0o777, 0o600);
        running.signal("KILL");
        running.end();
    }
    assert!(folder.0.join("data/control.sock").exists(), "it is stale now");
    assert_eq!(said(&folder, &["key", "list"]), "no keys\n");
}

#[test]
fn what_cannot_be_done_is_told_in_a_sentence() {
    let folder = Folder::new();
    let refuse = |arguments: &[&str], code, expect: &str| {
        refused(&mut command(&folder, arguments), code, expect);
    };
    refuse(&["key", "list"], 1, "there is no folder `data`");
    key(&folder, "site", "publish");
    refuse(&["notice", "x"], 1, "no server uses the data folder `data`; a notice needs one");
    let taken = "there is a key `site` already; choose another name";
    let unknown = "there is no key `shop`; `bolide key list` shows all";
    refuse(&["key", "new", "site", "--may", "read"], 1, taken);
    refuse(&["key", "revoke", "shop"], 1, unknown);
    let _running = Running::start(&mut server(&folder));
    refuse(&["key", "new", "site", "--may", "read"], 1, taken);
    refuse(&["key", "revoke", "shop"], 1, unknown);
    refuse(&["notice", ""], 1, "text has 0 bytes; allowed is 1 to 4096 bytes");
    let title = "x".repeat(101);
    let long = "title is 101 characters long; allowed is 1 to 100 characters";
    refuse(&["notice", "x", "--title", &title], 1, long);
    for (arguments, expect) in [
        (&["key", "new", "a b", "--may", "read"][..], "`a b` is no name of a key; allowed are 1"),
        (&["key", "new", "x", "--may", "all"], "`all` is nothing that a key may do; allowed are"),
        (&["key", "new", "x"], "--may <LIST>"),
        (&["notice", "x", "--level", "fatal"], "[possible values: info, warning, maintenance]"),
    ] {
        let output = output(&mut command(&folder, arguments));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(expect), "{said}");
    }
}

/// The server plays on, and both it and the command say what to do.
#[test]
fn a_data_folder_whose_path_is_too_long_for_a_socket_is_told() {
    let folder = Folder::new();
    let deep = "d".repeat(120);
    let mut running =
        Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0", "--data-dir", &deep]));
    running.logs("and a Unix socket takes 1");
    let mut command = bolide(&folder);
    command.args(["key", "list", "--data-dir", &deep]);
    refused(
        &mut command,
        1,
        &format!("a server uses the data folder `{deep}`, and cannot be asked: the path"),
    );
}

/// A program of before knows nothing of these tables, so it must refuse them.
#[test]
fn keys_raise_the_version_of_the_store() {
    let folder = Folder::new();
    key(&folder, "site", "publish");
    let store = Connection::open(folder.0.join("data/bolide.sqlite")).expect("opens");
    let version = store.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    assert_eq!(version.expect("read"), 4);
}
