//! The scenes of the socket path: what a client sends comes in over a pair of sockets, and what it
//! is sent goes to a writer that takes a bounded number of bytes.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use bolide_net::{Frame, FrameKind};
use bolide_transport::{GameSocket, Rate, SocketLimits};
use bytes::Bytes;

/// A game socket with limits that no scene reaches, and the client's end of it.
///
/// # Panics
/// The kernel has no pair of sockets.
#[must_use]
pub fn socket() -> (GameSocket, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    ours.set_nonblocking(true).expect("set");
    let limits = SocketLimits {
        bytes: Rate { per_s: 1 << 20, burst: 1 << 20 },
        fragments_max: 16,
        message_bytes_max: 16 * 1024,
        outbox_bytes_max: 64 * 1024,
        send_buffer_bytes: 16 * 1024,
    };
    (GameSocket::new(OwnedFd::from(ours).into(), Bytes::new(), &limits, Instant::now()), theirs)
}

/// Sends short frames in one write, masked as those of clients are.
///
/// # Panics
/// A frame is too long for the short header, or the socket is full.
pub fn send_masked(mut client: &UnixStream, frames: &[Frame]) {
    let mask = [0xa5, 0x0f, 0x3c, 0xf1];
    let mut bytes = Vec::new();
    for frame in frames {
        let len = u8::try_from(frame.bytes.len()).ok().filter(|len| *len < 126).expect("short");
        bytes.extend([if frame.kind == FrameKind::Text { 0x81 } else { 0x82 }, 0x80 | len]);
        bytes.extend(mask);
        bytes.extend(frame.bytes.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
    client.write_all(&bytes).expect("written");
}

/// A writer for [`Outbox::write`](bolide_transport::Outbox::write) that takes that many bytes and
/// then would block.
pub fn take(mut left: usize) -> impl FnMut(&[IoSlice<'_>]) -> io::Result<usize> {
    move |slices| {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let taken = offered.min(left);
        left -= taken;
        if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }
}
