//! From the world to what goes on the wire. The world is already on the wire's grid, so a snapshot loses nothing.

use bolide_sim::{Event, Life, Phase, Refusal, World};

use crate::hot::{Ack, FireballState, PlayerState, Snapshot, WireEvent};

impl Snapshot {
    /// The world as everybody may see it at the end of its tick.
    #[must_use]
    pub fn capture(world: &World, acks: Vec<Ack>) -> Snapshot {
        let (phase, phase_ends) = match world.phase() {
            Phase::Waiting => (0, None),
            Phase::Countdown { ends } => (1, Some(ends.0)),
            Phase::Fighting { ends, .. } => (2, Some(ends.0)),
            Phase::Over { .. } => (3, None),
        };
        let players = world.players().iter().map(|player| PlayerState {
            id: player.id.0,
            at: player.at,
            health: player.health,
            life: match player.life {
                Life::Alive => 0,
                Life::Dead { .. } => 1,
                Life::Left { .. } => 2,
            },
        });
        let fireballs = world.fireballs().iter().map(|fireball| FireballState {
            id: fireball.id.0,
            owner: fireball.owner.0,
            from: fireball.from,
            toward: fireball.toward,
            since: fireball.since.0,
        });
        Snapshot {
            tick: world.tick().0,
            phase,
            phase_ends,
            players: players.collect(),
            fireballs: fireballs.collect(),
            acks,
        }
    }

    /// Whether this says nothing that `earlier` did not say, but that time has passed.
    #[must_use]
    pub fn is_only_later_than(&self, earlier: &Snapshot) -> bool {
        // No `..`: a new field must be compared.
        let Snapshot { tick: _, phase, phase_ends, players, fireballs, acks } = self;
        *phase == earlier.phase
            && *phase_ends == earlier.phase_ends
            && *players == earlier.players
            && *fireballs == earlier.fireballs
            && *acks == earlier.acks
    }
}

impl WireEvent {
    /// The event as everybody may know it; none if it is private or to be seen in the snapshot.
    #[must_use]
    pub const fn public(event: &Event) -> Option<WireEvent> {
        Some(match *event {
            Event::Shot { player, fireball } => {
                WireEvent::Shot { player: player.0, fireball: fireball.0 }
            }
            Event::Fizzled { fireball, at } => WireEvent::Fizzled { fireball: fireball.0, at },
            Event::Hit { fireball, by, victim, at, health, rewind_ticks } => WireEvent::Hit {
                fireball: fireball.0,
                by: by.0,
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

/// The number of a refusal on the wire.
pub(crate) const fn refusal(why: Refusal) -> u8 {
    match why {
        Refusal::NotFighting => 0,
        Refusal::NotAlive => 1,
        Refusal::Cooldown => 2,
        Refusal::NoWay => 3,
    }
}

impl crate::hot::RefusedInput {
    /// The input of that number, refused for that reason.
    #[must_use]
    pub const fn new(seq: u32, why: Refusal) -> crate::hot::RefusedInput {
        crate::hot::RefusedInput { seq, why: refusal(why) }
    }
}
