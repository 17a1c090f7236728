//! One WebSocket with a single owner. It reads when the kernel has reported bytes, and writes the
//! frames of a tick. It never blocks and needs no lock. Only the owner writes, so frames never
//! interleave. It does not know what messages mean.

use std::io::{self, ErrorKind, IoSlice, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tracing::debug;

use crate::inbound::{Inbound, Received};
use crate::limits::SocketLimits;
use crate::meter::Meter;
use crate::outbox::Outbox;
use crate::round_trip;
use crate::violation::SocketEnd;

/// Bytes per read, which is the length of the caller's buffer.
pub const READ_BYTES: usize = 1024;

/// The server's end of a WebSocket. The fields that every tick touches come first.
#[derive(Debug)]
#[repr(C)]
pub struct GameSocket {
    stream: socket2::Socket,
    /// There may be bytes that were not read.
    is_readable: bool,
    /// The socket takes no more at the moment. The poller reports when it does.
    is_stuck: bool,
    /// A write has failed.
    is_broken: bool,
    /// The client has stopped sending. The bytes that were received are the last ones.
    is_hung_up: bool,
    outbox: Outbox,
    meter: Meter,
    inbound: Inbound,
}

impl GameSocket {
    /// Takes over a non-blocking stream after its handshake. `first` was read from it during the
    /// handshake.
    pub fn new(
        stream: socket2::Socket,
        first: Bytes,
        limits: &SocketLimits,
        now: Instant,
    ) -> GameSocket {
        // The kernel would buffer megabytes for a slow reader, which is to be noticed early.
        if let Err(error) = stream.set_send_buffer_size(limits.send_buffer_bytes) {
            debug!(%error, "a connection keeps its send buffer");
        }
        let meter = Meter::new(&first, limits.bytes, limits.fragments_max, now);
        GameSocket {
            stream,
            is_readable: true,
            is_stuck: false,
            is_broken: false,
            is_hung_up: false,
            outbox: Outbox::new(limits.outbox_bytes_max),
            meter,
            inbound: Inbound::new(first, limits.message_bytes_max),
        }
    }

    /// Notes that bytes may have arrived.
    #[inline]
    pub const fn readable(&mut self) {
        self.is_readable = true;
    }

    /// Notes that the client has stopped sending. The kernel reports that once, with the last
    /// bytes.
    #[inline]
    pub const fn hung_up(&mut self) {
        self.is_hung_up = true;
    }

    /// Prefetches the fields that reading touches.
    #[inline]
    pub fn warm_way_in(&self) {
        self.meter.warm();
    }

    /// Prefetches the fields that writing touches.
    #[inline]
    pub fn warm_way_out(&self) {
        self.outbox.warm();
    }

    /// Returns the next event. The payload of a message may be in the buffer. `None` if everything
    /// received so far was returned; then the kernel reports when there is more.
    pub fn next(&mut self, buffer: &mut [u8], now: Instant) -> Option<Received> {
        loop {
            if let Some(violation) = self.meter.over() {
                return Some(Received::End(SocketEnd::Violation(violation)));
            }
            if let Some(event) = self.inbound.next() {
                return Some(event);
            }
            if !self.is_readable {
                return None;
            }
            let is_between_messages = self.meter.is_between_messages();
            let read = match (&self.stream).read(buffer) {
                Ok(0) => return Some(Received::End(SocketEnd::Gone)),
                Ok(read) => read,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        (self.is_readable, self.is_hung_up) = (false, false);
                        return None;
                    }
                    ErrorKind::Interrupted => continue,
                    _ => return Some(Received::End(SocketEnd::Gone)),
                },
            };
            // A read that does not fill the buffer has taken all there was. The end of the stream
            // follows behind it, and takes another read.
            self.is_readable = read == buffer.len() || self.is_hung_up;
            let bytes = &mut buffer[..read];
            self.meter.count(bytes, now);
            if self.meter.over().is_none()
                && let Some(event) = self.inbound.feed(bytes, is_between_messages)
            {
                return Some(event);
            }
        }
    }

    /// Returns whether the client has closed or is gone, judged by the bytes that no event has
    /// returned yet. It looks for a close frame as far as one read reaches.
    pub fn has_closed(&mut self) -> bool {
        self.is_hung_up |= has_hung_up(&self.stream);
        let mut ahead = [0; READ_BYTES];
        self.is_hung_up
            || match recv(&self.stream, &mut ahead, RecvFlags::PEEK) {
                Ok((0, _)) => true,
                Ok((read, _)) => self.meter.has_close(&ahead[..read]),
                Err(Errno::AGAIN | Errno::INTR) => self.meter.has_close(&[]),
                Err(_) => true,
            }
    }

    /// Returns the minimum round trip in the last minutes. `None` if the kernel has none: it is not
    /// Linux, or nothing was acknowledged yet.
    pub fn round_trip(&self) -> Option<Duration> {
        round_trip::least(&self.stream)
    }

    /// The frames that wait to be [flushed](GameSocket::flush).
    #[inline]
    pub const fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Writes what is queued as far as the socket takes it. All frames of a tick are one system
    /// call.
    pub fn flush(&mut self) {
        if self.is_stuck || self.is_broken {
            return;
        }
        let GameSocket { stream, outbox, .. } = self;
        match outbox.write(|slices| send(stream, slices)) {
            Ok(all) => self.is_stuck = !all,
            Err(_) => self.is_broken = true,
        }
    }

    /// Notes that the socket takes more, and writes what waited for that.
    #[inline]
    pub fn writable(&mut self) {
        if std::mem::replace(&mut self.is_stuck, false) {
            self.flush();
        }
    }

    /// Returns whether something waits until the socket is [writable](GameSocket::writable).
    #[inline]
    pub const fn is_stuck(&self) -> bool {
        self.is_stuck
    }

    /// Returns the end of the socket as far as writing tells, if it has come.
    #[inline]
    pub fn ended(&self) -> Option<SocketEnd> {
        match self.outbox.violation() {
            Some(violation) => Some(SocketEnd::Violation(violation)),
            None => self.is_broken.then_some(SocketEnd::Gone),
        }
    }

    /// The time of the last byte.
    #[inline]
    pub const fn heard_at(&self) -> Instant {
        self.meter.heard_at()
    }

    /// Returns the number of bytes received since the last call.
    #[inline]
    pub const fn take_received(&mut self) -> u64 {
        self.meter.take_received()
    }

    /// The underlying stream.
    #[inline]
    pub const fn stream(&self) -> &socket2::Socket {
        &self.stream
    }
}

