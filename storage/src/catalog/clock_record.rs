//! Decides whether the clock of the machine can be trusted. The clock alone determines the age of a
//! journal. A file in the data folder records when it was last trusted. A start at a much
//! later time distrusts it, however new the newest journal looks, because that may have been
//! written under the same wrong clock. The distrust ends when the clock is back. It also ends when
//! servers have run for as long as the bound: everything written before is then that old by any
//! clock. Time is an argument.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tracing::{info, warn};

use crate::data_dir::DataDir;

/// Beyond any real clock, and far less than a [`SystemTime`] can hold.
const SECONDS_MAX: u64 = 1 << 40;

/// The recorded times of the clock.
#[derive(Debug)]
pub(crate) struct ClockRecord {
    file: PathBuf,
    /// Maximum advance since the clock was last trusted. A larger one makes it distrusted.
    bound: Duration,
    times: Times,
    /// True if the distrust has been logged.
    is_told: bool,
}

/// The content of the file, as whole seconds in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    /// Reading of the clock when it was last trusted.
    believed_at: SystemTime,
    /// Its last reading.
    looked_at: SystemTime,
    /// Time that servers have run while it is distrusted.
    doubted: Duration,
}

impl ClockRecord {
    /// Reads the file of earlier processes. Without one, the clock is taken to have been right when
    /// the newest journal was written.
    pub(crate) fn open(
        data_dir: &DataDir,
        bound: Duration,
        newest: Option<SystemTime>,
        now: SystemTime,
    ) -> ClockRecord {
        let file = data_dir.clock_record();
        let kept = fs::read_to_string(&file).ok().and_then(|text| Times::parse(&text));
        let begun = newest.unwrap_or(now);
        let begun = Times { believed_at: begun, looked_at: begun, doubted: Duration::ZERO };
        ClockRecord { file, bound, times: kept.unwrap_or(begun), is_told: false }
    }

    /// Returns whether the clock, which shows `now`, is trusted. `ran` is the time that the server
    /// has run since the last call.
    pub(crate) fn believes(&mut self, now: SystemTime, ran: Duration) -> bool {
        let Times { believed_at, looked_at, doubted } = self.times;
        let is_later_by_more = |than: SystemTime| now > than + self.bound;
        let has_jumped_again = is_later_by_more(looked_at + ran);
        let doubted = if has_jumped_again { Duration::ZERO } else { doubted + ran };
        let is_believed = !is_later_by_more(believed_at) || doubted >= self.bound;
        self.times = match is_believed {
            true => Times { believed_at: now, looked_at: now, doubted: Duration::ZERO },
            false => Times { believed_at, looked_at: now, doubted },
        };
        self.tell(is_believed);
        if let Err(error) = self.write() {
            warn!(%error, "cannot write `{}`", self.file.display());
        }
        is_believed
    }

    fn tell(&mut self, is_believed: bool) {
        let was_told = std::mem::replace(&mut self.is_told, !is_believed);
        if !is_believed && !was_told {
            let keep_days = self.bound.as_secs() / (24 * 3600);
            warn!(
                keep_days,
                "no journal is removed for its age: the clock went on by more than that since a server ran last; is it \
                 right? If it is, old journals go once servers have run for that long"
            );
        } else if is_believed && was_told {
            info!("the clock is believed again");
        }
    }

    /// Replaces the file as a whole, because nothing can be known from a torn one.
    fn write(&self) -> io::Result<()> {
        let new = self.file.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&new)?;
        file.write_all(self.times.to_text().as_bytes())?;
        file.sync_data()?;
        fs::rename(new, &self.file)
    }
}

impl Times {
    fn parse(text: &str) -> Option<Times> {
        let mut numbers = text.split_whitespace().map(str::parse);
        let mut next = || {
            let seconds = numbers.next()?.ok().filter(|seconds| *seconds < SECONDS_MAX)?;
            Some(Duration::from_secs(seconds))
        };
        let (believed_at, looked_at, doubted) = (next()?, next()?, next()?);
        let time = |since: Duration| SystemTime::UNIX_EPOCH + since;
        Some(Times { believed_at: time(believed_at), looked_at: time(looked_at), doubted })
    }

