//! The one owner of the write side of a socket. A shard queues what a tick has for a client and writes it straight to
//! the non-blocking socket; what would block stays here, and the task of the connection goes on with it. Nobody else
//! writes, so frames never interleave.

use std::future::poll_fn;
use std::io::{self, ErrorKind::WouldBlock, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bolide_net::{CloseCode, Frame};
use bytes::Bytes;
use socket2::SockRef;
use tokio::net::tcp::OwnedWriteHalf;

use crate::lanes::{Closing, Lanes};
use crate::traffic::Written;

/// The way out of one connection.
#[derive(Debug)]
pub(crate) struct Outbox(Mutex<Way>);

/// In this order, so that a tick touches few lines of the cache.
#[derive(Debug)]
#[repr(C)]
struct Way {
    /// `None` once the task of the connection has taken it back, or when it has failed.
    stream: Option<OwnedWriteHalf>,
    /// The socket would block: its task waits until it does not, and writes what waits here.
    stuck: bool,
    lanes: Lanes,
    /// The task of the connection.
    task: Option<Waker>,
}

impl Outbox {
    /// The way out through this socket. More than `bytes_max` waiting in the reliable lane closes the connection.
    pub(crate) const fn new(stream: Option<OwnedWriteHalf>, lanes: Lanes) -> Outbox {
        Outbox(Mutex::new(Way { stream, stuck: false, lanes, task: None }))
    }

    /// See [`Lanes::push`].
    pub(crate) fn push(&self, frame: Frame) {
        self.way().lanes.push(frame);
    }

    /// See [`Lanes::replace_latest`].
    pub(crate) fn replace_latest(&self, frame: Frame) {
        self.way().lanes.replace_latest(frame);
    }

    /// See [`Lanes::chain`].
    pub(crate) fn chain(&self, frame: Frame) -> bool {
        self.way().lanes.chain(frame)
    }

    /// See [`Lanes::ping`].
    pub(crate) fn ping(&self) {
        self.way().lanes.ping();
    }

    /// See [`Lanes::pong`].
    pub(crate) fn pong(&self, payload: Bytes) {
        self.way().lanes.pong(payload);
    }

    /// Closes the connection after what is queued, at the next [`flush`](Outbox::flush). The first reason stays.
    pub(crate) fn close(&self, code: CloseCode, reason: &'static str) {
        self.way().lanes.close(Closing { code, reason, cut: None });
    }

    /// Writes what is queued as far as the socket takes it now: all of a tick is one call of the system.
    /// The rest, and closing, is the task's.
    pub(crate) fn flush(&self) {
        let mut way = self.way();
        if way.stuck {
            return;
        }
        let needs_task = way.write().is_err() || way.stuck || way.lanes.closing().is_some();
        let task = if needs_task { way.task.take() } else { None };
        drop(way);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Writes what would have blocked whenever it does not, until the connection is to be closed; `None` when the
    /// socket is gone. It can be dropped and asked again at any time.
    pub(crate) async fn ended(&self) -> Option<Closing> {
        poll_fn(|context| self.poll_ended(context)).await
    }

    /// The same. The last task that polls it is woken.
    pub(crate) fn poll_ended(&self, context: &mut Context<'_>) -> Poll<Option<Closing>> {
        self.way().poll_ended(context)
    }

    /// See [`Lanes::take_written`].
    pub(crate) fn take_written(&self) -> Written {
        self.way().lanes.take_written()
    }

    /// Takes the socket away; until it is put back nothing can be written. `None` if it has failed.
    pub(crate) fn take(&self) -> Option<OwnedWriteHalf> {
        self.way().stream.take()
    }

    /// Puts a socket back, or its successor.
    pub(crate) fn put(&self, stream: OwnedWriteHalf) {
        self.way().stream = Some(stream);
    }

    /// Takes the socket back, and what still waits for it. Whoever queues more from now on does it in vain.
    pub(crate) fn retire(&self) -> Option<(OwnedWriteHalf, Lanes)> {
        let mut way = self.way();
        let lanes = std::mem::replace(&mut way.lanes, Lanes::new(0));
        way.lanes.close(Closing { code: CloseCode::Normal, reason: "", cut: None });
        way.stream.take().map(|stream| (stream, lanes))
    }

    /// Whether the task of the connection has ended. What it sent before is in the inbox of its shard by then.
    pub(crate) fn is_abandoned(self: &Arc<Outbox>) -> bool {
        Arc::strong_count(self) == 1
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        // Every state of the lanes between two statements is a valid one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands bytes to the system, as much as it takes.
pub(crate) fn send(stream: &OwnedWriteHalf, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    // Nearly always the socket takes it, and what tokio knows of the socket need not be fetched from memory to find that out.
    let socket = SockRef::from(stream.as_ref());
    let sent = match slices {
        [one] => socket.send(one),
        many => socket.send_vectored(many),
    };
    match (sent, slices) {
        // It must know of this, or it would never wait.
        (Err(error), [one]) if error.kind() == WouldBlock => stream.try_write(one),
        (Err(error), many) if error.kind() == WouldBlock => stream.try_write_vectored(many),
        (sent, _) => sent,
    }
}

impl Way {
    fn write(&mut self) -> io::Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        match self.lanes.write(|slices| send(stream, slices)) {
            Ok(all) => self.stuck = !all,
            Err(error) => {
                self.stream = None;
                self.stuck = false;
                return Err(error);
            }
        }
        Ok(())
    }

    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<Option<Closing>> {
        loop {
            if let Some(closing) = self.lanes.closing() {
                return Poll::Ready(Some(closing));
            }
            let Some(stream) = &self.stream else { return Poll::Ready(None) };
            if !self.stuck || stream.as_ref().poll_write_ready(context).is_pending() {
                break;
            }
            if self.write().is_err() {
                return Poll::Ready(None);
            }
        }
        if !self.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            self.task = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

/// For tests of what stands before a socket.
#[cfg(test)]
impl Outbox {
    /// One without a socket: whatever is queued stays.
    pub(crate) fn unconnected() -> Outbox {
        Outbox::new(None, Lanes::new(64 * 1024))
    }

    /// Takes what is queued, as it would be on the wire.
    pub(crate) fn taken(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let write = |slices: &[IoSlice<'_>]| {
            let before = out.len();
            out.extend(slices.iter().flat_map(|slice| slice.iter().copied()));
            Ok(out.len() - before)
        };
        self.way().lanes.write(write).expect("a vector takes everything");
        out
    }

    /// Whether the connection is to be closed, and why.
    pub(crate) fn closing(&self) -> Option<Closing> {
        self.way().lanes.closing()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::{ErrorKind::WouldBlock, IoSlice};
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use bolide_net::{CloseCode, Frame, FrameKind};
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::{Outbox, send};
    use crate::lanes::Lanes;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        (client.expect("connected"), server.expect("accepted").0)
    }

    fn frame(number: u32) -> Frame {
        // Far more than the socket takes at once: each frame blocks somewhere in its middle.
        let text = format!("{number} ").repeat(100_000);
        Frame { kind: FrameKind::Text, bytes: text.into() }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_shard_could_not_write_is_written_by_the_task_in_whole_frames() {
        let (mut client, server) = pair().await;
        let (_read, write) = server.into_split();
        let outbox = Arc::new(Outbox::new(Some(write), Lanes::new(usize::MAX)));
        let task = tokio::spawn({
            let outbox = Arc::clone(&outbox);
            async move { outbox.ended().await }
        });
        let shard = std::thread::spawn({
            let outbox = Arc::clone(&outbox);
            move || {
                for number in 0..20 {
                    outbox.push(frame(number));
                    outbox.flush();
                }
            }
        });
        for number in 0..20 {
            let expect = frame(number).bytes;
            let mut got = vec![0; 10 + expect.len()];
            client.read_exact(&mut got).await.expect("a frame");
            assert_eq!(got[..2], [0x81, 127]);
            assert!(got[10..] == expect[..], "frame {number} is whole and in its place");
        }
        shard.join().expect("no panic");
        outbox.close(CloseCode::Normal, "that is all");
        outbox.flush();
        let closing = task.await.expect("no panic").expect("a reason");
        assert_eq!((closing.code, closing.reason), (CloseCode::Normal, "that is all"));
        assert!(outbox.retire().is_some());
        assert!(outbox.retire().is_none());
    }

    /// Otherwise its task would try again and again, instead of waiting.
    #[tokio::test]
    async fn tokio_knows_of_a_socket_that_takes_no_more() {
        for pieces in [1, 2] {
            let (_client, server) = pair().await;
            let (_read, write) = server.into_split();
            write.writable().await.expect("at first");
            let bytes = [0; 10_000];
            let slices = vec![IoSlice::new(&bytes); pieces];
            let full = loop {
                if let Err(error) = send(&write, &slices) {
                    break error;
                }
            };
            assert_eq!(full.kind(), WouldBlock);
            let is_ready = |context: &mut Context<'_>| {
                Poll::Ready(write.as_ref().poll_write_ready(context).is_ready())
            };
            assert!(!poll_fn(is_ready).await, "{pieces}");
        }
    }

    #[tokio::test]
    async fn the_task_learns_that_the_socket_is_gone() {
        let (client, server) = pair().await;
        client.set_zero_linger().expect("set");
        drop(client);
        let (read, write) = server.into_split();
        read.readable().await.expect("the reset");
        let outbox = Outbox::new(Some(write), Lanes::new(usize::MAX));
        outbox.push(frame(1));
        outbox.flush();
        assert_eq!(outbox.ended().await, None);
    }

    #[test]
    fn it_is_abandoned_when_the_task_of_its_connection_has_let_go() {
        let ours = Arc::new(Outbox::unconnected());
        let theirs = Arc::clone(&ours);
        assert!(!ours.is_abandoned());
        drop(theirs);
        assert!(ours.is_abandoned());
    }
}
