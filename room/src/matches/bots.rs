//! The bots of a match: their names, and when they join and leave. In a public room they join
//! without being asked for, so that a lone player does not have to wait. A private room waits for
//! its people, and bots join when a player asks for them.

use bolide_net::{ErrorCode, ServerMessage};
use bolide_sim::PlayerId;

use super::current_match::CurrentMatch;
use super::skill::BotsSkill;
use crate::config::RoomConfig;
use crate::connection::Connection;
use crate::ids::RoomTick;
use crate::output::Outputs;
use crate::roster::Roster;
use crate::roster::names;
use crate::roster::seat::Seat;
use crate::status::Stage;
use crate::streams::fanout::{broadcast, refuse};
use crate::terms::Terms;

/// The bots of a room, which fill the places of missing people.
pub(crate) struct Company {
    policy: Policy,
    /// The bots of the current match.
    bots: Vec<Bot>,
    /// True if bots join while a match gathers.
    wanted: bool,
    /// The tick in which somebody joined last.
    last_join_at: RoomTick,
    /// True if bots have joined or left since the roster was announced.
    changed: bool,
}

/// The part of a room's policy that is about bots.
struct Policy {
    is_private: bool,
    /// Number of players that bots fill a match up to; 0 without bots.
    fill_to: u16,
    /// Number of people that need no bots.
    people_enough: usize,
    /// Ticks from the last join until bots fill the match.
    wait: u64,
    skill: BotsSkill,
}

/// A bot of the current match.
pub(crate) struct Bot {
    pub(crate) player: PlayerId,
    pub(crate) name: String,
}

impl Company {
    /// Returns the company of a new room. A private room waits for its people.
    pub(super) fn new(config: &RoomConfig, terms: &Terms) -> Company {
        let is_private = config.code.is_some();
        let fill_to = match config.policy.bots_fill_to {
            0 => 0,
            wanted => wanted.max(terms.starts_at).min(terms.seats),
        };
        let policy = Policy {
            is_private,
            fill_to,
            people_enough: terms.starts_at.into(),
            wait: terms.ticks(config.policy.bot_wait_s),
            skill: config.policy.bots_skill,
        };
        Company {
            policy,
            bots: Vec::new(),
            wanted: fill_to > 0 && !is_private,
            last_join_at: RoomTick::default(),
            changed: false,
        }
    }

    /// Takes over the bots of a recovered match, with the names that they had.
    pub(super) fn recover(&mut self, current: &CurrentMatch, roster: &Roster) {
        let here = current.members().filter(|member| member.is_bot && !member.has_left);
        for member in here {
            // The request for bots was lost with the process; the bots themselves were not.
            self.wanted = true;
            let name = self.free_name(member.player, current, roster);
            self.bots.push(Bot { player: member.player, name });
        }
    }

    /// Adds or removes bots while a match gathers, so that there are as many as are wanted beside
    /// this many people.
    pub(super) fn keep(
        &mut self,
        people: usize,
        current: &mut CurrentMatch,
        roster: &Roster,
        now: RoomTick,
    ) {
        let wanted = if self.wanted { usize::from(self.policy.fill_to) } else { 0 };
        let wanted = wanted.saturating_sub(people);
        self.send_away(wanted, current);
        self.fill(wanted, current, roster, now);
    }

    /// Removes bots until this many are left: a person takes precedence over a bot.
    fn send_away(&mut self, wanted: usize, current: &mut CurrentMatch) {
        while self.bots.len() > wanted
            && let Some(bot) = self.bots.pop()
        {
            current.leave(bot.player);
            self.changed = true;
        }
    }

    fn fill(&mut self, wanted: usize, current: &mut CurrentMatch, roster: &Roster, now: RoomTick) {
        // In a private room a player asked for them, so they join at once.
        let waited = self.policy.is_private || now.since(self.last_join_at) >= self.policy.wait;
        let somebody = roster.seats().iter().any(Seat::is_present);
        if current.stage() != Stage::Waiting || !waited || !somebody {
            return;
        }
        while self.bots.len() < wanted {
            let player = self.free_player(current, roster);
            current.join_bot(player, self.next_skill(roster));
            let name = self.free_name(player, current, roster);
            self.bots.push(Bot { player, name });
            self.changed = true;
        }
    }

