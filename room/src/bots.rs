//! The bots of a match: who they are, and when they come, so that nobody waits alone.

use bolide_sim::{BotSkill, PlayerId};

/// A bot of the current match.
pub(crate) struct Bot {
    pub(crate) player: PlayerId,
    pub(crate) name: &'static str,
    pub(crate) skill: BotSkill,
}

impl Bot {
    /// The next bot beside those of a match: names and skills take turns, starting somewhere else in each match.
    pub(crate) fn next(player: PlayerId, bots: &[Bot], match_number: u32) -> Bot {
        let turn = bots.len() + match_number as usize * 3;
        let mut names = NAMES.iter().cycle().skip(turn).take(NAMES.len());
        let name = names
            .find(|name| bots.iter().all(|bot| bot.name != **name))
            .unwrap_or(&NAMES[turn % NAMES.len()]);
        Bot { player, name, skill: SKILLS[bots.len() % SKILLS.len()] }
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

/// The first opponent is a fair one; a crowd is mixed.
const SKILLS: [BotSkill; 3] = [BotSkill::Normal, BotSkill::Easy, BotSkill::Normal];
