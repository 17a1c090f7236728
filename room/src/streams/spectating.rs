//! The view of players that are out, in a mode with a vision radius. A setting selects whose eyes
//! they get. For a moment they keep their own, to see what happened to them.

use bolide_net::{Eyes, ServerMessage};
use bolide_sim::{Event, Phase, Player, PlayerId, Point, Rules, World};

use crate::config::Spectators;
use crate::output::Outputs;
use crate::roster::seat::{Connection, Seat};
use crate::streams::fanout::tell;

/// Seconds that a player that is out keeps the eyes it had.
pub(crate) const LAST_LOOK_S: f32 = 1.5;

/// The eyes of a seat, in one match.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spectator {
    /// The eyes it has, unless they are its own.
    eyes: Option<Eyes>,
    /// The player that finished off the one whose eyes it has.
    killer: Option<PlayerId>,
    /// The room's tick in which it gets other eyes.
    turns_at: Option<u64>,
}

/// The state of a tick that the choice of eyes depends on.
pub(crate) struct Turn<'a> {
    pub(crate) world: &'a World,
    pub(crate) events: &'a [Event],
    pub(crate) spectators: Spectators,
    pub(crate) now: u64,
    pub(crate) last_look_ticks: u64,
}

impl Turn<'_> {
    /// Returns whether any seat may get other eyes than its own in this tick.
    pub(crate) fn is_open(&self) -> bool {
        let fights = matches!(self.world.phase(), Phase::Fighting { .. });
        fights && self.spectators != Spectators::Own
    }
}

impl Spectator {
    /// Returns the eyes of a seat.
    pub(crate) fn eyes(&self, seat: PlayerId) -> Eyes {
        self.eyes.unwrap_or(Eyes::Of(seat))
    }

    /// Gives the seat of a player that is out other eyes if that is due. Returns whether it did.
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
        // A seat without a body has no last look to take.
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

    /// Returns the killer if it is alive, else the living player nearest to the body, or to the
    /// middle of the arena if there is no body.
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
    /// Gives the seat other eyes if that is due, and tells its client.
    pub(crate) fn turn_eyes(&mut self, turn: &Turn<'_>, outputs: &mut Outputs) {
        let is_out = !turn.world.player(self.player).is_some_and(Player::is_alive);
        if is_out
            && self.session.spectator.turn(self.player, turn)
            && let Some(connection) = self.connection
        {
            self.tell_sight(connection, outputs);
        }
    }

    /// Sends a connection whose eyes it has, if they are not its own.
    pub(crate) fn tell_sight(&self, connection: Connection, outputs: &mut Outputs) {
        let of = match self.session.spectator.eyes {
            None => return,
            Some(Eyes::Of(player)) => Some(player.0),
            Some(Eyes::All) => None,
        };
        tell(outputs, connection, &ServerMessage::Sight { of });
    }
}