    /// Returns the skill of the next bot, by the lowest level of the people present.
    fn next_skill(&self, roster: &Roster) -> u8 {
        match self.policy.skill {
            BotsSkill::Always(skill) => skill,
            BotsSkill::Adaptive => {
                let here = roster.seats().iter().filter(|seat| seat.is_present());
                let level = here.map(Seat::level).min().unwrap_or_default();
                level.skill(self.bots.len())
            }
        }
    }

    /// Handles a client's request that bots play meanwhile, or leave. Only a private room leaves
    /// that to its people.
    pub(super) fn want(
        &mut self,
        wanted: bool,
        connection: Connection,
        roster: &Roster,
        outputs: &mut Outputs,
    ) {
        let Policy { is_private, fill_to, .. } = self.policy;
        if self.wanted == wanted {
            return;
        }
        if is_private && fill_to > 0 {
            self.wanted = wanted;
            return broadcast(outputs, roster.connections(), &self.message());
        }
        let text = if is_private || wanted {
            "this server has no bots"
        } else {
            "bots come to a public room by themselves; only a private one leaves it to its people"
        };
        refuse(outputs, connection, ErrorCode::BotsFixed, text.to_owned());
    }

    /// Notes that a person has joined. In a private room the bots leave then, if the fight no
    /// longer needs them: at once while a match gathers, and out of a fight in which one person
    /// has only bots to play against.
    pub(super) fn note_join(
        &mut self,
        current: &mut CurrentMatch,
        roster: &Roster,
        now: RoomTick,
        outputs: &mut Outputs,
    ) {
        self.last_join_at = now;
        let present = roster.seats().iter().filter(|seat| seat.is_present()).count();
        let is_enough = present >= self.policy.people_enough;
        if !self.policy.is_private || !is_enough || !self.wanted {
            return;
        }
        self.wanted = false;
        broadcast(outputs, roster.connections(), &self.message());
        let is_alone = current.members().filter(|member| !member.is_bot).count() <= 1;
        if is_alone && current.stage() == Stage::Running {
            self.send_away(0, current);
        }
    }

    /// Forgets the bots of the match before.
    pub(super) fn begin_match(&mut self) {
        self.bots.clear();
    }
}

/// The queries.
impl Company {
    /// Returns the bots of the current match.
    pub(crate) fn bots(&self) -> &[Bot] {
        &self.bots
    }

    /// Returns whether bots have joined or left since the last call.
    pub(super) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }

    /// Returns the message that tells clients whether bots join.
    pub(super) const fn message(&self) -> ServerMessage {
        ServerMessage::Bots { fill_to: self.policy.fill_to, wanted: self.wanted }
    }

    /// Returns the lowest number that no seat, no bot and no body of the current match has.
    pub(super) fn free_player(&self, current: &CurrentMatch, roster: &Roster) -> PlayerId {
        let taken = |id: PlayerId| {
            roster.has(id) || self.bots.iter().any(|bot| bot.player == id) || current.has(id)
        };
        (0..=u16::MAX).map(PlayerId).find(|id| !taken(*id)).unwrap_or(PlayerId(u16::MAX))
    }

    /// Returns the names of all bots.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.bots.iter().map(|bot| &*bot.name)
    }

    /// Returns a name that is free in this room. It follows from the player's number and the number
    /// of the match, so that a bot has the same name after a recovery.
    fn free_name(&self, player: PlayerId, current: &CurrentMatch, roster: &Roster) -> String {
        let turn = usize::from(player.0) + current.number() as usize * 3;
        let star = NAMES[turn % NAMES.len()];
        // The second bot of a name is called like the companion of a star in astronomy: Vega B.
        let names = (usize::from(player.0) / NAMES.len()..).map(|round| match round {
            0 => star.to_owned(),
            1..26 => format!("{star} {}", char::from(b'A' + u8::try_from(round).unwrap_or(0))),
            more => format!("{star} {more}"),
        });
        let is_taken = |name: &str| names::is_taken(name, roster.names().chain(self.names()));
        let mut free = names.filter(|name| !is_taken(name));
        free.next().unwrap_or_default()
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
