//! A pair of worlds, and one seat that looks at both.

use bolide_net::{
    Codec, Delta, Events, Eyes, Frame, Observer, Scene, ServerMessage, Snapshot, WireEvent,
};
use bolide_sim::{Command, PlayerId, World};

use crate::eyes::{self, Visible};

/// Two worlds that a seat cannot tell apart so far.
pub(crate) struct Pair {
    pub(crate) worlds: [World; 2],
    observers: [Observer; 2],
    last: [Snapshot; 2],
    seat: PlayerId,
    /// The player whose eyes the seat has.
    looks: PlayerId,
    differs: bool,
}

/// Counts of the pairs' contents: a test that compared nothing would prove nothing.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pairs: u32,
    pub(crate) ticks: u32,
    pub(crate) players: u32,
    pub(crate) fireballs: u32,
    /// Ticks with a fireball whose thrower is out of sight.
    pub(crate) strangers: u32,
    /// Ticks with a fireball that flies along no axis.
    pub(crate) slanted: u32,
    pub(crate) events: u32,
    /// Ticks with a hit whose thrower is out of sight.
    pub(crate) unknown_hits: u32,
    /// Ticks with a hit in a past that was out of sight.
    pub(crate) past_hits: u32,
    /// Ticks with an event in either world that was out of sight.
    pub(crate) hidden_events: u32,
    pub(crate) dead: u32,
    /// Ticks with a death in sight whose cause is not visible.
    pub(crate) unknown_deaths: u32,
    /// Ticks seen with the eyes of another player.
    pub(crate) borrowed: u32,
}

impl Pair {
    pub(crate) fn new(world: &World, observer: &Observer, seat: PlayerId, looks: PlayerId) -> Pair {
        let worlds = [world.clone(), world.clone()];
        let observers = [observer.clone(), observer.clone()];
        Pair { worlds, observers, last: Default::default(), seat, looks, differs: false }
    }

    /// Returns whether a player is in sight in either world.
    pub(crate) fn sees(&self, player: PlayerId) -> bool {
        let sees = |world| eyes::Eyes::of(world, self.seat, self.looks).sees_player(player);
        self.worlds.iter().any(sees)
    }

    /// Steps both worlds. Returns false when the seat can see a difference. Otherwise it must be
    /// sent the same bytes.
    pub(crate) fn step(&mut self, commands: [&[Command]; 2], seen: &mut Seen) -> bool {
        let mut events = [Vec::new(), Vec::new()];
        let mut visible = Vec::new();
        for index in [0, 1] {
            let before = self.worlds[index].clone();
            self.worlds[index].step(commands[index], &mut events[index]);
            let after = &self.worlds[index];
            let eyes = eyes::Eyes::of(after, self.seat, self.looks);
            visible.push(Visible::of(&before, &eyes, &events[index]));
        }
        if visible[0] != visible[1] {
            return false;
        }
        let frames = [0, 1].map(|index| self.frames(index, &events[index]));
        assert_eq!(frames[0], frames[1], "seat {}: {:#?}\n{events:#?}", self.seat, visible[0]);
        if self.worlds[0].hash() != self.worlds[1].hash() {
            seen.pairs += u32::from(!self.differs);
            self.differs = true;
            let hidden = events[0].len().max(events[1].len()) - visible[0].events.len();
            seen.count(&visible[0], hidden, &self.worlds[0], self.seat);
            seen.borrowed += u32::from(self.looks != self.seat);
            let eyes = eyes::Eyes::of(&self.worlds[0], self.seat, self.looks);
            seen.past_hits += u32::from(events[0].iter().any(|event| eyes.misses_past_of(event)));
        }
        true
    }

    /// Encodes everything that the seat could be sent of a tick, in both formats.
    fn frames(&mut self, index: usize, events: &[bolide_sim::Event]) -> Vec<Frame> {
        let (world, eyes) = (&self.worlds[index], Eyes::Of(self.looks));
        let (next, events) =
            self.observers[index].look(&Scene::of(world), self.seat, eyes, Some(9), events);
        let events = ServerMessage::Events(Events { tick: next.tick, events });
        let mut delta = Delta::between(&self.last[index], &next);
        delta.set_hash(next.view_hash());
        let encode = |codec: Codec| {
            let (whole, delta) = (codec.encode_snapshot(&next), codec.encode_delta(&delta));
            [whole, delta, codec.encode_server(&events)]
        };
        let frames = Codec::ALL.into_iter().flat_map(encode).collect();
        self.last[index] = next;
        frames
    }
}

impl Seen {
    fn count(&mut self, visible: &Visible, hidden: usize, world: &World, seat: PlayerId) {
        let any = |is: fn(&WireEvent) -> bool| visible.events.iter().any(|(event, _)| is(event));
        self.ticks += 1;
        self.players += u32::from(visible.players.len() > 1);
        self.fireballs += u32::from(!visible.fireballs.is_empty());
        self.strangers += u32::from(visible.fireballs.iter().any(|(_, _, owner)| owner.is_none()));
        let is_slanted = |heading: (i64, i64)| heading.0 != 0 && heading.1 != 0;
        self.slanted += u32::from(visible.fireballs.iter().any(|(_, it, _)| is_slanted(*it)));
        self.unknown_deaths += u32::from(any(|it| matches!(it, WireEvent::Died { by: None, .. })));
        self.events += u32::from(!visible.events.is_empty());
        self.unknown_hits += u32::from(any(|it| matches!(it, WireEvent::Hit { by: None, .. })));
        self.hidden_events += u32::from(hidden > 0);
        self.dead += u32::from(world.player(seat).is_some_and(|player| !player.is_alive()));
    }
}
