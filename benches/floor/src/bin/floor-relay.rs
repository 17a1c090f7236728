//! The floor of a relay: one thread, epoll, each text framed once and sent to everybody, its author
//! included. Whatever a relay does on top of this is what its rooms and its care cost.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

use anyhow::{Context, Result, bail};
use bolide_floor::announce;
use bolide_floor::epoll::Epoll;
use bolide_floor::websocket::{answer, unmasked};
use clap::Parser;

/// The yardstick of relays; it serves until it is ended
#[derive(Parser)]
struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
}

struct Client {
    stream: TcpStream,
    head: Vec<u8>,
    is_open: bool,
}

fn main() -> Result<()> {
    let listener = TcpListener::bind(Options::parse().listen)?;
    listener.set_nonblocking(true)?;
    announce(listener.local_addr()?);
    let epoll = Epoll::new()?;
    epoll.add(listener.as_raw_fd())?;
    let mut clients: BTreeMap<RawFd, Client> = BTreeMap::new();
    loop {
        for fd in epoll.wait(None)? {
            if fd == listener.as_raw_fd() {
                accept(&listener, &epoll, &mut clients)?;
                continue;
            }
            match receive(clients.get_mut(&fd).context("a client")?) {
                Ok(texts) => texts.iter().for_each(|text| send(text, &mut clients)),
                Err(_) => drop(clients.remove(&fd)),
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    epoll: &Epoll,
    clients: &mut BTreeMap<RawFd, Client>,
) -> Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        epoll.add(stream.as_raw_fd())?;
        clients.insert(stream.as_raw_fd(), Client { stream, head: Vec::new(), is_open: false });
    }
}

/// Returns the texts that have arrived.
fn receive(client: &mut Client) -> Result<Vec<Vec<u8>>> {
    let mut buffer = [0; 4096];
    match client.stream.read(&mut buffer) {
        Ok(0) => bail!("gone"),
        Ok(read) => client.head.extend(&buffer[..read]),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    if !client.is_open {
        let Some(end) = client.head.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(Vec::new());
        };
        let answer = answer(&String::from_utf8_lossy(&client.head[..end]), None)?;
        client.stream.write_all(answer.as_bytes())?;
        client.head.drain(..end + 4);
        client.is_open = true;
    }
    let mut texts = Vec::new();
    while let Some((payload, length)) = unmasked(&client.head)? {
        if client.head[0] == 0x81 {
            texts.push(payload);
        }
        client.head.drain(..length);
    }
    Ok(texts)
}

/// Sends a short text to everybody.
fn send(text: &[u8], clients: &mut BTreeMap<RawFd, Client>) {
    let length = u8::try_from(text.len()).expect("short");
    assert!(length < 126, "short");
    let mut frame = vec![0x81, length];
    frame.extend(text);
    clients.retain(|_, client| {
        !client.is_open || (&client.stream).write(&frame).is_ok_and(|sent| sent == frame.len())
    });
}
