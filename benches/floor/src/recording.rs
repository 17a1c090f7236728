//! A scene, recorded once at the start from a real room with real players: what each seat is told
//! when it joins, and what the first seat is told in each tick, pings included. Everybody is sent
//! the latter, so a tick has as many bytes as a tick of the real room. A scene begins with a whole
//! snapshot, and is repeated as a new match.

use bolide_net::{
    ClientMessage, Codec, Frame, InputMessage, PlayerName, RulesMessage, ServerMessage, Snapshot,
    SyncMode,
};
use bolide_room::{ConnectionId, Join, MatchTicket, Output, Room, RoomConfig, RoomId, RoomPolicy};
use bolide_sim::Mode;
use bolide_swarm::{Pilot, Sight};
use uuid::Uuid;

/// The scene of one room.
#[derive(Clone, Debug)]
pub struct Recording {
    codec: Codec,
    welcomes: Vec<ServerMessage>,
    /// The frames of each tick.
    pub ticks: Vec<Vec<Frame>>,
    /// Ticks per second.
    pub tick_rate: u32,
}

/// Length of a scene before it is repeated.
const SECONDS: u32 = 20;

/// Beyond every input of the scene, so that none of a real client is ever acknowledged: there is no
/// latency to measure where nobody acts.
const SEQ: u32 = 1_000_000_000;

impl Recording {
    /// Plays a full room of the mode and keeps what is sent.
    #[must_use]
    pub fn of(
        mode: &Mode,
        codec: Codec,
        sync: SyncMode,
        inputs_per_s: u32,
        server: &str,
    ) -> Recording {
        let seats = mode.rules.capacity;
        let config = RoomConfig {
            id: RoomId::known("floor"),
            code: None,
            mode: mode.clone(),
            policy: RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() },
            server: server.to_owned(),
        };
        let mut room =
            Room::new(config, MatchTicket { id: Uuid::nil(), seed: 1 }).expect("a listed mode");
        let mut welcomes = Vec::new();
        for seat in 0..seats {
            let name = PlayerName::parse(&format!("swarm {seat}")).expect("a name");
            let join = Join { name, codec, sync, token: seat.to_string(), creator: false };
            room.handle_join(ConnectionId(seat.into()), join).expect("a seat");
            let welcome =
                drain(&mut room, seat).into_iter().find_map(|frame| welcome(codec, &frame));
            welcomes.push(welcome.expect("a join is welcomed"));
        }
        let tick_rate = match &welcomes[0] {
            ServerMessage::Welcome(welcome) => welcome.tick_rate,
            other => unreachable!("{other:?} is no welcome"),
        };
        let mut players =
            Players::new(RulesMessage::from(&mode.rules), seats, inputs_per_s, tick_rate);
        let mut ticks = Vec::new();
        for tick in 0..SECONDS * tick_rate {
            players.act(&mut room, tick);
            room.handle_tick();
            ticks.push(
                drain(&mut room, 0).into_iter().filter(|frame| !is_match(codec, frame)).collect(),
            );
        }
        Recording { codec, welcomes, ticks, tick_rate }
    }

    /// Players in a room.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.welcomes.len()
    }

    /// Returns the welcome of a client that takes this seat of this room.
    #[must_use]
    pub fn welcome(&self, room: &str, seat: usize) -> Frame {
        let mut message = self.welcomes[seat].clone();
        if let ServerMessage::Welcome(welcome) = &mut message {
            room.clone_into(&mut welcome.room);
            welcome.seq = SEQ;
        }
        self.codec.encode_server(&message)
    }

    /// Returns the frame before the first tick of each repetition, counted from 1.
    #[must_use]
    pub fn new_match(&self, number: u32) -> Frame {
        let seats = (0..self.seats()).filter_map(|seat| u16::try_from(seat).ok()).collect();
        self.codec.encode_server(&ServerMessage::Match {
            id: Uuid::nil().to_string(),
            number,
            seats,
        })
    }
}

/// The players of the scene: those of the swarm, with the same chances.
struct Players {
    rules: RulesMessage,
    tick_rate: u32,
    pilots: Vec<(Pilot, f32)>,
    seq: Vec<u32>,
}

impl Players {
    fn new(rules: RulesMessage, seats: u16, inputs_per_s: u32, tick_rate: u32) -> Players {
        let pilot = |seat: u16| {
            let mut pilot = Pilot::new(1, seat.into(), inputs_per_s);
            let at = pilot.pause_s().unwrap_or(f32::MAX);
            (pilot, at)
        };
        let pilots = (0..seats).map(pilot).collect();
        Players { rules, tick_rate, pilots, seq: vec![0; seats.into()] }
    }

