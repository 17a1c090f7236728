//! The bots of a match: who they are, and when they come, so that nobody waits alone.

use bolide_sim::{BotSkill, PlayerId};

/// A bot of the current match.
pub(crate) struct Bot {
    pub(crate) player: PlayerId,
    pub(crate) name: String,
    pub(crate) skill: BotSkill,
}

impl Bot {
    /// The next bot beside those of a match: names take turns, starting somewhere else in each match.
    pub(crate) fn next(player: PlayerId, bots: &[Bot], match_number: u32, skill: BotSkill) -> Bot {
        let turn = bots.len() + match_number as usize * 3;
        let star = NAMES[turn % NAMES.len()];
        // The seventeenth is a companion of the first, as astronomers say it: Vega B.
        let name = match bots.len() / NAMES.len() {
            0 => star.to_owned(),
            round => format!("{star} {}", char::from(b'A' + u8::try_from(round % 26).unwrap_or(0))),
        };
        Bot { player, name, skill }
    }
}

/// Stars, as a bolide's neighbours.
const NAMES: [&str; 16] = [
    "Vega",
    "Rigel",
    "Mira",
    "Altair",
    "Deneb",
    "Sirius",
    "Antares",
    "Castor",
    "Pollux",
    "Spica",
    "Atria",
    "Polaris",
    "Capella",
    "Regulus",
    "Procyon",
    "Bellatrix",
];

#[cfg(test)]
mod tests {
    use bolide_sim::{BotSkill, PlayerId};

    use super::Bot;

    #[test]
    fn no_two_of_a_match_have_the_same_name() {
        for match_number in 1..40 {
            let mut bots: Vec<Bot> = Vec::new();
            for id in 0..60 {
                let bot = Bot::next(PlayerId(id), &bots, match_number, BotSkill::Easy);
                assert!(bots.iter().all(|other| other.name != bot.name), "{}", bot.name);
                bots.push(bot);
            }
        }
    }
}
