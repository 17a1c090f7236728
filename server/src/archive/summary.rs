//! All journals of a data folder, one line each: what kind of match it was and what has become of it. Each is recovered like
//! after a crash, from its last full state on, so that its end is known and not guessed.

use std::path::Path;
use std::time::SystemTime;

use bolide_sim::journal::{JournalError, Recovered, ReplayError, recover_segments};
use bolide_sim::{Mode, PlayerKind};
use uuid::Uuid;

use super::{Archive, ArchiveError, Stored};
use crate::modes::Modes;

/// What is known of a match.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalSummary {
    /// Its id.
    pub id: Uuid,
    /// Its mode, if one that is known has its rules.
    pub mode: Option<String>,
    /// People who took part.
    pub people: usize,
    /// Bots that did.
    pub bots: usize,
    /// Ticks that were played.
    pub ticks: u32,
    /// How many of them there were in a second; 0 if it cannot be read.
    pub rate_hz: u32,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Files that it has.
    pub segments: usize,
    /// When it was written into last.
    pub written: SystemTime,
    /// What has become of it.
    pub state: JournalState,
    /// What is wrong with it, if anything is.
    pub why: Option<String>,
}

/// What has become of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// A server plays it.
    Running,
    /// The next server will go on with it.
    Waiting,
    /// It was decided.
    Over,
    /// Its room was closed before it was decided.
    Unfinished,
    /// The same, and its last record is cut off.
    Torn,
    /// Something in it cannot be read, or it plays otherwise.
    Damaged,
    /// Another version of the program wrote it.
    Foreign,
    /// It could not be gone on with and was put aside.
    Quarantined,
}

impl JournalState {
    /// One word for it.
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

/// All journals, in the order in which they were written last.
///
/// # Errors
/// The folder or the store cannot be read. A journal that cannot be is listed as damaged.
pub fn list_journals(data_dir: &Path, modes: &Modes) -> Result<Vec<JournalSummary>, ArchiveError> {
    let archive = Archive::read(data_dir)?;
    Ok(archive.stored.iter().map(|stored| summary(stored, &archive, modes)).collect())
}

fn summary(stored: &Stored, archive: &Archive, modes: &Modes) -> JournalSummary {
    let needed = archive.needed.get(&stored.id);
    let mut summary = JournalSummary {
        id: stored.id,
        mode: needed.cloned(),
        people: 0,
        bots: 0,
        ticks: 0,
        rate_hz: 0,
        bytes: stored.bytes,
        segments: stored.segments.len(),
        written: stored.written,
        state: JournalState::Damaged,
        why: None,
    };
    match read(stored) {
        Err((state, why)) => (summary.state, summary.why) = (state, Some(why)),
        Ok((Recovered { header, world, .. }, is_torn)) => {
            let bots = |kind| matches!(kind, PlayerKind::Bot(_));
            let like = |mode: &&Mode| mode.rules == header.rules;
            let players = world.players();
            summary.bots = players.iter().filter(|player| bots(player.kind())).count();
            summary.people = players.len() - summary.bots;
            summary.ticks = world.tick().0;
            summary.rate_hz = header.rules.tick_rate.hz();
            summary.mode =
                summary.mode.or_else(|| modes.iter().find(like).map(|mode| mode.name.clone()));
            summary.state = match (needed, world.phase().outcome()) {
                (_, Some(_)) => JournalState::Over,
                (Some(_), None) if archive.is_served => JournalState::Running,
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

/// The match, and whether its last record is cut off; or what it is and why.
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
                ReplayError::Journal(JournalError::Format(_) | JournalError::SimVersion(_)) => {
                    JournalState::Foreign
                }
                _ => JournalState::Damaged,
            };
            Err((state, error.to_string()))
        }
    }
}