    fn act(&mut self, room: &mut Room, tick: u32) {
        let world = Snapshot::capture(room.world(), Vec::new());
        for ((me, (pilot, at)), seq) in (0_u16..).zip(&mut self.pilots).zip(&mut self.seq) {
            if *at > tick as f32 / self.tick_rate as f32 {
                continue;
            }
            *at += pilot.pause_s().unwrap_or(f32::MAX);
            let sight = Sight { me, world: &world, rules: &self.rules, tick_rate: self.tick_rate };
            if let Some(input) = pilot.think(sight) {
                *seq += 1;
                let input =
                    InputMessage { seq: *seq, for_tick: None, view: Some(world.tick), input };
                room.handle_message(ConnectionId(me.into()), ClientMessage::Input(input));
            }
        }
    }
}

/// Takes all outputs; the frames of one seat.
fn drain(room: &mut Room, seat: u16) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(output) = room.poll_output() {
        match output {
            Output::Send { to, frame, .. } if to == ConnectionId(seat.into()) => frames.push(frame),
            Output::Save { number, .. } => room.handle_saved(number),
            Output::WantTicket { .. } => {
                room.handle_ticket(MatchTicket { id: Uuid::nil(), seed: 2 })
            }
            _ => {}
        }
    }
    frames
}

fn welcome(codec: Codec, frame: &Frame) -> Option<ServerMessage> {
    let message = codec.decode_server(&frame.bytes).ok()??;
    matches!(message, ServerMessage::Welcome(_)).then_some(message)
}

fn is_match(codec: Codec, frame: &Frame) -> bool {
    matches!(codec.decode_server(&frame.bytes), Ok(Some(ServerMessage::Match { .. })))
}

#[cfg(test)]
mod tests {
    use bolide_net::{Codec, ServerMessage, Snapshot, SyncMode};
    use bolide_sim::{Mode, preset};

    use super::{Recording, SEQ};

    fn scene(codec: Codec, sync: SyncMode) -> Recording {
        let brawl = preset("brawl").expect("a preset").rules;
        let rules =
            bolide_sim::Rules { capacity: 3, fight_at: 3, health: 500, hit_damage: 1, ..brawl };
        Recording::of(&Mode { name: "trio".to_owned(), rules }, codec, sync, 6, "floor")
    }

    #[test]
    fn a_scene_can_be_followed_from_its_first_tick_to_its_last_in_a_fight() {
        for (codec, sync) in [(Codec::Json, SyncMode::State), (Codec::MessagePack, SyncMode::Full)]
        {
            let scene = scene(codec, sync);
            let (mut world, mut hashes) = (None::<Snapshot>, 0);
            for frame in scene.ticks.iter().flatten() {
                match codec.decode_server(&frame.bytes).expect("a message") {
                    Some(ServerMessage::Snapshot(snapshot)) => world = Some(snapshot),
                    Some(ServerMessage::Delta(delta)) => {
                        hashes += u32::from(delta.hash.is_some());
                        let before = world.expect("a delta comes after a snapshot");
                        world = Some(delta.apply(&before).expect("it fits"));
                    }
                    Some(ServerMessage::Match { .. }) => {
                        panic!("the number of a match is not the recording's")
                    }
                    _ => {}
                }
            }
            let world = world.expect("a world");
            assert_eq!((world.phase, world.players.len()), (2, 3));
            assert!(world.acks.iter().all(|ack| ack.seq > 50 && ack.seq < SEQ), "{:?}", world.acks);
            assert_eq!(hashes > 15, sync == SyncMode::State);
        }
    }

    #[test]
    fn each_seat_is_welcomed_in_its_room_and_told_each_match() {
        let scene = scene(Codec::MessagePack, SyncMode::State);
        for seat in 0..3_u16 {
            let welcome = scene.welcome("7", seat.into());
            let Ok(Some(ServerMessage::Welcome(welcome))) =
                Codec::MessagePack.decode_server(&welcome.bytes)
            else {
                panic!("no welcome");
            };
            assert_eq!((welcome.room.as_str(), welcome.seat, welcome.seq), ("7", seat, SEQ));
        }
        let told = Codec::MessagePack.decode_server(&scene.new_match(4).bytes);
        assert!(matches!(told, Ok(Some(ServerMessage::Match { number: 4, .. }))), "{told:?}");
    }
}
