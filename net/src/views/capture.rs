//! Converts the world to its form on the wire. The world is already on the wire's grid, so a
//! snapshot loses nothing.

use bolide_sim::{Event, Fireball, Life, Motion, Phase, Player, Tick, World};

use crate::messages::entity::{Ack, FireballState, PlayerState};
use crate::messages::event::WireEvent;
use crate::views::delta::find;
use crate::views::snapshot::Snapshot;

impl Snapshot {
    /// Captures the world at the end of its tick as all may see it, for receivers that do not
    /// simulate.
    #[must_use]
    pub fn capture(world: &World, acks: Vec<Ack>) -> Snapshot {
        Snapshot {
            players: world.players().iter().map(PlayerState::standing).collect(),
            fireballs: world.fireballs().iter().map(FireballState::whole).collect(),
            acks,
            ..Snapshot::without_entities(world)
        }
    }

    /// Returns what a receiver that simulates and has `known` needs to see this snapshot, which is
    /// the world at its tick. A player that is where the receiver expects it keeps its known
    /// motion, so a walk costs nothing until it deviates. A motion is sent only if it gives the
    /// exact place, so that both kinds of receivers see the same by construction. A push is sent in
    /// the tick of its hit, in which it has not moved the player yet: it once came a tick after the
    /// hit, which says neither where the push begins nor its direction.
    #[must_use]
    pub fn followed_from(&self, known: &Snapshot, world: &World) -> Snapshot {
        let mut next = self.clone();
        for (state, player) in next.players.iter_mut().zip(world.players()) {
            let gives = |motion: Motion| {
                motion.place_at(world.tick(), player.health, world.tuning()) == player.at
            };
            let begins =
                matches!(player.motion, Motion::Push { since, .. } if since == world.tick());
            let told = find(&known.players, state.id).map(|old| old.motion).filter(|_| !begins);
            let motions = told.into_iter().chain([player.motion]);
            state.motion = motions.into_iter().find(|m| gives(*m)).unwrap_or(state.motion);
        }
        next
    }

    /// A snapshot of only the tick and the phase.
    pub(crate) fn without_entities(world: &World) -> Snapshot {
        let (phase, phase_ends) = match world.phase() {
            Phase::Waiting => (0, None),
            Phase::Countdown { ends } => (1, Some(ends.0)),
            Phase::Fighting { ends: Tick::LAST, .. } => (2, None),
            Phase::Fighting { ends, .. } => (2, Some(ends.0)),
            Phase::Over { .. } => (3, None),
        };
        Snapshot { tick: world.tick().0, phase, phase_ends, ..Snapshot::default() }
    }
}

impl PlayerState {
    /// The player at its current place, standing.
    pub(crate) const fn standing(player: &Player) -> PlayerState {
        PlayerState {
            id: player.id.0,
            motion: Motion::Stand { at: player.at },
            health: player.health,
            life: match player.life {
                Life::Alive | Life::Protected { .. } => 0,
                Life::Dead { .. } => 1,
                Life::Left { .. } => 2,
            },
        }
    }
}

impl FireballState {
    /// The fireball with its whole path.
    const fn whole(fireball: &Fireball) -> FireballState {
        FireballState {
            id: fireball.id.0,
            owner: Some(fireball.owner.0),
            from: fireball.from,
            toward: fireball.toward,
            since: fireball.since.0,
        }
    }
}

impl WireEvent {
    /// The event as all may know it. `None` if it is private or visible in the snapshot.
    #[must_use]
    pub const fn public(event: &Event) -> Option<WireEvent> {
        Some(match *event {
            Event::Shot { player, fireball } => {
                WireEvent::Shot { player: player.0, fireball: fireball.0 }
            }
            Event::Fizzled { fireball, at } => WireEvent::Fizzled { fireball: fireball.0, at },
            Event::Hit { fireball, by, victim, at, health, rewind_ticks } => WireEvent::Hit {
                fireball: fireball.0,
                by: Some(by.0),
                victim: victim.0,
                at,
                health,
                rewind_ticks,
            },
            Event::Burned { player, health } => WireEvent::Burned { player: player.0, health },
            Event::Blinked { player, from, to } => {
                WireEvent::Blinked { player: player.0, from, to }
            }
            Event::Died { player, by: Some(by) } => {
                WireEvent::Died { player: player.0, by: Some(by.0) }
            }
            Event::Died { player, by: None } => WireEvent::Died { player: player.0, by: None },
            Event::Left { player } => WireEvent::Left { player: player.0 },
            Event::CountdownBegan
            | Event::CountdownStopped
            | Event::FightBegan
            | Event::Ended(_)
            | Event::Refused { .. } => return None,
        })
    }
}
