//! Makes 100 of 500 players stop reading.

use std::time::{Duration, Instant};

use bolide_tests::{Crowd, PATIENCE};
use tokio::time::sleep;

use crate::program::kernel_memory;
use crate::{Check, Program};

const ROOMS: usize = 50;

/// Longer than the last room needs until its fight begins.
const COUNTDOWN: Duration = Duration::from_secs(5);

pub(crate) async fn run(check: &mut Check<'_>) {
    let program = Program::start(&[]);
    let (mut crowds, mut soon_deaf) = (Vec::new(), Vec::new());
    for _ in 0..ROOMS {
        crowds.push(Crowd::start(program.address, "brawl", 8).await);
        soon_deaf.push(Crowd::start(program.address, "brawl", 2).await);
    }
    // WAITS: in a fight each tick has something to send. Before it, only two a second have.
    sleep(COUNTDOWN).await;
    for crowd in &crowds {
        crowd.watch();
    }
    let (before, kernel) = (program.memory(), kernel_memory());
    let (mut most, mut kernel_most, mut longest) = (before, kernel, Duration::ZERO);
    let mut deaf = Vec::new();
    for crowd in soon_deaf {
        let since = Instant::now();
        deaf.extend(crowd.go_deaf().await.into_iter().map(|(raw, _)| (raw, since)));
    }
    let began = Instant::now();
    while !deaf.is_empty() && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20)).await; // WAITS: between two measurements.
        most = most.max(program.memory());
        kernel_most = kernel_most.max(kernel_memory());
        deaf.retain(|(raw, since)| {
            let is_ended = raw.is_ended();
            if is_ended {
                longest = longest.max(since.elapsed());
            }
            !is_ended
        });
    }
    let mut seen = Vec::new();
    for crowd in crowds {
        seen.extend(crowd.end().await);
    }
    let cut = seen.iter().filter(|seen| seen.was_cut).count();
    let gap = seen.iter().map(|seen| seen.gap).max().unwrap_or_default();
    let ticks = seen.iter().map(|seen| seen.gap_ticks).max().unwrap_or_default();
    check("100 of 500 stop reading: not cut after a minute", count(deaf.len()), 0.0, "");
    // The room knows after six seconds and a tick at most. The socket may stay a little longer, to
    // take the close code.
    check("the last is cut after", longest.as_secs_f64(), 6.2, "s");
    check("memory of the server, each", (most - before) / 1024.0 / 100.0, 64.0, "K");
    println!("memory of the system meanwhile: {:.0} KiB each", (kernel_most - kernel) / 102_400.0);
    check("of the other 400: cut", count(cut), 0.0, "");
    println!("of the other 400: most ticks between two snapshots: {ticks}");
    check("of the other 400: longest without a snapshot", gap.as_secs_f64() * 1000.0, 100.0, "ms");
}

#[expect(clippy::cast_precision_loss, reason = "hundreds")]
pub(crate) const fn count(number: usize) -> f64 {
    number as f64
}
