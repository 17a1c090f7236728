//! The view of players that are out, in a mode with a vision radius. A setting selects whose eyes
//! they get. For a moment they keep their own, to see what happened to them.

use bolide_net::{Eyes, ServerMessage};
use bolide_sim::PlayerId;

use crate::config::Spectators;
use crate::ids::RoomTick;
use crate::matches::current_match::CurrentMatch;
use crate::status::Stage;

/// Seconds that a player that is out keeps the eyes it had.
pub(super) const LAST_LOOK_S: f32 = 1.5;

/// The eyes of a seat, in one match.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spectator {
    /// The eyes it has, unless they are its own.
    eyes: Option<Eyes>,
    /// The player that finished off the one whose eyes it has.
    killer: Option<PlayerId>,
    /// The tick in which it gets other eyes.
    turns_at: Option<RoomTick>,
}

/// The state of a tick that the choice of eyes depends on.
pub(super) struct Turn<'a> {
    pub(super) current: &'a CurrentMatch,
    pub(super) spectators: Spectators,
    pub(super) now: RoomTick,
    pub(super) last_look_ticks: u64,
}

impl Turn<'_> {
    /// Returns whether any seat may get other eyes than its own in this tick.
    pub(super) fn is_open(&self) -> bool {
        self.current.stage() == Stage::Running && self.spectators != Spectators::Own
    }
}

impl Spectator {
    /// Returns the eyes of a seat.
    pub(super) fn eyes(&self, seat: PlayerId) -> Eyes {
        self.eyes.unwrap_or(Eyes::Of(seat))
    }

    /// Returns the message that tells a seat whose eyes it has, if they are not its own.
    pub(super) fn message(&self) -> Option<ServerMessage> {
        let of = match self.eyes? {
            Eyes::Of(player) => Some(player.0),
            Eyes::All => None,
        };
        Some(ServerMessage::Sight { of })
    }

    /// Gives the seat of a player that is out other eyes if that is due. Returns whether it did.
    #[cold]
    pub(super) fn turn(&mut self, seat: PlayerId, turn: &Turn<'_>) -> bool {
        let Turn { current, spectators, now, last_look_ticks } = *turn;
        let Eyes::Of(player) = self.eyes(seat) else { return false };
        self.killer = current.killer_of(player).or(self.killer);
        let is_alive = current.is_alive(player);
        if is_alive == Some(true) && spectators == Spectators::Killer {
            return false;
        }
        // A seat without a body has no last look to take.
        if is_alive.is_some() && !self.is_due(now, last_look_ticks) {
            return false;
        }
        let next = match spectators {
            Spectators::All => Some(Eyes::All),
            _ => self.successor(current, player).map(Eyes::Of),
        };
        let Some(next) = next else { return false };
        *self = Spectator { eyes: Some(next), ..Spectator::default() };
        true
    }

    fn is_due(&mut self, now: RoomTick, last_look_ticks: u64) -> bool {
        *self.turns_at.get_or_insert(now.after(last_look_ticks)) <= now
    }

    /// Returns the killer of a player if it is alive, else the living player nearest to the body.
    fn successor(&self, current: &CurrentMatch, player: PlayerId) -> Option<PlayerId> {
        let killer = self.killer.filter(|killer| current.is_alive(*killer) == Some(true));
        killer.or_else(|| current.nearest_alive(player))
    }
}
