//! Recovery of a match whose process has died. No tick is stepped until all players are back or
//! their time is over, so that no player is hit before it can see. Reading journals and stored
//! seats is the business of the server.

use bolide_net::ServerMessage;
use bolide_sim::{Command, Life, PlayerKind, World};
use uuid::Uuid;

use crate::config::RoomConfig;
use crate::matches::current_match::Match;
use crate::output::{Lane, Output, SeatRecord};
use crate::room::{Room, Stage};
use crate::roster::lock::Lock;
use crate::roster::seat::Seat;
use crate::roster::token::Token;
use crate::streams::fanout::{broadcast, tell};

/// A room as its process left it.
#[derive(Debug)]
pub struct Recovery {
    /// The match that was being played.
    pub id: Uuid,
    /// The number of the match in its room, counted from 1.
    pub number: u32,
    /// Its world at the end of its journal. Records that are appended to that journal must follow
    /// this very tick.
    pub world: World,
    /// The seats that were stored.
    pub seats: Vec<SeatRecord>,
    /// True if the room was locked. The lock ends if the creator's seat was not stored.
    pub locked: bool,
}

/// The wait for players after a recovery.
pub(crate) struct Pause {
    /// The room's tick in which it ends, even if players are missing.
    until: u64,
    /// The missing players that the clients were sent last.
    told: Vec<u16>,
}

impl Room {
    /// Recovers a room, with all its seats waiting for their sessions. The first tick steps
    /// nothing; see [`RoomPolicy::recovery_s`].
    ///
    /// [`RoomPolicy::recovery_s`]: crate::RoomPolicy::recovery_s
    #[must_use]
    pub fn recover(config: RoomConfig, recovery: Recovery) -> Room {
        let Recovery { id, number, world, mut seats, locked } = recovery;
        let ended: Vec<_> = seats.extract_if(.., |seat| is_a_bots(&world, seat)).collect();
        let mut room = Room::with_match(config, Match::recovered(id, number, world));
        let forget = |seat: SeatRecord| Output::Forget { player: seat.player };
        room.outputs.extend(ended.into_iter().map(forget));
        seats.sort_by_key(|seat| seat.player);
        room.seats = seats.into_iter().map(kept).collect();
        room.lock = Lock::recovered(locked && room.creator().is_some());
        room.recover_company();
        room.pause = Some(Pause {
            until: u64::from(room.ticks(room.config.policy.recovery_s)),
            told: Vec::new(),
        });
        if room.play.stage() == Stage::Over {
            room.next_match_at = Some(u64::from(room.ticks(room.config.policy.intermission_s)));
        }
        room.play.pending = without_a_seat(&room);
        room
    }

    /// Returns whether the room waits for its players. Clients are sent the missing players
    /// whenever they change, and the end of the wait.
    pub(crate) fn is_paused(&mut self) -> bool {
        let Some(pause) = &mut self.pause else { return false };
        let missing = missing(&self.seats);
        if missing.is_empty() || pause.until <= self.now {
            self.end_pause();
            return false;
        }
        if missing != pause.told {
            pause.told.clone_from(&missing);
            let message = paused(missing, pause.until - self.now);
            broadcast(&mut self.outputs, &self.seats, Lane::Reliable, &message);
        }
        true
    }

    /// Ends the pause if no player is missing any more, so that the next tick is stepped.
    pub(crate) fn end_pause_if_complete(&mut self) {
        if self.pause.is_some() && missing(&self.seats).is_empty() {
            self.end_pause();
        }
    }

    /// Ends the pause. Players that are still missing are treated like those that lost their
    /// connection: they have the grace time.
    fn end_pause(&mut self) {
        self.pause = None;
        for seat in &mut self.seats {
            match seat.connection {
                Some(connection) => tell(&mut self.outputs, connection, &paused(Vec::new(), 0)),
                None if seat.unsaved().is_none() => seat.session.dropped_at = Some(self.now),
                None => {}
            }
        }
        self.roster_changed = true;
    }

    /// Returns the message about the pause for a session that resumes.
    pub(crate) fn pause_message(&self) -> Option<ServerMessage> {
        let pause = self.pause.as_ref()?;
        Some(paused(missing(&self.seats), pause.until.saturating_sub(self.now)))
    }
}

/// Returns the players whose sessions have not resumed.
fn missing(seats: &[Seat]) -> Vec<u16> {
    let missing = seats.iter().filter(|seat| seat.taken && seat.connection.is_none());
    missing.map(|seat| seat.player.0).collect()
}

fn paused(missing: Vec<u16>, ticks: u64) -> ServerMessage {
    ServerMessage::Paused { missing, ticks_left: u32::try_from(ticks).unwrap_or(u32::MAX) }
}

/// Returns whether a bot has the seat's number. If so, the seat had been freed, and the process
/// died before that was stored.
fn is_a_bots(world: &World, seat: &SeatRecord) -> bool {
    world.player(seat.player).is_some_and(|player| player.kind() != PlayerKind::Human)
}

fn kept(record: SeatRecord) -> Seat {
    let SeatRecord { player, name, token, previous_token, creator } = record;
    let mut seat =
        Seat::new(player, name, Token { newest: token, previous: previous_token }, creator);
    seat.taken = true;
    // The set of seats that had sent something was lost with the process.
    seat.said_something = true;
    seat
}

/// Returns commands that remove the people of the world without a stored seat. They had left, and
/// the process died before that entered a tick.
fn without_a_seat(room: &Room) -> Vec<Command> {
    let players = room.play.world.players().iter();
    let gone = players.filter(|player| {
        player.kind() == PlayerKind::Human
            && !matches!(player.life, Life::Left { .. })
            && room.seats.iter().all(|seat| seat.player != player.id)
    });
    gone.map(|player| Command::Leave { player: player.id }).collect()
}
