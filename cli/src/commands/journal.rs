//! `bolide journal`: lists the journals, prints what one of them holds, and removes old ones. The
//! output is a table for people, or JSON with one object per line. All decisions are made by the
//! library.

use std::fmt::Write;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use bolide_server::{
    Inspection, JournalState, JournalSummary, Prune, SegmentEnd, SegmentInspection,
    inspect_journal, list_journals, prune_journals,
};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use crate::args::Serve;
use crate::commands::config::read_file;
use crate::environment;

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// List the matches of a data folder, newest last
    #[command(after_help = LIST_HELP)]
    List {
        #[command(flatten)]
        place: Place,
        /// Print a JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show a journal's size, rules and records, and where it is damaged
    #[command(after_help = INSPECT_HELP)]
    Inspect {
        /// The id of a match, or a file
        which: String,
        #[command(flatten)]
        place: Place,
        /// Print a JSON object per file
        #[arg(long)]
        json: bool,
    },
    /// Remove journals that no room needs, oldest first
    #[command(after_help = PRUNE_HELP, group = ArgGroup::new("which").required(true).multiple(true))]
    Prune {
        /// Journals last written to at least this long ago, as 30d or 12h
        #[arg(long, value_name = "AGE", group = "which")]
        older_than: Option<Age>,
        /// All but the newest NUMBER
        #[arg(long, value_name = "NUMBER", group = "which")]
        keep: Option<usize>,
        /// Only print what would go
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// Options that say where the journals are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The server's data folder [default: from BOLIDE_DATA_DIR or the file, else ./bolide-data]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// The server's configuration file, for its data folder and modes [default: from BOLIDE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// An age, as `30d` or `12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(Duration);

/// Text that is not an age.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no age; write a number with d, h, m or s, for example 30d or 12h")]
pub(crate) struct NotAnAge(String);

impl FromStr for Age {
    type Err = NotAnAge;

    fn from_str(text: &str) -> Result<Age, NotAnAge> {
        let wrong = || NotAnAge(text.to_owned());
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds: u64 = match unit {
            'd' => 24 * 3600,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        Ok(Age(Duration::from_secs(u64::from(number) * seconds)))
    }
}

impl JournalCommand {
    /// Returns the text to print, and whether all is well. `environment` holds the settings of the
    /// environment.
    pub(crate) fn run(self, environment: Serve) -> Result<(String, bool)> {
        match self {
            JournalCommand::List { place, json } => {
                let settings = place.settings(environment)?;
                let journals = list_journals(&settings.data_dir, &settings.modes)?;
                Ok((
                    if json { lines(journals.iter().map(as_json)) } else { table(&journals) },
                    true,
                ))
            }
            JournalCommand::Inspect { which, place, json } => {
                let settings = place.settings(environment)?;
                let inspection = inspect_journal(&settings.data_dir, &which)?;
                let text = match json {
                    true => lines(inspection.segments.iter().map(segment_as_json)),
                    false => told(&inspection),
                };
                Ok((text, inspection.is_fine()))
            }
            JournalCommand::Prune { older_than, keep, dry_run, place } => {
                let settings = place.settings(environment)?;
                let prune =
                    Prune { older_than: older_than.map(|age| age.0), keep, keep_bytes: None };
                let gone = prune_journals(&settings.data_dir, prune, SystemTime::now(), dry_run)?;
                let mut text = String::new();
                for (id, bytes) in &gone {
                    add(&mut text, format_args!("{id}  {:>10}\n", size(*bytes)));
                }
                let bytes = size(gone.iter().map(|(_, bytes)| bytes).sum());
                let done = if dry_run { "would be removed" } else { "removed" };
                add(&mut text, format_args!("{} {done}, {bytes}\n", count(gone.len(), "journal")));
                Ok((text, true))
            }
        }
    }
}

impl Place {
    fn settings(self, serve: Serve) -> Result<bolide_server::Config> {
        environment::check()?;
        let Serve { config, mut settings } = serve;
        let path = self.config.or(config);
        let file = path.map(|path| read_file(&path)).transpose()?.unwrap_or_default();
        settings.data_dir = self.data_dir.or(settings.data_dir);
        let config = settings.over(file.settings).resolve()?.config;
        if !config.data_dir.is_dir() {
            bail!(
                "there is no folder `{}`; name the server's data folder with --data-dir",
                config.data_dir.display()
            );
        }
        Ok(config)
    }
}

fn table(journals: &[JournalSummary]) -> String {
    let mut text = String::new();
    if !journals.is_empty() {
        add(
            &mut text,
            format_args!(
                "{:<36}  {:<16}  {:>7}  {:>7}  {:>7}  {:>10}  {:<16}  STATE\n",
                "MATCH", "MODE", "PLAYERS", "LENGTH", "TICKS", "SIZE", "WRITTEN (UTC)"
            ),
        );
    }
    for it in journals {
        let mode = it.mode.as_deref().unwrap_or("-");
        let (players, bytes) = (it.people + it.bots, size(it.bytes));
        let written = date(it.written);
        add(
            &mut text,
            format_args!(
                "{}  {mode:<16}  {players:>7}  {:>7}  {:>7}  {bytes:>10}  {:<16}  {}",
                it.id,
                length(it),
                it.ticks,
                &written[..16],
                it.state.name()
            ),
        );
        if let Some(why) = &it.why {
            add(&mut text, format_args!(": {}", why.escape_debug()));
        }
        text.push('\n');
    }
    let bytes = size(journals.iter().map(|it| it.bytes).sum());
    add(&mut text, format_args!("{}, {bytes}\n", count(journals.len(), "journal")));
    text
}

fn as_json(it: &JournalSummary) -> Value {
    json!({
        "id": it.id.to_string(), "mode": it.mode, "people": it.people, "bots": it.bots, "ticks": it.ticks,
        "seconds": seconds(it), "bytes": it.bytes, "files": it.segments, "written": date(it.written),
        "state": it.state.name(), "why": it.why,
    })
}

fn told(inspection: &Inspection) -> String {
    let mut text = String::new();
    for it in &inspection.segments {
        add(&mut text, format_args!("{}\n", it.file.display()));
        add(&mut text, format_args!("  size      {}\n", size(it.bytes)));
        if let (Some(build), Some(rules)) = (&it.build, &it.rules) {
            add(&mut text, format_args!("  written   by {}\n", build.escape_debug()));
            let (hz, capacity) = (rules.tick_rate.hz(), rules.capacity);
            add(
                &mut text,
                format_args!("  rules     {hz} Hz, {capacity} seats, {} health\n", rules.health),
            );
        }
        let range = it.first_and_last.map(|(first, last)| format!(" ({first} to {last})"));
        add(
            &mut text,
            format_args!(
                "  records   {}{} with {}, {}, {}\n",
                count(it.ticks as usize, "tick"),
                range.unwrap_or_default(),
                count(usize::try_from(it.commands).unwrap_or(usize::MAX), "command"),
                count(it.hashes as usize, "state hash"),
                count(it.states as usize, "full state"),
            ),
        );
        let end = match &it.end {
            SegmentEnd::Whole => "whole".to_owned(),
            SegmentEnd::Torn { at, bytes } => {
                format!(
                    "the last record, at byte {at}, is cut off after {bytes} bytes; it will be left out"
                )
            }
            SegmentEnd::Damaged { why } => format!("DAMAGED: {}", why.escape_debug()),
        };
        add(&mut text, format_args!("  end       {end}\n"));
    }
    text
}

fn segment_as_json(it: &SegmentInspection) -> Value {
    let (torn_at, torn_bytes, damage) = match &it.end {
        SegmentEnd::Whole => (None, None, None),
        SegmentEnd::Torn { at, bytes } => (Some(*at), Some(*bytes), None),
        SegmentEnd::Damaged { why } => (None, None, Some(why)),
    };
    json!({
        "file": it.file.display().to_string(), "bytes": it.bytes, "build": it.build,
        "rate_hz": it.rules.as_ref().map(|rules| rules.tick_rate.hz()),
        "capacity": it.rules.as_ref().map(|rules| rules.capacity),
        "ticks": it.ticks, "first_tick": it.first_and_last.map(|it| it.0),
        "last_tick": it.first_and_last.map(|it| it.1), "commands": it.commands,
        "hashes": it.hashes, "states": it.states, "torn_at": torn_at, "torn_bytes": torn_bytes, "damage": damage,
    })
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a text takes everything");
}

fn count(number: usize, what: &str) -> String {
    let plural = match what {
        _ if number == 1 => "",
        what if what.ends_with("sh") => "es",
        _ => "s",
    };
    format!("{number} {what}{plural}")
}

fn seconds(it: &JournalSummary) -> Option<u32> {
    it.ticks.checked_div(it.rate_hz)
}

/// Formats the length of the match as minutes and seconds.
fn length(it: &JournalSummary) -> String {
    let unknown = matches!(it.state, JournalState::Foreign | JournalState::Damaged);
    let seconds = seconds(it).filter(|_| !unknown);
    seconds.map_or_else(|| "-".to_owned(), |all| format!("{}:{:02}", all / 60, all % 60))
}

fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// Formats a time in UTC, as `2026-01-31 23:59:59`. The algorithm is Howard Hinnant's
/// `civil_from_days`, whose years begin in March.
fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, of_day) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

const LIST_HELP: &str = "\
States: running, a server plays it; waiting, the next server goes on with it; over, it was decided; unfinished, its room \
was closed before that; torn, the same, and the last record is cut off; damaged; foreign, of another version; \
quarantined, it could not be gone on with.

Examples:
  bolide journal list                                    what there is
  bolide journal list --json | grep '\"state\":\"damaged\"'  for a script";

const INSPECT_HELP: &str = "\
Nothing is played; `bolide replay` does that. A file is inspected alone, an id with all its files.

Examples:
  bolide journal inspect 01a1f96b-3c75-75e6-956d-fd52f70c3c1f
  bolide journal inspect --json copy.journal

Exit codes: 0 all of it can be read, but for a last record that is cut off; 1 it is damaged, or there is none.";

const PRUNE_HELP: &str = "\
It may be used beside a running server: a match that a room still needs always stays. With both bounds only what both \
allow goes. A server does the same by itself once an hour: journals.keep_days and journals.keep_mib.

Examples:
  bolide journal prune --older-than 30d --dry-run        what would go
  bolide journal prune --older-than 30d
  bolide journal prune --keep 1000                       all but the newest thousand";

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Age, date, size};

    #[test]
    fn an_age_is_a_number_with_a_unit() {
        for (text, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("90m", 5400), ("0s", 0)] {
            assert_eq!(text.parse::<Age>().expect("an age"), Age(Duration::from_secs(seconds)));
        }
        for text in ["", "d", "30", "3w", "-1d", "1.5h", "1 d", "99999999999d", "3é"] {
            let error = text.parse::<Age>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("`{text}` is no age; write a number")), "{error}");
        }
    }

    #[test]
    fn sizes_and_moments_are_told_for_people() {
        for (bytes, expect) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (10 << 30, "10.0 GiB"),
            (5 << 50, "5120.0 TiB"),
        ] {
            assert_eq!(size(bytes), expect);
        }
        for (seconds, expect) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_798_761_599, "2026-12-31 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), expect);
        }
    }
}
