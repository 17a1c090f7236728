//! A match that goes on after the process that ran it has died. Until its players are back, or have had their time, no tick
//! is stepped: nobody is hit while he cannot see. What is in a journal and where seats are kept is the server's business.

use bolide_net::ServerMessage;
use bolide_sim::{Command, Life, PlayerKind, World};
use uuid::Uuid;

use crate::config::RoomConfig;
use crate::fanout::{broadcast, tell};
use crate::lock::Lock;
use crate::output::{Lane, Output, SeatRecord};
use crate::play::Match;
use crate::room::Room;
use crate::seat::Seat;
use crate::token::Token;

/// A room as its process left it.
#[derive(Debug)]
pub struct Recovery {
    /// The match that was going on.
    pub id: Uuid,
    /// Counts the matches of the room from 1.
    pub number: u32,
    /// Its world, as far as its journal goes. What is appended to that must follow this very tick.
    pub world: World,
    /// The seats that were kept.
    pub seats: Vec<SeatRecord>,
    /// Whether it was locked. Without its creator's seat it is not any more.
    pub locked: bool,
}

/// Since a recovery, until the players are back.
pub(crate) struct Pause {
    /// The room's tick in which it ends, whoever is missing.
    until: u64,
    /// Who was missing when the room was last told.
    told: Vec<u16>,
}

impl Room {
    /// The room, with all its seats waiting for their sessions. The first tick steps nothing: see [`RoomPolicy::recovery_s`].
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
        if room.play.world.phase().outcome().is_some() {
            room.next_match_at = Some(u64::from(room.ticks(room.config.policy.intermission_s)));
        }
        room.play.pending = without_a_seat(&room);
        room
    }

    /// Whether the room waits for its players. They are told who is missing whenever that changes, and when it ends.
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

    /// The last of them may have come back: the next tick is stepped.
    pub(crate) fn end_pause_if_complete(&mut self) {
        if self.pause.is_some() && missing(&self.seats).is_empty() {
            self.end_pause();
        }
    }

    /// Whoever is not back by now is gone like anybody whose connection is lost: for the grace time.
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

    /// What a session that comes back is told of the pause.
    pub(crate) fn pause_message(&self) -> Option<ServerMessage> {
        let pause = self.pause.as_ref()?;
        Some(paused(missing(&self.seats), pause.until.saturating_sub(self.now)))
    }
}

/// Those whose sessions have not come back.
fn missing(seats: &[Seat]) -> Vec<u16> {
    let missing = seats.iter().filter(|seat| seat.taken && seat.connection.is_none());
    missing.map(|seat| seat.player.0).collect()
}

fn paused(missing: Vec<u16>, ticks: u64) -> ServerMessage {
    ServerMessage::Paused { missing, ticks_left: u32::try_from(ticks).unwrap_or(u32::MAX) }
}

/// Whether a bot has the seat's number: it had ended, and the process died before that was kept.
fn is_a_bots(world: &World, seat: &SeatRecord) -> bool {
    world.player(seat.player).is_some_and(|player| player.kind() != PlayerKind::Human)
}

fn kept(record: SeatRecord) -> Seat {
    let SeatRecord { player, name, token, previous_token, creator } = record;
    let mut seat =
        Seat::new(player, name, Token { newest: token, previous: previous_token }, creator);
    seat.taken = true;
    // Who it was that said something died with the process.
    seat.said_something = true;
    seat
}

/// People of the world whose seat is not kept: they had left, and the process died before that entered a tick.
fn without_a_seat(room: &Room) -> Vec<Command> {
    let players = room.play.world.players().iter();
    let gone = players.filter(|player| {
        player.kind() == PlayerKind::Human
            && !matches!(player.life, Life::Left { .. })
            && room.seats.iter().all(|seat| seat.player != player.id)
    });
    gone.map(|player| Command::Leave { player: player.id }).collect()
}
