//! Tests of the thread with disks that are slow or accept nothing.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use uuid::Uuid;

use super::super::disk::Disk;
use super::super::entry::Entry;
use super::super::sim_disk::SimDisk;
use super::super::{Durability, JournalError, JournalFault};
use super::{BatchNumber, JournalReport, JournalThread, WAITING_BYTES_MAX};
use crate::testing::journal_threads;

const A: Uuid = Uuid::from_u128(0xa);
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the threads on a disk. Returns them with their reports and the receiver of their
/// wake-ups.
fn start(
    disk: impl Disk,
    durability: Durability,
) -> (JournalThread, Receiver<JournalReport>, Receiver<()>) {
    let ((sender, woken), (reports, reported)) = (channel(), channel());
    let wake = move || sender.send(()).unwrap_or_default();
    let report = move |report| reports.send(report).unwrap_or_default();
    let (thread, _) =
        JournalThread::start(journal_threads(), disk, durability, report, wake).expect("threads");
    (thread, reported, woken)
}

/// Returns the next report of this kind.
fn next<T>(
    reported: &Receiver<JournalReport>,
    mut what: impl FnMut(JournalReport) -> Option<T>,
) -> T {
    loop {
        let report = reported.recv_timeout(PATIENCE).expect("a report");
        if let Some(found) = what(report) {
            return found;
        }
    }
}

fn begin(segment: u32, text: &str) -> Entry<&[u8]> {
    Entry::Begin { id: A, segment, bytes: text.as_bytes() }
}

fn append(text: &str) -> Entry<&[u8]> {
    Entry::Append { id: A, bytes: text.as_bytes() }
}

#[test]
fn what_is_collected_is_one_batch_and_one_write_and_the_shard_is_woken() {
    let disk = SimDisk::default();
    let (thread, reported, woken) = start(disk.clone(), Durability::Group);
    assert_eq!(thread.submit(), BatchNumber(0), "there is nothing to do");
    for entry in [begin(0, "a"), append("b"), append("c")] {
        assert_eq!(thread.append(entry).expect("room"), BatchNumber(1));
    }
    assert_eq!(thread.submit(), BatchNumber(1));
    woken.recv_timeout(PATIENCE).expect("woken");
    assert_eq!(thread.progress().done, BatchNumber(1));
    assert_eq!(disk.files()[0].1, b"abc");
    let bytes = next(&reported, |report| match report {
        JournalReport::WroteBytes(bytes) => Some(bytes),
        _ => None,
    });
    assert_eq!((bytes, disk.appends()), (3, 1));
    assert_eq!(thread.append(append("d")).expect("room"), BatchNumber(2));
}

#[test]
fn a_group_is_synced_without_being_asked() {
    let (thread, reported, _woken) = start(SimDisk::default(), Durability::Group);
    thread.append(begin(0, "a")).expect("room");
    thread.submit();
    let (mut syncs, mut files) = (0, 0);
    while files == 0 {
        files = next(&reported, |report| match report {
            JournalReport::Synced(_) => Some(0).inspect(|_| syncs += 1),
            JournalReport::SyncedFiles(files) => Some(files),
            _ => None,
        });
    }
    assert_eq!((files, syncs), (1, 1));
}

#[test]
fn strict_is_done_when_the_disk_has_it_and_says_when_it_may_not() {
    let disk = SimDisk::default();
    let (thread, _, _woken) = start(disk.clone(), Durability::Strict);
    thread.append(begin(0, "a")).expect("room");
    assert!(thread.wait_for(thread.submit(), PATIENCE));
    disk.fail_syncs(&[true]);
    thread.append(append("b")).expect("room");
    let batch = thread.submit();
    assert!(thread.wait_for(batch, PATIENCE));
    let progress = thread.progress();
    assert_eq!(progress.done, batch);
    assert!(
        matches!(progress.faults[..], [(A, JournalFault::Unsynced(_))]),
        "{:?}",
        progress.faults
    );
    thread.append(begin(1, "S")).expect("room");
    assert!(thread.wait_for(thread.submit(), PATIENCE));
    assert!(thread.progress().faults.is_empty());
    disk.crash(|_| 0);
    let files: Vec<Vec<u8>> = disk.files().into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(files, [b"S", b"a"], "the segment sorts before the first one");
}

#[test]
fn at_its_end_the_disk_has_all_that_was_collected() {
    for durability in [Durability::Group, Durability::Strict] {
        let disk = SimDisk::default();
        let threads = journal_threads();
        let (thread, handle) =
            JournalThread::start(threads, disk.clone(), durability, |_| (), || ())
                .expect("threads");
        thread.append(begin(0, "a")).expect("room");
        thread.submit();
        thread.append(append("b")).expect("room");
        thread.end();
        handle.join().expect("no panic");
        disk.crash(|_| 0);
        assert_eq!(disk.files()[0].1, b"ab");
        assert!(matches!(thread.append(append("c")), Err(JournalError::ThreadEnded)));
        assert!(!thread.wait_for(BatchNumber(9), PATIENCE), "it says so at once");
    }
}

/// A disk whose writes wait until they are released.
#[derive(Clone, Debug)]
struct Slow(SimDisk, Arc<Mutex<Receiver<()>>>);

fn slow() -> (Slow, Sender<()>) {
    let (sender, receiver) = channel();
    (Slow(SimDisk::default(), Arc::new(Mutex::new(receiver))), sender)
}

impl Disk for Slow {
    type File = String;

    fn create(&self, name: &str) -> std::io::Result<String> {
        self.0.create(name)
    }

    fn open(&self, name: &str) -> std::io::Result<String> {
        self.0.open(name)
    }

    fn append(&self, file: &String, bytes: &[u8]) -> std::io::Result<()> {
        self.1.lock().expect("alone").recv_timeout(PATIENCE).expect("let go");
        self.0.append(file, bytes)
    }

    fn cut(&self, file: &String, bytes: u64) -> std::io::Result<()> {
        self.0.cut(file, bytes)
    }

    fn sync(&self, file: &String) -> std::io::Result<()> {
        self.0.sync(file)
    }

    fn sync_folder(&self) -> std::io::Result<()> {
        self.0.sync_folder()
    }

    fn remove(&self, name: &str) -> std::io::Result<()> {
        self.0.remove(name)
    }
}

#[test]
fn a_disk_that_takes_nothing_holds_up_nobody_and_beyond_a_bound_nothing_more_is_collected() {
    let (disk, go) = slow();
    let (thread, _, _woken) = start(disk.clone(), Durability::Group);
    thread.append(begin(0, "a")).expect("room");
    let first = thread.submit();
    let half = "x".repeat(WAITING_BYTES_MAX / 2);
    thread.append(append(&half)).expect("room");
    let second = thread.submit();
    assert_eq!(thread.progress().done, BatchNumber(0));
    let full = thread.append(append(&half)).expect_err("full");
    assert!(full.to_string().starts_with("the disk is too slow: 32 MiB wait"), "{full}");
    go.send(()).expect("waited for");
    assert!(thread.wait_for(first, PATIENCE));
    go.send(()).expect("waited for");
    assert!(thread.wait_for(second, PATIENCE));
    thread.append(append(&half)).expect("there is room again");
    go.send(()).expect("it may be waited for");
    assert!(thread.wait_for(thread.submit(), PATIENCE));
    assert_eq!(disk.0.files()[0].1.len(), 1 + WAITING_BYTES_MAX);
}
