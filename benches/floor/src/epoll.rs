//! Epoll, as bare as the kernel has it.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Instant;

/// An epoll that reports what can be read.
pub struct Epoll(OwnedFd);

impl Epoll {
    /// Creates an empty one.
    ///
    /// # Errors
    /// The kernel has none.
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: the call takes no pointer; a descriptor that is not negative is ours.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: see above; nobody else owns it.
        Ok(Epoll(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Waits for this descriptor too; the kernel forgets it when it is closed.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn add(&self, fd: RawFd) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: fd as u64 };
        // SAFETY: the event outlives the call.
        let done =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// The descriptors that can be read, at the latest when it is time.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn wait(&self, until: Option<Instant>) -> io::Result<Vec<RawFd>> {
        let timeout_ms = until.map_or(-1, |until| {
            let left = until.saturating_duration_since(Instant::now());
            i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        });
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 256];
        // SAFETY: the kernel writes at most as many events as there are.
        let count =
            unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), 256, timeout_ms) };
        match usize::try_from(count) {
            Ok(count) => Ok(events[..count].iter().map(|event| event.u64 as RawFd).collect()),
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {
                Ok(Vec::new())
            }
            Err(_) => Err(io::Error::last_os_error()),
        }
    }
}
