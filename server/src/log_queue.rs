//! The way of the log to standard error. A thread that logs puts a line into a bounded queue and
//! goes on; one thread writes them. So a log that nobody reads, or a disk that takes no more of it,
//! holds up nothing and ends nothing: lines are dropped and counted, and as soon as one can be
//! written again, the log reports how many were.
//!
//! `tracing-appender` would do half of this, but at the end of the process it prints to standard
//! output when its queue is full, which panics or blocks if that is the same broken pipe; and it
//! neither counts failed writes nor flushes before an exit.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{Level, Metadata, warn};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait to be written. Beyond it they are dropped. A line has some 200 bytes.
const LINES_MAX: usize = 8192;

/// Bytes of lines that may wait to be written: more than so many lines usually have. Beyond it they
/// are dropped as well, because with a filter as `trace` libraries log lines of any length.
const BYTES_MAX: usize = 4 << 20;

/// Seconds of the steady rate that may be logged at once: a crowd that comes back after a restart
/// logs more than usual.
const BURST_S: u64 = 100;

/// The least pause between two reports of dropped lines.
const REPORT_PERIOD: Duration = Duration::from_secs(10);

/// The longest that a flush takes.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause before a pipe that is full and does not block is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// The log of this process.
static PROCESS: OnceLock<LogQueue> = OnceLock::new();

/// The way into the queue. Cloning shares it.
#[derive(Clone, Debug)]
pub struct LogQueue {
    messages: SyncSender<Message>,
    shared: Arc<Shared>,
}

/// Takes lines of one level.
#[derive(Debug)]
pub struct LogWriter<'a> {
    queue: &'a LogQueue,
    budget: &'a LineBudget,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// All lines before this one have been written or dropped once it is answered.
    Flush(SyncSender<()>),
}

#[derive(Debug)]
struct Shared {
    /// Of the lines that are queued or being written.
    waiting_bytes: AtomicUsize,
    dropped: [AtomicU64; DropReason::ALL.len()],
    /// Of warnings and errors: no crowd of visitors may hide a failure.
    urgent: LineBudget,
    /// Of everything else.
    usual: LineBudget,
}

/// A reason for which lines are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// The queue was full of lines, or of bytes.
    Queue,
    /// Standard error did not take it.
    Write,
    /// More was logged than `log_lines_per_s` allows.
    Rate,
}

impl DropReason {
    pub(crate) const ALL: [DropReason; 3] =
        [DropReason::Queue, DropReason::Write, DropReason::Rate];

    /// As a label of the metric.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            DropReason::Queue => "queue",
            DropReason::Write => "write",
            DropReason::Rate => "rate",
        }
    }
}

impl LogQueue {
    /// Begins the log of this process, on standard error. `lines_per_s` is how many lines of the
    /// usual levels, and how many warnings and errors, are written each second at most, after a
    /// burst.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn begin(lines_per_s: u32) -> io::Result<LogQueue> {
        let queue = LogQueue::start(StandardError, lines_per_s)?;
        Ok(PROCESS.get_or_init(|| queue).clone())
    }

    fn start(sink: impl Write + Send + 'static, lines_per_s: u32) -> io::Result<LogQueue> {
        let (messages, queued) = sync_channel(LINES_MAX);
        let shared = Arc::new(Shared {
            waiting_bytes: AtomicUsize::new(0),
            dropped: Default::default(),
            urgent: LineBudget::new(lines_per_s),
            usual: LineBudget::new(lines_per_s),
        });
        let thread = LogThread::new(sink, Arc::clone(&shared));
        thread::Builder::new().name("log".to_owned()).spawn(move || thread.run(&queued))?;
        Ok(LogQueue { messages, shared })
    }

    /// Queues whole lines, or drops them; never waits.
    pub fn put(&self, lines: &[u8]) {
        if !self.shared.take_bytes(lines.len()) {
            return self.shared.drop_line(DropReason::Queue);
        }
        if self.messages.try_send(Message::Line(lines.to_vec())).is_err() {
            self.shared.free_bytes(lines.len());
            self.shared.drop_line(DropReason::Queue);
        }
    }

    /// Waits until all that is queued is written, with a report of what was dropped; a second at
    /// most.
    pub fn flush(&self) {
        let deadline = Instant::now() + FLUSH_TIMEOUT;
        // The first answer comes after the report has been queued, the second after it has been
        // written.
        let _ = self.is_written(deadline) && self.is_written(deadline);
    }

    /// Waits until all that is queued is written; false if that takes too long.
    fn is_written(&self, deadline: Instant) -> bool {
        let (done, answer) = sync_channel(1);
        let mut flush = Message::Flush(done);
        while let Err(TrySendError::Full(back)) = self.messages.try_send(flush) {
            if Instant::now() >= deadline {
                return false;
            }
            flush = back;
            thread::sleep(RETRY_PAUSE);
        }
        answer.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok()
    }
}

/// Waits until the log of this process is written, a second at most. To be called before the
/// process ends on purpose.
pub fn flush_log() {
    if let Some(queue) = PROCESS.get() {
        queue.flush();
    }
}

