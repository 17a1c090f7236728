//! A load for relays: members of one room, of whom one after the other says something. It measures
//! how late each copy comes, and what the server uses meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bolide_floor::epoll::Epoll;
use clap::Parser;
use tokio_tungstenite::tungstenite::client::client_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

/// Loads a relay, and prints a report in JSON
#[derive(Parser)]
struct Options {
    /// Host and port of the server
    #[arg(long)]
    address: String,
    /// Path and query of the socket
    #[arg(long, default_value = "/room/perf/")]
    path: String,
    /// Sockets
    #[arg(long, default_value = "1000")]
    members: usize,
    /// Texts in a second; 0 for sockets that do nothing
    #[arg(long, default_value = "10")]
    per_second: u32,
    /// Measured seconds
    #[arg(long, default_value = "10")]
    seconds: u32,
    /// A key of the server: texts are published to the facility `perf` instead of said
    #[arg(long)]
    key: Option<String>,
    /// The server's process
    #[arg(long)]
    server_pid: u32,
}

type Socket = WebSocket<TcpStream>;

struct Load {
    epoll: Epoll,
    sockets: BTreeMap<RawFd, Socket>,
    began: Instant,
    /// Microseconds after which each copy came.
    late_us: Vec<u64>,
    lost: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let memory_before = memory_kb(options.server_pid)?;
    let mut load = Load {
        epoll: Epoll::new()?,
        sockets: BTreeMap::new(),
        began: Instant::now(),
        late_us: Vec::new(),
        lost: 0,
    };
    for _ in 0..options.members {
        load.connect(&options)?;
    }
    load.read_until(Instant::now() + Duration::from_secs(1))?;
    let (cpu_before, start) = (cpu_ms(options.server_pid)?, Instant::now());
    let memory = memory_kb(options.server_pid)?;
    load.late_us.clear();
    let said = load.talk(&options, start)?;
    let cpu_ms = cpu_ms(options.server_pid)? - cpu_before;
    let seconds = start.elapsed().as_secs_f64();
    load.read_until(Instant::now() + Duration::from_secs(1))?;
    load.late_us.sort_unstable();
    let copies = load.late_us.len();
    let late_ms = |share: f64| {
        let index = ((copies as f64 * share) as usize).min(copies.saturating_sub(1));
        load.late_us.get(index).map(|us| *us as f64 / 1000.0)
    };
    let report = serde_json::json!({
        "members": options.members, "lost": load.lost, "said": said, "copies": copies,
        "expected": said * options.members,
        "late_ms": { "p50": late_ms(0.5), "p99": late_ms(0.99), "max": late_ms(1.0) },
        "cpu_us_per_copy": if copies == 0 { 0.0 } else { cpu_ms * 1000.0 / copies as f64 },
        "cores": cpu_ms / 1000.0 / seconds,
        "memory_kb_per_member": (memory - memory_before) / options.members as f64,
    });
    println!("{report}");
    Ok(())
}

impl Load {
    fn connect(&mut self, options: &Options) -> Result<()> {
        let stream = TcpStream::connect(&options.address).context("the server is not there")?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
        let url = format!("ws://{}{}", options.address, options.path);
        let (socket, _) = client_with_config(&url, stream, Some(config))
            .map_err(|error| anyhow::anyhow!("{url}: {error}"))?;
        socket.get_ref().set_nonblocking(true)?;
        let fd = socket.get_ref().as_raw_fd();
        self.epoll.add(fd)?;
        self.sockets.insert(fd, socket);
        // Texts that came in between are read, so that a long ramp is no slow reader.
        self.read_until(Instant::now())
    }

    /// Says something, member after member. Returns the number of texts.
    fn talk(&mut self, options: &Options, start: Instant) -> Result<usize> {
        let end = start + Duration::from_secs(options.seconds.into());
        if options.per_second == 0 {
            self.read_until(end)?;
            return Ok(0);
        }
        let interval = Duration::from_secs(1) / options.per_second;
        let members: Vec<RawFd> = self.sockets.keys().copied().collect();
        let mut said = 0;
        while start + interval * u32::try_from(said)? < end {
            self.read_until(start + interval * u32::try_from(said)?)?;
            let text = format!("{} {said}", self.began.elapsed().as_micros());
            match &options.key {
                Some(key) => publish(&options.address, key, &text)?,
                None => {
                    let member = members[said * 7919 % members.len()];
                    let socket = self.sockets.get_mut(&member).context("a member was lost")?;
                    socket.send(Message::text(text))?;
                }
            }
            said += 1;
        }
        self.read_until(end)?;
        Ok(said)
    }

    fn read_until(&mut self, until: Instant) -> Result<()> {
        loop {
            let ready = self.epoll.wait(Some(until))?;
            for fd in &ready {
                if !self.read(*fd) {
                    self.sockets.remove(fd);
                    self.lost += 1;
                }
            }
            if ready.is_empty() && Instant::now() >= until {
                return Ok(());
            }
        }
    }

    /// Reads all that has arrived. Returns false if the socket is closed.
    fn read(&mut self, fd: RawFd) -> bool {
        let Some(socket) = self.sockets.get_mut(&fd) else { return true };
        loop {
            match socket.read() {
                Ok(Message::Text(text)) => {
                    let said = text.split(' ').next().and_then(|us| us.parse::<u128>().ok());
                    let late = said.map(|us| self.began.elapsed().as_micros().saturating_sub(us));
                    self.late_us.extend(late.and_then(|us| u64::try_from(us).ok()));
                }
                Ok(Message::Close(_)) => return false,
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
    }
}

/// Publishes a text to all that listen to the facility `perf`.
fn publish(address: &str, key: &str, text: &str) -> Result<()> {
    let body = serde_json::json!({
        "to": { "all": true }, "facility": "perf", "text": text, "expire_s": 0,
    });
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /api/v1/publish HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 202"), "the server answers {answer}");
    Ok(())
}

/// CPU time of a process and of its children, in milliseconds.
fn cpu_ms(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("no such process")?;
    let rest = stat.rsplit(')').next().context("a name")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().filter_map(|at| words.get(*at)?.parse::<f64>().ok()).sum();
    // Linux counts hundredths of a second for user space on all that Bolide runs on.
    Ok(ticks * 10.0)
}

/// Private memory of a process, in KB.
fn memory_kb(pid: u32) -> Result<f64> {
    let maps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let own = maps.lines().filter(|line| line.starts_with("Private_"));
    let kb: f64 = own.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum();
    if kb == 0.0 { bail!("no memory of {pid} is known") } else { Ok(kb) }
}
