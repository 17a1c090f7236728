//! The first yardstick, the floor: one thread, epoll, the bytes of a tick framed once per room, one
//! `send` per client. What clients say is received and thrown away. Whatever a server does on top
//! of this is what its game and its care cost.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bolide_floor::epoll::Epoll;
use bolide_floor::websocket::{answer, unmasked};
use bolide_floor::{Options, Recording, announce};
use bolide_net::{ClientMessage, Codec, Frame, FrameKind, WantedRoom};
use clap::Parser;

fn main() -> Result<()> {
    let options = Options::parse();
    let recording = options.record("the floor")?;
    let listener = TcpListener::bind(options.listen)?;
    listener.set_nonblocking(true)?;
    announce(listener.local_addr()?);
    let epoll = Epoll::new()?;
    epoll.add(listener.as_raw_fd())?;
    let (clients, rooms) = (BTreeMap::new(), Vec::new());
    let mut floor = Floor { epoll, listener, recording, codec: options.format, clients, rooms };
    loop {
        let next = floor.rooms.iter().filter_map(|room| room.next_at).min();
        let ready = floor.epoll.wait(next)?;
        for fd in ready {
            if fd == floor.listener.as_raw_fd() {
                floor.accept()?;
            } else if floor.receive(fd).is_err() {
                floor.clients.remove(&fd);
            }
        }
        floor.tick(Instant::now());
    }
}

struct Floor {
    epoll: Epoll,
    listener: TcpListener,
    recording: Recording,
    codec: Codec,
    clients: BTreeMap<RawFd, Client>,
    rooms: Vec<Room>,
}

struct Client {
    stream: TcpStream,
    /// Bytes that came before it was seated.
    head: Vec<u8>,
    stage: Stage,
    /// Bytes that a send did not take.
    left: Vec<u8>,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Handshake,
    Greeting,
    Playing,
}

#[derive(Default)]
struct Room {
    members: Vec<RawFd>,
    next_at: Option<Instant>,
    index: usize,
    matches: u32,
}

/// Bytes that may wait for a client; of more, it is gone.
const LEFT_BYTES_MAX: usize = 256 * 1024;

impl Floor {
    fn accept(&mut self) -> Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let fd = stream.as_raw_fd();
            self.epoll.add(fd)?;
            let client =
                Client { stream, head: Vec::new(), stage: Stage::Handshake, left: Vec::new() };
            self.clients.insert(fd, client);
        }
    }

    fn receive(&mut self, fd: RawFd) -> Result<()> {
        let mut buffer = [0; 4096];
        let client = self.clients.get_mut(&fd).context("a client")?;
        let read = match client.stream.read(&mut buffer) {
            Ok(0) => bail!("gone"),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if client.stage == Stage::Playing {
            return Ok(());
        }
        client.head.extend(&buffer[..read]);
        if client.stage == Stage::Handshake {
            let Some(end) = client.head.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Ok(());
            };
            let request = String::from_utf8_lossy(&client.head[..end]);
            let answer = answer(&request, Some(self.codec.subprotocol()))?;
            client.stream.write_all(answer.as_bytes())?;
            client.head.drain(..end + 4);
            client.stage = Stage::Greeting;
        }
        if let Some((hello, _)) = unmasked(&client.head)? {
            client.stage = Stage::Playing;
            client.head = Vec::new();
            self.join(fd, &hello)?;
        }
        Ok(())
    }

    fn join(&mut self, fd: RawFd, hello: &[u8]) -> Result<()> {
        let Ok(ClientMessage::Hello(hello)) = self.codec.decode_client(hello) else {
            bail!("no hello")
        };
        let id = match hello.room {
            WantedRoom::Id(room) => room.parse().context("no such room")?,
            _ => {
                self.rooms.push(Room::default());
                self.rooms.len() - 1
            }
        };
        let room = self.rooms.get_mut(id).context("no such room")?;
        let seat = room.members.len() % self.recording.seats();
        room.members.push(fd);
        if room.members.len() == self.recording.seats() {
            room.next_at = Some(Instant::now());
        }
        let mut out = Vec::new();
        write(&mut out, &self.recording.welcome(&id.to_string(), seat));
        self.clients.get_mut(&fd).context("a client")?.send(&out)
    }

    fn tick(&mut self, now: Instant) {
        let dt = Duration::from_secs(1) / self.recording.tick_rate;
        for room in &mut self.rooms {
            let Some(next_at) = room.next_at.filter(|next_at| *next_at <= now) else { continue };
            room.next_at = Some(next_at + dt);
            let mut out = Vec::with_capacity(1024);
            if room.index == 0 {
                room.matches += 1;
                write(&mut out, &self.recording.new_match(room.matches));
            }
            self.recording.ticks[room.index].iter().for_each(|frame| write(&mut out, frame));
            room.index = (room.index + 1) % self.recording.ticks.len();
            let clients = &mut self.clients;
            room.members.retain(|fd| {
                let sent = clients.get_mut(fd).is_some_and(|client| client.send(&out).is_ok());
                if !sent {
                    clients.remove(fd);
                }
                sent
            });
            if room.members.is_empty() {
                room.next_at = None;
            }
        }
    }
}

impl Client {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        if !self.left.is_empty() {
            self.left.extend(bytes);
            let left = std::mem::take(&mut self.left);
            return self.send(&left);
        }
        match self.stream.write(bytes) {
            Ok(written) => self.left.extend(&bytes[written..]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.left.extend(bytes),
            Err(error) => return Err(error.into()),
        }
        if self.left.len() > LEFT_BYTES_MAX {
            bail!("it does not read");
        }
        Ok(())
    }
}

/// A server's frame is not masked.
fn write(out: &mut Vec<u8>, frame: &Frame) {
    out.push(match frame.kind {
        FrameKind::Text => 0x81,
        FrameKind::Binary => 0x82,
    });
    match u16::try_from(frame.bytes.len()) {
        Ok(length @ 0..=125) => out.push(length.to_be_bytes()[1]),
        Ok(length) => {
            out.push(126);
            out.extend(length.to_be_bytes());
        }
        Err(_) => {
            out.push(127);
            out.extend((frame.bytes.len() as u64).to_be_bytes());
        }
    }
    out.extend(&frame.bytes);
}
