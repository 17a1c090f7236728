//! The other side of secrecy: what is in sight is told, and told truly. One world is looked at by
//! seats with their own eyes, with those of others, and without a body.

use std::collections::{BTreeMap, BTreeSet};

use bolide_net::{Ack, FireballState, Observer, PlayerState, Scene, Snapshot, WireEvent};
use bolide_sim::{Event, FireballId, Motion, Phase, PlayerId, Point, World};

use crate::dice::Dice;
use crate::eyes::{Eyes, units};
use crate::played;

/// Largest distance in units between a fireball and where its receiver computes it.
const SLACK: f64 = 0.002;

/// One seat, and what it was told so far.
struct Seat {
    seat: PlayerId,
    looks: PlayerId,
    observer: Observer,
    /// The numbers of the fireballs that are in sight. One that comes back has another number.
    numbers: BTreeMap<FireballId, u32>,
    /// All numbers of fireballs that it was told of.
    all: BTreeSet<u32>,
    before: Vec<FireballState>,
}

/// Counts of what was compared.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) players: usize,
    pub(crate) fireballs: usize,
    pub(crate) events: usize,
    /// Pairs of hits of one victim in one tick.
    pub(crate) double_hits: usize,
}

/// Plays matches until enough double hits have been seen.
pub(crate) fn play(dice: &mut Dice, told: &mut Told) {
    let mut world = played::begin(dice);
    let seats = [(0, 0), (1, 1), (2, 3), (played::PLAYERS, played::PLAYERS), (4, 900)];
    let mut seats = seats.map(|(seat, looks)| Seat {
        seat: PlayerId(seat),
        looks: PlayerId(looks),
        observer: Observer::default(),
        numbers: BTreeMap::new(),
        all: BTreeSet::new(),
        before: Vec::new(),
    });
    while !matches!(world.phase(), Phase::Waiting | Phase::Over { .. }) {
        let mut events = Vec::new();
        world.step(&played::inputs(&world, dice), &mut events);
        for seat in &mut seats {
            seat.look(&world, &events, told);
        }
        everything(&world, &events);
    }
    for seat in seats {
        assert!((0..).zip(&seat.all).all(|(expect, number)| expect == *number), "a gap");
    }
}

impl Seat {
    fn look(&mut self, world: &World, events: &[Event], told: &mut Told) {
        let eyes = Eyes::of(world, self.seat, self.looks);
        let ack = world.tick().0.is_multiple_of(2).then_some(world.tick().0);
        let looks = bolide_net::Eyes::Of(self.looks);
        let scene = Scene::of(world);
        let (snapshot, seen) = self.observer.look(&scene, self.seat, looks, ack, events);

        let players = world.players().iter().filter(|player| eyes.sees_player(player.id));
        let expect: Vec<(u16, Point, u16)> =
            players.map(|player| (player.id.0, player.at, player.health)).collect();
        assert_eq!(states(&snapshot), expect);
        let acks: Vec<Ack> = ack.map(|seq| Ack { player: self.seat.0, seq }).into_iter().collect();
        assert_eq!(snapshot.acks, acks);
        assert_eq!((snapshot.phase, snapshot.phase_ends), phase(world));

        self.fireballs(world, &eyes, &snapshot);
        let hits = self.events(&eyes, events, &seen);
        told.players += snapshot.players.len();
        told.fireballs += snapshot.fireballs.len();
        told.events += seen.len();
        told.double_hits += hits;
        self.all.extend(self.numbers.values());
        let in_sight = |id: &FireballId| {
            let flying = world.fireballs().iter().find(|fireball| fireball.id == *id);
            flying.is_some_and(|fireball| eyes.sees(world.fireball_place(fireball)))
        };
        self.numbers.retain(|id, _| in_sight(id));
        self.before = snapshot.fireballs;
    }

    /// Compares the fireballs that the seat was told of with those in sight, by their places.
    fn fireballs(&mut self, world: &World, eyes: &Eyes<'_>, snapshot: &Snapshot) {
        let in_sight: Vec<_> = world
            .fireballs()
            .iter()
            .map(|fireball| (fireball, world.fireball_place(fireball)))
            .filter(|(_, place)| eyes.sees(*place))
            .collect();
        assert_eq!(snapshot.fireballs.len(), in_sight.len());
        for told in &snapshot.fireballs {
            let known = self.before.iter().find(|before| before.id == told.id);
            assert!(known.is_none_or(|known| known == told), "{known:?} became {told:?}");
            let at = place_of(told, world);
            let is_told = |(fireball, place): &&(&bolide_sim::Fireball, Point)| {
                let number = self.numbers.get(&fireball.id);
                number.is_none_or(|number| *number == told.id) && apart(at, units(*place)) < SLACK
            };
            let Some((fireball, place)) = in_sight.iter().find(is_told) else {
                panic!("{told:?} at {at:?} is none of {in_sight:?}")
            };
            if known.is_none() && told.since == world.tick().0 {
                let owner = eyes.sees_player(fireball.owner).then_some(fireball.owner.0);
                assert_eq!((told.from, told.owner), (*place, owner));
            }
            let length = apart(units(told.from), units(told.toward));
            assert!((length - f64::from(world.rules().fireball_range)).abs() < SLACK, "{told:?}");
            self.numbers.insert(fireball.id, told.id);
        }
    }

