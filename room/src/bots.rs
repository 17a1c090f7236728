//! The bots of a match: their names, their coming and their going. In a public room they come by
//! themselves, so that nobody waits alone. A private room waits for its people, and bots come when
//! somebody asks for them.

use bolide_net::{ErrorCode, ServerMessage};
use bolide_sim::{Command, Life, Phase, PlayerId, PlayerKind};

use crate::config::RoomConfig;
use crate::fanout::{broadcast, refuse};
use crate::output::Lane;
use crate::room::{Room, count};
use crate::seat::Seat;

/// The bots of a room, which play where people are missing.
pub(crate) struct Company {
    /// The bots of the current match.
    pub(crate) bots: Vec<Bot>,
    /// Whether they come while a match gathers.
    pub(crate) wanted: bool,
}

impl Company {
    /// That of a new room: a private one waits for its people.
    pub(crate) const fn of(config: &RoomConfig) -> Company {
        let wanted = config.policy.bots_fill_to > 0 && config.code.is_none();
        Company { bots: Vec::new(), wanted }
    }
}

/// A bot of the current match.
pub(crate) struct Bot {
    pub(crate) player: PlayerId,
    pub(crate) name: String,
}

impl Room {
    /// While a match gathers, has as many bots in it as are wanted beside so many people.
    pub(crate) fn keep_company(&mut self, people: usize) {
        let wanted = if self.company.wanted { self.players_wanted() } else { 0 };
        let wanted = wanted.saturating_sub(people);
        self.send_bots_away(wanted);
        self.fill_with_bots(wanted);
    }

    /// How many players bots fill a match up to.
    fn players_wanted(&self) -> usize {
        match self.config.policy.bots_fill_to {
            0 => 0,
            wanted => {
                let rules = &self.config.mode.rules;
                usize::from(wanted.max(rules.fight_at).min(rules.capacity))
            }
        }
    }

    /// A person goes before a bot.
    fn send_bots_away(&mut self, wanted: usize) {
        while self.company.bots.len() > wanted
            && let Some(bot) = self.company.bots.pop()
        {
            self.play.leave(bot.player);
            self.roster_changed = true;
        }
    }

    fn fill_with_bots(&mut self, wanted: usize) {
        // In a private room they were asked for, so they come at once.
        let waited = self.is_private() || self.now - self.last_join_at >= self.spans.bot_wait;
        let somebody = self.seats.iter().any(Seat::is_present);
        if self.play.world.phase() != Phase::Waiting || !waited || !somebody {
            return;
        }
        while self.company.bots.len() < wanted {
            let player = self.free_player_id();
            let skill = self.next_bots_skill();
            self.play.pending.push(Command::Join { player, kind: PlayerKind::Bot(skill) });
            let name = self.bot_name(player);
            self.company.bots.push(Bot { player, name });
            self.roster_changed = true;
        }
    }

    /// A seat wants bots to play meanwhile, or to go. Only a private room leaves that to its people.
    pub(crate) fn want_bots(&mut self, index: usize, wanted: bool) {
        if self.company.wanted == wanted {
            return;
        }
        if self.is_private() && self.config.policy.bots_fill_to > 0 {
            self.company.wanted = wanted;
            self.tell_company();
        } else if let Some(connection) = self.seats[index].connection {
            let text = if self.is_private() || wanted {
                "this server has no bots"
            } else {
                "bots come to a public room by themselves; only a private one leaves it to its \
                 people"
            };
            let code = ErrorCode::BotsFixed;
            refuse(&mut self.outputs, connection, code, text.to_owned());
        }
    }

    /// Somebody new is here. As soon as a fight needs no bots, those of a private room go: at once
    /// while a match gathers, and out of a fight that one person has with them alone.
    pub(crate) fn send_company_away(&mut self) {
        let present = self.seats.iter().filter(|seat| seat.is_present()).count();
        let is_enough = present >= usize::from(self.config.mode.rules.fight_at);
        if !self.is_private() || !is_enough || !self.company.wanted {
            return;
        }
        self.company.wanted = false;
        self.tell_company();
        let world = &self.play.world;
        let people = world.players().iter().filter(|player| player.kind() == PlayerKind::Human);
        let is_alone = people.count() <= 1;
        if is_alone && matches!(world.phase(), Phase::Fighting { .. }) {
            self.send_bots_away(0);
        }
    }

    /// Takes over the bots of the world that was recovered, by the names that they had.
    pub(crate) fn recover_company(&mut self) {
        let world = self.play.world.players().iter();
        let is_here = |kind, life| kind != PlayerKind::Human && !matches!(life, Life::Left { .. });
        let here: Vec<_> = world
            .filter(|player| is_here(player.kind(), player.life))
            .map(|player| player.id)
            .collect();
        // Whether they were asked for died with the process; that they are there did not.
        self.company.wanted |= !here.is_empty();
        for player in here {
            let name = self.bot_name(player);
            self.company.bots.push(Bot { player, name });
        }
    }

    /// The message that tells everybody whether bots come.
    pub(crate) fn company_message(&self) -> ServerMessage {
        ServerMessage::Bots { fill_to: count(self.players_wanted()), wanted: self.company.wanted }
    }

    fn tell_company(&mut self) {
        let message = self.company_message();
        broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &message);
    }

    /// A name that nobody has here. It follows from the player's number and that of the match, so
    /// that a bot has the same one after a recovery.
    fn bot_name(&self, player: PlayerId) -> String {
        let turn = usize::from(player.0) + self.play.number as usize * 3;
        let star = NAMES[turn % NAMES.len()];
        // The second of a name is the companion of the first, as astronomers say it: Vega B.
        let names = (usize::from(player.0) / NAMES.len()..).map(|round| match round {
            0 => star.to_owned(),
            1..26 => format!("{star} {}", char::from(b'A' + u8::try_from(round).unwrap_or(0))),
            more => format!("{star} {more}"),
        });
        let mut free = names.filter(|name| !self.is_named(name));
        free.next().unwrap_or_default()
    }

    pub(crate) fn is_private(&self) -> bool {
        self.config.code.is_some()
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
