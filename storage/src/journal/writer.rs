//! Decides what is written and synced at what time, and what a failure means for a match. It has no
//! thread and no clock: time is an argument, and a sync, which may take long, is a value that can
//! be run on another thread. A failed sync is never retried: its segment is abandoned, and the
//! match must begin another one with a full state. If the first sync of that fails as well, the
//! match has failed, as with a full disk.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use tracing::{error, warn};
use uuid::Uuid;

use super::disk::Disk;
use super::entry::Entry;
use super::{Durability, JournalError, JournalFault};
use crate::data_dir::segment_name;

/// Interval of the syncs, each of which covers everything written before it. A disk that syncs a
/// group within 50 ms has every byte within 250 ms of its write.
const GROUP: Duration = Duration::from_millis(200);

/// The open journals of a shard.
#[derive(Debug)]
pub(super) struct JournalWriter<D: Disk> {
    disk: D,
    durability: Durability,
    open: BTreeMap<Uuid, OpenSegment<D>>,
    /// Time of the oldest write that no sync was begun for.
    dirty_since: Option<Duration>,
    /// True while files are being synced.
    is_syncing: bool,
    faults: Vec<(Uuid, JournalFault)>,
    tally: Tally,
}

/// Totals since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) written_bytes: u64,
    /// Number of files, each counted every time.
    pub(super) synced_files: u64,
    pub(super) sync_failures: u64,
}

/// The newest segment of a match.
#[derive(Debug)]
struct OpenSegment<D: Disk> {
    segment: u32,
    file: D::File,
    /// Bytes up to the end of the last whole write.
    whole_bytes: u64,
    /// True if not all of it was handed to a sync.
    is_dirty: bool,
    /// True if the disk may not have its name.
    is_new: bool,
    /// True if a sync of it has succeeded.
    was_synced: bool,
    /// True after a failed write or sync: nothing more is written into it.
    is_abandoned: bool,
    /// The file of the segment that must follow, created as soon as that is known. A process that
    /// finds it resumes in no file that is in doubt, even if this process was killed before it
    /// could begin the segment.
    next: Option<D::File>,
    /// True if the match has ended: the segment is closed once it is synced.
    has_ended: bool,
}

impl<D: Disk> JournalWriter<D> {
    pub(super) fn new(disk: D, durability: Durability) -> JournalWriter<D> {
        JournalWriter {
            disk,
            durability,
            open: BTreeMap::new(),
            dirty_since: None,
            is_syncing: false,
            faults: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Carries out entries in order. Faults are returned by [`JournalWriter::take_faults`].
    pub(super) fn write<'a>(
        &mut self,
        entries: impl IntoIterator<Item = Entry<&'a [u8]>>,
        now: Duration,
    ) {
        for entry in entries {
            let id = entry.id();
            let failed = match entry {
                Entry::Begin { segment, bytes, .. } => {
                    let began = self.begin(id, segment, now).err().map(|error| (segment, error));
                    began.or_else(|| self.append(id, bytes, now))
                }
                Entry::Append { bytes, .. } => self.append(id, bytes, now),
                Entry::Resume { segment, whole_bytes, .. } => {
                    self.resume(id, segment, whole_bytes, now).err().map(|error| (segment, error))
                }
                Entry::End { keep, .. } => {
                    self.end(id, keep);
                    None
                }
            };
            if let Some((segment, error)) = failed {
                if let Some(open) = self.open.get_mut(&id) {
                    open.is_abandoned = true;
                }
                let error = JournalError::Write { name: segment_name(id, segment), error };
                self.faults.push((id, JournalFault::Failed(error)));
            }
        }
    }

    fn begin(&mut self, id: Uuid, segment: u32, now: Duration) -> io::Result<()> {
        let made = self.open.get_mut(&id).filter(|open| open.segment + 1 == segment);
        let file = match made.and_then(|open| open.next.take()) {
            Some(file) => file,
            None => self.disk.create(&segment_name(id, segment))?,
        };
        self.open.insert(id, OpenSegment { is_new: true, ..OpenSegment::new(segment, file, 0) });
        if segment > 0 {
            // An earlier segment is in doubt.
            self.sync_soon(now);
        }
        Ok(())
    }

    fn resume(
        &mut self,
        id: Uuid,
        segment: u32,
        whole_bytes: u64,
        now: Duration,
    ) -> io::Result<()> {
        let file = self.disk.open(&segment_name(id, segment))?;
        self.disk.cut(&file, whole_bytes)?;
        // The process before may have died before it synced the file, and this one may have nothing
        // to write for a while.
        let open = OpenSegment::new(segment, file, whole_bytes);
        self.open
            .insert(id, OpenSegment { is_dirty: true, is_new: true, was_synced: true, ..open });
        self.sync_soon(now);
        Ok(())
    }

    /// Makes the next group due at once.
    fn sync_soon(&mut self, now: Duration) {
        self.dirty_since = Some(now.saturating_sub(GROUP));
    }

    /// Appends bytes. An error is returned with the number of the segment.
    fn append(&mut self, id: Uuid, bytes: &[u8], now: Duration) -> Option<(u32, io::Error)> {
        let open = self.open.get_mut(&id).filter(|open| !open.is_abandoned)?;
        if let Err(error) = self.disk.append(&open.file, bytes) {
            // A full disk takes a part of a write. If truncating fails too, a reader finds a torn
            // end.
            self.disk.cut(&open.file, open.whole_bytes).ok();
            return Some((open.segment, error));
        }
        self.tally.written_bytes += bytes.len() as u64;
        open.whole_bytes += bytes.len() as u64;
        open.is_dirty = true;
        self.dirty_since.get_or_insert(now);
        None
    }

    fn end(&mut self, id: Uuid, keep: bool) {
        if keep {
            if let Some(open) = self.open.get_mut(&id) {
                open.has_ended = true;
            }
            self.drop_ended();
        } else if let Some(open) = self.open.remove(&id) {
            for segment in 0..=open.segment + 1 {
                let name = segment_name(id, segment);
                if let Err(error) = self.disk.remove(&name)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    warn!(%error, "cannot remove the journal `{name}`");
                }
            }
        }
    }

