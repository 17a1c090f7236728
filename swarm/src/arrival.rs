//! Reads a socket of the swarm and measures how long the bytes waited to be read. The kernel stamps
//! their arrival, so that a swarm that reads late does not look like a server that sends late.

use std::io;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;

/// The result of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Number of bytes read; 0 at the end of the stream.
    pub(crate) bytes: usize,
    /// Time that the last byte waited for this read. Zero if the kernel gave no time stamp.
    pub(crate) waited: Duration,
}

#[cfg(target_os = "linux")]
mod stamped {
    use std::io::{self, IoSliceMut};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use nix::sys::socket::sockopt::ReceiveTimestampns;
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
    use nix::sys::time::TimeSpec;
    use tokio::net::TcpStream;

    use super::Arrival;

    pub(crate) fn ask(stream: &TcpStream) -> io::Result<()> {
        Ok(setsockopt(stream, ReceiveTimestampns, &true)?)
    }

    pub(crate) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Arrival> {
        let mut control = nix::cmsg_space!(TimeSpec);
        let mut slices = [IoSliceMut::new(buffer)];
        let message =
            recvmsg::<()>(stream.as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::empty())?;
        let stamp = message.cmsgs()?.find_map(|it| match it {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
            _ => None,
        });
        let waited =
            stamp.and_then(|stamp| SystemTime::now().duration_since(UNIX_EPOCH + stamp).ok());
        Ok(Arrival { bytes: message.bytes, waited: waited.unwrap_or_default() })
    }
}

#[cfg(not(target_os = "linux"))]
mod stamped {
    use std::io;
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::Arrival;

    pub(crate) fn ask(_stream: &TcpStream) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Arrival> {
        let bytes = rustix::io::read(stream, buffer)?;
        Ok(Arrival { bytes, waited: Duration::ZERO })
    }
}

/// Asks the kernel to stamp the bytes that arrive from now on.
///
/// # Errors
/// The socket is closed.
pub(crate) fn ask(stream: &TcpStream) -> io::Result<()> {
    stamped::ask(stream)
}

/// Reads what is available. A read that does not fill the buffer has emptied the socket, so the
/// next one waits for readiness.
///
/// # Errors
/// No bytes are available (`WouldBlock`), or the connection is lost.
pub(crate) fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<Arrival> {
    let mut arrival = None;
    let tried = stream.try_io(Interest::READABLE, || {
        let read = stamped::read(stream, buffer)?;
        arrival = Some(read);
        // Clears the runtime's readiness of the socket, which otherwise takes one more read.
        let is_empty_now = (1..buffer.len()).contains(&read.bytes);
        if is_empty_now { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    arrival.map_or_else(|| Err(tried.err().unwrap_or_else(|| io::ErrorKind::WouldBlock.into())), Ok)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::{ask, read};

    #[tokio::test]
    async fn bytes_that_wait_to_be_read_came_when_the_kernel_got_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("open");
        let (mut server, _) = listener.accept().await.expect("a connection");
        ask(&client).expect("a live socket");
        let mut buffer = [0; 64];
        assert_eq!(
            read(&client, &mut buffer).expect_err("nothing came").kind(),
            ErrorKind::WouldBlock
        );
        let waits = Duration::from_millis(30);
        let mut is_stamped = false;
        // The kernel starts to stamp a moment after it was asked.
        for _ in 0..100 {
            server.write_all(b"ten bytes.").await.expect("sent");
            std::thread::sleep(waits); // WAITS: bytes that lie in the kernel for so long.
            client.readable().await.expect("a live socket");
            let arrival = read(&client, &mut buffer).expect("bytes");
            assert_eq!(arrival.bytes, 10);
            is_stamped = arrival.waited >= waits;
            if is_stamped {
                break;
            }
        }
        assert!(is_stamped, "no read of a hundred waited for what slept {waits:?}");
        drop(server);
        client.readable().await.expect("a live socket");
        assert_eq!(read(&client, &mut buffer).expect("the end").bytes, 0);
    }
}
