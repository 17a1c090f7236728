//! The metrics of one shard. Only the shard's thread writes them, with plain loads and stores, so a
//! tick costs a few additions and no lock. Readers never hold it up. No clock is read here. The
//! names are in `metrics`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bolide_net::{ClientMessage, ErrorCode};
use bolide_room::RoomStatus;
use bolide_storage::JournalReport;

/// A number that one thread writes and any thread reads.
#[derive(Debug, Default)]
pub(crate) struct SingleWriterCounter(AtomicU64);

impl SingleWriterCounter {
    pub(crate) fn add(&self, amount: u64) {
        self.set(self.get().wrapping_add(amount));
    }

    /// Replaces one contribution to a sum.
    fn replace(&self, before: u64, after: u64) {
        self.add(after.wrapping_sub(before));
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [SingleWriterCounter; BOUNDS_NS.len() + 1],
    sum_ns: SingleWriterCounter,
}

/// The upper bounds of all but the last bucket, in nanoseconds. A tick of a small room takes 50 µs,
/// and must end within 16 to 50 ms.
const BOUNDS_NS: [u64; 14] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
];

impl Histogram {
    pub(crate) fn record(&self, took: Duration) {
        let took_ns = nanoseconds(took);
        self.counts[BOUNDS_NS.partition_point(|bound| *bound < took_ns)].add(1);
        self.sum_ns.add(took_ns);
    }

    /// The number of records.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(SingleWriterCounter::get).sum()
    }

    /// The sum of all records, in nanoseconds.
    pub(crate) fn sum_ns(&self) -> u64 {
        self.sum_ns.get()
    }

    /// The number of records per bucket, with its upper bound in seconds.
    pub(crate) fn buckets(&self) -> [(f64, u64); BOUNDS_NS.len() + 1] {
        std::array::from_fn(|index| {
            let bound = BOUNDS_NS.get(index).map_or(f64::INFINITY, |bound| *bound as f64 / 1e9);
            (bound, self.counts[index].get())
        })
    }
}

/// The maximum of the last one to two minutes. If it never expired, it would stay the first tick of
/// the first room for ever.
#[derive(Debug)]
pub(crate) struct Peak {
    since: Instant,
    longest: Duration,
    /// The maximum of the minute before.
    before: Duration,
}

/// The time that is remembered in full.
const PEAK_PERIOD: Duration = Duration::from_secs(60);

impl Peak {
    pub(crate) const fn new(now: Instant) -> Peak {
        Peak { since: now, longest: Duration::ZERO, before: Duration::ZERO }
    }

    /// Records a duration and returns the maximum.
    pub(crate) fn note(&mut self, took: Duration, now: Instant) -> Duration {
        let age = now.saturating_duration_since(self.since);
        if age >= PEAK_PERIOD {
            self.before = if age < 2 * PEAK_PERIOD { self.longest } else { Duration::ZERO };
            self.longest = Duration::ZERO;
            self.since = now;
        }
        self.longest = self.longest.max(took);
        self.longest.max(self.before)
    }
}

/// The contribution of a room to the sums of its shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    sessions: u16,
    players: u16,
}

impl From<RoomStatus> for Load {
    fn from(status: RoomStatus) -> Load {
        Load { sessions: status.seats_taken, players: status.players }
    }
}

/// All figures of a shard. Aligned to cache lines of their own, so that writes of other threads do
/// not slow them down.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardMetrics {
    /// Durations of the rooms' ticks.
    pub(crate) ticks: Histogram,
    /// Lateness of the rooms' turns.
    pub(crate) lateness: Histogram,
    pub(crate) tick_max_ns: SingleWriterCounter,
    /// Turns with more than one tick, which came at least a tick too late.
    pub(crate) late_turns: SingleWriterCounter,
    /// Ticks that were run late, in the turn of a later tick.
    pub(crate) caught_up: SingleWriterCounter,
    pub(crate) slips: SingleWriterCounter,
    pub(crate) slipped_ns: SingleWriterCounter,
    /// Ticks from one snapshot of a room to the next. 0 before the first change.
    pub(crate) snapshot_interval_ticks: SingleWriterCounter,
    /// Ticks of rooms whose snapshots were not sent.
    pub(crate) snapshots_withheld: SingleWriterCounter,
    pub(crate) rooms: SingleWriterCounter,
    pub(crate) rooms_opened: SingleWriterCounter,
    pub(crate) rooms_failed: SingleWriterCounter,
    pub(crate) sessions: SingleWriterCounter,
    pub(crate) players: SingleWriterCounter,
    /// Messages by [`Kind`].
    pub(crate) messages: [SingleWriterCounter; Kind::ALL.len()],
    /// Error messages that rooms sent, by code.
    errors: [SingleWriterCounter; ErrorCode::ALL.len()],
    pub(crate) journal: JournalMetrics,
}

