//! The information that one seat may have where a vision radius hides the rest: its own snapshot,
//! its own events, and its own numbers for fireballs. They depend on nothing that the seat does not
//! see: not on hidden places, not on the order of hidden events, not on their number. The players
//! of a match and its phase are public.

use bolide_sim::{Event, Fireball, FireballId, Player, PlayerId, Point, World};

use crate::messages::entity::{Ack, FireballState, PlayerState};
use crate::messages::event::WireEvent;
use crate::views::snapshot::Snapshot;

/// The part of one match that was shown to a seat.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    /// The fireballs in sight, sorted by the number that the seat knows.
    sighted: Vec<Sighted>,
    /// The number of the next fireball. It counts the fireballs that were sighted, without gaps.
    next_id: u32,
    /// The number of players in the last snapshot. The next one has room for as many.
    players: usize,
}

/// A world at the end of a tick, with the values that every seat's view needs.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    world: &'a World,
    /// The positions of the fireballs, in the order of the world.
    fireballs: Vec<Point>,
}

impl Scene<'_> {
    /// The scene of a world.
    #[must_use]
    pub fn of(world: &World) -> Scene<'_> {
        let place = |fireball| world.fireball_place(fireball);
        Scene { world, fireballs: world.fireballs().iter().map(place).collect() }
    }
}

/// A fireball in sight.
#[derive(Clone, Copy, Debug)]
struct Sighted {
    id: FireballId,
    told: FireballState,
}

/// The eyes with which a seat sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eyes {
    /// Those of a player, at its body, alive or dead. Those of a watcher without a body are in the
    /// middle of the arena.
    Of(PlayerId),
    /// All of the world is in sight.
    All,
}

impl Observer {
    /// Returns the snapshot of a scene as the seat sees it with these eyes, and the events that it
    /// sees. Its own player is always included. `ack` is the newest of its inputs that a tick has
    /// taken.
    pub fn look(
        &mut self,
        scene: &Scene<'_>,
        seat: PlayerId,
        eyes: Eyes,
        ack: Option<u32>,
        events: &[Event],
    ) -> (Snapshot, Vec<WireEvent>) {
        let world = scene.world;
        let sight = Sight::of(world, seat, eyes);
        let before = std::mem::take(&mut self.sighted);
        self.sight_fireballs(scene, &sight, &before);
        let events = self.name_fireballs(sight.events(events), &before);
        let in_sight = |player: &&Player| player.id == seat || sight.sees(player.at);
        let mut players = Vec::with_capacity(self.players);
        players.extend(world.players().iter().filter(in_sight).map(PlayerState::standing));
        self.players = players.len();
        let snapshot = Snapshot {
            players,
            fireballs: self.sighted.iter().map(|sighted| sighted.told).collect(),
            acks: ack.map(|seq| Ack { player: seat.0, seq }).into_iter().collect(),
            ..Snapshot::without_entities(world)
        };
        (snapshot, events)
    }

    /// Updates the fireballs in sight. A fireball that stays in sight keeps its number. A new one
    /// is described from its current place, without its origin and its end. New ones of the same
    /// tick are numbered by their places, never by the order in which they were thrown.
    fn sight_fireballs(&mut self, scene: &Scene<'_>, sight: &Sight<'_>, before: &[Sighted]) {
        self.sighted.reserve(before.len());
        let mut new = Vec::new();
        for (fireball, place) in scene.world.fireballs().iter().zip(&scene.fireballs) {
            if !sight.sees(*place) {
                continue;
            }
            match before.iter().find(|sighted| sighted.id == fireball.id) {
                Some(known) => self.sighted.push(*known),
                None => new.push(Sighted { id: fireball.id, told: sight.first(fireball, *place) }),
            }
        }
        new.sort_unstable_by_key(|sighted| {
            let FireballState { id: _, owner, from, toward, since } = sighted.told;
            (from, toward, owner, since)
        });
        for mut sighted in new {
            sighted.told.id = self.next_number();
            self.sighted.push(sighted);
        }
        self.sighted.sort_unstable_by_key(|sighted| sighted.told.id);
    }

    /// Gives the fireballs of events the numbers that the seat knows. Events are sorted by their
    /// kind and by what is seen of them.
    fn name_fireballs(
        &mut self,
        events: Vec<(WireEvent, Option<FireballId>)>,
        before: &[Sighted],
    ) -> Vec<WireEvent> {
        let mut named: Vec<(FireballId, u32)> = before
            .iter()
            .chain(&self.sighted)
            .map(|sighted| (sighted.id, sighted.told.id))
            .collect();
        let number = |named: &[(FireballId, u32)], id: FireballId| {
            named.iter().find(|(known, _)| *known == id).map(|(_, number)| *number)
        };
        let mut events: Vec<_> = events
            .into_iter()
            .map(|(event, id)| {
                let known = id.and_then(|id| number(&named, id));
                (event.with_fireball(known.unwrap_or(u32::MAX)), id)
            })
            .collect();
        events.sort_by_key(|(event, _)| *event);
        order_healths(&mut events);
        events
            .into_iter()
            .map(|(event, id)| {
                let Some(id) = id else { return event };
                // Thrown and ended within this tick, or ended where it came into sight.
                let known = number(&named, id).unwrap_or_else(|| {
                    named.push((id, self.next_number()));
                    self.next_id - 1
                });
                event.with_fireball(known)
            })
            .collect()
    }

