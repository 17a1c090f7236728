//! The shell around the room of a script. It carries out the room's requests at once, and keeps the
//! messages to clients.

use std::collections::BTreeMap;

use bolide_net::{
    ClientMessage, CloseCode, Codec, Frame, InputMessage, PlayerName, Private, RoomCode,
    RosterEntry, ServerMessage, Snapshot, SyncMode, Welcome, WireEvent,
};
use bolide_room::{
    ConnectionId, Join, JoinError, JournalRecords, Lane, MatchTicket, Output, Recovery, Resume,
    Room, RoomConfig, RoomId, RoomPolicy, RoomStatus, SeatRecord, Stage,
};
use bolide_sim::journal::recover;
use bolide_sim::{Input, PlayerId, Point, preset};
use uuid::Uuid;

pub(crate) const ADA: ConnectionId = ConnectionId(1);
pub(crate) const BEA: ConnectionId = ConnectionId(2);
pub(crate) const CAT: ConnectionId = ConnectionId(3);

/// A room whose outputs are drained after each call, as the contract demands, and decoded.
pub(crate) struct Shell {
    pub(crate) room: Room,
    pub(crate) tickets: u64,
    pub(crate) told: Vec<(ConnectionId, Lane, ServerMessage)>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) closed: Vec<(ConnectionId, CloseCode)>,
    /// The players whose seats need not be stored any longer.
    pub(crate) forgotten: Vec<PlayerId>,
    /// The journal of each match, segment by segment.
    pub(crate) journals: BTreeMap<Uuid, Vec<Vec<u8>>>,
    pub(crate) views: BTreeMap<ConnectionId, Snapshot>,
    pub(crate) deltas: u32,
}

impl Shell {
    pub(crate) fn new(mode: &str, policy: RoomPolicy) -> Shell {
        Shell::of(config(mode, policy))
    }

    /// Creates a room that is opened by a code.
    pub(crate) fn private(mode: &str, policy: RoomPolicy) -> Shell {
        let code = Some(RoomCode::of_random([7; 6]));
        Shell::of(RoomConfig { code, ..config(mode, policy) })
    }

    pub(crate) fn of(config: RoomConfig) -> Shell {
        let room = Room::new(config, MatchTicket { id: Uuid::from_u128(1), seed: 1 })
            .expect("valid rules");
        let mut shell = Shell {
            room,
            tickets: 1,
            told: Vec::new(),
            frames: Vec::new(),
            closed: Vec::new(),
            forgotten: Vec::new(),
            journals: BTreeMap::new(),
            views: BTreeMap::new(),
            deltas: 0,
        };
        shell.drain();
        shell
    }

    /// Recovers the room in the next process, with these seats.
    pub(crate) fn recovered(&self, config: RoomConfig, seats: Vec<SeatRecord>) -> Shell {
        let (number, id) = self.room.current_match();
        let world = recover(&self.journals[&id][0]).expect("a journal").world;
        let recovery = Recovery { id, number, world, seats, locked: false };
        let mut next = Shell::of(config.clone());
        next.journals.clone_from(&self.journals);
        next.room = Room::recover(config, recovery);
        next.drain();
        next
    }