/// The metrics of the thread that writes the journals of a shard. Only that thread writes them,
/// except for `syncs`.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct JournalMetrics {
    pub(crate) bytes: SingleWriterCounter,
    /// Durations of writes, each of all that was submitted meanwhile.
    pub(crate) writes: Histogram,
    /// The time that frames waited for the journal.
    pub(crate) waits: Histogram,
    pub(crate) waiting_bytes: SingleWriterCounter,
    /// Durations of syncs of a group of files. If another thread syncs, only that one writes this
    /// field.
    pub(crate) syncs: Histogram,
    pub(crate) synced_files: SingleWriterCounter,
    pub(crate) sync_failures: SingleWriterCounter,
}

impl JournalMetrics {
    /// Counts what the threads of the journals report.
    pub(crate) fn count(&self, report: JournalReport) {
        match report {
            JournalReport::Wrote(took) => self.writes.record(took),
            JournalReport::WroteBytes(bytes) => self.bytes.add(bytes),
            JournalReport::Synced(took) => self.syncs.record(took),
            JournalReport::SyncedFiles(files) => self.synced_files.add(files),
            JournalReport::SyncsFailed(files) => self.sync_failures.add(files),
            JournalReport::WaitingBytes(bytes) => self.waiting_bytes.set(bytes),
            JournalReport::Waited(waited) => self.waits.record(waited),
        }
    }
}

impl ShardMetrics {
    /// Records a turn of a room with this many ticks.
    pub(crate) fn turn(&self, late: Duration, ticks: u32, slipped: Option<Duration>) {
        self.lateness.record(late);
        if ticks > 1 {
            self.late_turns.add(1);
            self.caught_up.add(u64::from(ticks) - 1);
        }
        if let Some(slipped) = slipped {
            self.slips.add(1);
            self.slipped_ns.add(nanoseconds(slipped));
        }
    }

    /// Records ticks of a room that sent no snapshot.
    pub(crate) fn withheld(&self, ticks: u32) {
        if ticks > 0 {
            self.snapshots_withheld.add(ticks.into());
        }
    }

    /// Records a tick that took this long and has just ended.
    pub(crate) fn tick(&self, peak: &mut Peak, took: Duration, now: Instant) {
        self.ticks.record(took);
        self.tick_max_ns.set(nanoseconds(peak.note(took, now)));
    }

    pub(crate) fn message(&self, kind: Kind) {
        self.messages[kind as usize].add(1);
    }

    pub(crate) fn error(&self, code: ErrorCode) {
        self.errors[code as usize].add(1);
    }

    /// Error messages with this code that rooms sent.
    pub(crate) fn errors(&self, code: ErrorCode) -> u64 {
        self.errors[code as usize].get()
    }

    /// Replaces the contribution of a room to the sums.
    pub(crate) fn load(&self, before: Load, after: Load) {
        if before != after {
            self.sessions.replace(before.sessions.into(), after.sessions.into());
            self.players.replace(before.players.into(), after.players.into());
        }
    }
}

/// The kinds of messages of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Hello,
    Input,
    Chat,
    Pong,
    Resync,
    Rematch,
    Lock,
    Bots,
    Leave,
}

impl Kind {
    pub(crate) const ALL: [Kind; 9] = [
        Kind::Hello,
        Kind::Input,
        Kind::Chat,
        Kind::Pong,
        Kind::Resync,
        Kind::Rematch,
        Kind::Lock,
        Kind::Bots,
        Kind::Leave,
    ];