impl AsRawFd for GameSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

impl AsMut<GameSocket> for GameSocket {
    fn as_mut(&mut self) -> &mut GameSocket {
        self
    }
}

/// The event for a stream on which nothing more arrives, even if unread bytes are before that.
#[cfg(target_os = "linux")]
const HUNG_UP: PollFlags = PollFlags::RDHUP;
/// Other systems report only that both directions are closed.
#[cfg(not(target_os = "linux"))]
const HUNG_UP: PollFlags = PollFlags::HUP;

fn has_hung_up(stream: &socket2::Socket) -> bool {
    let mut asked = [PollFd::new(stream, HUNG_UP)];
    poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Hands bytes to the kernel, and returns how many it took.
fn send(stream: &socket2::Socket, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match slices {
        [one] => stream.send(one),
        many => stream.send_vectored(many),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use bolide_net::{Frame, FrameKind};
    use bytes::Bytes;

    use super::{GameSocket, READ_BYTES};
    use crate::inbound::Received;
    use crate::limits::SocketLimits;
    use crate::token_bucket::Rate;
    use crate::violation::{SocketEnd, Violation};

    const GONE: SocketEnd = SocketEnd::Gone;
    const LIMITS: SocketLimits = SocketLimits {
        bytes: Rate { per_s: 32 * 1024, burst: 128 * 1024 },
        fragments_max: 16,
        message_bytes_max: 16 * 1024,
        outbox_bytes_max: 64 * 1024,
        send_buffer_bytes: 16 * 1024,
    };

    fn pair(limits: SocketLimits) -> (GameSocket, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("two");
        ours.set_nonblocking(true).expect("set");
        theirs.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        (GameSocket::new(OwnedFd::from(ours).into(), Bytes::new(), &limits, Instant::now()), theirs)
    }

    fn event(socket: &mut GameSocket) -> Option<Received> {
        socket.next(&mut [0; READ_BYTES], Instant::now())
    }

    /// Builds a masked frame whose mask changes nothing.
    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).expect("short"), 0, 0, 0, 0];
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn frames_stay_whole_and_in_order_however_little_the_client_takes() {
        let (mut socket, mut client) =
            pair(SocketLimits { outbox_bytes_max: usize::MAX, ..LIMITS });
        let texts: Vec<String> = (0..20).map(|n: u32| format!("{n} ").repeat(30_000)).collect();
        for text in &texts {
            socket.outbox().push(Frame { kind: FrameKind::Text, bytes: text.clone().into() });
            socket.flush();
        }
        assert!(socket.is_stuck(), "far more than the system takes");
        let mut got = Vec::new();
        let mut piece = [0; 1013];
        let total: usize =
            texts.iter().map(|text| text.len() + 4 + 6 * usize::from(text.len() > 65_535)).sum();
        while got.len() < total {
            let read = client.read(&mut piece).expect("more");
            got.extend(&piece[..read]);
            // Both what a shard does when the socket is writable, and what it does each tick.
            socket.writable();
            socket.flush();
        }
        let mut rest = &got[..];
        for text in &texts {
            let head = if text.len() > 65_535 { 10 } else { 4 };
            assert_eq!(rest[0], 0x81);
            assert!(rest[head..].starts_with(text.as_bytes()), "in its place");
            rest = &rest[head + text.len()..];
        }
        assert!(rest.is_empty() && !socket.is_stuck());
    }

    #[test]
    fn what_has_come_is_told_up_to_the_end_and_the_next_only_when_the_system_says_so() {
        let (mut socket, mut client) = pair(LIMITS);
        assert_eq!(event(&mut socket), None);
        let long = masked(0x82, &[7; 125]);
        let many: Vec<u8> = std::iter::repeat_n(long, 20).flatten().collect();
        client.write_all(&many).expect("written");
        assert_eq!(event(&mut socket), None, "nobody has said that something came");
        socket.readable();
        for _ in 0..20 {
            let mut buffer = [0; READ_BYTES];
            let next = socket.next(&mut buffer, Instant::now());
            let Some(Received::Message(FrameKind::Binary, payload)) = next else {
                panic!("{next:?}")
            };
            assert_eq!(payload.bytes(&buffer), [7; 125]);
        }
        assert_eq!(event(&mut socket), None);
        drop(client);
        socket.readable();
        assert_eq!(event(&mut socket), Some(Received::End(GONE)));
    }

    #[test]
    fn a_spent_budget_stays_spent() {
        let (mut socket, mut client) = pair(SocketLimits { fragments_max: 2, ..LIMITS });
        for _ in 0..3 {
            client.write_all(&masked(0x00, b"")).expect("written");
        }
        socket.readable();
        let broken = SocketEnd::Violation(Violation::Fragments);
        for _ in 0..2 {
            assert_eq!(event(&mut socket), Some(Received::End(broken)));
        }
    }

    #[test]
    fn it_has_ended_when_nobody_reads_it_any_more_or_too_much_waits() {
        let frame = |len| Frame { kind: FrameKind::Text, bytes: vec![b'x'; len].into() };
        let (mut socket, client) = pair(LIMITS);
        assert!(socket.ended().is_none());
        drop(client);
        socket.outbox().push(frame(1));
        socket.flush();
        assert_eq!(socket.ended(), Some(GONE));
        let (mut socket, client) = pair(LIMITS);
        for _ in 0..9 {
            socket.outbox().push(frame(100_000));
            socket.flush();
        }
        assert_eq!(socket.ended(), Some(SocketEnd::Violation(Violation::Unread)));
        client.set_nonblocking(true).expect("set");
        let read = (&client).read_to_end(&mut Vec::new()).expect_err("it is open");
        assert_eq!(read.kind(), ErrorKind::WouldBlock);
    }
}