    /// Returns the time at which the next sync should begin, if one should.
    pub(super) fn sync_due(&self) -> Option<Duration> {
        let since = self.dirty_since.filter(|_| !self.is_syncing)?;
        match self.durability {
            // In step with the other shards, so that one sync of the file system serves all of
            // them.
            Durability::Group => {
                let groups = since.as_nanos() / GROUP.as_nanos() + 1;
                Some(GROUP * u32::try_from(groups).unwrap_or(u32::MAX))
            }
            Durability::Strict => Some(since),
            Durability::Off => None,
        }
    }

    /// Takes everything that is not synced, as one group. Its outcome must be passed to
    /// [`JournalWriter::synced`] before there is another group.
    pub(super) fn take_syncs(&mut self) -> Option<Syncs<D>> {
        if self.is_syncing || self.dirty_since.take().is_none() {
            return None;
        }
        let mut jobs = Vec::new();
        for (id, open) in &mut self.open {
            if std::mem::take(&mut open.is_dirty) && !open.is_abandoned {
                let OpenSegment { segment, is_new, .. } = *open;
                jobs.push(Job { id: *id, segment, file: open.file.clone(), is_new });
            }
        }
        self.is_syncing = true;
        Some(Syncs { disk: self.disk.clone(), jobs })
    }

    /// Handles the outcome of a group of syncs.
    pub(super) fn synced(&mut self, group: Synced) {
        self.is_syncing = false;
        for Outcome { id, segment, result } in group.0 {
            match result {
                Ok(()) => self.tally.synced_files += 1,
                Err(_) => self.tally.sync_failures += 1,
            }
            let Some(open) = self.open.get_mut(&id).filter(|open| open.segment == segment) else {
                continue;
            };
            match result {
                Ok(()) => (open.is_new, open.was_synced) = (false, true),
                Err(error) => {
                    let name = segment_name(id, segment);
                    open.is_abandoned = true;
                    error!(%error, "the disk may not have all of the journal `{name}`");
                    let error = JournalError::Sync { name, error };
                    let can_begin_again = segment == 0 || open.was_synced;
                    if can_begin_again {
                        // If it cannot be created, beginning it will fail and report the reason.
                        open.next = self.disk.create(&segment_name(id, segment + 1)).ok();
                    }
                    let fault =
                        if can_begin_again { JournalFault::Unsynced } else { JournalFault::Failed };
                    self.faults.push((id, fault(error)));
                }
            }
        }
        self.drop_ended();
    }

    /// Closes the segments of ended matches, once nothing of them is to be synced.
    fn drop_ended(&mut self) {
        if !self.is_syncing {
            self.open.retain(|_, open| !open.has_ended || (open.is_dirty && !open.is_abandoned));
        }
    }

    /// Returns the faults since the last call.
    pub(super) fn take_faults(&mut self) -> Vec<(Uuid, JournalFault)> {
        std::mem::take(&mut self.faults)
    }

    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }
}

impl<D: Disk> OpenSegment<D> {
    const fn new(segment: u32, file: D::File, whole_bytes: u64) -> OpenSegment<D> {
        OpenSegment {
            segment,
            file,
            whole_bytes,
            is_dirty: false,
            is_new: false,
            was_synced: false,
            is_abandoned: false,
            next: None,
            has_ended: false,
        }
    }
}

/// A group of files to sync.
#[derive(Debug)]
pub(super) struct Syncs<D: Disk> {
    disk: D,
    jobs: Vec<Job<D>>,
}

#[derive(Debug)]
struct Job<D: Disk> {
    id: Uuid,
    segment: u32,
    file: D::File,
    is_new: bool,
}

/// The outcome of a group.
#[derive(Debug)]
pub(super) struct Synced(Vec<Outcome>);

#[derive(Debug)]
struct Outcome {
    id: Uuid,
    segment: u32,
    result: io::Result<()>,
}

impl<D: Disk> Syncs<D> {
    /// Waits for the disk: for the files, then for the folder if one of them is new.
    pub(super) fn run(self) -> Synced {
        let Syncs { disk, jobs } = self;
        let folder_matters = jobs.iter().any(|job| job.is_new);
        let files: Vec<D::File> = jobs.iter().map(|job| job.file.clone()).collect();
        let mut done: Vec<(bool, Outcome)> = jobs
            .into_iter()
            .zip(disk.sync_all(&files))
            .map(|(Job { id, segment, is_new, .. }, result)| {
                (is_new, Outcome { id, segment, result })
            })
            .collect();
        if folder_matters && let Err(error) = disk.sync_folder() {
            // A file without its name is lost.
            for (_, outcome) in done.iter_mut().filter(|(is_new, _)| *is_new) {
                outcome.result = Err(io::Error::new(error.kind(), error.to_string()));
            }
        }
        Synced(done.into_iter().map(|(_, outcome)| outcome).collect())
    }
}

#[cfg(test)]
mod tests;
