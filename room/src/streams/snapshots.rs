//! The view of the world that clients are sent after each tick: events, then the snapshot. While
//! nothing is new, a snapshot is sent only twice a second. Without a vision radius all see the
//! same, in one frame of each kind. With one, each seat sees what its own eyes see, in frames of
//! its own, and nothing about these depends on anything else.

use bolide_net::{Ack, Snapshot, SyncMode};

use super::fanout::{broadcast, tell};
use super::snapshot_stream::{Audience, Clock, SnapshotStream};
use super::spectating::Turn;
use super::viewer::Viewer;
use crate::connection::Connection;
use crate::matches::current_match::CurrentMatch;
use crate::output::Outputs;
use crate::roster::Roster;
use crate::roster::seat::Seat;

/// States whether a tick sends snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    Send,
    Withhold,
}

/// The streams of a room in which all see the same.
#[derive(Default)]
pub(super) struct SharedStreams {
    /// The snapshots of all connections that want places.
    places: SnapshotStream,
    /// The snapshots of all connections that simulate.
    motions: SnapshotStream,
}

impl SharedStreams {
    /// Sends the events of a tick, and its snapshot.
    pub(super) fn send(
        &mut self,
        snapshots: Snapshots,
        roster: &mut Roster,
        current: &CurrentMatch,
        clock: Clock,
        outputs: &mut Outputs,
    ) {
        if let Some(events) = current.public_events() {
            broadcast(outputs, roster.connections(), &events);
        }
        if snapshots == Snapshots::Send {
            self.send_snapshots(roster.seats_mut(), current, clock, outputs);
        }
    }

    fn send_snapshots(
        &mut self,
        seats: &mut [Seat],
        current: &CurrentMatch,
        clock: Clock,
        outputs: &mut Outputs,
    ) {
        let mut acks = Vec::with_capacity(seats.len());
        let (mut simulating, mut placed) = (Audience::NOBODY, Audience::NOBODY);
        for seat in &*seats {
            if let Some(seq) = seat.newest_taken_seq() {
                acks.push(Ack { player: seat.player().0, seq });
            }
            if let Some(connection) = seat.connection_ref() {
                let audience = if simulates(connection) { &mut simulating } else { &mut placed };
                audience.add(connection);
            }
        }
        let places = current.snapshot(acks);
        if simulating.is_any {
            let motions = current.motions(&places, self.motions.last());
            let receivers = seats.iter_mut().filter_map(Seat::receiver);
            let receivers = receivers.filter(|connection| simulates(connection));
            let hash = |_: &Snapshot| places.view_hash();
            self.motions.send(motions, hash, clock, simulating, receivers, outputs);
        }
        if placed.is_any {
            let receivers = seats.iter_mut().filter_map(Seat::receiver);
            let receivers = receivers.filter(|connection| !simulates(connection));
            self.places.send(places, Snapshot::view_hash, clock, placed, receivers, outputs);
        }
    }
}

fn simulates(connection: &Connection) -> bool {
    connection.sync == SyncMode::Events
}

/// Sends each seat the events that it sees, and its snapshot.
pub(super) fn send_each(
    snapshots: Snapshots,
    roster: &mut Roster,
    turn: &Turn<'_>,
    clock: Clock,
    outputs: &mut Outputs,
) {
    let current = turn.current;
    let scene = current.scene();
    let may_turn = turn.is_open();
    for seat in roster.seats_mut() {
        if may_turn {
            turn_eyes(seat, turn, outputs);
        }
        let (player, ack) = (seat.player(), seat.newest_taken_seq());
        let Some((connection, viewer)) = seat.watcher() else { continue };
        let Viewer { observer, spectator, stream } = viewer;
        let eyes = spectator.eyes(player);
        let (snapshot, events) = observer.look(&scene, player, eyes, ack, current.events());
        if let Some(events) = current.events_message(events) {
            tell(outputs, *connection, &events);
        }
        if snapshots == Snapshots::Withhold {
            continue;
        }
        let audience = Audience::of(connection);
        let receivers = std::iter::once(connection);
        stream.send(snapshot, Snapshot::view_hash, clock, audience, receivers, outputs);
    }
}

/// Gives a seat other eyes if that is due, and tells its client.
fn turn_eyes(seat: &mut Seat, turn: &Turn<'_>, outputs: &mut Outputs) {
    let (player, connection) = (seat.player(), seat.connection());
    let spectator = &mut seat.viewer_mut().spectator;
    if turn.current.is_alive(player) != Some(true)
        && spectator.turn(player, turn)
        && let (Some(connection), Some(message)) = (connection, spectator.message())
    {
        tell(outputs, connection, &message);
    }
}
