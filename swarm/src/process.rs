//! CPU time and memory of a process, as Linux reports them in `/proc`.

use std::fs;
use std::num::NonZeroU32;

/// One reading of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time of all its threads since the start of the process.
    pub(crate) cpu_ms: u64,
    /// Resident memory, without the kernel's socket buffers.
    pub(crate) memory_kb: u64,
}

impl Usage {
    /// Reads the usage of a process. Returns `None` if there is no such process, or no `/proc`.
    pub(crate) fn of(pid: NonZeroU32) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Some(Usage { cpu_ms: cpu_ms(&stat)?, memory_kb: memory_kb(&status)? })
    }
}

/// Milliseconds per unit of time in `stat`: user space sees 100 units a second on every Linux.
const CLOCK_TICK_MS: u64 = 10;

/// Sums the fields 14 and 15. Field 2, the name, may hold blanks and brackets; it ends at the last
/// bracket.
fn cpu_ms(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * CLOCK_TICK_MS)
}

fn memory_kb(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{cpu_ms, memory_kb};

    #[test]
    fn the_files_of_linux_are_read() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 5 0 99 0 0";
        assert_eq!(cpu_ms(stat), Some(3000));
        assert_eq!(memory_kb("VmPeak:\t  9000 kB\nVmRSS:\t    5120 kB\n"), Some(5120));
        assert_eq!((cpu_ms(""), memory_kb("")), (None, None));
    }
}