/// The lines of the log of this process that were dropped, counted by reason.
pub(crate) fn dropped() -> [(DropReason, u64); DropReason::ALL.len()] {
    let counts = PROCESS.get().map_or([0; 3], |queue| queue.shared.counts());
    std::array::from_fn(|index| (DropReason::ALL[index], counts[index]))
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = LogWriter<'a>;

    fn make_writer(&'a self) -> LogWriter<'a> {
        LogWriter { queue: self, budget: &self.shared.usual }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> LogWriter<'a> {
        let Shared { urgent, usual, .. } = &*self.shared;
        let budget = if *line.level() <= Level::WARN { urgent } else { usual };
        LogWriter { queue: self, budget }
    }
}

impl Write for LogWriter<'_> {
    /// Takes whole lines, and never fails.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.budget.take(Instant::now()) {
            self.queue.put(lines);
        } else {
            self.queue.shared.drop_line(DropReason::Rate);
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Whether so many bytes more may wait; then they do.
    fn take_bytes(&self, bytes: usize) -> bool {
        let take = |waiting: usize| waiting.checked_add(bytes).filter(|sum| *sum <= BYTES_MAX);
        self.waiting_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn free_bytes(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn drop_line(&self, reason: DropReason) {
        self.dropped[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> [u64; DropReason::ALL.len()] {
        self.dropped.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

/// So many lines a second, and a burst on top, for any number of threads without a lock: the time
/// up to which lines are paid for (the generic cell rate algorithm).
#[derive(Debug)]
struct LineBudget {
    epoch: Instant,
    line_ns: u64,
    paid_until_ns: AtomicU64,
}

impl LineBudget {
    fn new(lines_per_s: u32) -> LineBudget {
        let line_ns = 1_000_000_000 / u64::from(lines_per_s.max(1));
        LineBudget { epoch: Instant::now(), line_ns, paid_until_ns: AtomicU64::new(0) }
    }

    /// Whether one more line may be written.
    fn take(&self, now: Instant) -> bool {
        let now_ns = crate::measures::nanoseconds(now.saturating_duration_since(self.epoch));
        let pay = |paid_until: u64| {
            let paid_until = paid_until.max(now_ns) + self.line_ns;
            (paid_until <= now_ns + BURST_S * 1_000_000_000).then_some(paid_until)
        };
        self.paid_until_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }
}

/// The thread that writes.
struct LogThread<W> {
    sink: W,
    /// The last line was written in part, so the next one begins with a new one.
    torn: bool,
    shared: Arc<Shared>,
    /// The counts in the last report of dropped lines.
    reported: [u64; DropReason::ALL.len()],
    reported_at: Option<Instant>,
}

impl<W: Write> LogThread<W> {
    fn new(sink: W, shared: Arc<Shared>) -> LogThread<W> {
        LogThread { sink, torn: false, shared, reported: Default::default(), reported_at: None }
    }

    fn run(mut self, queued: &Receiver<Message>) {
        loop {
            match queued.recv_timeout(REPORT_PERIOD) {
                Ok(Message::Line(line)) => {
                    let was_written = self.write(&line);
                    self.shared.free_bytes(line.len());
                    if was_written && self.may_report() {
                        self.report();
                    }
                }
                Ok(Message::Flush(done)) => {
                    self.report();
                    done.send(()).ok();
                }
                // The report is also what tries a log again in which nothing else is written.
                Err(RecvTimeoutError::Timeout) => self.report(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn may_report(&self) -> bool {
        self.reported_at.is_none_or(|at| at.elapsed() >= REPORT_PERIOD)
    }

    /// Logs how many lines were dropped, if there are more than the last report said.
    fn report(&mut self) {
        let counts = self.shared.counts();
        if counts == self.reported {
            return;
        }
        (self.reported, self.reported_at) = (counts, Some(Instant::now()));
        let [queue, write, rate] = counts;
        let all = queue + write + rate;
        // All since the start, so that nothing is lost if this line is.
        warn!(queue, write, rate, "{all} lines of the log were dropped since the start");
    }

    /// Writes a line to its end, or counts it as dropped and returns false.
    fn write(&mut self, line: &[u8]) -> bool {
        let written = if self.torn { self.write_all(b"\n") } else { Ok(()) };
        let written = written.and_then(|()| {
            self.torn = false;
            self.write_all(line)
        });
        if written.is_err() {
            self.shared.drop_line(DropReason::Write);
        }
        written.is_ok()
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.sink.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    self.torn = !bytes.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    thread::sleep(RETRY_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Standard error without the lock of the standard library, which a write that never ends would
/// hold for ever.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stderr(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::{self, Write};
    use std::sync::atomic::Ordering;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use tracing_subscriber::fmt::MakeWriter;

    use super::{BURST_S, BYTES_MAX, LINES_MAX, LineBudget, LogQueue};

    /// The outcomes of the next writes; those after them take all.
    type Script = VecDeque<io::Result<usize>>;

    /// A sink that does as scripted, and waits before each write until it is let go, if it is held.
    struct Scripted {
        script: Script,
        written: Arc<Mutex<Vec<u8>>>,
        held: Option<Receiver<()>>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(held) = &self.held {
                // Let go for ever when the other end is gone.
                held.recv().ok();
            }
            let count = self.script.pop_front().unwrap_or(Ok(bytes.len()))?;
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn queue(script: Script, held: Option<Receiver<()>>) -> (LogQueue, Arc<Mutex<Vec<u8>>>) {
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let sink = Scripted { script, written: Arc::clone(&written), held };
        (LogQueue::start(sink, 1_000_000).expect("a thread"), written)
    }

    fn text(written: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(written.lock().expect("no panic").clone()).expect("text")
    }

    #[test]
    fn a_write_that_fails_costs_its_line_and_the_next_one_begins_anew() {
        let failed = |kind: io::ErrorKind| Err(kind.into());
        let script = VecDeque::from([
            Ok(4),
            failed(io::ErrorKind::BrokenPipe),
            Ok(2),
            failed(io::ErrorKind::Interrupted),
            failed(io::ErrorKind::WouldBlock),
            Ok(2),
            failed(io::ErrorKind::StorageFull),
            Ok(0),
            Ok(4),
            Ok(1),
            failed(io::ErrorKind::StorageFull),
            failed(io::ErrorKind::StorageFull),
        ]);
        let (queue, written) = queue(script, None);
        for line in
            ["one\n", "two\n", "six\n", "ten\n", "nil\n", "end\n", "bad\n", "out\n", "yes\n"]
        {
            queue.put(line.as_bytes());
        }
        queue.flush();
        assert_eq!(text(&written), "one\nsix\nend\nb\nyes\n");
        assert_eq!(queue.shared.counts(), [0, 5, 0]);
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_a_flush_has_an_end() {
        let (release, held): (Sender<()>, _) = channel();
        let (queue, written) = queue(Script::new(), Some(held));
        let more = 100;
        for _ in 0..LINES_MAX + more {
            queue.put(b"line\n");
        }
        // One may have been taken by the thread, which is held in its write.
        let dropped = queue.shared.counts()[0];
        assert!((99..=100).contains(&dropped), "{dropped}");
        queue.flush();
        assert_eq!(text(&written), "", "nothing was written, and the flush came back");
        drop(release);
        queue.flush();
        let lines = u64::try_from(text(&written).lines().count()).expect("few");
        assert_eq!(lines + dropped, u64::try_from(LINES_MAX + more).expect("few"));
    }

    #[test]
    fn long_lines_are_dropped_by_their_bytes_and_have_their_place_again_once_written() {
        let (release, held): (Sender<()>, _) = channel();
        let (queue, written) = queue(Script::new(), Some(held));
        let long = vec![b'x'; BYTES_MAX / 4];
        for _ in 0..6 {
            queue.put(&long);
        }
        queue.put(b"short");
        assert_eq!(queue.shared.counts(), [3, 0, 0], "four fill it to the last byte");
        drop(release);
        queue.flush();
        assert_eq!(text(&written).len(), BYTES_MAX);
        for _ in 0..4 {
            queue.put(&long);
        }
        queue.flush();
        assert_eq!(text(&written).len(), 2 * BYTES_MAX);
        queue.put(&vec![b'x'; BYTES_MAX + 1]);
        assert_eq!(queue.shared.counts(), [4, 0, 0], "one line alone may be too long");
    }

    #[test]
    fn a_full_queue_of_lines_gives_the_bytes_back_that_it_did_not_take() {
        let (release, held): (Sender<()>, _) = channel();
        let (queue, _written) = queue(Script::new(), Some(held));
        for _ in 0..3 * LINES_MAX {
            queue.put(b"line\n");
        }
        drop(release);
        queue.flush();
        assert_eq!(queue.shared.waiting_bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn lines_beyond_the_rate_are_dropped_and_cost_warnings_nothing() {
        let budget = LineBudget::new(20);
        let later = |ms| budget.epoch + Duration::from_millis(ms);
        let burst = 20 * BURST_S;
        let taken = |at, most: u64| (0..most).filter(|_| budget.take(at)).count() as u64;
        assert_eq!(taken(later(0), 10 * burst), burst);
        assert_eq!(taken(later(1000), 1000), 20);
        assert_eq!(taken(later(1050), 1000), 1);
        assert_eq!(taken(later(500_000_000), 10 * burst), burst, "no more after a long silence");

        let (queue, written) = queue(Script::new(), None);
        queue.shared.usual.paid_until_ns.store(u64::MAX / 2, Ordering::Relaxed);
        queue.make_writer().write_all(b"a visitor\n").expect("never fails");
        let mut urgent = super::LogWriter { queue: &queue, budget: &queue.shared.urgent };
        urgent.write_all(b"a failure\n").expect("never fails");
        queue.flush();
        assert_eq!(text(&written), "a failure\n");
        assert_eq!(queue.shared.counts(), [0, 0, 1]);
    }
}
