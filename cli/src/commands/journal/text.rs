//! Journals as text for people: a table, the parts of one journal, and what was removed.

use std::fmt::{Display, Write};
use std::time::SystemTime;

use bolide_storage::{Inspection, JournalState, JournalSummary, SegmentEnd};

use super::seconds;

/// Returns a table of journals, with their number and size.
pub(super) fn table(journals: &[JournalSummary]) -> String {
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
        if !it.missing.is_empty() {
            add(&mut text, format_args!("; {}", missing(&it.missing)));
        }
        text.push('\n');
    }
    let bytes = size(journals.iter().map(|it| it.bytes).sum());
    add(&mut text, format_args!("{}, {bytes}\n", count(journals.len(), "journal")));
    text
}

/// Returns the parts of a journal, file by file.
pub(super) fn inspection(found: &Inspection) -> String {
    let mut text = String::new();
    for it in &found.segments {
        add(&mut text, format_args!("{}\n", it.file.display()));
        add(&mut text, format_args!("  size      {}\n", size(it.bytes)));
        if let (Some(build), Some(rules)) = (&it.build, &it.rules) {
            add(&mut text, format_args!("  written   by {}\n", build.escape_debug()));
            let (hz, capacity) = (rules.tick_rate.hz(), rules.capacity);
            let mode = it.mode.as_ref().map(|mode| format!("{}, ", mode.escape_debug()));
            let (mode, health) = (mode.unwrap_or_default(), rules.health);
            add(
                &mut text,
                format_args!("  rules     {mode}{hz} Hz, {capacity} seats, {health} health\n"),
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
        let first = it.standings.iter().take_while(|standing| standing.place == 1);
        let first: Vec<String> = first.map(|standing| format!("#{}", standing.player)).collect();
        if !first.is_empty() {
            add(&mut text, format_args!("  result    {} first\n", first.join(", ")));
        }
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
    if !found.missing.is_empty() {
        add(&mut text, format_args!("{}\n", missing(&found.missing)));
    }
    text
}

/// Names the missing files of a match by their numbers, which are in their names.
pub(in crate::commands) fn missing(numbers: &[u32]) -> String {
    let names: Vec<String> = numbers.iter().map(u32::to_string).collect();
    let (what, verb) = if numbers.len() == 1 { ("file", "is") } else { ("files", "are") };
    format!("{what} {} {verb} missing", names.join(", "))
}

/// Returns the ids and sizes of the journals that are gone, or would be.
pub(super) fn pruned(gone: &[(impl Display, u64)], dry_run: bool) -> String {
    let mut text = String::new();
    for (id, bytes) in gone {
        add(&mut text, format_args!("{id}  {:>10}\n", size(*bytes)));
    }
    let bytes = size(gone.iter().map(|(_, bytes)| bytes).sum());
    let done = if dry_run { "would be removed" } else { "removed" };
    add(&mut text, format_args!("{} {done}, {bytes}\n", count(gone.len(), "journal")));
    text
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
pub(in crate::commands) fn date(time: SystemTime) -> String {
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{date, size};

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