    pub(crate) fn brawl() -> Shell {
        Shell::new("brawl", RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() })
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                Output::Send { to, lane, frame } => {
                    let codec = codec_of(to);
                    assert_eq!(frame.kind, codec.frame_kind());
                    let message =
                        codec.decode_server(&frame.bytes).expect("decodes").expect("known");
                    let message = self.follow(to, lane, message);
                    self.told.push((to, lane, message));
                    self.frames.push(frame);
                }
                Output::Close { to, code, .. } => self.closed.push((to, code)),
                Output::Journal(JournalRecords { id, begins, worth_keeping, bytes }) => {
                    let stage = self.room.status().stage;
                    assert_eq!(worth_keeping, matches!(stage, Stage::Running | Stage::Over));
                    assert_eq!(worth_keeping, self.room.is_worth_keeping());
                    let segments = self.journals.entry(id).or_default();
                    if begins {
                        segments.push(bytes);
                    } else {
                        segments.last_mut().expect("a beginning").extend(bytes);
                    }
                }
                Output::Save { number, .. } | Output::SaveLock { number, .. } => {
                    self.room.handle_saved(number)
                }
                Output::Forget { player } => self.forgotten.push(player),
                Output::Refused(_) => {}
                Output::WantTicket { .. } => {
                    self.tickets += 1;
                    let ticket = MatchTicket {
                        id: Uuid::from_u128(self.tickets.into()),
                        seed: self.tickets,
                    };
                    self.room.handle_ticket(ticket);
                }
            }
        }
    }

    /// Applies deltas as a client does, so that every script sees snapshots.
    pub(crate) fn follow(
        &mut self,
        to: ConnectionId,
        lane: Lane,
        message: ServerMessage,
    ) -> ServerMessage {
        let view = match message {
            ServerMessage::Snapshot(snapshot) => {
                assert_eq!(lane, Lane::Latest);
                snapshot
            }
            ServerMessage::Delta(delta) => {
                assert_eq!((lane, sync_of(to)), (Lane::Chained, SyncMode::State));
                self.deltas += 1;
                delta.apply(&self.views[&to]).expect("fits the last snapshot")
            }
            other => return other,
        };
        self.views.insert(to, view.clone());
        ServerMessage::Snapshot(view)
    }

    pub(crate) fn join(&mut self, connection: ConnectionId) -> Result<PlayerId, JoinError> {
        self.join_as(connection, &format!("p{}", connection.0))
    }

    pub(crate) fn join_as(
        &mut self,
        connection: ConnectionId,
        name: &str,
    ) -> Result<PlayerId, JoinError> {
        let name = PlayerName::parse(name).expect("a name");
        let (codec, sync) = (codec_of(connection), sync_of(connection));
        let join =
            Join { name, codec, sync, token: format!("token{}", connection.0), creator: false };
        let seat = self.room.handle_join(connection, join);
        self.drain();
        seat
    }

    pub(crate) fn resume(
        &mut self,
        connection: ConnectionId,
        token: &str,
        fresh: &str,
    ) -> Result<PlayerId, JoinError> {
        let resume = Resume {
            codec: codec_of(connection),
            sync: sync_of(connection),
            token: token.to_owned(),
            fresh_token: fresh.to_owned(),
        };
        let seat = self.room.handle_resume(connection, resume);
        self.drain();
        seat
    }

    pub(crate) fn say(&mut self, connection: ConnectionId, message: ClientMessage) {
        self.room.handle_message(connection, message);
        self.drain();
    }

    pub(crate) fn input(&mut self, connection: ConnectionId, seq: u32, input: Input) {
        self.say(
            connection,
            ClientMessage::Input(InputMessage { seq, for_tick: None, view: None, input }),
        );
    }

    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.room.handle_disconnect(connection);
        self.drain();
    }

    pub(crate) fn ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.room.handle_tick();
            self.drain();
        }
    }

    pub(crate) fn status(&self) -> RoomStatus {
        self.room.status()
    }

    pub(crate) fn at(&self, player: PlayerId) -> Point {
        self.room.world().player(player).expect("takes part").at
    }

    /// Returns the messages that one connection was sent, newest last, and forgets them.
    pub(crate) fn heard<T>(
        &mut self,
        by: ConnectionId,
        pick: impl Fn(&ServerMessage) -> Option<T>,
    ) -> Vec<T> {
        let heard = self
            .told
            .iter()
            .filter(|(to, ..)| *to == by)
            .filter_map(|(.., message)| pick(message))
            .collect();
        self.told.retain(|(to, ..)| *to != by);
        heard
    }
}

pub(crate) fn config(mode: &str, policy: RoomPolicy) -> RoomConfig {
    let mut mode = preset(mode).expect("a preset");
    mode.rules.countdown_s = 0.1;
    RoomConfig { id: RoomId::known("r1"), code: None, mode, policy, server: "test".to_owned() }
}

/// Two of four connections take deltas, one in each format.
pub(crate) fn sync_of(connection: ConnectionId) -> SyncMode {
    if matches!(connection.0 % 4, 2 | 3) { SyncMode::State } else { SyncMode::Full }
}

/// Odd connections speak JSON, even ones MessagePack.
pub(crate) fn codec_of(connection: ConnectionId) -> Codec {
    if connection.0 % 2 == 1 { Codec::Json } else { Codec::MessagePack }
}

pub(crate) fn snapshot(message: &ServerMessage) -> Option<Snapshot> {
    if let ServerMessage::Snapshot(snapshot) = message { Some(snapshot.clone()) } else { None }
}

pub(crate) fn roster(message: &ServerMessage) -> Option<Vec<RosterEntry>> {
    if let ServerMessage::Roster { players } = message { Some(players.clone()) } else { None }
}

pub(crate) fn private(message: &ServerMessage) -> Option<Private> {
    if let ServerMessage::Private(private) = message { Some(private.clone()) } else { None }
}

pub(crate) fn welcome(message: &ServerMessage) -> Option<Welcome> {
    if let ServerMessage::Welcome(welcome) = message { Some((**welcome).clone()) } else { None }
}

pub(crate) fn result(message: &ServerMessage) -> Option<Option<u16>> {
    if let ServerMessage::Result { winner, .. } = message { Some(*winner) } else { None }
}

pub(crate) fn chat(message: &ServerMessage) -> Option<String> {
    if let ServerMessage::Chat { text, .. } = message { Some(text.clone()) } else { None }
}

pub(crate) fn error(message: &ServerMessage) -> Option<String> {
    if let ServerMessage::Error { code, .. } = message { Some(code.clone()) } else { None }
}

pub(crate) fn events(message: &ServerMessage) -> Option<Vec<WireEvent>> {
    if let ServerMessage::Events(events) = message { Some(events.events.clone()) } else { None }
}

/// Returns two players in a fight whose cooldowns are over.
pub(crate) fn fight() -> (Shell, PlayerId, PlayerId) {
    fight_in(Shell::brawl())
}

/// Returns the same in an empty room.
pub(crate) fn fight_in(mut shell: Shell) -> (Shell, PlayerId, PlayerId) {
    let (ada, bea) = (shell.join(ADA).expect("a seat"), shell.join(BEA).expect("a seat"));
    shell.ticks(110);
    assert_eq!(shell.status().stage, Stage::Running);
    shell.told.clear();
    (shell, ada, bea)
}
