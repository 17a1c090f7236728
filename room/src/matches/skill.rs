//! The skill of the bots of a room: newcomers meet easy ones, winners meet better ones.

use std::fmt;
use std::str::FromStr;

/// The skill of the bots of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BotsSkill {
    /// According to the results of the people present; at first all bots are easy.
    #[default]
    Adaptive,
    /// The same for all, regardless of results: a number from 0 for easy to 2 for hard. A higher
    /// one is hard, too.
    Always(u8),
}

/// Text that names no skill of bots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no skill of bots; allowed are adaptive, easy, normal and hard")]
pub struct NotBotsSkill(String);

impl FromStr for BotsSkill {
    type Err = NotBotsSkill;

    fn from_str(text: &str) -> Result<BotsSkill, NotBotsSkill> {
        Ok(match text {
            "adaptive" => BotsSkill::Adaptive,
            "easy" => BotsSkill::Always(EASY),
            "normal" => BotsSkill::Always(NORMAL),
            "hard" => BotsSkill::Always(HARD),
            _ => return Err(NotBotsSkill(text.to_owned())),
        })
    }
}

impl fmt::Display for BotsSkill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BotsSkill::Adaptive => "adaptive",
            BotsSkill::Always(EASY) => "easy",
            BotsSkill::Always(NORMAL) => "normal",
            BotsSkill::Always(_) => "hard",
        })
    }
}

/// The level of bots that a person has earned by its results. It ends with the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Level(u8);

impl Level {
    /// Returns the skill of the bot that joins after this many others.
    pub(super) fn skill(self, others: usize) -> u8 {
        let rung = &RUNGS[usize::from(self.0)];
        rung[others % rung.len()]
    }

    /// Returns the level after a match beside bots: up for a place among the best fourth, down for
    /// one in the lower half.
    pub(super) fn after(self, place: u16, players: usize) -> Level {
        let place = usize::from(place);
        let highest = u8::try_from(RUNGS.len() - 1).unwrap_or(u8::MAX);
        if place <= (players / 4).max(1) {
            Level((self.0 + 1).min(highest))
        } else if place > players.div_ceil(2) {
            Level(self.0.saturating_sub(1))
        } else {
            self
        }
    }
}

/// The skills of bots that have a name.
const EASY: u8 = 0;
const NORMAL: u8 = 1;
const HARD: u8 = 2;

/// The skills of the bots of each level, which take turns.
const RUNGS: [[u8; 3]; 6] = [
    [EASY, EASY, EASY],
    [NORMAL, EASY, EASY],
    [NORMAL, EASY, NORMAL],
    [NORMAL, NORMAL, NORMAL],
    [HARD, NORMAL, NORMAL],
    [HARD, HARD, HARD],
];

#[cfg(test)]
mod tests {
    use super::{BotsSkill, EASY, Level, NORMAL, RUNGS};

    #[test]
    fn a_level_follows_results_and_stays_on_the_ladder() {
        for (level, place, players, expect) in [
            (0, 1, 4, 1),
            (0, 4, 4, 0),
            (2, 2, 4, 2),
            (2, 3, 4, 1),
            (1, 1, 2, 2),
            (1, 2, 2, 0),
            (1, 2, 3, 1),
            (1, 3, 3, 0),
            (3, 15, 60, 4),
            (3, 16, 60, 3),
            (3, 31, 60, 2),
            (5, 1, 4, 5),
        ] {
            assert_eq!(Level(level).after(place, players), Level(expect), "{place} of {players}");
        }
    }

    #[test]
    fn bots_get_no_weaker_from_level_to_level() {
        assert!(RUNGS.is_sorted_by_key(|rung| rung.iter().sum::<u8>()));
        let second: Vec<_> = (0..4).map(|others| Level(1).skill(others)).collect();
        assert_eq!(second, [NORMAL, EASY, EASY, NORMAL], "they take turns");
        assert!((0..9).all(|others| Level(0).skill(others) == EASY));
    }

    #[test]
    fn a_skill_is_written_as_it_is_read() {
        for text in ["adaptive", "easy", "normal", "hard"] {
            assert_eq!(text.parse::<BotsSkill>().expect("known").to_string(), text);
        }
        assert_eq!(
            "mean".parse::<BotsSkill>().expect_err("unknown").to_string(),
            "`mean` is no skill of bots; allowed are adaptive, easy, normal and hard"
        );
    }
}
