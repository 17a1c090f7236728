//! Messages about the room: welcome, roster and match, and to each seat its private state. Views of
//! the world are in `snapshots.rs`.

use bolide_net::{PROTOCOL_VERSION, RosterEntry, SCHEMA_HASH, ServerMessage, Welcome};

use super::fanout::tell;
use super::viewer::SentPrivate;
use crate::config::RoomConfig;
use crate::matches::bots::Bot;
use crate::matches::current_match::CurrentMatch;
use crate::output::Outputs;
use crate::roster::Roster;
use crate::roster::seat::Seat;
use crate::terms::Terms;

/// Returns the welcome for a session. `token` resumes its seat.
pub(crate) fn welcome(
    config: &RoomConfig,
    current: &CurrentMatch,
    seat: &Seat,
    token: String,
    grace_ticks: u64,
) -> ServerMessage {
    ServerMessage::Welcome(Box::new(Welcome {
        protocol: PROTOCOL_VERSION,
        schema: format!("{SCHEMA_HASH:016x}"),
        server: config.server.clone(),
        room: config.id.as_str().to_owned(),
        code: config.code.map(|code| code.as_str().to_owned()),
        mode: config.mode.name.clone(),
        seat: seat.player().0,
        resume: token,
        seq: seat.newest_seq(),
        tick_rate: Terms::of(&config.mode.rules).rate.hz(),
        grace_ticks: u32::try_from(grace_ticks).unwrap_or(u32::MAX),
        rules: current.rules_message(),
    }))
}

/// Returns the message with all people and bots.
pub(super) fn roster_message(roster: &Roster, bots: &[Bot]) -> ServerMessage {
    let people = roster.seats().iter().filter(|seat| seat.is_taken()).map(|seat| RosterEntry {
        id: seat.player().0,
        name: seat.name().to_owned(),
        bot: false,
        connected: seat.connection().is_some(),
        idle: seat.is_idle(),
        ready: seat.wants_rematch(),
    });
    let bots = bots.iter().map(|bot| RosterEntry {
        id: bot.player.0,
        name: bot.name.clone(),
        bot: true,
        connected: true,
        idle: false,
        ready: false,
    });
    let mut players: Vec<_> = people.chain(bots).collect();
    players.sort_by_key(|entry| entry.id);
    ServerMessage::Roster { players }
}

/// Returns the message with the current match and its participants.
pub(crate) fn match_message(current: &CurrentMatch) -> ServerMessage {
    ServerMessage::Match {
        id: current.id().to_string(),
        number: current.number(),
        seats: current.members().map(|member| member.player.0).collect(),
    }
}

/// Sends each seat its private state if that has changed, and the refusal of its input if the rules
/// refused it in this tick.
pub(super) fn send_private(roster: &mut Roster, current: &CurrentMatch, outputs: &mut Outputs) {
    for seat in roster.seats_mut() {
        let (player, rewind_ticks_max) = (seat.player(), seat.rewind_ticks_max());
        let Some(connection) = seat.connection() else { continue };
        let Some(state) = current.private_state(player) else { continue };
        let refused = current.refused_input(player, seat.last_taken_seq());
        let private = SentPrivate { state, rewind_ticks_max };
        if seat.has_private(private) && refused.is_none() {
            continue;
        }
        seat.note_private(private);
        tell(outputs, connection, &current.private_message(state, refused, rewind_ticks_max));
    }
}
