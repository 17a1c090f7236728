//! Clients that send useless frames, or nothing.

use std::time::{Duration, Instant};

use bolide_tests::{Raw, first, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{Check, Program};

/// Attackers of each kind at once.
const ATTACKERS: usize = 20;

/// Largest growth of the server's memory.
const GROWTH_MIB: f64 = 1.0;

/// Memory of 100 silent sockets and 100 requests that have begun. The HTTP library takes 22 KB for
/// a request, and less where memory of earlier ones is free: 0.6 to 1.3 MiB were measured.
const SILENT_MIB: f64 = 2.0;

pub(crate) async fn run(check: &mut Check<'_>) {
    let program = Program::start(&[]);
    // The first connections of a process are not growth: pages, buffers, arenas of the allocator.
    warm_up(&program).await;
    let ping = frame(first::PING, &[b'x'; 125]);
    let goes_on = frame(first::GOES_ON, b"");
    let byte = frame(first::GOES_ON, b" ");
    let chat = frame(first::TEXT, br#"{"t":"chat","text":"flood"}"#);
    let large = frame(first::TEXT, format!("[1,1,null,null,0{}]", " ".repeat(12_000)).as_bytes());
    for (name, bytes) in [
        ("pings", &ping),
        ("empty continuations", &goes_on),
        ("fragments of one byte", &byte),
        ("chat, unread", &chat),
        ("large inputs, unread", &large),
    ] {
        let begins = bytes[0] == first::GOES_ON;
        let before = program.memory();
        let mut attackers = JoinSet::new();
        for _ in 0..ATTACKERS {
            let mut raw = Raw::join(program.address, "brawl").await;
            let bytes = bytes.clone();
            attackers.spawn(async move {
                let began = Instant::now();
                if begins {
                    raw.send(&frame(first::TEXT_BEGINS, b"")).await;
                }
                raw.flood(&bytes).await;
                began.elapsed()
            });
        }
        let (longest, most) = watch(&program, attackers).await;
        check(&format!("{ATTACKERS} x {name}: cut after"), longest.as_secs_f64(), 1.0, "s");
        let growth = (most - before) / 1_048_576.0;
        check(&format!("{ATTACKERS} x {name}: growth"), growth, GROWTH_MIB, "M");
    }
    silent(&program, check).await;
}

/// Opens sockets that send nothing, and requests that never end.
async fn silent(program: &Program, check: &mut Check<'_>) {
    let before = program.memory();
    let (mut silent, mut dribbled) = (JoinSet::new(), JoinSet::new());
    for _ in 0..100 {
        let mut raw = Raw::open(program.address).await.expect("a socket");
        silent.spawn(async move {
            let began = Instant::now();
            raw.closed().await;
            began.elapsed()
        });
        let mut stream = TcpStream::connect(program.address).await.expect("a connection");
        dribbled.spawn(async move {
            let began = Instant::now();
            while stream.write_all(b"G").await.is_ok() && !is_closed(&mut stream).await {}
            began.elapsed()
        });
    }
    let (longest, most) = watch(program, silent).await;
    check("100 silent sockets: cut after", longest.as_secs_f64(), 6.0, "s");
    let (longest, most_later) = watch(program, dribbled).await;
    check("100 dribbled handshakes: cut after", longest.as_secs_f64(), 6.0, "s");
    let growth = (most.max(most_later) - before) / 1_048_576.0;
    check("both: growth", growth, SILENT_MIB, "M");
}

/// Waits a little, unless the server closes the connection.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 1024];
    let read = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut answer));
    matches!(read.await, Ok(Ok(0) | Err(_)))
}

async fn warm_up(program: &Program) {
    let mut held = Vec::new();
    for _ in 0..200 {
        held.push(Raw::join(program.address, "brawl").await);
    }
    let mut handshakes = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(program.address).await.expect("a connection");
        stream.write_all(b"GET / HTTP/1.1\r\n").await.ok();
        handshakes.push(stream);
    }
    // WAITS: the server takes all connections, and lets all of them go; what it takes for them is
    // measured afterwards.
    sleep(Duration::from_secs(1)).await;
    drop((held, handshakes));
    // WAITS: as above.
    sleep(Duration::from_secs(1)).await;
}

/// Returns the longest time of a task, and the most memory meanwhile.
async fn watch(program: &Program, mut tasks: JoinSet<Duration>) -> (Duration, f64) {
    let (mut longest, mut most) = (Duration::ZERO, program.memory());
    while !tasks.is_empty() {
        tokio::select! {
            Some(took) = tasks.join_next() => longest = longest.max(took.expect("no panic")),
            () = sleep(Duration::from_millis(10)) => {} // WAITS: between two measurements.
        }
        most = most.max(program.memory());
    }
    (longest, most)
}
