//! One match inside a room: its world, and the commands that wait for its next tick.

use bolide_sim::{Command, Event, World};
use uuid::Uuid;

/// What a match needs from outside. The seed must not leave the server before the match is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchTicket {
    /// The match's id, a UUIDv7.
    pub id: Uuid,
    /// What its random numbers begin with.
    pub seed: u64,
}

pub(crate) struct Match {
    pub(crate) id: Uuid,
    /// Counts the matches of the room from 1.
    pub(crate) number: u32,
    pub(crate) world: World,
    /// Joins and leaves since the last tick, in order of arrival.
    pub(crate) pending: Vec<Command>,
    pub(crate) events: Vec<Event>,
}

impl Match {
    pub(crate) const fn new(id: Uuid, number: u32, world: World) -> Match {
        Match { id, number, world, pending: Vec::new(), events: Vec::new() }
    }

    /// The match after this one, by the same rules.
    pub(crate) fn next(&self, ticket: MatchTicket) -> Match {
        Match::new(ticket.id, self.number + 1, self.world.fresh(ticket.seed))
    }

    /// Steps the world: joins and leaves first, then `inputs`; all in player order.
    pub(crate) fn step(&mut self, inputs: impl Iterator<Item = Command>) {
        self.pending.extend(inputs);
        // Stable, so that a player's join, leave and input keep their order.
        self.pending.sort_by_key(Command::player);
        self.events.clear();
        self.world.step(&self.pending, &mut self.events);
        self.pending.clear();
    }

    pub(crate) const fn next_tick(&self) -> u32 {
        self.world.tick().next().0
    }
}
