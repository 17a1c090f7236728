//! Lets journals go that are too old or too many, while the server runs: at its start, and once an hour. What a room needs
//! stays, whatever the bounds.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tracing::{info, warn};

use crate::archive::{Prune, prune_journals};
use crate::config::Retention;

/// How often.
const PERIOD: Duration = Duration::from_secs(3600);

/// The thread that does it. It ends when this is gone.
#[derive(Debug)]
pub(crate) struct Caretaker {
    _end: Sender<()>,
}

impl Caretaker {
    /// Begins at once. Where no bound is set there is nothing to do, and no thread. `newest` is when a journal was
    /// written into last before this start, if there was one.
    pub(crate) fn start(
        data_dir: PathBuf,
        retention: Retention,
        newest: Option<SystemTime>,
    ) -> std::io::Result<Option<Caretaker>> {
        let (began, began_at) = (Instant::now(), SystemTime::now());
        let rules = rules(trusted(retention, newest, began_at));
        if rules.is_empty() {
            return Ok(None);
        }
        let (end, ends) = channel::<()>();
        thread::Builder::new().name("caretaker".to_owned()).spawn(move || {
            loop {
                // A clock that jumps while the server runs makes no journal older.
                let now = began_at + began.elapsed();
                // The panic hook logs it. The next round may find other files.
                catch_unwind(|| tidy(&data_dir, &rules, now)).ok();
                if ends.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Some(Caretaker { _end: end }))
    }
}

/// The bounds, without the one of the age where the clock may be wrong: by it, even the newest journal is beyond the
/// bound. Else a clock that is a year ahead at one start would remove them all.
fn trusted(retention: Retention, newest: Option<SystemTime>, now: SystemTime) -> Retention {
    let bound = days(retention.days);
    let age = newest.and_then(|newest| now.duration_since(newest).ok());
    if retention.days == 0 || age.is_none_or(|age| age <= bound) {
        return retention;
    }
    warn!(
        keep_days = retention.days,
        "no journal is removed for its age until the next start: even the newest is older; is the clock right?"
    );
    Retention { days: 0, ..retention }
}

const fn days(days: u32) -> Duration {
    Duration::from_secs(days as u64 * 24 * 3600)
}

/// Each bound by itself: what one of them says goes.
fn rules(Retention { days: bound, mib }: Retention) -> Vec<Prune> {
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

fn tidy(data_dir: &Path, rules: &[Prune], now: SystemTime) {
    for rule in rules {
        match prune_journals(data_dir, *rule, now, false) {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => {
                let bytes: u64 = gone.iter().map(|(_, bytes)| bytes).sum();
                info!(journals = gone.len(), bytes, "old journals removed");
            }
            Err(error) => warn!("old journals cannot be removed: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{days, rules, trusted};
    use crate::archive::Prune;
    use crate::config::Retention;

    #[test]
    fn each_bound_is_a_rule_and_0_is_none() {
        let by_age = Prune { older_than: Some(Duration::from_secs(86_400)), ..Prune::default() };
        let by_size = Prune { keep_bytes: Some(2 << 20), ..Prune::default() };
        for (days, mib, expect) in
            [(0, 0, &[][..]), (1, 0, &[by_age]), (0, 2, &[by_size]), (1, 2, &[by_age, by_size])]
        {
            assert_eq!(rules(Retention { days, mib }), expect);
        }
    }

    #[test]
    fn the_age_is_no_reason_while_even_the_newest_journal_is_too_old() {
        let (now, both) = (SystemTime::UNIX_EPOCH + days(20_000), Retention { days: 30, mib: 5 });
        let without_age = Retention { days: 0, ..both };
        for (newest, expect) in [
            (None, both),
            (Some(now - days(30)), both),
            (Some(now - days(31)), without_age),
            (Some(now - days(365)), without_age),
            (Some(now + days(365)), both),
        ] {
            assert_eq!(trusted(both, newest, now), expect, "{newest:?}");
        }
        let unbounded = Retention { days: 0, mib: 5 };
        assert_eq!(trusted(unbounded, Some(now - days(365)), now), unbounded);
    }
}
