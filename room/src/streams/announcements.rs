//! Messages about the room: roster, match and result to all, and to each seat its private state.
//! Views of the world are in `snapshots.rs`.

use bolide_net::{MatchEndReason, Placement, Private, RefusedInput, RosterEntry, ServerMessage};
use bolide_sim::{Event, PlayerId, Refusal};

use crate::output::Lane;
use crate::room::Room;
use crate::roster::seat::SentPrivate;
use crate::streams::fanout::{broadcast, tell};

impl Room {
    pub(crate) fn send_roster(&mut self) {
        if !std::mem::take(&mut self.roster_changed) {
            return;
        }
        let people = self.seats.iter().filter(|seat| seat.taken).map(|seat| RosterEntry {
            id: seat.player.0,
            name: seat.session.name.as_str().to_owned(),
            bot: false,
            connected: seat.connection.is_some(),
            idle: seat.session.idle_since.is_some(),
            ready: seat.wants_rematch,
        });
        let bots = self.company.bots.iter().map(|bot| RosterEntry {
            id: bot.player.0,
            name: bot.name.clone(),
            bot: true,
            connected: true,
            idle: false,
            ready: false,
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

    /// Sends the participants of the match when they have changed.
    pub(crate) fn send_match(&mut self) {
        let seats = self.play.world.players().iter().map(|player| player.id.0);
        let told = self.last_sent_seats.as_ref();
        if !told.is_some_and(|told| seats.clone().eq(told.iter().copied())) {
            self.last_sent_seats = Some(seats.collect());
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
            let rewind_ticks_max = seat.rewind_ticks_max;
            let (fireball_ready, blink_ready) = (player.fireball_ready.0, player.blink_ready.0);
            let told = SentPrivate { fireball_ready, blink_ready, rewind_ticks_max };
            let refused = refused(seat.player);
            if seat.sent_private == Some(told) && refused.is_none() {
                continue;
            }
            seat.sent_private = Some(told);
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

    /// Pings each connection once a second, in its own tick of that second or the next one with a
    /// snapshot, so that the answers are spread out.
    pub(crate) fn send_pings(&mut self) {
        for seat in &mut self.seats {
            let Some(connection) = seat.connection else { continue };
            let pings = |tick: u64| (tick + u64::from(seat.player.0)) / self.spans.second;
            if pings(self.shown_at) < pings(self.now) {
                let nonce = seat.session.rtt.ping(self.now);
                tell(&mut self.outputs, connection, &ServerMessage::Ping { nonce });
            }
        }
    }
}
