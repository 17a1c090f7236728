//! Lets journals go that are too old or too many, while the server runs: at its start, and once an hour. What a room needs
//! stays, whatever the bounds.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, SystemTime};

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
    /// Begins at once. Where no bound is set there is nothing to do, and no thread.
    pub(crate) fn start(
        data_dir: PathBuf,
        retention: Retention,
    ) -> std::io::Result<Option<Caretaker>> {
        let rules = rules(retention);
        if rules.is_empty() {
            return Ok(None);
        }
        let (end, ends) = channel::<()>();
        thread::Builder::new().name("caretaker".to_owned()).spawn(move || {
            loop {
                // The panic hook has told it. In an hour there may be other files.
                catch_unwind(|| tidy(&data_dir, &rules)).ok();
                if ends.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Some(Caretaker { _end: end }))
    }
}

/// Each bound by itself: what one of them says goes.
fn rules(Retention { days, mib }: Retention) -> Vec<Prune> {
    let older_than = Some(Duration::from_secs(u64::from(days) * 24 * 3600));
    let keep_bytes = Some(u64::from(mib) << 20);
    let by_age = Prune { older_than, ..Prune::default() };
    let by_size = Prune { keep_bytes, ..Prune::default() };
    [(days, by_age), (mib, by_size)]
        .into_iter()
        .filter(|(bound, _)| *bound > 0)
        .map(|(_, rule)| rule)
        .collect()
}

fn tidy(data_dir: &std::path::Path, rules: &[Prune]) {
    for rule in rules {
        match prune_journals(data_dir, *rule, SystemTime::now(), false) {
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
    use std::time::Duration;

    use super::rules;
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
}
