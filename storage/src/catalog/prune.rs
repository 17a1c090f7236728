//! Chooses the journals that may be removed, and removes them. A journal that a room needs is never
//! removed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::{Catalog, CatalogError, Stored};
use crate::data_dir::DataDir;

/// Age below which a file is kept while a server runs. The server commits which match a room plays
/// at about the time of the match's first ticks.
const JUST_WRITTEN: Duration = Duration::from_secs(60);

/// Limits that select the journals to remove. A limit that is `None` restricts nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prune {
    /// Only journals whose last write is older than this.
    pub older_than: Option<Duration>,
    /// All but this many of the newest.
    pub keep: Option<usize>,
    /// Only the oldest, until the rest has no more bytes than this.
    pub keep_bytes: Option<u64>,
}

/// The journals that may be removed, the oldest first.
#[derive(Debug)]
pub struct PrunePlan<'a> {
    data_dir: &'a DataDir,
    chosen: Vec<Stored>,
}

impl Prune {
    /// Returns which journals may be removed. Nothing is removed yet.
    ///
    /// # Errors
    /// The folder or the store cannot be read.
    pub fn plan(self, data_dir: &DataDir, now: SystemTime) -> Result<PrunePlan<'_>, CatalogError> {
        let Catalog { stored, needed, is_served } = Catalog::read(data_dir)?;
        let chosen = self.choose(stored, &needed, is_served, now);
        Ok(PrunePlan { data_dir, chosen })
    }

    /// Returns the journals to remove, the oldest first.
    fn choose(
        &self,
        mut stored: Vec<Stored>,
        needed: &BTreeMap<Uuid, String>,
        is_served: bool,
        now: SystemTime,
    ) -> Vec<Stored> {
        stored.sort_by_key(|it| Reverse((it.written, it.id)));
        let mut newer_bytes = 0;
        let mut chosen = Vec::new();
        for (newer, it) in stored.into_iter().enumerate() {
            newer_bytes += it.bytes;
            let age = it.age(now);
            let wanted = self.older_than.is_none_or(|bound| age > bound)
                && self.keep.is_none_or(|keep| newer >= keep)
                && self.keep_bytes.is_none_or(|bound| newer_bytes > bound);
            let may_be_played = needed.contains_key(&it.id) || (is_served && age < JUST_WRITTEN);
            if wanted && (it.is_quarantined || !may_be_played) {
                chosen.push(it);
            }
        }
        chosen.reverse();
        chosen
    }
}

impl PrunePlan<'_> {
    /// Returns the ids of the journals, with their bytes.
    #[must_use]
    pub fn journals(&self) -> Vec<(Uuid, u64)> {
        self.chosen.iter().map(|stored| (stored.id, stored.bytes)).collect()
    }

    /// Removes the journals.
    ///
    /// # Errors
    /// A file cannot be removed; later files are left then.
    pub fn remove(&self) -> Result<(), CatalogError> {
        self.chosen.iter().try_for_each(|stored| remove(self.data_dir, stored))
    }
}

/// Removes the newest segment first: an interrupted removal leaves a match that ends earlier.
fn remove(data_dir: &DataDir, stored: &Stored) -> Result<(), CatalogError> {
    stored.segments.iter().rev().try_for_each(|(_, file)| remove_file(file))?;
    if stored.is_quarantined {
        remove_file(&data_dir.quarantine_reason(stored.id))?;
    }
    Ok(())
}

fn remove_file(file: &Path) -> Result<(), CatalogError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CatalogError::File { doing: "cannot remove", file: file.to_owned(), error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, SystemTime};

    use uuid::Uuid;

    use super::{JUST_WRITTEN, Prune};
    use crate::catalog::Stored;
    use crate::data_dir::Segments;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// Chooses from five journals of 10 bytes, each as many days old as its number. Journal 2 is
    /// needed; 4 is in quarantine, and listed as needed by mistake.
    fn chosen(prune: Prune, is_served: bool) -> Vec<u128> {
        let now = SystemTime::UNIX_EPOCH + 100 * DAY;
        let stored: Vec<Stored> = [1, 2, 3, 4, 5]
            .map(|number| Stored {
                id: Uuid::from_u128(number.into()),
                segments: Segments::default(),
                bytes: 10,
                written: now - number * DAY,
                is_quarantined: number == 4,
            })
            .into();
        let needed = [2, 4].map(|number| (Uuid::from_u128(number), String::new())).into();
        let chosen = prune.choose(stored, &needed, is_served, now);
        chosen.iter().map(|it| it.id.as_u128()).collect()
    }

    #[test]
    fn what_is_needed_never_goes_and_of_the_rest_the_oldest_go_first() {
        let all = Prune::default();
        for (prune, expect) in [
            (all, &[5, 4, 3, 1][..]),
            (Prune { older_than: Some(3 * DAY), ..all }, &[5, 4]),
            (Prune { keep: Some(3), ..all }, &[5, 4]),
            (Prune { keep: Some(9), ..all }, &[]),
            (Prune { keep: Some(1), older_than: Some(4 * DAY), ..all }, &[5]),
            (Prune { keep_bytes: Some(40), ..all }, &[5]),
            (Prune { keep_bytes: Some(15), ..all }, &[5, 4, 3]),
            (Prune { keep_bytes: Some(0), ..all }, &[5, 4, 3, 1]),
        ] {
            assert_eq!(chosen(prune, true), expect, "{prune:?}");
        }
    }

    #[test]
    fn while_a_server_runs_what_was_just_written_stays() {
        let now = SystemTime::UNIX_EPOCH + DAY;
        let new = Stored {
            id: Uuid::nil(),
            segments: Segments::default(),
            bytes: 1,
            written: now - JUST_WRITTEN / 2,
            is_quarantined: false,
        };
        let choose = |is_served| {
            let stored = vec![new.clone()];
            Prune::default().choose(stored, &BTreeMap::new(), is_served, now).len()
        };
        assert_eq!((choose(true), choose(false)), (0, 1));
    }
}
