//! One WebSocket with a single owner. It reads when the kernel has reported bytes, and writes the
//! frames of a tick. It never blocks and needs no lock. Only the owner writes, so frames never
//! interleave. It does not know what messages mean.

use std::io::{self, ErrorKind, IoSlice, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use bolide_net::Frame;
use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tracing::debug;

use crate::config::Budgets;
use crate::inbound::{Event, Inbound};
use crate::meter::Meter;
use crate::outbox::{Closing, Outbox};
use crate::round_trip;
use crate::traffic::Written;

/// Bytes per read, which is the length of the caller's buffer.
pub(crate) const READ_BYTES: usize = 1024;

/// The server's end of a WebSocket. The fields that every tick touches come first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Socket {
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

impl Socket {
    /// Takes over a non-blocking stream after its handshake. `first` was read from it during the
    /// handshake.
    pub(crate) fn new(
        stream: socket2::Socket,
        first: Bytes,
        budgets: &Budgets,
        now: Instant,
    ) -> Socket {
        // The kernel would buffer megabytes for a slow reader, which is to be noticed early.
        if let Err(error) = stream.set_send_buffer_size(budgets.send_buffer_bytes as usize) {
            debug!(%error, "a connection keeps its send buffer");
        }
        let meter = Meter::new(&first, budgets.bytes(), budgets.fragments_max, now);
        Socket {
            stream,
            is_readable: true,
            is_stuck: false,
            is_broken: false,
            is_hung_up: false,
            outbox: Outbox::new(budgets.outbox_bytes_max as usize),
            meter,
            inbound: Inbound::new(first, budgets.message_bytes_max),
        }
    }

    /// Notes that bytes may have arrived.
    pub(crate) const fn readable(&mut self) {
        self.is_readable = true;
    }

    /// Notes that the client has stopped sending. The kernel reports that once, with the last
    /// bytes.
    pub(crate) const fn hung_up(&mut self) {
        self.is_hung_up = true;
    }

    /// Prefetches the fields that reading touches.
    pub(crate) fn warm_way_in(&self) {
        self.meter.warm();
    }

    /// Prefetches the fields that writing touches.
    pub(crate) fn warm_way_out(&self) {
        self.outbox.warm();
    }

    /// Returns the next event. The payload of a message may be in the buffer. `None` if everything
    /// received so far was returned; then the kernel reports when there is more.
    pub(crate) fn event(&mut self, buffer: &mut [u8], now: Instant) -> Option<Event> {
        loop {
            if let Some(cut) = self.meter.over() {
                return Some(Event::Broken(cut));
            }
            if let Some(event) = self.inbound.next() {
                return Some(event);
            }
            if !self.is_readable {
                return None;
            }
            let is_between_messages = self.meter.is_between_messages();
            let read = match (&self.stream).read(buffer) {
                Ok(0) => return Some(Event::Gone),
                Ok(read) => read,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        (self.is_readable, self.is_hung_up) = (false, false);
                        return None;
                    }
                    ErrorKind::Interrupted => continue,
                    _ => return Some(Event::Gone),
                },
            };
            // A read that does not fill the buffer has taken all there was. The end of the stream
            // follows behind it, and takes another read.
            self.is_readable = read == buffer.len() || self.is_hung_up;
            let bytes = &mut buffer[..read];
            self.meter.count(bytes, now);
            if self.meter.over().is_none()
                && let Some(event) = self.inbound.come(bytes, is_between_messages)
            {
                return Some(event);
            }
        }
    }

    /// Returns whether the client has closed or is gone, judged by the bytes that no event has
    /// returned yet. It looks for a close frame as far as one read reaches.
    pub(crate) fn has_closed(&mut self) -> bool {
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

    /// See [`round_trip::least`].
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        round_trip::least(&self.stream)
    }

    /// See [`Outbox::push`].
    pub(crate) fn push(&mut self, frame: Frame) {
        self.outbox.push(frame);
    }

    /// See [`Outbox::replace_latest`].
    pub(crate) fn replace_latest(&mut self, frame: Frame) {
        self.outbox.replace_latest(frame);
    }

    /// See [`Outbox::chain`].
    pub(crate) fn chain(&mut self, frame: Frame) -> bool {
        self.outbox.chain(frame)
    }

    /// See [`Outbox::ping`].
    pub(crate) const fn ping(&mut self) {
        self.outbox.ping();
    }

    /// See [`Outbox::pong`].
    pub(crate) fn pong(&mut self, payload: Bytes) {
        self.outbox.pong(payload);
    }

    /// See [`Outbox::push_close`].
    pub(crate) fn push_close(&mut self, told: Option<(u16, &str)>) {
        self.outbox.push_close(told);
    }

    /// Writes what is queued as far as the socket takes it. All frames of a tick are one system
    /// call.
    pub(crate) fn flush(&mut self) {
        if self.is_stuck || self.is_broken {
            return;
        }
        let Socket { stream, outbox, .. } = self;
        match outbox.write(|slices| send(stream, slices)) {
            Ok(all) => self.is_stuck = !all,
            Err(_) => self.is_broken = true,
        }
    }

    /// Notes that the socket takes more, and writes what waited for that.
    pub(crate) fn writable(&mut self) {
        if std::mem::replace(&mut self.is_stuck, false) {
            self.flush();
        }
    }

    /// Returns whether something waits until the socket is [writable](Socket::writable).
    pub(crate) const fn is_stuck(&self) -> bool {
        self.is_stuck
    }

    /// Returns how the socket has ended, if it has. The inner value is the close that is to be
    /// sent, or `None` if the client is gone.
    pub(crate) fn ended(&self) -> Option<Option<Closing>> {
        match self.outbox.closing() {
            Some(closing) => Some(Some(closing)),
            None => self.is_broken.then_some(None),
        }
    }

    /// The time of the last byte.
    pub(crate) const fn heard_at(&self) -> Instant {
        self.meter.heard_at()
    }

    /// Returns the number of bytes received since the last call.
    pub(crate) const fn take_received(&mut self) -> u64 {
        self.meter.take_received()
    }

    /// See [`Outbox::take_written`].
    pub(crate) fn take_written(&mut self) -> Written {
        self.outbox.take_written()
    }

    /// The underlying stream.
    pub(crate) const fn stream(&self) -> &socket2::Socket {
        &self.stream
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
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
    use std::time::{Duration, Instant};

    use bolide_net::{Frame, FrameKind};
    use bytes::Bytes;
    use socket2::{Domain, Type};

    use super::{READ_BYTES, Socket};
    use crate::config::{Budgets, Config};
    use crate::counters::Cut;
    use crate::inbound::Event;

    fn pair(change: impl FnOnce(&mut Budgets)) -> (Socket, socket2::Socket) {
        let (ours, theirs) = socket2::Socket::pair(Domain::UNIX, Type::STREAM, None).expect("two");
        ours.set_nonblocking(true).expect("set");
        theirs.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let mut budgets = Config::default().budgets;
        change(&mut budgets);
        (Socket::new(ours, Bytes::new(), &budgets, Instant::now()), theirs)
    }

    fn event(socket: &mut Socket) -> Option<Event> {
        socket.event(&mut [0; READ_BYTES], Instant::now())
    }

    /// Builds a masked frame whose mask changes nothing.
    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0x80 | u8::try_from(payload.len()).expect("short"), 0, 0, 0, 0];
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn frames_stay_whole_and_in_order_however_little_the_client_takes() {
        let (mut socket, mut client) = pair(|budgets| budgets.outbox_bytes_max = u32::MAX);
        let texts: Vec<String> = (0..20).map(|n: u32| format!("{n} ").repeat(30_000)).collect();
        for text in &texts {
            socket.push(Frame { kind: FrameKind::Text, bytes: text.clone().into() });
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
        let (mut socket, mut client) = pair(|_| ());
        assert_eq!(event(&mut socket), None);
        let long = masked(0x82, &[7; 125]);
        let many: Vec<u8> = std::iter::repeat_n(long, 20).flatten().collect();
        client.write_all(&many).expect("written");
        assert_eq!(event(&mut socket), None, "nobody has said that something came");
        socket.readable();
        for _ in 0..20 {
            let mut buffer = [0; READ_BYTES];
            let next = socket.event(&mut buffer, Instant::now());
            let Some(Event::Data(FrameKind::Binary, payload)) = next else { panic!("{next:?}") };
            assert_eq!(payload.bytes(&buffer), [7; 125]);
        }
        assert_eq!(event(&mut socket), None);
        drop(client);
        socket.readable();
        assert_eq!(event(&mut socket), Some(Event::Gone));
    }

    #[test]
    fn a_spent_budget_stays_spent() {
        let (mut socket, mut client) = pair(|budgets| budgets.fragments_max = 2);
        for _ in 0..3 {
            client.write_all(&masked(0x00, b"")).expect("written");
        }
        socket.readable();
        for _ in 0..2 {
            assert_eq!(event(&mut socket), Some(Event::Broken(Cut::Fragments)));
        }
    }

    #[test]
    fn it_has_ended_when_nobody_reads_it_any_more_or_too_much_waits() {
        let frame = |len| Frame { kind: FrameKind::Text, bytes: vec![b'x'; len].into() };
        let (mut socket, client) = pair(|_| ());
        assert!(socket.ended().is_none());
        drop(client);
        socket.push(frame(1));
        socket.flush();
        assert_eq!(socket.ended(), Some(None));
        let (mut socket, client) = pair(|_| ());
        for _ in 0..9 {
            socket.push(frame(100_000));
            socket.flush();
        }
        assert_eq!(socket.ended(), Some(Some(Cut::Unread.into())));
        client.set_nonblocking(true).expect("set");
        let read = (&client).read_to_end(&mut Vec::new()).expect_err("it is open");
        assert_eq!(read.kind(), ErrorKind::WouldBlock);
    }
}
