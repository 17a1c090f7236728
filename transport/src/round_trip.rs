//! The round trip of a connection as the kernel measures it. The client's kernel acknowledges bytes
//! at once, whatever its program does, so a slow program does not increase it.

use std::os::fd::AsFd;
use std::time::Duration;

/// Returns the minimum round trip of a TCP socket in the last minutes. `None` if the kernel has
/// none: it is not Linux, or nothing was acknowledged yet.
pub(crate) fn least(socket: &impl AsFd) -> Option<Duration> {
    kernel::least_us(socket).map(|micros| Duration::from_micros(micros.into()))
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::os::fd::AsFd;

    use nix::libc::{self, IPPROTO_TCP, TCP_INFO};
    use nix::sys::socket::getsockopt;
    use nix::sys::socket::sockopt::GetStruct;

    /// `struct tcp_info` of `linux/tcp.h` up to `tcpi_min_rtt`, in 32-bit words. Linux has had that
    /// field since 4.6.
    type Words = [u32; 38];

    #[derive(Clone, Copy)]
    struct TcpInfo;

    nix::getsockopt_impl!(TcpInfo, IPPROTO_TCP, TCP_INFO, Words, GetStruct<Words>);

    pub(super) fn least_us(socket: &impl AsFd) -> Option<u32> {
        let words = getsockopt(socket, TcpInfo).ok()?;
        words.last().copied().filter(|micros| *micros != u32::MAX)
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::os::fd::AsFd;

    pub(super) fn least_us(_socket: &impl AsFd) -> Option<u32> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    use super::least;

    #[test]
    fn a_program_that_answers_late_does_not_stretch_it() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut late = TcpStream::connect(listener.local_addr().expect("bound")).expect("open");
        let (mut socket, _) = listener.accept().expect("a connection");
        for _ in 0..3 {
            socket.write_all(b"ping").expect("sent");
            thread::sleep(Duration::from_millis(100)); // WAITS: that is late.
            late.read_exact(&mut [0; 4]).expect("a ping");
            late.write_all(b"pong").expect("sent");
            socket.read_exact(&mut [0; 4]).expect("a pong");
            let least = least(&socket).expect("Linux has it");
            assert!(least < Duration::from_millis(100), "{least:?}");
        }
    }
}
