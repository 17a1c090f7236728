//! The program as people start it: what it prints, what it refuses and how, and how it ends.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!("bolide-process-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("made");
        Folder(folder)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, text).expect("written");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The program, without the environment's settings, in a folder of its own.
fn bolide(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bolide"));
    command.current_dir(&folder.0).env_clear().stdin(Stdio::null());
    command
}

/// Runs it to its end.
fn output(command: &mut Command) -> Output {
    command.output().expect("it starts")
}

/// Runs it and expects one sentence on standard error, and this exit code.
fn refused(command: &mut Command, code: i32, expect: &str) {
    let output = output(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with(&format!("error: {expect}")), "{said:?} is not {expect:?}");
    assert!(output.stdout.is_empty(), "nothing was started, so nothing is announced");
}

/// A running program; killed if the test fails.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
    start_block: Vec<String>,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let mut start_block = Vec::new();
        let address = loop {
            let line = lines.next().expect("a line with the address").expect("text");
            let address = line.split_once("http://").map(|(_, address)| address.to_owned());
            start_block.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        while start_block.last().is_some_and(|line| !line.contains("Stop")) {
            start_block.push(lines.next().expect("the rest of the block").expect("text"));
        }
        Running { child, log, address, start_block }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill");
        assert!(killed.success());
    }

    /// Waits until something is logged.
    fn logs(&mut self, what: &str) {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert!(self.log.read_line(&mut line).expect("text") > 0, "{what:?} was not logged");
        }
    }

    /// Waits for the end: the exit code, and what was logged since the last look.
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        let mut log = String::new();
        self.log.read_to_string(&mut log).expect("text");
        (status.code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn join(address: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let (mut socket, _) = connect_async(format!("ws://{address}/play")).await.expect("a socket");
    socket.send(Message::text(r#"{"t":"hello","name":"Ada"}"#)).await.expect("sent");
    let first =
        timeout(PATIENCE, socket.next()).await.expect("a welcome").expect("open").expect("a frame");
    assert!(first.to_text().expect("text").contains("\"welcome\""), "{first}");
    socket
}

async fn close_code(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> u16 {
    let close = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                end => panic!("no close frame: {end:?}"),
            }
        }
    };
    timeout(PATIENCE, close).await.expect("a close frame")
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let expect = format!(
        "cannot listen on {address}: another program uses it; stop that one, or choose another port: bolide --listen 127.0.0.1:"
    );
    refused(bolide(&folder).args(["--listen", &address.to_string()]), 1, &expect);
}

#[test]
fn a_wrong_configuration_is_refused_in_one_sentence() {
    let folder = Folder::new();
    let missing = folder.0.join("missing.toml");
    let expect =
        format!("cannot read the configuration file `{}`: No such file", missing.display());
    refused(bolide(&folder).arg("--config").arg(&missing), 2, &expect);

    let unknown = folder.file("unknown.toml", "# mine\nlisen = '127.0.0.1:0'\n");
    let expect = format!(
        "{}, line 2: there is no setting `lisen`; did you mean `listen`?",
        unknown.display()
    );
    refused(bolide(&folder).arg("--config").arg(&unknown), 2, &expect);

    let broken = folder.file("broken.toml", "listen = [\n");
    let expect = format!("{}, line ", broken.display());
    refused(bolide(&folder).arg("--config").arg(&broken), 2, &expect);

    refused(
        bolide(&folder).args(["--sessions-max", "0"]),
        2,
        "`sessions_max` is 0; allowed is 1 to 100000",
    );
    refused(bolide(&folder).env("BOLIDE_SHARDS", "999"), 2, "`shards` is 999; allowed is 1 to 256");
    refused(bolide(&folder).args(["--log", "a=b=c"]), 2, "`a=b=c` is no log filter");
}

#[test]
fn a_wrong_option_or_command_is_refused_with_the_nearest_one() {
    let folder = Folder::new();
    for (args, expect) in [
        (vec!["--lisen", "127.0.0.1:0"], "a similar argument exists: '--listen'"),
        (vec!["--listen", "4000"], "`4000` is not an address to listen on; write IP:PORT"),
        (vec!["serv"], "a similar subcommand exists: 'serve'"),
    ] {
        let output = output(bolide(&folder).args(&args));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(said.contains(expect), "{said}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_refused_before_anything_is_announced() {
    let folder = Folder::new();
    let file = folder.file("file", "");
    let listen = ["--listen", "127.0.0.1:0"];
    let expect = format!("cannot use the data folder `{}`: ", file.display());
    refused(bolide(&folder).args(listen).arg("--data-dir").arg(&file), 1, &expect);
    let expect = format!(
        "there is no index.html in `{}`; check --web-dir or leave it out",
        folder.0.display()
    );
    refused(bolide(&folder).args(listen).arg("--web-dir").arg(&folder.0), 1, &expect);
}

#[test]
fn help_and_version_are_short() {
    let folder = Folder::new();
    let help = output(bolide(&folder).arg("--help"));
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for word in [
        "--listen <ADDRESS>",
        "--config <FILE>",
        "--data-dir <FOLDER>",
        "Limits:",
        "Rooms:",
        "Examples:",
    ] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    assert!(help.lines().count() <= 45, "{help}");
    let version = output(bolide(&folder).arg("--version"));
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    assert_eq!(version.trim(), concat!("bolide ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn command_line_before_environment_before_file_before_default() {
    let folder = Folder::new();
    let config = folder.file("bolide.toml", "listen = 'nowhere'\n");
    // The file is read and refused, whatever the command line says: a mistake in it does not wait.
    refused(
        bolide(&folder).args(["--listen", "127.0.0.1:0", "--config"]).arg(&config),
        2,
        &format!("{}, line 1: `nowhere` is not an address", config.display()),
    );
    let config = folder
        .file("bolide.toml", "listen = '127.0.0.1:0'\ndata_dir = 'from-file'\nlog = 'error'\n");
    for (variable, option, made) in [
        (None, None, "from-file"),
        (Some("from-environment"), None, "from-environment"),
        (Some("from-environment-2"), Some("from-line"), "from-line"),
    ] {
        let mut command = bolide(&folder);
        command.arg("serve").arg("--config").arg(&config);
        command.envs(variable.map(|folder| ("BOLIDE_DATA_DIR", folder)));
        command.args(option.map(|folder| ["--data-dir", folder]).into_iter().flatten());
        let running = Running::start(&mut command);
        assert!(Path::new(&folder.0).join(made).is_dir(), "{made}");
        running.signal("TERM");
        assert_eq!(running.end(), (Some(0), String::new()), "log = 'error' comes from the file");
    }
    assert!(!folder.0.join("from-environment-2").exists());
}

#[tokio::test]
async fn sigterm_and_ctrl_c_close_every_client_with_1012_and_end_with_0() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::new();
        let running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
        let mut socket = join(&running.address).await;
        running.signal(signal);
        assert_eq!(close_code(&mut socket).await, 1012);
        let (code, log) = running.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("stopped"), "{log}");
        assert!(!log.contains("Ada"), "names of people are not logged:\n{log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    let mut running = Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0"]));
    // A client that never answers the close keeps a graceful stop waiting for two seconds.
    let _socket = join(&running.address).await;
    running.signal("TERM");
    running.logs("stopping; once more ends at once");
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("SIGTERM again: ending at once"), "{log}");
}

#[tokio::test]
async fn the_start_block_says_where_to_play() {
    let folder = Folder::new();
    let running =
        Running::start(bolide(&folder).args(["--listen", "127.0.0.1:0", "--data-dir", "data"]));
    let block = running.start_block.join("\n");
    for word in [concat!("Bolide ", env!("CARGO_PKG_VERSION")), "classic, brawl", "data", "Ctrl-C"]
    {
        assert!(block.contains(word), "{word} is not in\n{block}");
    }
    assert!(!running.address.ends_with(":0"), "the real port");
    join(&running.address).await;
}
