//! `bolide swarm`: a load client. Its players join over real sockets, play real matches from the
//! frames that they are sent, check every hash, and count. The report shows what a player of that
//! server experiences. This crate knows only what any client can know, and nothing of the server's
//! code.

#![forbid(unsafe_code)]

mod arrival;
mod chance;
mod comeback;
mod frame;
mod greeting;
mod histogram;
mod link;
mod live;
mod lost;
mod options;
mod pilot;
mod player;
mod process;
mod progress;
mod report;
mod tally;
mod view;
mod worker;

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use self::live::{Live, Stage};
pub use self::options::{Format, NotATarget, SwarmOptions, Sync, Target};
pub use self::pilot::{Pilot, Sight};
use self::process::Usage;
use self::progress::Progress;
use self::report::rounded;
pub use self::report::{Deeds, Desyncs, Process, Report, Share, Spread};
use self::tally::Tally;
use self::worker::Worker;

/// The reason for which there is no report. Its text is a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwarmFailure {
    /// The options ask for something impossible.
    #[error("{0}")]
    Usage(String),
    /// The server is unreachable, or does not let any player in.
    #[error("{0}")]
    Server(String),
    /// This machine provides no threads or timers.
    #[error("cannot start the swarm: {0}")]
    Machine(String),
}

impl SwarmFailure {
    /// Returns the exit code of the program.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            SwarmFailure::Usage(_) => 2,
            SwarmFailure::Server(_) | SwarmFailure::Machine(_) => 1,
        }
    }
}

/// Plays, measures and reports. It ends by itself.
///
/// # Errors
/// No player could play. Players that are lost later are in the report.
pub fn swarm(options: &SwarmOptions) -> Result<Report, SwarmFailure> {
    let address = resolve(&options.url)?;
    let live = Arc::new(Live::default());
    let cores =
        thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let threads = options.threads.map_or(cores, u32::from).min(options.rooms);
    let before = options.server_pid.and_then(Usage::of);
    if let (Some(pid), None) = (options.server_pid, before) {
        return Err(SwarmFailure::Usage(format!(
            "--server-pid {pid}: there is no such process here, or no /proc"
        )));
    }
    let mut handles = Vec::new();
    for index in 0..threads {
        let worker = Worker {
            options: options.clone(),
            address,
            live: Arc::clone(&live),
            index,
            of: threads,
        };
        let spawned = thread::Builder::new().name(format!("swarm-{index}")).spawn(|| worker.run());
        handles.push(spawned.map_err(|error| SwarmFailure::Machine(error.to_string()))?);
    }
    let course = watch(options, &live, threads);
    let mut tally = Tally::default();
    for handle in handles {
        let counted = handle
            .join()
            .map_err(|_| SwarmFailure::Machine("a thread of it panicked".to_owned()))?;
        tally.add(&counted.map_err(|error| SwarmFailure::Machine(error.to_string()))?);
    }
    match live.take_failure() {
        Some(failure) => Err(failure),
        None => Ok(report(options, &live, &tally, &course, before)),
    }
}

fn resolve(url: &Target) -> Result<SocketAddr, SwarmFailure> {
    let addresses = (url.host.as_str(), url.port).to_socket_addrs();
    let unknown =
        |why: String| SwarmFailure::Server(format!("cannot find the host of {url}: {why}"));
    let mut addresses = addresses.map_err(|error| unknown(error.to_string()))?;
    addresses.next().ok_or_else(|| unknown("it has no address".to_owned()))
}

/// The course of a run: its durations, and the CPU and memory that it used.
struct Course {
    ramp: Duration,
    measured: Duration,
    cut_short: bool,
    /// Usage of the server's process at the beginning and at the end of the measurement.
    usage: Option<(Usage, Usage)>,
    /// CPU time of this process during the measurement, without the report.
    own_cpu_ms: Option<u64>,
}

/// Interval at which the run is checked.
const LOOK: Duration = Duration::from_millis(20);

/// Time after the ramp until a new fight looks like any other.
const SETTLE: Duration = Duration::from_millis(500);

