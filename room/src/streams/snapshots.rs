//! The view of the world that clients are sent after each tick. Without a vision radius all see the
//! same, in one frame of each kind. With one, each seat sees what its own eyes see, in frames of
//! its own, and nothing about these depends on anything else.

use bolide_net::{Ack, Events, Scene, ServerMessage, Snapshot, SyncMode, WireEvent};

use crate::output::Lane;
use crate::room::{Room, Snapshots};
use crate::roster::seat::{Connection, Seat};
use crate::streams::fanout::{broadcast, tell};
use crate::streams::snapshot_stream::Clock;
use crate::streams::spectating::Turn;

impl Room {
    /// Sends events, then the snapshot. While nothing is new, a snapshot is sent only twice a
    /// second.
    pub(crate) fn show_tick(&mut self, snapshots: Snapshots) {
        if self.play.world.rules().vision_radius.is_some() {
            self.show_each(snapshots);
        } else {
            self.show_events();
            if snapshots == Snapshots::Send {
                self.show_all();
            }
        }
    }

    fn show_events(&mut self) {
        let events: Vec<_> = self.play.events.iter().filter_map(WireEvent::public).collect();
        if !events.is_empty() {
            let events = Events { tick: self.play.world.tick().0, events };
            let events = ServerMessage::Events(events);
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &events);
        }
    }

    fn show_all(&mut self) {
        let clock = self.clock();
        let world = &self.play.world;
        let mut acks = Vec::with_capacity(self.seats.len());
        acks.extend(
            self.seats.iter().filter_map(|seat| {
                newest_taken(seat).map(|seq| Ack { player: seat.player.0, seq })
            }),
        );
        let places = Snapshot::capture(world, acks);
        let (mut simulating, mut placed) = (Audience::default(), Audience::default());
        for connection in self.seats.iter().filter_map(|seat| seat.connection.as_ref()) {
            let audience = if simulates(connection) { &mut simulating } else { &mut placed };
            audience.any = true;
            audience.newcomers |= !connection.in_step;
        }
        let connections = self.seats.iter_mut().filter_map(|seat| seat.connection.as_mut());
        if simulating.any {
            let motions = places.followed_from(self.motions.last(), world);
            let receivers = connections.filter(|connection| simulates(connection));
            let hash = |_: &Snapshot| places.view_hash();
            let newcomers = simulating.newcomers;
            self.motions.send(motions, hash, clock, newcomers, receivers, &mut self.outputs);
        }
        let connections = self.seats.iter_mut().filter_map(|seat| seat.connection.as_mut());
        if placed.any {
            let receivers = connections.filter(|connection| !simulates(connection));
            let (hash, newcomers) = (Snapshot::view_hash, placed.newcomers);
            self.places.send(places, hash, clock, newcomers, receivers, &mut self.outputs);
        }
    }

    fn show_each(&mut self, snapshots: Snapshots) {
        let clock = self.clock();
        let world = &self.play.world;
        let scene = Scene::of(world);
        let turn = Turn {
            world,
            events: &self.play.events,
            spectators: self.config.policy.spectators,
            now: self.now,
            last_look_ticks: self.spans.last_look,
        };
        let may_turn = turn.is_open();
        for seat in &mut self.seats {
            if may_turn {
                seat.turn_eyes(&turn, &mut self.outputs);
            }
            let ack = newest_taken(seat);
            let (Some(connection), session) = (&mut seat.connection, &mut seat.session) else {
                continue;
            };
            let events = &self.play.events;
            let eyes = session.spectator.eyes(seat.player);
            let (snapshot, events) = session.observer.look(&scene, seat.player, eyes, ack, events);
            if !events.is_empty() {
                let events = ServerMessage::Events(Events { tick: world.tick().0, events });
                tell(&mut self.outputs, *connection, &events);
            }
            if snapshots == Snapshots::Withhold {
                continue;
            }
            let (hash, newcomers) = (Snapshot::view_hash, !connection.in_step);
            let receivers = std::iter::once(connection);
            session.stream.send(snapshot, hash, clock, newcomers, receivers, &mut self.outputs);
        }
    }

    const fn clock(&self) -> Clock {
        Clock { now: self.now, heartbeat_ticks: self.spans.heartbeat, hash_ticks: self.spans.hash }
    }
}

/// The connections that share a stream.
#[derive(Default)]
struct Audience {
    any: bool,
    /// True if one of them has no snapshot yet.
    newcomers: bool,
}

fn simulates(connection: &Connection) -> bool {
    connection.sync == SyncMode::Events
}

/// Returns the newest input of a seat that a tick has taken, if there is one.
fn newest_taken(seat: &Seat) -> Option<u32> {
    Some(seat.inputs.taken_seq()).filter(|seq| *seq > 0)
}
