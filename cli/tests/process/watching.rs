//! Observability of the program: metrics, health and logs.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use serde_json::Value;

use crate::player::Player;
use crate::program::{Folder, PATIENCE, Running, bolide, output, refused};

const LISTEN: [&str; 4] = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

/// Returns the address of the admin listener, as printed in the start block.
pub(crate) fn admin(running: &Running) -> String {
    let line = running.start_block.iter().find(|line| line.trim_start().starts_with("Admin"));
    let url =
        line.expect("the admin listener is announced").split("http://").nth(1).expect("a URL");
    url.trim_end_matches("/metrics").to_owned()
}

/// Returns the whole response, including its head.
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Returns the sum of the series that begin with this name and these labels.
pub(crate) fn metric(page: &str, begin: &str) -> f64 {
    let series = page.lines().filter(|line| line.starts_with(begin));
    let values: Vec<f64> = series
        .map(|line| line.rsplit(' ').next().expect("a value").parse().expect("a number"))
        .collect();
    assert!(!values.is_empty(), "{begin} is not in\n{page}");
    values.iter().sum()
}

/// Requests a path until the response is wanted.
fn until(address: &str, path: &str, wanted: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let answer = get(address, path);
        if wanted(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "not what was wanted:\n{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_tells_what_goes_on_and_why_it_is_not_ready_any_more() {
    let folder = Folder::new();
    let mut running = Running::start(bolide(&folder).args(LISTEN).args(["--shards", "1"]));
    let admin = admin(&running);
    let before = get(&admin, "/metrics");
    assert!(before.starts_with("HTTP/1.1 200 OK\r\n"), "{before}");
    assert!(
        before.contains("\r\ncontent-type: application/openmetrics-text; version=1.0.0"),
        "{before}"
    );
    assert_eq!(metric(&before, "bolide_sessions{"), 0.0);

    let mut ada = Player::join(&running.address, "brawl").await;
    ada.shoot([0.5, 0.5]).await;
    let all = |page: &str| {
        metric(page, "bolide_messages_total{shard=\"0\",kind=\"input\"}") > 0.0
            && metric(page, "bolide_sent_bytes_total") > 0.0
            && metric(page, "bolide_tick_duration_seconds_count{") > 1.0
            && metric(page, "bolide_sessions{") == 1.0
    };
    // Sent bytes are added to the metric within a second.
    let page = until(&admin, "/metrics", all);
    assert_eq!(metric(&page, "bolide_connections "), 1.0);
    assert_eq!(metric(&page, "bolide_rooms{"), 1.0);
    assert!(metric(&page, "bolide_received_bytes_total") > 0.0);
    assert!(metric(&page, "bolide_journal_written_bytes_total{") > 0.0);
    assert!(metric(&page, "bolide_tick_duration_max_seconds{") > 0.0);
    let index = get(&admin, "/");
    assert!(index.contains("ready\n") && index.contains("/metrics"), "{index}");
    assert!(get(&running.address, "/metrics").starts_with("HTTP/1.1 404"), "not for everybody");

    // Ada's client never answers the close frame, so the server waits for it.
    assert!(get(&admin, "/readyz").ends_with("ready\n"));
    running.signal("TERM");
    running.logs("stopping");
    let not_ready = until(&admin, "/readyz", |answer| answer.starts_with("HTTP/1.1 503"));
    assert!(not_ready.ends_with("\r\nstopping\n"), "{not_ready}");
    assert!(get(&admin, "/livez").starts_with("HTTP/1.1 200"));
    assert_eq!(running.end().0, Some(0));
    drop(ada);
}

#[test]
fn it_is_off_unless_it_is_asked_for_and_its_port_is_named_when_it_is_taken() {
    let folder = Folder::new();
    let running = Running::start(bolide(&folder).args(&LISTEN[..2]));
    assert!(!running.start_block.join("\n").contains("Admin"));
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let expect = format!(
        "cannot listen on {address}: another program uses it; stop that one, or choose another port: bolide --admin-listen 127.0.0.1:"
    );
    refused(bolide(&folder).args(&LISTEN[..3]).arg(&address), 1, &expect);
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

#[test]
fn a_full_admin_listener_closes_the_oldest_of_those_that_say_nothing() {
    let folder = Folder::new();
    let running = Running::start(bolide(&folder).args(LISTEN));
    let admin = admin(&running);
    let mut silent: Vec<TcpStream> = (0..64).map(|_| connect(&admin)).collect();
    assert!(get(&admin, "/livez").starts_with("HTTP/1.1 200"));
    assert_eq!(silent[0].read(&mut [0]).expect("closed"), 0);
    for stream in &silent[1..] {
        stream.set_nonblocking(true).expect("set");
        let open = stream.peek(&mut [0]).expect_err("nothing was said");
        assert_eq!(open.kind(), ErrorKind::WouldBlock);
    }
}

#[tokio::test]
async fn a_full_admin_listener_answers_the_newest() {
    let folder = Folder::new();
    let running = Running::start(bolide(&folder).args(LISTEN));
    let admin = admin(&running);
    // Half of them send nothing, half read nothing of what they request.
    let held: Vec<TcpStream> = (0..64)
        .map(|number| {
            let mut stream = connect(&admin);
            if number % 2 == 1 {
                let requests = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
                stream.write_all(requests.as_bytes()).expect("sent");
            }
            stream
        })
        .collect();
    for _ in 0..3 {
        assert!(get(&admin, "/livez").starts_with("HTTP/1.1 200"));
    }
    let page = get(&admin, "/metrics");
    assert!(metric(&page, "bolide_refused_total{reason=\"http\"}") >= 1.0, "{page}");
    Player::join(&running.address, "brawl").await;
    // The others are closed for being slow.
    for mut stream in held.into_iter().step_by(2) {
        let mut rest = Vec::new();
        let end = stream.read_to_end(&mut rest).map_err(|error| error.kind());
        assert_ne!(end, Err(ErrorKind::WouldBlock), "it is not closed");
        assert!(rest.is_empty());
    }
}

/// Runs `healthcheck`. Returns the exit code and the one line that is printed.
fn healthcheck(
    folder: &Folder,
    args: &[&str],
    variables: &[(&str, &str)],
) -> (Option<i32>, String) {
    let mut command = bolide(folder);
    let output = output(command.arg("healthcheck").args(args).envs(variables.iter().copied()));
    let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    assert_eq!(said.lines().count(), 1, "{said}");
    (output.status.code(), said.trim_end().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_finds_the_server_asks_it_and_says_so_with_its_exit_code() {
    let folder = Folder::new();
    let mut running = Running::start(bolide(&folder).args(LISTEN));
    let [game, admin] = [running.address.clone(), admin(&running)];
    let url = format!("http://{game}");
    let config =
        folder.file("bolide.toml", &format!("listen = '{game}'\nadmin_listen = '{admin}'\n"));
    let ready = (Some(0), "ready".to_owned());
    assert_eq!(healthcheck(&folder, &["--url", &url], &[]), ready);
    assert_eq!(healthcheck(&folder, &[], &[("BOLIDE_LISTEN", &game)]), ready);
    assert_eq!(healthcheck(&folder, &["--config", config.to_str().expect("text")], &[]), ready);

    let _silent = Player::join(&running.address, "brawl").await;
    running.signal("TERM");
    running.logs("stopping");
    until(&admin, "/readyz", |answer| answer.starts_with("HTTP/1.1 503"));
    let not = (Some(1), "not ready: stopping (HTTP 503)".to_owned());
    assert_eq!(healthcheck(&folder, &[], &[("BOLIDE_ADMIN_LISTEN", &admin)]), not);
    assert_eq!(running.end().0, Some(0));

    let (code, said) = healthcheck(&folder, &["--url", &url], &[]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with(&format!("not reachable at {url}/readyz: ")), "{said}");
    for (args, variables, expect) in [
        (
            vec![],
            vec![("BOLIDE_LISTEN", "127.0.0.1:0")],
            "error: the server listens on a port that the system",
        ),
        (
            vec!["--config", "no.toml"],
            vec![],
            "error: cannot read the configuration file `no.toml`",
        ),
    ] {
        let (code, said) = healthcheck(&folder, &args, &variables);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with(expect), "{said}");
    }
}

const FORWARDED: &str = "X-Forwarded-For: 198.51.100.7\r\n";

const TRUSTED: [&str; 2] = ["--trusted-proxies", "127.0.0.1"];

#[test]
fn a_proxy_that_is_not_trusted_is_told_once() {
    let log = twice_proxied(&[], FORWARDED);
    assert_eq!(log.matches("X-Forwarded-For from 127.0.0.1 is ignored").count(), 1, "{log}");
    assert!(log.contains("trusted_proxies = [\"127.0.0.1\"]"), "{log}");
    assert_eq!(twice_proxied(&TRUSTED, FORWARDED), "");
}

/// The players behind such a proxy used to be counted under no address, without a warning.
#[test]
fn a_trusted_proxy_that_does_not_say_for_whom_it_asks_is_told_once() {
    let log = twice_proxied(&TRUSTED, "");
    let told = "the trusted proxy 127.0.0.1 sends no X-Forwarded-For";
    assert_eq!(log.matches(told).count(), 1, "{log}");
    assert_eq!(twice_proxied(&[], ""), "", "it is no proxy");
}

/// Returns the log of a server with these options, after two handshakes through a proxy that adds
/// these header lines.
fn twice_proxied(options: &[&str], lines: &str) -> String {
    let folder = Folder::new();
    let mut server = bolide(&folder);
    let running = Running::start(server.args(&LISTEN[..2]).args(["--log", "warn"]).args(options));
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&running.address).expect("it listens");
        write!(
            stream,
            "GET /play HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
        )
        .expect("sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 101");
    }
    running.signal("TERM");
    running.end().1
}

#[tokio::test]
async fn a_log_for_programs_is_json_in_every_line() {
    let folder = Folder::new();
    let running = Running::start(bolide(&folder).args(&LISTEN[..2]).args(["--log", "json,debug"]));
    let mut ada = Player::join(&running.address, "brawl").await;
    running.signal("TERM");
    assert_eq!(ada.closed().await, 1012);
    drop(ada);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field} is not in {line}");
        }
    }
    let joined = lines.iter().find(|line| line["message"] == "joined").expect("it is logged");
    assert!(joined["room"].is_string() && joined["connection"].is_u64(), "{joined}");
    assert!(lines.iter().any(|line| line["level"] == "DEBUG"));

    // An error after the log has started is a line of the log.
    let listen = ["--listen", "127.0.0.1:0", "--log", "json"];
    let failed =
        output(bolide(&folder).args(listen).arg("--data-dir").arg(folder.file("file", "")));
    assert_eq!(failed.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&failed.stderr).expect("a JSON object");
    assert_eq!(line["level"], "ERROR");
}
