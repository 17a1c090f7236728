//! One line for each journal of a data folder: the kind of match and its state. Each journal is
//! recovered as after a crash, from its last full state on, so that its end is known and not
//! guessed.

use std::time::SystemTime;

use bolide_sim::journal::{Recovered, ReplayError, recover_segments};
use bolide_sim::{PlayerKind, Rules};
use uuid::Uuid;

use super::{Catalog, CatalogError, Stored};
use crate::data_dir::DataDir;

/// The known facts of a match.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalSummary {
    /// The id of the match.
    pub id: Uuid,
    /// The name of its mode. If the journal has format 1, the mode of the room that needs the
    /// match; otherwise the first known mode with the same rules, if any.
    pub mode: Option<String>,
    /// Number of people who took part.
    pub people: usize,
    /// Number of bots that took part.
    pub bots: usize,
    /// Number of ticks that were played.
    pub ticks: u32,
    /// Ticks per second; 0 if the journal cannot be read.
    pub rate_hz: u32,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Number of its files.
    pub segments: usize,
    /// The numbers of its files that are missing before the newest one.
    pub missing: Vec<u32>,
    /// Time of the last write.
    pub written: SystemTime,
    /// State of the match.
    pub state: JournalState,
    /// The error, if the journal cannot be read.
    pub why: Option<String>,
}

/// State of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// A server plays it.
    Running,
    /// The next server will resume it.
    Waiting,
    /// It was decided.
    Over,
    /// Its room was closed before it was decided.
    Unfinished,
    /// Its room was closed before it was decided, and its last record is cut off.
    Torn,
    /// A part of it cannot be read, or its replay differs.
    Damaged,
    /// Another version of the program wrote it.
    Foreign,
    /// It could not be resumed and is in quarantine.
    Quarantined,
}

impl JournalState {
    /// Returns the state as one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            JournalState::Running => "running",
            JournalState::Waiting => "waiting",
            JournalState::Over => "over",
            JournalState::Unfinished => "unfinished",
            JournalState::Torn => "torn",
            JournalState::Damaged => "damaged",
            JournalState::Foreign => "foreign",
            JournalState::Quarantined => "quarantined",
        }
    }
}

/// Lists all journals in the order of their last write. `name_of` names the mode with these rules,
/// for a match that no room needs.
///
/// # Errors
/// The folder or the store cannot be read. A journal that cannot be read is listed as damaged.
pub fn list_journals(
    data_dir: &DataDir,
    name_of: impl Fn(&Rules) -> Option<String>,
) -> Result<Vec<JournalSummary>, CatalogError> {
    let catalog = Catalog::read(data_dir)?;
    Ok(catalog.stored.iter().map(|stored| summary(stored, &catalog, &name_of)).collect())
}

fn summary(
    stored: &Stored,
    catalog: &Catalog,
    name_of: &impl Fn(&Rules) -> Option<String>,
) -> JournalSummary {
    let needed = catalog.needed.get(&stored.id);
    let mut summary = JournalSummary {
        id: stored.id,
        mode: needed.cloned(),
        people: 0,
        bots: 0,
        ticks: 0,
        rate_hz: 0,
        bytes: stored.bytes,
        segments: stored.segments.len(),
        missing: stored.segments.missing(),
        written: stored.written,
        state: JournalState::Damaged,
        why: None,
    };
    match read(stored) {
        Err((state, why)) => (summary.state, summary.why) = (state, Some(why)),
        Ok((Recovered { header, world, .. }, is_torn)) => {
            let bots = |kind| matches!(kind, PlayerKind::Bot(_));
            let players = world.players();
            summary.bots = players.iter().filter(|player| bots(player.kind())).count();
            summary.people = players.len() - summary.bots;
            summary.ticks = world.tick().0;
            summary.rate_hz = header.rules.tick_rate.hz();
            summary.mode = header.mode.or(summary.mode).or_else(|| name_of(&header.rules));
            summary.state = match (needed, world.phase().outcome()) {
                (_, Some(_)) => JournalState::Over,
                (Some(_), None) if catalog.is_served => JournalState::Running,
                (Some(_), None) => JournalState::Waiting,
                (None, None) if is_torn => JournalState::Torn,
                (None, None) => JournalState::Unfinished,
            };
        }
    }
    if stored.is_quarantined {
        summary.state = JournalState::Quarantined;
    }
    summary
}

/// Returns the match and whether its last record is cut off; or else its state and the error.
fn read(stored: &Stored) -> Result<(Recovered, bool), (JournalState, String)> {
    let segments = stored.read().map_err(|error| (JournalState::Damaged, error.to_string()))?;
    let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
    match recover_segments(&segments) {
        Ok((index, recovered)) => {
            let is_torn = recovered.whole_bytes < segments[index].len();
            Ok((recovered, is_torn))
        }
        Err(error) => {
            let state = match &error {
                ReplayError::Journal(error) if error.is_foreign() => JournalState::Foreign,
                _ => JournalState::Damaged,
            };
            Err((state, error.to_string()))
        }
    }
}