/// Leads the run through its stages, and returns its course.
fn watch(options: &SwarmOptions, live: &Live, threads: u32) -> Course {
    let players = u64::from(options.rooms) * u64::from(options.players);
    let began = Instant::now();
    let mut progress = Progress::new(began);
    let over = || live.has_failed() || live.is_interrupted() || live.left() == 0;
    while live.ramped.load(Ordering::Relaxed) < threads {
        thread::sleep(LOOK);
        progress.tell(Instant::now(), live, players, Duration::ZERO);
    }
    let ramp = began.elapsed();
    if !over() {
        thread::sleep(SETTLE);
    }
    let usage = || options.server_pid.and_then(Usage::of);
    let own = || NonZeroU32::new(std::process::id()).and_then(Usage::of);
    let (own_before, usage_before, start) = (own(), usage(), Instant::now());
    let end = start + Duration::from_secs(options.seconds.into());
    live.set_stage(Stage::Measuring);
    let cut_short = loop {
        let now = Instant::now();
        if now >= end || over() {
            break now < end;
        }
        progress.tell(now, live, players, end - now);
        thread::sleep(LOOK.min(end - now));
    };
    let usage_after = usage();
    let own_cpu_ms = own_before.zip(own()).map(|(before, after)| after.cpu_ms - before.cpu_ms);
    live.set_stage(Stage::Leaving);
    progress.end();
    Course {
        ramp,
        measured: start.elapsed(),
        cut_short,
        usage: usage_before.zip(usage_after),
        own_cpu_ms,
    }
}

fn report(
    options: &SwarmOptions,
    live: &Live,
    tally: &Tally,
    course: &Course,
    before: Option<Usage>,
) -> Report {
    let SwarmOptions { url, rooms, players, mode, format, sync, .. } = options;
    let joined = live.joined.load(Ordering::Relaxed);
    let seconds = course.measured.as_secs_f64();
    let per_player_s = |bytes: u64| rounded(bytes as f64 / seconds / f64::from(joined));
    let per_snapshot = |number: f64| rounded(number / tally.snapshots as f64);
    let per_alive_s = |count: u64| rounded(count as f64 / tally.alive_s);
    let process = course.usage.zip(before).map(|((start, end), before)| {
        let cpu_ms = (end.cpu_ms - start.cpu_ms) as f64;
        let memory_kb = end.memory_kb.saturating_sub(before.memory_kb) as f64;
        Process {
            cpu_us_per_snapshot: per_snapshot(cpu_ms * 1000.0),
            cores: rounded(cpu_ms / 1000.0 / seconds),
            memory_before_kb: before.memory_kb,
            memory_kb: end.memory_kb,
            memory_kb_per_player: rounded(memory_kb / f64::from(joined)),
        }
    });
    let expected = (tally.fight_ticks > 0.0)
        .then(|| rounded(100.0 * tally.fight_snapshots as f64 / tally.fight_ticks));
    Report {
        server: live.server(),
        url: url.to_string(),
        mode: mode.clone(),
        format: format.name().to_owned(),
        sync: sync.name().to_owned(),
        rooms: Share {
            asked: u64::from(*rooms),
            had: u64::from(live.rooms.load(Ordering::Relaxed)),
        },
        players: Share { asked: u64::from(*rooms) * u64::from(*players), had: u64::from(joined) },
        ramp_s: rounded(course.ramp.as_secs_f64()),
        measured_s: rounded(seconds),
        cut_short: course.cut_short,
        snapshots: tally.snapshots,
        snapshots_per_s: rounded(tally.snapshots as f64 / seconds),
        of_expected_percent: expected,
        gap_ms: Spread::of(&tally.gaps),
        late_ms: Spread::of(&tally.late),
        latency_ms: Spread::of(&tally.latency),
        above_tick_ms: Spread::of(&tally.above_tick),
        bytes_down_per_player_s: per_player_s(tally.bytes_down),
        bytes_up_per_player_s: per_player_s(tally.bytes_up),
        bytes_per_snapshot: per_snapshot(tally.bytes_down as f64),
        snapshot_payload_bytes: per_snapshot(tally.snapshot_bytes as f64),
        per_living_second: Deeds {
            courses: per_alive_s(tally.courses),
            shots: per_alive_s(tally.shots),
            blinks: per_alive_s(tally.blinks),
        },
        alive_s: rounded(tally.alive_s),
        results: tally.results,
        hashes_compared: tally.hashes_compared,
        desyncs: Desyncs::of(tally),
        resumed: tally.resumed,
        away_ms: Spread::of(&tally.away),
        lost: tally.lost.clone(),
        errors: tally.errors.clone(),
        own_late_ms: Spread::of(&tally.own_late),
        own_cores: course.own_cpu_ms.map(|ms| rounded(ms as f64 / 1000.0 / seconds)),
        process,
    }
}
