//! The sight of players who are out, where a vision radius hides the rest. A setting says whose eyes
//! they get. They keep their own for a moment, to see what happened to them.

use bolide_net::{Eyes, ServerMessage};
use bolide_sim::{Event, Phase, Player, PlayerId, Point, Rules, World};

use crate::config::Spectators;
use crate::fanout::tell;
use crate::output::Outputs;
use crate::seat::{Connection, Seat};

/// Seconds that somebody who is out sees with the eyes that it had.
pub(crate) const LAST_LOOK_S: f32 = 1.5;

/// Whose eyes a seat has, in one match.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spectator {
    /// Not its own.
    eyes: Option<Eyes>,
    /// Who finished off the player whose eyes it has.
    killer: Option<PlayerId>,
    /// The room's tick in which it gets others.
    turns_at: Option<u64>,
}

/// A tick, as those see it who are out.
pub(crate) struct Turn<'a> {
    pub(crate) world: &'a World,
    pub(crate) events: &'a [Event],
    pub(crate) spectators: Spectators,
    pub(crate) now: u64,
    pub(crate) last_look_ticks: u64,
}

impl Turn<'_> {
    /// Whether anybody may get other eyes than its own in this tick.
    pub(crate) fn is_open(&self) -> bool {
        let fights = matches!(self.world.phase(), Phase::Fighting { .. });
        fights && self.spectators != Spectators::Own
    }
}

impl Spectator {
    /// Whose eyes a seat has.
    pub(crate) fn eyes(&self, seat: PlayerId) -> Eyes {
        self.eyes.unwrap_or(Eyes::Of(seat))
    }

    /// Gives a seat whose player is out other eyes where that is due. Returns whether it has.
    #[cold]
    fn turn(&mut self, seat: PlayerId, turn: &Turn<'_>) -> bool {
        let Turn { world, events, spectators, now, last_look_ticks } = *turn;
        let Eyes::Of(current) = self.eyes(seat) else { return false };
        let killed = events.iter().find_map(|event| match event {
            Event::Died { player, by } if *player == current => *by,
            _ => None,
        });
        self.killer = killed.or(self.killer);
        let body = world.player(current);
        if body.is_some_and(Player::is_alive) && spectators == Spectators::Killer {
            return false;
        }
        // A seat without a body has nothing to look at last.
        if body.is_some() && !self.is_due(now, last_look_ticks) {
            return false;
        }
        let next = match spectators {
            Spectators::All => Some(Eyes::All),
            _ => self.successor(world, body).map(Eyes::Of),
        };
        let Some(next) = next else { return false };
        *self = Spectator { eyes: Some(next), ..Spectator::default() };
        true
    }

    fn is_due(&mut self, now: u64, last_look_ticks: u64) -> bool {
        *self.turns_at.get_or_insert(now + last_look_ticks) <= now
    }

    /// The killer, or the living player nearest to a body, or where there is none to the middle.
    fn successor(&self, world: &World, body: Option<&Player>) -> Option<PlayerId> {
        let Rules { arena_width, arena_height, .. } = *world.rules();
        let middle = || Point::in_units(arena_width / 2.0, arena_height / 2.0);
        let from = body.map_or_else(middle, |body| body.at);
        let alive = || world.players().iter().filter(|player| player.is_alive());
        let killer = alive().map(|player| player.id).find(|id| Some(*id) == self.killer);
        let nearest = || alive().min_by_key(|player| player.at.distance_squared(from));
        killer.or_else(|| nearest().map(|player| player.id))
    }
}

impl Seat {
    /// Gives the seat other eyes where that is due, and says so.
    pub(crate) fn turn_eyes(&mut self, turn: &Turn<'_>, outputs: &mut Outputs) {
        let is_out = !turn.world.player(self.player).is_some_and(Player::is_alive);
        if is_out
            && self.session.spectator.turn(self.player, turn)
            && let Some(connection) = self.connection
        {
            self.tell_sight(connection, outputs);
        }
    }

    /// Tells a connection whose eyes it has, if they are not its own.
    pub(crate) fn tell_sight(&self, connection: Connection, outputs: &mut Outputs) {
        let of = match self.session.spectator.eyes {
            None => return,
            Some(Eyes::Of(player)) => Some(player.0),
            Some(Eyes::All) => None,
        };
        tell(outputs, connection, &ServerMessage::Sight { of });
    }
}
