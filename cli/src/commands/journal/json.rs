//! Journals as JSON, one object per line.

use bolide_sim::Standing;
use bolide_storage::{Inspection, JournalSummary, SegmentEnd, SegmentInspection};
use serde_json::{Value, json};

use super::seconds;
use super::text::date;

/// Returns an object per journal.
pub(super) fn list(journals: &[JournalSummary]) -> String {
    lines(journals.iter().map(summary))
}

/// Returns an object per file of a journal.
pub(super) fn inspection(inspection: &Inspection) -> String {
    lines(inspection.segments.iter().map(|it| segment(it, &inspection.missing)))
}

fn summary(it: &JournalSummary) -> Value {
    json!({
        "id": it.id.to_string(), "mode": it.mode, "people": it.people, "bots": it.bots, "ticks": it.ticks,
        "seconds": seconds(it), "bytes": it.bytes, "files": it.segments, "missing": it.missing,
        "written": date(it.written), "state": it.state.name(), "why": it.why,
    })
}

fn segment(it: &SegmentInspection, missing: &[u32]) -> Value {
    let (torn_at, torn_bytes, damage) = match &it.end {
        SegmentEnd::Whole => (None, None, None),
        SegmentEnd::Torn { at, bytes } => (Some(*at), Some(*bytes), None),
        SegmentEnd::Damaged { why } => (None, None, Some(why)),
    };
    json!({
        "file": it.file.display().to_string(), "bytes": it.bytes, "build": it.build, "mode": it.mode,
        "rate_hz": it.rules.as_ref().map(|rules| rules.tick_rate.hz()),
        "capacity": it.rules.as_ref().map(|rules| rules.capacity),
        "ticks": it.ticks, "first_tick": it.first_and_last.map(|it| it.0),
        "last_tick": it.first_and_last.map(|it| it.1), "commands": it.commands,
        "hashes": it.hashes, "states": it.states, "torn_at": torn_at, "torn_bytes": torn_bytes, "damage": damage,
        "missing": missing, "standings": it.standings.iter().map(standing).collect::<Vec<_>>(),
    })
}

fn standing(standing: &Standing) -> Value {
    let Standing { player, team, place, score } = standing;
    json!({ "player": player.0, "team": team, "place": place, "score": score })
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}