    /// The name of the kind on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Hello => "hello",
            Kind::Input => "input",
            Kind::Chat => "chat",
            Kind::Pong => "pong",
            Kind::Resync => "resync",
            Kind::Rematch => "rematch",
            Kind::Lock => "lock",
            Kind::Bots => "bots",
            Kind::Leave => "leave",
        }
    }
}

impl From<&ClientMessage> for Kind {
    fn from(message: &ClientMessage) -> Kind {
        match message {
            ClientMessage::Hello(_) => Kind::Hello,
            ClientMessage::Input(_) => Kind::Input,
            ClientMessage::Chat(_) => Kind::Chat,
            ClientMessage::Pong(_) => Kind::Pong,
            ClientMessage::Resync => Kind::Resync,
            ClientMessage::Rematch => Kind::Rematch,
            ClientMessage::Lock(_) => Kind::Lock,
            ClientMessage::Bots(_) => Kind::Bots,
            ClientMessage::Leave => Kind::Leave,
        }
    }
}

/// Converts to nanoseconds, saturating at 584 years.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Histogram, Kind, Load, Peak, ShardMetrics};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_duration_goes_into_the_bucket_whose_bound_it_does_not_exceed() {
        for (took, expect) in [
            (Duration::ZERO, 1e-5),
            (10 * MS / 1000, 1e-5),
            (Duration::from_nanos(10_001), 2.5e-5),
            (MS, 1e-3),
            (250 * MS, 0.25),
            (251 * MS, f64::INFINITY),
        ] {
            let durations = Histogram::default();
            durations.record(took);
            let hit: Vec<f64> =
                durations.buckets().iter().filter(|it| it.1 == 1).map(|it| it.0).collect();
            assert_eq!(hit, [expect], "{took:?}");
            assert_eq!(u128::from(durations.sum_ns()), took.as_nanos());
            assert_eq!(durations.count(), 1);
        }
    }

    #[test]
    fn a_peak_is_forgotten_after_a_minute_at_least_and_two_at_most() {
        let start = Instant::now();
        let mut peak = Peak::new(start);
        for (at_s, took_ms, expect_ms) in [
            (0, 9, 9),
            (59, 1, 9),
            (60, 2, 9),
            (119, 3, 9),
            (120, 1, 3),
            (180, 1, 1),
            (181, 4, 4),
            (400, 1, 1),
        ] {
            let longest = peak.note(took_ms * MS, start + Duration::from_secs(at_s));
            assert_eq!(longest, expect_ms * MS, "{at_s}");
        }
    }

    #[test]
    fn a_turn_is_late_when_it_has_more_than_one_tick_and_what_slips_is_added_up() {
        let metrics = ShardMetrics::default();
        metrics.turn(Duration::ZERO, 1, None);
        metrics.turn(40 * MS, 2, None);
        metrics.turn(900 * MS, 5, Some(700 * MS));
        let figures = [&metrics.late_turns, &metrics.caught_up, &metrics.slips];
        assert_eq!(figures.map(super::SingleWriterCounter::get), [2, 5, 1]);
        assert_eq!(metrics.slipped_ns.get(), 700_000_000);
        assert_eq!(metrics.lateness.count(), 3);
    }

    #[test]
    fn a_room_adds_what_there_is_in_it_and_takes_it_away_when_it_goes() {
        let metrics = ShardMetrics::default();
        let [one, other] = [Load { sessions: 2, players: 4 }, Load { sessions: 1, players: 3 }];
        for (before, after, expect) in [
            (Load::default(), one, (2, 4)),
            (Load::default(), other, (3, 7)),
            (one, Load { sessions: 0, players: 5 }, (1, 8)),
            (other, Load::default(), (0, 5)),
        ] {
            metrics.load(before, after);
            assert_eq!((metrics.sessions.get(), metrics.players.get()), expect);
        }
    }

    #[test]
    fn kinds_are_counted_by_their_place() {
        let places = Kind::ALL.map(|kind| kind as usize);
        assert_eq!(places, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
