//! The resources that the process uses, as Linux reports them. On other systems they are not
//! reported at all.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

use crate::config::Config;

/// Descriptors for everything that is neither a game socket nor a journal: HTTP connections, the
/// database, and the pollers of the threads.
const OTHER_DESCRIPTORS: u64 = 1100;

/// The resources used now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// Seconds of CPU time since the start, of all threads, including time in the kernel.
    pub(crate) cpu_s: f64,
    /// The time of the start, in seconds since 1970.
    pub(crate) started_s: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) open_fds: u64,
    pub(crate) max_fds: u64,
}

/// The unit of CPU times in `/proc` on every machine that we build for, whatever the kernel counts
/// in.
const CLOCK_TICKS_PER_S: f64 = 100.0;

/// Reads the usage from the kernel. `None` if it does not report it.
pub(crate) fn usage() -> Option<Usage> {
    let read = |file: &str| fs::read_to_string(file).ok();
    let (cpu_s, after_boot_s) = times(&read("/proc/self/stat")?)?;
    let boot_s = number_after(&read("/proc/stat")?, "btime ")?;
    Some(Usage {
        cpu_s,
        started_s: boot_s as f64 + after_boot_s,
        resident_bytes: number_after(&read("/proc/self/status")?, "VmRSS:")? * 1024,
        // One of them is the folder that is being read.
        open_fds: (fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1),
        // The file has `unlimited` if there is no limit.
        max_fds: number_after(&read("/proc/self/limits")?, "Max open files").unwrap_or(u64::MAX),
    })
}

/// Raises the limit of open descriptors as far as allowed, and logs a warning if it is still too
/// low for the configuration. Each game socket takes one descriptor, and so does the journal of
/// each room.
pub fn raise_descriptor_limit(config: &Config) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        warn!(%error, "cannot raise the limit of open descriptors");
    }
    let wanted =
        u64::from(config.connections_max) + u64::from(config.rooms_max) + OTHER_DESCRIPTORS;
    if let Some(limit) = getrlimit(Resource::Nofile).current.filter(|limit| *limit < wanted) {
        warn!(
            limit,
            wanted,
            "this process may open too few descriptors for its connections_max and rooms_max: raise `ulimit -Hn`, or lower these"
        );
    }
}

/// Parses the seconds of CPU time, and the seconds from the boot of the machine to the start.
fn times(stat: &str) -> Option<(f64, f64)> {
    // The second field is the name, which may contain anything. After its last bracket there are
    // only numbers, from the third field on.
    let (_, fields) = stat.rsplit_once(") ")?;
    let field = |number: usize| fields.split(' ').nth(number - 3)?.parse::<f64>().ok();
    let (user, system, start) = (field(14)?, field(15)?, field(22)?);
    Some(((user + system) / CLOCK_TICKS_PER_S, start / CLOCK_TICKS_PER_S))
}

/// Returns the first number on the line that begins like this.
fn number_after(text: &str, begin: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(begin))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{number_after, times};

    #[test]
    fn what_the_system_tells_is_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 5 0 12345 1000 200 1\n";
        assert_eq!(times(stat), Some((3.0, 123.45)));
        assert_eq!(times("7 (a"), None);
        assert_eq!(number_after("VmPeak: 9 kB\nVmRSS:\t   1234 kB\n", "VmRSS:"), Some(1234));
        assert_eq!(
            number_after("Max open files            unlimited    unlimited", "Max open files"),
            None
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_takes_something() {
        let usage = super::usage().expect("Linux tells");
        assert!(usage.resident_bytes > 100_000 && usage.open_fds >= 3, "{usage:?}");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now_s = now.expect("after 1970").as_secs_f64();
        assert!(usage.started_s <= now_s + 1.0 && usage.started_s > now_s - 86400.0, "{usage:?}");
    }
}
