//! The use of the server's core while a load runs, as the kernel counts it. It includes the
//! interrupts of the sockets and the threads of the disk, which are charged to no process.

use std::fs;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

/// Time between two samples.
const PERIOD: Duration = Duration::from_millis(250);

/// Samples after the measured seconds, while the load leaves.
const SAMPLES_OF_LEAVING: usize = 4;

/// A thread that samples the first core until it is stopped.
pub(super) struct CoreUse {
    stop: Sender<()>,
    thread: JoinHandle<Result<Vec<Sample>>>,
}

/// The total work of a core since the machine started, in ticks of the kernel's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    busy: u64,
    all: u64,
}

impl CoreUse {
    pub(super) fn begin() -> CoreUse {
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            let mut samples = Vec::new();
            loop {
                let stat = fs::read_to_string("/proc/stat").context("/proc/stat")?;
                samples.push(sample(&stat).context("/proc/stat has no core 0")?);
                if stopped.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                    return Ok(samples);
                }
            }
        });
        CoreUse { stop, thread }
    }

    /// Ends the sampling. Returns the used share of the core, 0 to 1, in the last seconds before
    /// the load left.
    ///
    /// # Errors
    /// The kernel does not report it.
    pub(super) fn end(self, seconds: u32) -> Result<f64> {
        self.stop.send(()).ok();
        let samples = self.thread.join().ok().context("the thread that samples the core")??;
        let measured = usize::try_from(seconds)? * 1000 / PERIOD.as_millis() as usize;
        let last = samples.len().saturating_sub(1 + SAMPLES_OF_LEAVING);
        Ok(used(&samples[last.saturating_sub(measured)..=last]))
    }
}

fn used(samples: &[Sample]) -> f64 {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return 0.0 };
    let all = last.all.saturating_sub(first.all).max(1);
    last.busy.saturating_sub(first.busy) as f64 / all as f64
}

/// Parses the line of the first core: user, nice, system, idle, waiting for the disk, and other
/// busy times.
fn sample(stat: &str) -> Option<Sample> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu0 "))?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|it| it.parse().ok()).collect();
    // The time of guests is part of the first two.
    let all: u64 = ticks.iter().take(8).sum();
    Some(Sample { busy: all - ticks.get(3)? - ticks.get(4)?, all })
}

#[cfg(test)]
mod tests {
    use super::{Sample, sample, used};

    #[test]
    fn a_core_is_busy_with_all_that_is_not_idle() {
        let at = |line: &str| sample(&format!("cpu  1 2 3\n{line}\ncpu1 9 9 9 9 9\n"));
        let before = at("cpu0 10 0 20 60 10 0 0 0 0 0").expect("a core");
        assert_eq!(before, Sample { busy: 30, all: 100 });
        let after = at("cpu0 40 5 45 70 20 5 10 5 0 0").expect("a core");
        assert_eq!((after.busy, after.all), (110, 200));
        assert!((used(&[before, after]) - 0.8).abs() < 1e-9);
        assert_eq!(at("cpu1 1 1 1 1 1"), None);
    }
}
