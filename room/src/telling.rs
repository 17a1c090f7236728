//! What everybody in the room is told: roster, match, events, snapshots, and to each seat what is its own.

use bolide_net::{
    Ack, Delta, Events, MatchEndReason, Placement, Private, RefusedInput, RosterEntry,
    ServerMessage, Snapshot, SyncMode, WireEvent,
};
use bolide_sim::{Event, PlayerId, Refusal};

use crate::fanout::{Shared, broadcast, tell};
use crate::output::{Lane, Output};
use crate::room::Room;
use crate::seat::Told;

impl Room {
    pub(crate) fn send_roster(&mut self) {
        if !std::mem::take(&mut self.roster_changed) {
            return;
        }
        let people = self.seats.iter().map(|seat| RosterEntry {
            id: seat.player.0,
            name: seat.name.as_str().to_owned(),
            bot: false,
            connected: seat.connection.is_some(),
        });
        let bots = self.bots.iter().map(|bot| RosterEntry {
            id: bot.player.0,
            name: bot.name.clone(),
            bot: true,
            connected: true,
        });
        let mut players: Vec<_> = people.chain(bots).collect();
        players.sort_by_key(|entry| entry.id);
        broadcast(
            &mut self.outputs,
            &self.seats,
            Lane::Reliable,
            &ServerMessage::Roster { players },
        );
    }

    /// Says who takes part, when that has changed.
    pub(crate) fn send_match(&mut self) {
        let seats = self.play.world.players().iter().map(|player| player.id.0);
        if !seats.clone().eq(self.seats_told.iter().copied()) {
            self.seats_told = seats.collect();
            let message = self.match_message();
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &message);
        }
    }

    pub(crate) fn match_message(&self) -> ServerMessage {
        ServerMessage::Match {
            id: self.play.id.to_string(),
            number: self.play.number,
            seats: self.play.world.players().iter().map(|player| player.id.0).collect(),
        }
    }

    pub(crate) fn result_message(&self) -> ServerMessage {
        let world = &self.play.world;
        let placement = |(id, place): (PlayerId, u16)| {
            let (hits, kills) =
                world.player(id).map_or((0, 0), |player| (player.hits, player.kills));
            Placement { id: id.0, place, hits, kills }
        };
        let outcome = world.phase().outcome();
        let left = self.next_match_at.map_or(0, |at| at.saturating_sub(self.now));
        ServerMessage::Result {
            winner: outcome.and_then(|outcome| outcome.winner).map(|winner| winner.0),
            reason: outcome.map_or(MatchEndReason::LastStanding, |outcome| outcome.reason.into()),
            placements: world.placements().into_iter().map(placement).collect(),
            next_in_ticks: u32::try_from(left).unwrap_or(u32::MAX),
        }
    }

    /// Events, then the snapshot, then what each seat alone is told. Nothing new, nothing sent, but twice a second.
    pub(crate) fn send_tick(&mut self) {
        self.send_events();
        let acks = self.seats.iter().filter(|seat| seat.inputs.taken_seq() > 0);
        let acks =
            acks.map(|seat| Ack { player: seat.player.0, seq: seat.inputs.taken_seq() }).collect();
        let snapshot = Snapshot::capture(&self.play.world, acks);
        let heartbeat = self.now - self.last_sent_at >= u64::from(self.ticks(HEARTBEAT_S));
        if self.must_send || heartbeat || !snapshot.is_only_later_than(&self.last_snapshot) {
            self.must_send = false;
            self.last_sent_at = self.now;
            self.send_snapshot(snapshot);
        }
        self.send_private();
    }

    /// Whoever has been handed the last snapshot gets the difference to it, everybody else the whole: one frame of each
    /// kind per format, shared.
    fn send_snapshot(&mut self, snapshot: Snapshot) {
        let mut delta = Delta::between(&self.last_snapshot, &snapshot);
        if self.now - self.last_hash_at >= u64::from(self.ticks(HASH_S)) {
            self.last_hash_at = self.now;
            delta.hash = Some(snapshot.view_hash());
        }
        let (delta, whole) = (ServerMessage::Delta(delta), ServerMessage::Snapshot(snapshot));
        let (mut deltas, mut wholes) = (Shared::new(&delta), Shared::new(&whole));
        for connection in self.seats.iter_mut().filter_map(|seat| seat.connection.as_mut()) {
            let (lane, shared) = match (connection.sync, connection.in_step) {
                (SyncMode::State, true) => (Lane::Chained, &mut deltas),
                (SyncMode::State, false) | (SyncMode::Full, _) => (Lane::Latest, &mut wholes),
            };
            connection.in_step = true;
            let frame = shared.frame(connection.codec);
            self.outputs.push_back(Output::Send { to: connection.id, lane, frame });
        }
        if let ServerMessage::Snapshot(snapshot) = whole {
            self.last_snapshot = snapshot;
        }
    }

    pub(crate) fn send_events(&mut self) {
        let events: Vec<_> = self.play.events.iter().filter_map(WireEvent::public).collect();
        if !events.is_empty() {
            let events = ServerMessage::Events(Events { tick: self.play.world.tick().0, events });
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &events);
        }
    }

    pub(crate) fn send_private(&mut self) {
        let refused = |player: PlayerId| -> Option<Refusal> {
            self.play.events.iter().find_map(|event| match event {
                Event::Refused { player: who, why } if *who == player => Some(*why),
                _ => None,
            })
        };
        for seat in &mut self.seats {
            let (Some(connection), Some(player)) =
                (seat.connection, self.play.world.player(seat.player))
            else {
                continue;
            };
            let rewind_ticks_max = seat.rtt.rewind_ticks_max(&self.config.mode.rules);
            let (fireball_ready, blink_ready) = (player.fireball_ready.0, player.blink_ready.0);
            let told = Told { fireball_ready, blink_ready, rewind_ticks_max };
            let refused = refused(seat.player);
            if seat.told == Some(told) && refused.is_none() {
                continue;
            }
            seat.told = Some(told);
            let seq = seat.inputs.last_taken_seq();
            let private = Private {
                tick: self.play.world.tick().0,
                fireball_ready,
                blink_ready,
                refused: refused.map(|why| RefusedInput::new(seq, why)).into_iter().collect(),
                rewind_ticks_max,
            };
            tell(&mut self.outputs, connection, &ServerMessage::Private(private));
        }
    }

    /// Once a second, each connection in its own tick of that second, so that the answers do not come all at once.
    pub(crate) fn send_pings(&mut self) {
        let second = u64::from(self.ticks(1.0));
        for seat in &mut self.seats {
            let Some(connection) = seat.connection else { continue };
            if (self.now + u64::from(seat.player.0)).is_multiple_of(second) {
                let nonce = seat.rtt.ping(self.now);
                tell(&mut self.outputs, connection, &ServerMessage::Ping { nonce });
            }
        }
    }
}

/// Seconds between two deltas that carry the hash of the view.
const HASH_S: f32 = 1.0;

/// Seconds between two snapshots when nothing is new.
const HEARTBEAT_S: f32 = 0.5;
