//! HTTP peers that read nothing, that send nothing, and that hide behind a header.

use std::time::{Duration, Instant};

use bolide_tests::{PATIENCE, Raw};
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{interval_at, sleep, timeout};

use crate::program::kernel_memory;
use crate::slow::count;
use crate::{Check, Program};

/// As many as the server has places for HTTP.
const PEERS: usize = 1024;

/// Requests pipelined on each connection that reads nothing: 3.6 MB of answers.
const REQUESTS: usize = 40;

/// Time after which a silent peer reconnects, and the duration of that part.
const RETURN: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_secs(20);

/// Concurrent handshakes from one forwarded address. It may open 20, and 20 a second.
const HANDSHAKES: u32 = 150;

pub(crate) async fn run(check: &mut Check<'_>) {
    deaf(check).await;
    silent(check).await;
    forwarded(check).await;
}

async fn deaf(check: &mut Check<'_>) {
    let program = Program::start(&[]);
    warm_up(&program).await;
    let (before, kernel) = (program.memory(), kernel_memory());
    let mut deaf = Vec::new();
    for _ in 0..PEERS {
        deaf.push((reads_nothing(&program).await, Instant::now()));
    }
    let (mut most, mut kernel_most) = (before, kernel);
    let (mut longest, mut outside) = (Duration::ZERO, Outside::default());
    let began = Instant::now();
    while !deaf.is_empty() && began.elapsed() < PATIENCE {
        outside.ask(&program).await;
        most = most.max(program.memory());
        kernel_most = kernel_most.max(kernel_memory());
        deaf.retain(|(stream, since)| {
            let is_ended = is_ended(stream);
            if is_ended {
                longest = longest.max(since.elapsed());
            }
            !is_ended
        });
        sleep(Duration::from_millis(20)).await; // WAITS: between two measurements.
    }
    check("1024 read nothing of HTTP: not cut after a minute", count(deaf.len()), 0.0, "");
    check("the last is cut after", longest.as_secs_f64(), 6.0, "s");
    check("memory of the server", (most - before) / 1_048_576.0, 32.0, "M");
    let each = (kernel_most - kernel) / 1024.0 / 1024.0;
    println!("memory of the system meanwhile: {each:.0} KiB each");
    outside.report("meanwhile", check);
}

async fn silent(check: &mut Check<'_>) {
    let program = Program::start(&[]);
    let mut silent = JoinSet::new();
    for number in 0..PEERS {
        let address = program.address;
        // One after the other, because all at once would overflow the listener's queue.
        let begin = Instant::now() + RETURN.mul_f64(count(number) / count(PEERS));
        silent.spawn(async move {
            let mut pace = interval_at(begin.into(), RETURN);
            loop {
                pace.tick().await;
                let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                stream.read_exact(&mut [0]).await.ok();
            }
        });
    }
    let (began, mut outside) = (Instant::now(), Outside::default());
    while began.elapsed() < SILENT {
        outside.ask(&program).await;
        sleep(Duration::from_millis(20)).await; // WAITS: between two measurements.
    }
    outside.report("1024 say nothing and come again", check);
}

async fn forwarded(check: &mut Check<'_>) {
    let program = Program::start(&["--trusted-proxies", "127.0.0.0/8"]);
    for (what, headers) in [
        ("bytes outside ASCII", b"X-Forwarded-For: \xff, 198.51.100.7\r\n".as_slice()),
        ("a line outside ASCII", b"X-Forwarded-For: \xff\r\nX-Forwarded-For: 198.51.100.8\r\n"),
        ("no address", b"X-Forwarded-For: 198.51.100.9, \xff\r\n"),
    ] {
        let began = Instant::now();
        let mut handshakes = JoinSet::new();
        for _ in 0..HANDSHAKES {
            let address = program.address;
            handshakes.spawn(async move { Raw::open_with(address, headers).await.ok() });
        }
        let taken = handshakes.join_all().await.into_iter().flatten().count();
        let most =
            if what == "no address" { 0.0 } else { 20.0 + 20.0 * began.elapsed().as_secs_f64() };
        check(&format!("{HANDSHAKES} forwarded with {what}: taken"), count(taken), most, "");
    }
}

/// The service that an honest peer gets meanwhile.
#[derive(Default)]
struct Outside {
    asked: usize,
    failed: usize,
    longest: Duration,
}

impl Outside {
    /// Asks for the health, the page, the rooms and a game socket, each with its own connection.
    async fn ask(&mut self, program: &Program) {
        for path in ["/readyz", "/livez", "/", "/api/v1/rooms"] {
            let began = Instant::now();
            let is_well = timeout(PATIENCE, is_answered(program, path)).await;
            self.note(is_well.is_ok_and(|is_well| is_well.is_ok_and(|is_well| is_well)), began);
        }
        let began = Instant::now();
        self.note(Raw::open(program.address).await.is_ok(), began);
    }

    fn note(&mut self, is_well: bool, began: Instant) {
        self.asked += 1;
        self.failed += usize::from(!is_well);
        self.longest = self.longest.max(began.elapsed());
    }

    fn report(&self, what: &str, check: &mut Check<'_>) {
        check(&format!("{what}: of {} others failed", self.asked), count(self.failed), 0.0, "");
        check("the slowest answer to them", self.longest.as_secs_f64() * 1000.0, 500.0, "ms");
    }
}

/// Returns whether the answer is 200. An error means that a connection was refused or lost.
async fn is_answered(program: &Program, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(program.address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

async fn reads_nothing(program: &Program) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    let mut stream = socket.connect(program.address).await.expect("a connection");
    let requests = "GET /app.js HTTP/1.1\r\nHost: t\r\n\r\n".repeat(REQUESTS);
    stream.write_all(requests.as_bytes()).await.ok();
    stream
}

fn is_ended(stream: &TcpStream) -> bool {
    let ready = stream.ready(Interest::READABLE | Interest::ERROR).now_or_never();
    ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed() || ready.is_error()))
}

/// Opens the first connections of the process, which are not growth.
async fn warm_up(program: &Program) {
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        peers.push(TcpStream::connect(program.address).await.expect("a connection"));
    }
    // WAITS: the server takes all connections, and lets all of them go.
    sleep(Duration::from_secs(1)).await;
    drop(peers);
    // WAITS: as above.
    sleep(Duration::from_secs(1)).await;
}
