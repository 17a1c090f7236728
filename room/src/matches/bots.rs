//! The bots of a match: their names, and when they join and leave. In a public room they join
//! without being asked for, so that a lone player does not have to wait. A private room waits for
//! its people, and bots join when a player asks for them.

use bolide_net::{ErrorCode, ServerMessage};
use bolide_sim::{Command, Life, PlayerId, PlayerKind};

use crate::config::RoomConfig;
use crate::output::Lane;
use crate::room::{Room, Stage, count};
use crate::roster::seat::Seat;
use crate::streams::fanout::{broadcast, refuse};

/// The bots of a room, which fill the places of missing people.
pub(crate) struct Company {
    /// The bots of the current match.
    pub(crate) bots: Vec<Bot>,
    /// True if bots join while a match gathers.
    pub(crate) wanted: bool,
}

impl Company {
    /// Returns the company of a new room. A private room waits for its people.
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
    /// Adds or removes bots while a match gathers, so that there are as many as are wanted beside
    /// this many people.
    pub(crate) fn keep_company(&mut self, people: usize) {
        let wanted = if self.company.wanted { self.players_wanted() } else { 0 };
        let wanted = wanted.saturating_sub(people);
        self.send_bots_away(wanted);
        self.fill_with_bots(wanted);
    }

    /// Returns the number of players that bots fill a match up to.
    fn players_wanted(&self) -> usize {
        match self.config.policy.bots_fill_to {
            0 => 0,
            wanted => {
                let rules = &self.config.mode.rules;
                usize::from(wanted.max(rules.fight_at).min(rules.capacity))
            }
        }
    }

    /// Removes bots until this many are left: a person takes precedence over a bot.
    fn send_bots_away(&mut self, wanted: usize) {
        while self.company.bots.len() > wanted
            && let Some(bot) = self.company.bots.pop()
        {
            self.play.leave(bot.player);
            self.roster_changed = true;
        }
    }

    fn fill_with_bots(&mut self, wanted: usize) {
        // In a private room a player asked for them, so they join at once.
        let waited = self.is_private() || self.now - self.last_join_at >= self.spans.bot_wait;
        let somebody = self.seats.iter().any(Seat::is_present);
        if self.play.stage() != Stage::Waiting || !waited || !somebody {
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

    /// Handles a seat's request that bots play meanwhile, or leave. Only a private room leaves that
    /// to its people.
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

    /// Sends the bots of a private room away after a person has joined, if the fight no longer
    /// needs them: at once while a match gathers, and out of a fight in which one person has only
    /// bots to play against.
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
        if is_alone && self.play.stage() == Stage::Running {
            self.send_bots_away(0);
        }
    }

    /// Takes over the bots of the recovered world, with the names that they had.
    pub(crate) fn recover_company(&mut self) {
        let world = self.play.world.players().iter();
        let is_here = |kind, life| kind != PlayerKind::Human && !matches!(life, Life::Left { .. });
        let here: Vec<_> = world
            .filter(|player| is_here(player.kind(), player.life))
            .map(|player| player.id)
            .collect();
        // The request for bots was lost with the process; the bots themselves were not.
        self.company.wanted |= !here.is_empty();
        for player in here {
            let name = self.bot_name(player);
            self.company.bots.push(Bot { player, name });
        }
    }

    /// Returns the message that tells clients whether bots join.
    pub(crate) fn company_message(&self) -> ServerMessage {
        ServerMessage::Bots { fill_to: count(self.players_wanted()), wanted: self.company.wanted }
    }

    fn tell_company(&mut self) {
        let message = self.company_message();
        broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &message);
    }

    /// Returns a name that is free in this room. It follows from the player's number and the number
    /// of the match, so that a bot has the same name after a recovery.
    fn bot_name(&self, player: PlayerId) -> String {
        let turn = usize::from(player.0) + self.play.number as usize * 3;
        let star = NAMES[turn % NAMES.len()];
        // The second bot of a name is called like the companion of a star in astronomy: Vega B.
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

/// Names of bots: stars, as neighbours of a bolide.
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