    /// Compares the events with those in sight, whatever their order. Returns the pairs of hits of
    /// one victim.
    fn events(&mut self, eyes: &Eyes<'_>, events: &[Event], seen: &[WireEvent]) -> usize {
        let in_sight = || events.iter().filter_map(|event| eyes.event(event));
        let mut expect: Vec<WireEvent> = in_sight().map(plain).collect();
        let mut told: Vec<WireEvent> = seen.iter().copied().map(plain).collect();
        expect.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expect);
        let hits = |list: &[WireEvent]| -> Vec<(u16, u16)> {
            list.iter()
                .filter_map(|event| match event {
                    WireEvent::Hit { victim, health, .. } => Some((*victim, *health)),
                    _ => None,
                })
                .collect()
        };
        let (told, mut in_world) = (hits(seen), hits(&in_sight().collect::<Vec<_>>()));
        let mut sorted = told.clone();
        sorted.sort_unstable();
        in_world.sort_unstable();
        assert_eq!(sorted, in_world);
        for (event, id) in events.iter().filter_map(|event| Some((event, fireball_of(event)?))) {
            let Some(expect) = eyes.event(event) else { continue };
            self.number(seen, plain(expect), id);
        }
        let pairs = |(index, first): (usize, &(u16, u16))| {
            let later = told[index + 1..].iter().filter(|hit| hit.0 == first.0);
            later.inspect(|hit| assert!(hit.1 <= first.1, "healths fall: {told:?}")).count()
        };
        told.iter().enumerate().map(pairs).sum()
    }

    /// Checks that an event was told with the number of its fireball, or with a new one.
    fn number(&mut self, seen: &[WireEvent], expect: WireEvent, id: FireballId) {
        let alike = seen.iter().filter(|event| plain(**event) == expect);
        let mut told = alike.filter_map(number_of);
        match self.numbers.get(&id) {
            Some(number) => assert!(told.any(|told| told == *number), "{expect:?}: {seen:?}"),
            None => {
                let is_new = |told: &u32| self.numbers.values().all(|known| known != told);
                let new = told.find(is_new).expect("a fireball that is new has a new number");
                self.numbers.insert(id, new);
            }
        }
    }
}

/// Checks what those are told from whom nothing is hidden.
fn everything(world: &World, events: &[Event]) {
    let all = Snapshot::capture(world, vec![Ack { player: 3, seq: 5 }]);
    let players: Vec<(u16, Point, u16)> =
        world.players().iter().map(|player| (player.id.0, player.at, player.health)).collect();
    assert_eq!(states(&all), players);
    assert_eq!(all.acks, [Ack { player: 3, seq: 5 }]);
    assert_eq!((all.phase, all.phase_ends), phase(world));
    let ids: Vec<u32> = world.fireballs().iter().map(|fireball| fireball.id.0).collect();
    assert_eq!(all.fireballs.iter().map(|fireball| fireball.id).collect::<Vec<_>>(), ids);
    let public = events.iter().filter_map(WireEvent::public);
    let numbers: Vec<u32> = public.clone().filter_map(|event| number_of(&event)).collect();
    let expect: Vec<u32> = events.iter().filter_map(fireball_of).map(|id| id.0).collect();
    assert_eq!(numbers, expect);

    let (scene, eyes) = (Scene::of(world), bolide_net::Eyes::All);
    let (told, seen) = Observer::default().look(&scene, PlayerId(0), eyes, None, events);
    assert_eq!(states(&told), players);
    assert_eq!(told.fireballs.len(), ids.len());
    assert_eq!(seen.len(), public.count());
}

fn states(snapshot: &Snapshot) -> Vec<(u16, Point, u16)> {
    let state = |player: &PlayerState| match player.motion {
        Motion::Stand { at } => (player.id, at, player.health),
        other => panic!("{other:?} instead of a place"),
    };
    snapshot.players.iter().map(state).collect()
}

fn phase(world: &World) -> (u8, Option<u32>) {
    match world.phase() {
        Phase::Waiting => (0, None),
        Phase::Countdown { ends } => (1, Some(ends.0)),
        Phase::Fighting { ends, .. } => (2, Some(ends.0)),
        Phase::Over { .. } => (3, None),
    }
}

const fn fireball_of(event: &Event) -> Option<FireballId> {
    match *event {
        Event::Shot { fireball, .. }
        | Event::Fizzled { fireball, .. }
        | Event::Hit { fireball, .. } => Some(fireball),
        _ => None,
    }
}

const fn number_of(event: &WireEvent) -> Option<u32> {
    match *event {
        WireEvent::Shot { fireball, .. }
        | WireEvent::Fizzled { fireball, .. }
        | WireEvent::Hit { fireball, .. } => Some(fireball),
        _ => None,
    }
}

/// Returns the event without the number of its fireball and without the health, which two hits may
/// have in either order.
const fn plain(mut event: WireEvent) -> WireEvent {
    match &mut event {
        WireEvent::Shot { fireball, .. } | WireEvent::Fizzled { fireball, .. } => *fireball = 0,
        WireEvent::Hit { fireball, health, .. } => (*fireball, *health) = (0, 0),
        _ => {}
    }
    event
}

/// Returns where a receiver computes a fireball, in units.
fn place_of(told: &FireballState, world: &World) -> (f64, f64) {
    let ((x, y), (to_x, to_y)) = (units(told.from), units(told.toward));
    let seconds = f64::from(world.tick().0 - told.since) / f64::from(world.rules().tick_rate.hz());
    let flown = seconds * f64::from(world.rules().fireball_speed);
    let share = flown / apart((x, y), (to_x, to_y));
    (x + (to_x - x) * share, y + (to_y - y) * share)
}

fn apart(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}
