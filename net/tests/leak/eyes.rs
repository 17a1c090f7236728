//! The part of a tick that a seat may know, computed a second time, independently of `interest.rs`.

use bolide_net::WireEvent;
use bolide_sim::{Event, Fireball, Phase, PlayerId, Point, World};

/// The point from which a seat looks, in its world.
pub(crate) struct Eyes<'a> {
    world: &'a World,
    seat: PlayerId,
    x: f64,
    y: f64,
}

impl Eyes<'_> {
    /// `looks` is the player whose eyes the seat has.
    pub(crate) fn of(world: &World, seat: PlayerId, looks: PlayerId) -> Eyes<'_> {
        let rules = world.rules();
        let (x, y) = world.player(looks).map_or_else(
            || (f64::from(rules.arena_width) / 2.0, f64::from(rules.arena_height) / 2.0),
            |player| units(player.at),
        );
        Eyes { world, seat, x, y }
    }

    pub(crate) fn sees(&self, place: Point) -> bool {
        let (x, y) = units(place);
        let radius = self.world.rules().vision_radius.expect("a fog");
        // A distance is on the grid, too.
        let (radius, _) = units(Point::in_units(radius, 0.0));
        (x - self.x).powi(2) + (y - self.y).powi(2) <= radius.powi(2)
    }

    pub(crate) fn sees_player(&self, player: PlayerId) -> bool {
        player == self.seat || self.world.player(player).is_some_and(|player| self.sees(player.at))
    }

    /// A seat sees its own blinks, wherever they begin.
    pub(crate) fn sees_from(&self, player: PlayerId, from: Point) -> bool {
        player == self.seat || self.sees(from)
    }

    /// Returns the part of an event that a seat may know, with 0 for the fireball's number.
    pub(crate) fn event(&self, event: &Event) -> Option<WireEvent> {
        match *event {
            Event::Shot { player, .. } if self.sees_player(player) => {
                Some(WireEvent::Shot { player: player.0, fireball: 0 })
            }
            Event::Fizzled { at, .. } if self.sees(at) => {
                Some(WireEvent::Fizzled { fireball: 0, at })
            }
            Event::Hit { by, victim, at, health, rewind_ticks, .. } if self.sees_player(victim) => {
                let now = self.world.player(victim).expect("takes part").at;
                let (at, rewind_ticks) = if self.sees(at) { (at, rewind_ticks) } else { (now, 0) };
                let (by, victim) = (self.if_seen(by), victim.0);
                Some(WireEvent::Hit { fireball: 0, by, victim, at, health, rewind_ticks })
            }
            Event::Blinked { player, from, to }
                if self.sees_player(player) && self.sees_from(player, from) =>
            {
                Some(WireEvent::Blinked { player: player.0, from, to })
            }
            Event::Died { player, by } if self.sees_player(player) => {
                Some(WireEvent::Died { player: player.0, by: by.and_then(|by| self.if_seen(by)) })
            }
            Event::Left { player } if self.sees_player(player) => {
                Some(WireEvent::Left { player: player.0 })
            }
            Event::Burned { player, health } if self.sees_player(player) => {
                Some(WireEvent::Burned { player: player.0, health })
            }
            _ => None,
        }
    }

    /// Returns whether the event is a hit in sight, in a past that was out of sight.
    pub(crate) fn misses_past_of(&self, event: &Event) -> bool {
        matches!(*event, Event::Hit { victim, at, .. } if self.sees_player(victim) && !self.sees(at))
    }

    fn if_seen(&self, player: PlayerId) -> Option<u16> {
        self.sees_player(player).then_some(player.0)
    }
}

/// Everything that a seat may know of a tick.
#[derive(Debug, PartialEq)]
pub(crate) struct Visible {
    pub(crate) phase: Phase,
    pub(crate) players: Vec<(PlayerId, Point, u16, bool)>,
    /// Place, heading and thrower.
    pub(crate) fireballs: Vec<(Point, (i64, i64), Option<u16>)>,
    /// Each with the heading of the fireball that hits: to the eye it has one, but no number.
    pub(crate) events: Vec<(WireEvent, Option<(i64, i64)>)>,
}

impl Visible {
    /// `before` is the world one tick earlier.
    pub(crate) fn of(before: &World, eyes: &Eyes<'_>, events: &[Event]) -> Visible {
        let world = eyes.world;
        let players = world.players().iter().filter(|player| eyes.sees_player(player.id));
        let fireball = |fireball: &Fireball| {
            let place = world.fireball_place(fireball);
            eyes.sees(place).then(|| (place, heading(fireball), eyes.if_seen(fireball.owner)))
        };
        let mut fireballs: Vec<_> = world.fireballs().iter().filter_map(fireball).collect();
        fireballs.sort_unstable();
        let seen = |event| Some((eyes.event(event)?, heading_of_hit(event, before)));
        let mut events: Vec<_> = events.iter().filter_map(seen).collect();
        events.sort_unstable();
        Visible {
            phase: world.phase(),
            players: players.map(|p| (p.id, p.at, p.health, p.is_alive())).collect(),
            fireballs,
            events,
        }
    }
}

/// Returns the heading of the fireball of a hit.
fn heading_of_hit(event: &Event, before: &World) -> Option<(i64, i64)> {
    let Event::Hit { fireball, .. } = *event else { return None };
    before.fireballs().iter().find(|flying| flying.id == fireball).map(heading)
}

fn heading(fireball: &Fireball) -> (i64, i64) {
    let heading = fireball.direction() * 1e6;
    (heading.x as i64, heading.y as i64)
}

/// Converts a place to units.
pub(crate) fn units(place: Point) -> (f64, f64) {
    (f64::from(place.x()) / 32_768.0, f64::from(place.y()) / 32_768.0)
}
