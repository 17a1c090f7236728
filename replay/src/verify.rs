//! The verification of a match: its replay gives every state hash that the journal holds.

use std::fmt;

use crate::story::{PlayError, Story};

/// The result of a verification. Its text is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The number of state hashes that were compared, all of them equal.
    pub hashes: u32,
    /// The last tick of the journal.
    pub ticks: u32,
    /// True if the journal holds the match up to its result.
    pub is_decided: bool,
    /// Remarks about missing records, none of which is an error.
    pub remarks: Vec<String>,
}

/// Plays a match to the end of its journal, whose segments are in order, and compares every state
/// hash.
///
/// # Errors
/// The journal cannot be played to its end, a hash differs, or there is no hash.
pub fn verify(segments: &[&[u8]]) -> Result<Verdict, PlayError> {
    let mut story = Story::open(segments)?;
    while story.advance()?.is_some() {}
    let (hashes, world) = (story.hashes(), story.world());
    if hashes == 0 {
        return Err(PlayError::NothingToVerify);
    }
    Ok(Verdict {
        hashes,
        ticks: world.tick().0,
        is_decided: world.phase().outcome().is_some(),
        remarks: story.remarks().collect(),
    })
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verified: {} hashes in {} ticks", self.hashes, self.ticks)?;
        if !self.is_decided {
            f.write_str("; the journal ends before the match is decided")?;
        }
        self.remarks.iter().try_for_each(|remark| write!(f, "; {remark}"))
    }
}

#[cfg(test)]
mod tests {
    use super::verify;
    use crate::testing::{duel, two_segments};

    fn line(segments: &[&[u8]]) -> String {
        verify(segments).map_or_else(|error| error.to_string(), |verdict| verdict.to_string())
    }

    #[test]
    fn a_verdict_is_one_line_with_remarks_about_missing_records() {
        let journal = duel(true);
        let whole = line(&[&journal]);
        assert!(whole.starts_with("verified: ") && whole.ends_with(" ticks"), "{whole}");
        let torn = line(&[&journal[..journal.len() - 3]]);
        assert!(torn.starts_with("verified: ") && torn.ends_with("is cut off"), "{torn}");
        let half = line(&[&journal[..journal.len() / 2]]);
        assert!(half.contains("; the journal ends before the match is decided; "), "{half}");
        assert_eq!(line(&[&duel(false)]), "holds no state hash, so there is nothing to verify");
    }

    #[test]
    fn a_gap_between_two_segments_is_a_remark() {
        let [first, second] = two_segments(100, 130);
        let gapped = line(&[&first, &second]);
        let gap = "; ticks 101 to 130 are in no file: the disk failed to keep them";
        assert!(gapped.starts_with("verified: 1 hashes") && gapped.ends_with(gap), "{gapped}");
    }
}
