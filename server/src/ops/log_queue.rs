//! The queue between the log and standard error. A thread that logs puts a line into a bounded
//! queue and continues; one thread writes the lines. So a pipe that is not read, or a full disk,
//! neither blocks nor ends anything: lines are dropped and counted, and as soon as one can be
//! written again, the log reports how many were dropped.
//!
//! `tracing-appender` would do half of this, but at the end of the process it prints to standard
//! output when its queue is full, which panics or blocks if that is the same broken pipe. It also
//! neither counts failed writes nor flushes before an exit.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{Level, Metadata, warn};
use tracing_subscriber::fmt::MakeWriter;

/// Maximum number of lines that wait to be written. Further lines are dropped. A line has some 200
/// bytes.
const LINES_MAX: usize = 8192;

/// Maximum bytes of lines that wait to be written, which is more than `LINES_MAX` lines usually
/// have. Further lines are dropped as well, because with a filter such as `trace` libraries log
/// lines of any length.
const BYTES_MAX: usize = 4 << 20;

/// Size of the burst, in seconds of the steady rate: many clients that return after a restart log
/// more than usual.
const BURST_S: u64 = 100;

/// Minimum interval between two reports of dropped lines.
const REPORT_PERIOD: Duration = Duration::from_secs(10);

/// Maximum duration of a flush.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Pause before a full pipe that does not block is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// The log of this process.
static PROCESS: OnceLock<LogQueue> = OnceLock::new();

/// The sending side of the queue. Clones share it.
#[derive(Clone, Debug)]
pub struct LogQueue {
    messages: SyncSender<Message>,
    shared: Arc<Shared>,
}

/// A writer for lines of one level.
#[derive(Debug)]
pub struct LogWriter<'a> {
    queue: &'a LogQueue,
    budget: &'a LineBudget,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Answered once all lines before it have been written or dropped.
    Flush(SyncSender<()>),
}

#[derive(Debug)]
struct Shared {
    /// Bytes of the lines that are queued or being written.
    waiting_bytes: AtomicUsize,
    dropped: [AtomicU64; DropReason::ALL.len()],
    /// Budget of warnings and errors: no number of visitors may hide a failure.
    urgent: LineBudget,
    /// Budget of all other lines.
    usual: LineBudget,
}

/// Reason why lines are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// The queue was full of lines, or of bytes.
    Queue,
    /// Standard error did not accept it.
    Write,
    /// More was logged than `log_lines_per_s` allows.
    Rate,
}

impl DropReason {
    pub(crate) const ALL: [DropReason; 3] =
        [DropReason::Queue, DropReason::Write, DropReason::Rate];

    /// Returns the label of the metric.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            DropReason::Queue => "queue",
            DropReason::Write => "write",
            DropReason::Rate => "rate",
        }
    }
}

impl LogQueue {
    /// Begins the log of this process, on standard error. `lines_per_s` is the maximum number of
    /// lines per second after a burst, for the usual levels and for warnings and errors separately.
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

    /// Waits until all queued lines are written, with a report of the dropped ones; for a second at
    /// most.
    pub fn flush(&self) {
        let deadline = Instant::now() + FLUSH_TIMEOUT;
        // The first answer comes after the report has been queued, the second after it has been
        // written.
        let _ = self.is_written(deadline) && self.is_written(deadline);
    }

    /// Waits until all queued lines are written; false if that takes too long.
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

/// Waits until the log of this process is written, for a second at most. Call it before the process
/// is ended on purpose.
pub fn flush_log() {
    if let Some(queue) = PROCESS.get() {
        queue.flush();
    }
}

/// Returns the number of lines of the log of this process that were dropped, by reason.
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
    /// Adds to the waiting bytes; false if that would exceed the limit.
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

/// A number of lines per second and a burst on top, for any number of threads without a lock. It
/// stores the time up to which lines are paid for (the generic cell rate algorithm).
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

    /// Takes one line from the budget; false if the budget is spent.
    fn take(&self, now: Instant) -> bool {
        let now_ns =
            crate::measure::shard_metrics::nanoseconds(now.saturating_duration_since(self.epoch));
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
    /// True if the last line was written in part, so that the next one begins with a line break.
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
                // The report is also what tries again when nothing else is logged.
                Err(RecvTimeoutError::Timeout) => self.report(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn may_report(&self) -> bool {
        self.reported_at.is_none_or(|at| at.elapsed() >= REPORT_PERIOD)
    }

    /// Logs the number of dropped lines, if it has grown since the last report.
    fn report(&mut self) {
        let counts = self.shared.counts();
        if counts == self.reported {
            return;
        }
        (self.reported, self.reported_at) = (counts, Some(Instant::now()));
        let [queue, write, rate] = counts;
        let all = queue + write + rate;
        // The total since the start, so that nothing is lost if this line is.
        warn!(queue, write, rate, "{all} lines of the log were dropped since the start");
    }

    /// Writes a whole line, or counts it as dropped and returns false.
    fn write(&mut self, line: &[u8]) -> bool {
        let written = if self.torn { self.write_all(b"\n") } else { Ok(()) };
        let written = written.and_then(|()| self.write_all(line));
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
/// hold forever.
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
mod tests;
