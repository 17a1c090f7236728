//! The part of a tick that a seat may know, computed a second time, independently of `interest.rs`.

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
    pub(crate) events: Vec<String>,
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
        let mut events: Vec<_> =
            events.iter().filter_map(|event| eyes.describe(event, before)).collect();
        events.sort_unstable();
        Visible {
            phase: world.phase(),
            players: players.map(|p| (p.id, p.at, p.health, p.is_alive())).collect(),
            fireballs,
            events,
        }
    }
}

impl Eyes<'_> {
    /// Describes the event as an eyewitness would. To the eye a fireball has a heading, but no
    /// number.
    fn describe(&self, event: &Event, before: &World) -> Option<String> {
        match *event {
            Event::Shot { player, .. } if self.sees_player(player) => {
                Some(format!("{player} shoots"))
            }
            Event::Fizzled { at, .. } if self.sees(at) => {
                Some(format!("a fireball ends at {at:?}"))
            }
            Event::Hit { fireball, by, victim, at, health, rewind_ticks }
                if self.sees_player(victim) =>
            {
                let flying = before.fireballs().iter().find(|flying| flying.id == fireball);
                let heading = flying.map(heading);
                let by = self.if_seen(by);
                let past = self.sees(at).then_some((at, rewind_ticks));
                Some(format!(
                    "{by:?} hits {victim} at {past:?} from {heading:?}, which leaves {health}"
                ))
            }
            Event::Blinked { player, from, to }
                if self.sees_player(player) && self.sees_from(player, from) =>
            {
                Some(format!("{player} blinks from {from:?} to {to:?}"))
            }
            Event::Died { player, by } if self.sees_player(player) => {
                Some(format!("{player} dies by {:?}", by.and_then(|by| self.if_seen(by))))
            }
            Event::Burned { player, health } if self.sees_player(player) => {
                Some(format!("{player} burns to {health}"))
            }
            Event::Left { player } if self.sees_player(player) => Some(format!("{player} leaves")),
            _ => None,
        }
    }
}

fn heading(fireball: &Fireball) -> (i64, i64) {
    let heading = fireball.direction() * 1e6;
    (heading.x as i64, heading.y as i64)
}

/// Converts a place to units.
pub(crate) fn units(place: Point) -> (f64, f64) {
    (f64::from(place.x()) / 32_768.0, f64::from(place.y()) / 32_768.0)
}