    fn to_text(self) -> String {
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
        };
        let Times { believed_at, looked_at, doubted } = self;
        format!("{} {} {}\n", seconds(believed_at), seconds(looked_at), doubted.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::{ClockRecord, Times};
    use crate::testing::Folder;

    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    const BOUND: Duration = Duration::from_secs(30 * 24 * 3600);

    fn day(day: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * day
    }

    /// Starts on day `now` with a check each hour, and returns whether the clock was trusted each
    /// time.
    fn start(folder: &Folder, newest: Option<u32>, now: u32, hours: u32) -> Vec<bool> {
        let mut record = ClockRecord::open(&folder.data_dir(), BOUND, newest.map(day), day(now));
        let looks = (0..=hours).map(|hour| {
            let ran = if hour == 0 { Duration::ZERO } else { HOUR };
            record.believes(day(now) + HOUR * hour, ran)
        });
        looks.collect()
    }

    fn believes(folder: &Folder, newest: Option<u32>, now: u32) -> bool {
        start(folder, newest, now, 0) == [true]
    }

    #[test]
    fn the_first_start_believes_a_clock_that_is_near_the_newest_journal() {
        for (newest, expect) in [
            (None, true),
            (Some(20_000), true),
            (Some(19_970), true),
            (Some(19_969), false),
            (Some(20_365), true),
            (Some(0), false),
        ] {
            assert_eq!(believes(&Folder::new(), newest, 20_000), expect, "{newest:?}");
        }
    }

    #[test]
    fn a_clock_that_is_a_year_ahead_is_doubted_at_every_start_until_it_is_back() {
        let folder = Folder::new();
        assert!(believes(&folder, Some(20_000), 20_001));
        // From here on the newest journal was written under the wrong clock.
        for (newest, now) in [(20_001, 20_365), (20_365, 20_366), (20_366, 20_370)] {
            assert!(!believes(&folder, Some(newest), now), "{now}");
        }
        assert!(believes(&folder, Some(20_370), 20_007));
        assert!(believes(&folder, Some(20_370), 20_037));
    }

    /// A server that was off for two months, or a clock that was corrected for good.
    #[test]
    fn a_doubt_ends_when_servers_have_run_for_as_long_as_journals_are_kept() {
        let folder = Folder::new();
        assert!(believes(&folder, None, 20_000));
        assert!(start(&folder, None, 20_060, 20 * 24).iter().all(|believed| !believed));
        let rest = start(&folder, None, 20_090, 10 * 24);
        assert_eq!(rest.iter().position(|believed| *believed), Some(10 * 24));
        assert!(believes(&folder, None, 20_120), "and from then on");
    }

    #[test]
    fn a_clock_that_jumps_again_within_a_doubt_is_doubted_for_as_long_again() {
        let folder = Folder::new();
        assert!(believes(&folder, None, 20_000));
        start(&folder, None, 20_365, 29 * 24);
        let again = start(&folder, None, 20_730, 30 * 24);
        assert_eq!(again.iter().position(|believed| *believed), Some(30 * 24));
    }

    #[test]
    fn a_clock_that_goes_back_makes_nothing_old_and_is_where_the_next_one_counts_from() {
        let folder = Folder::new();
        assert!(believes(&folder, None, 20_000));
        assert!(believes(&folder, None, 19_000));
        assert!(!believes(&folder, None, 20_000));
    }

    #[test]
    fn what_is_no_record_is_as_none() {
        for text in ["", "1 2", "1 x 3", "9999999999999999 1 1", "-1 1 1"] {
            let folder = Folder::new();
            folder.file("clock", text.as_bytes());
            assert!(believes(&folder, Some(20_000), 20_001), "{text:?}");
            let text = fs::read_to_string(folder.data_dir().clock_record()).expect("written anew");
            let times = Times::parse(&text).expect("times");
            assert_eq!((times.believed_at, times.doubted), (day(20_001), Duration::ZERO));
        }
    }
}
