//! Removes journals that are too old or too many while the server runs: once at its start, and then
//! once an hour. A journal that a room needs is kept, whatever the bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tracing::{info, warn};

use super::clock_record::ClockRecord;
use super::{CatalogError, Prune};
use crate::data_dir::DataDir;

/// The bounds of the journals of finished matches. 0 is no bound.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    days: u32,
    mib: u32,
}

/// The time between two rounds.
const PERIOD: Duration = Duration::from_secs(3600);

/// The thread that removes journals. It ends when this is dropped.
#[derive(Debug)]
pub struct RetentionThread {
    _end: Sender<()>,
}

impl RetentionThread {
    /// Starts the thread, which begins its first round at once. Journals are kept for `keep_days`
    /// days and `keep_mib` MiB; 0 is no bound. Without a bound there is nothing to do, and no
    /// thread. `newest` is the time when a journal was last written before this start, if there
    /// was one.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn start(
        data_dir: DataDir,
        keep_days: u32,
        keep_mib: u32,
        newest: Option<SystemTime>,
    ) -> std::io::Result<Option<RetentionThread>> {
        let bounds = Bounds { days: keep_days, mib: keep_mib };
        if rules(bounds).is_empty() {
            return Ok(None);
        }
        let (began, began_at) = (Instant::now(), SystemTime::now());
        let mut rounds = Rounds::new(data_dir, bounds, newest, began_at);
        let (end, ends) = channel::<()>();
        thread::Builder::new().name("caretaker".to_owned()).spawn(move || {
            loop {
                // A clock that jumps while the server runs must not make a journal older.
                let ran = began.elapsed();
                // The panic hook logs it. The next round may find other files.
                catch_unwind(AssertUnwindSafe(|| rounds.round(began_at, ran))).ok();
                if ends.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Some(RetentionThread { _end: end }))
    }
}

/// The rounds of one server.
#[derive(Debug)]
struct Rounds {
    data_dir: DataDir,
    bounds: Bounds,
    /// The record of the clock, if there is a bound for the age.
    clock: Option<ClockRecord>,
    /// The uptime of the server at the last round.
    ran: Duration,
}

impl Rounds {
    fn new(
        data_dir: DataDir,
        bounds: Bounds,
        newest: Option<SystemTime>,
        now: SystemTime,
    ) -> Rounds {
        let bound = days(bounds.days);
        let clock = (bounds.days > 0).then(|| ClockRecord::open(&data_dir, bound, newest, now));
        Rounds { data_dir, bounds, clock, ran: Duration::ZERO }
    }

    /// Runs one round, at this uptime of the server.
    fn round(&mut self, began_at: SystemTime, ran: Duration) {
        let (now, since) = (began_at + ran, ran - self.ran);
        self.ran = ran;
        let is_right = self.clock.as_mut().is_some_and(|clock| clock.believes(now, since));
        let days = if is_right { self.bounds.days } else { 0 };
        tidy(&self.data_dir, &rules(Bounds { days, ..self.bounds }), now);
    }
}

const fn days(days: u32) -> Duration {
    Duration::from_secs(days as u64 * 24 * 3600)
}

/// Returns a rule for each bound. They apply separately: a journal is removed if one of them
/// applies.
fn rules(Bounds { days: bound, mib }: Bounds) -> Vec<Prune> {
    let older_than = Some(days(bound));
    let keep_bytes = Some(u64::from(mib) << 20);
    let by_age = Prune { older_than, ..Prune::default() };
    let by_size = Prune { keep_bytes, ..Prune::default() };
    [(bound, by_age), (mib, by_size)]
        .into_iter()
        .filter(|(bound, _)| *bound > 0)
        .map(|(_, rule)| rule)
        .collect()
}

fn tidy(data_dir: &DataDir, rules: &[Prune], now: SystemTime) {
    for rule in rules {
        if let Err(error) = apply(*rule, data_dir, now) {
            warn!("old journals cannot be removed: {error}");
        }
    }
}

fn apply(rule: Prune, data_dir: &DataDir, now: SystemTime) -> Result<(), CatalogError> {
    let plan = rule.plan(data_dir, now)?;
    plan.remove()?;
    let gone = plan.journals();
    if !gone.is_empty() {
        let bytes: u64 = gone.iter().map(|(_, bytes)| bytes).sum();
        info!(journals = gone.len(), bytes, "old journals removed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use uuid::Uuid;

    use super::{Bounds, Rounds, days, rules};
    use crate::catalog::{Prune, newest_journal};
    use crate::testing::{Folder, open};

    #[test]
    fn each_bound_is_a_rule_and_0_is_none() {
        let by_age = Prune { older_than: Some(Duration::from_secs(86_400)), ..Prune::default() };
        let by_size = Prune { keep_bytes: Some(2 << 20), ..Prune::default() };
        for (days, mib, expect) in
            [(0, 0, &[][..]), (1, 0, &[by_age]), (0, 2, &[by_size]), (1, 2, &[by_age, by_size])]
        {
            assert_eq!(rules(Bounds { days, mib }), expect);
        }
    }

    /// Starts at this time, which may be wrong, writes a journal, runs two rounds an hour apart,
    /// and returns the number of journals left.
    fn start(folder: &Folder, now: SystemTime) -> usize {
        let newest = newest_journal(&folder.data_dir()).expect("read");
        let mut rounds = Rounds::new(folder.data_dir(), BOTH, newest, now);
        written(folder, now);
        for hour in 0..2 {
            rounds.round(now, Duration::from_secs(hour * 3600));
        }
        fs::read_dir(folder.data_dir().journals()).expect("a folder").count()
    }

    const BOTH: Bounds = Bounds { days: 30, mib: 5 };

    fn written(folder: &Folder, at: SystemTime) {
        let file = folder.file(&format!("journals/{}.journal", Uuid::now_v7()), b"a match");
        let file = File::options().write(true).open(file).expect("there");
        file.set_modified(at).expect("set");
    }

    #[test]
    fn a_clock_that_is_a_year_ahead_makes_no_journal_old_however_many_starts_it_has() {
        let folder = Folder::new();
        let (_store, ..) = open(&folder).expect("opens");
        fs::create_dir(folder.data_dir().journals()).expect("made");
        let day = |day: u32| SystemTime::UNIX_EPOCH + days(20_000 + day);
        for written_at in [0, 20, 40] {
            written(&folder, day(written_at));
        }
        assert_eq!(start(&folder, day(45)), 3, "the first of them is too old");
        assert_eq!(start(&folder, day(410)), 4);
        assert_eq!(start(&folder, day(411)), 5);
        assert_eq!(start(&folder, day(51)), 5, "the clock is right again, and the second too old");
    }
}