    const fn next_number(&mut self) -> u32 {
        self.next_id = self.next_id.saturating_add(1);
        self.next_id - 1
    }
}

/// Orders the healths of a victim that two fireballs hit at the same instant. A number that must
/// stay hidden decides which of them hit first. Here it is always the one that comes first in the
/// list.
fn order_healths(events: &mut [(WireEvent, Option<FireballId>)]) {
    for later in 1..events.len() {
        let (before, rest) = events.split_at_mut(later);
        let WireEvent::Hit { victim, health, .. } = &mut rest[0].0 else { continue };
        for (event, _) in before {
            match event {
                WireEvent::Hit { victim: other, health: first, .. } if other == victim => {
                    (*first, *health) = ((*first).max(*health), (*first).min(*health));
                }
                _ => {}
            }
        }
    }
}

/// The field of view of a seat at the end of a tick.
struct Sight<'a> {
    world: &'a World,
    seat: PlayerId,
    eye: Point,
    /// The square of the vision radius, in grid steps.
    radius_squared: i64,
}

impl Sight<'_> {
    fn of(world: &World, seat: PlayerId, eyes: Eyes) -> Sight<'_> {
        let rules = world.rules();
        let radius = Point::in_units(rules.vision_radius.unwrap_or(f32::MAX), 0.0).x();
        let (eye, radius_squared) = match eyes {
            Eyes::Of(player) => {
                let body = world.player(player).map(|player| player.at);
                (body.unwrap_or_else(|| rules.middle()), i64::from(radius).pow(2))
            }
            Eyes::All => (rules.middle(), i64::MAX),
        };
        Sight { world, seat, eye, radius_squared }
    }

    fn sees(&self, place: Point) -> bool {
        self.eye.distance_squared(place) <= self.radius_squared
    }

    /// Returns whether a player's middle is in sight.
    fn sees_player(&self, id: PlayerId) -> bool {
        id == self.seat || self.world.player(id).is_some_and(|player| self.sees(player.at))
    }

    /// Describes a fireball at first sight. As far as the seat knows, it flies on for the mode's
    /// whole range.
    fn first(&self, fireball: &Fireball, from: Point) -> FireballState {
        let toward = from.to_vec2() + fireball.direction() * self.world.rules().fireball_range;
        FireballState {
            id: 0,
            owner: self.known(fireball.owner),
            from,
            toward: Point::snap(toward),
            since: self.world.tick().0,
        }
    }

    fn known(&self, player: PlayerId) -> Option<u16> {
        self.sees_player(player).then_some(player.0)
    }

    /// Returns the events that are in sight, each with its fireball.
    fn events(&self, events: &[Event]) -> Vec<(WireEvent, Option<FireballId>)> {
        events.iter().filter_map(|event| self.event(event)).collect()
    }

    fn event(&self, event: &Event) -> Option<(WireEvent, Option<FireballId>)> {
        let (subject, fireball) = match *event {
            Event::Shot { player, fireball } => (player, Some(fireball)),
            Event::Fizzled { fireball, at } => {
                let event = WireEvent::public(event).filter(|_| self.sees(at))?;
                return Some((event, Some(fireball)));
            }
            Event::Hit { victim, fireball, .. } => (victim, Some(fireball)),
            // A player that blinks out of sight vanishes. One that blinks into sight is just there.
            Event::Blinked { player, from, .. } if player == self.seat || self.sees(from) => {
                (player, None)
            }
            Event::Died { player, .. } | Event::Left { player } | Event::Burned { player, .. } => {
                (player, None)
            }
            _ => return None,
        };
        let event = WireEvent::public(event).filter(|_| self.sees_player(subject))?;
        let seen = |by: Option<u16>| by.filter(|by| self.sees_player(PlayerId(*by)));
        Some(match event {
            WireEvent::Hit { fireball: number, by, victim, at, health, rewind_ticks } => {
                // The place of the hit in the past may not have been in sight.
                let now = self.world.player(PlayerId(victim)).map_or(at, |victim| victim.at);
                let (at, rewind_ticks) = if self.sees(at) { (at, rewind_ticks) } else { (now, 0) };
                let by = seen(by);
                (
                    WireEvent::Hit { fireball: number, by, victim, at, health, rewind_ticks },
                    fireball,
                )
            }
            WireEvent::Died { player, by } => (WireEvent::Died { player, by: seen(by) }, None),
            other => (other, fireball),
        })
    }
}
