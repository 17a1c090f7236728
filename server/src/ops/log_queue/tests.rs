//! Tests of the log queue against a sink that follows a script.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::{BURST_S, BYTES_MAX, LINES_MAX, LineBudget, LogQueue};

/// Outcomes of the next writes. Once they are used up, every write takes all of its bytes.
type Script = VecDeque<io::Result<usize>>;

/// A sink that follows a script. If it is held, it waits before each write until it is released.
struct Scripted {
    script: Script,
    written: Arc<Mutex<Vec<u8>>>,
    held: Option<Receiver<()>>,
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(held) = &self.held {
            // Released for good once the other end is gone.
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
    for line in ["one\n", "two\n", "six\n", "ten\n", "nil\n", "end\n", "bad\n", "out\n", "yes\n"] {
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
    // The thread may have taken one line, and is held in its write.
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
