//! The view of sessions: every form of updates shows the same, and a seat in the fog is sent
//! nothing else.

use bolide_net::{
    ClientMessage, Codec, Events, InputMessage, PlayerName, ServerMessage, Snapshot, SyncMode, View,
};
use bolide_room::{ConnectionId, Join, MatchTicket, Output, Room, RoomConfig, RoomId, RoomPolicy};
use bolide_sim::{Input, Phase, PlayerId, Point, Rules, preset};
use uuid::Uuid;

fn room(rules: Rules, bots_fill_to: u16) -> Room {
    let config = RoomConfig {
        id: RoomId::known("r1"),
        code: None,
        mode: bolide_sim::Mode { name: "test".to_owned(), rules },
        policy: RoomPolicy { bots_fill_to, bot_wait_s: 0.0, ..RoomPolicy::default() },
        server: "test".to_owned(),
    };
    Room::new(config, MatchTicket { id: Uuid::from_u128(1), seed: 5 }).expect("valid rules")
}

fn join(room: &mut Room, id: u64, codec: Codec, sync: SyncMode) -> PlayerId {
    let name = PlayerName::parse(&format!("p{id}")).expect("a name");
    let join = Join { name, codec, sync, token: id.to_string(), creator: false };
    let player = room.handle_join(ConnectionId(id), join).expect("a seat");
    // The other outputs of this call have no client yet.
    while let Some(output) = room.poll_output() {
        if let Output::Save { number, .. } = output {
            room.handle_saved(number);
        }
    }
    player
}

/// A client that knows what it was sent and no more.
struct Client {
    id: ConnectionId,
    codec: Codec,
    sync: SyncMode,
    view: View,
    frames: u32,
    bytes: usize,
    events: Vec<Events>,
}

impl Client {
    fn take(&mut self, room: &mut Room, output: &Output) {
        let Output::Send { to, frame, .. } = output else { return };
        if *to != self.id {
            return;
        }
        let message = self.codec.decode_server(&frame.bytes).expect("decodes").expect("known");
        match message {
            ServerMessage::Snapshot(snapshot) => self.view.begin(snapshot),
            ServerMessage::Delta(delta) => {
                self.view.take(&delta, room.world().tuning()).expect("fits, and the hash is right");
            }
            ServerMessage::Ping { nonce } => {
                room.handle_message(self.id, ClientMessage::Pong(nonce));
                return;
            }
            ServerMessage::Events(events) => {
                self.events.push(events);
                return;
            }
            _ => return,
        }
        self.frames += 1;
        self.bytes += frame.bytes.len();
    }
}

#[test]
fn every_way_of_being_told_ends_each_second_with_the_same_view() {
    let [full, state, _, events] = play_a_match(|_| true);
    assert!(events.frames * 4 < full.frames * 3 && full.frames >= state.frames);
    assert!(events.sync == SyncMode::Events && events.bytes * 2 < state.bytes);
}

/// The views are compared in [`play_a_match`].
#[test]
fn withheld_snapshots_cost_nothing_but_their_number() {
    let all = play_a_match(|_| true);
    let third = play_a_match(|tick| tick.is_multiple_of(3));
    for (all, third) in all.iter().zip(&third) {
        assert!(third.frames * 5 < all.frames * 4, "{} of {}", third.frames, all.frames);
        assert!(
            all.events.len() > 10 && all.events == third.events,
            "the same match, and all told"
        );
    }
}

/// Plays a match to its end before four clients. The ticks that `shows` leaves out send no
/// snapshot.
fn play_a_match(shows: impl Fn(u32) -> bool) -> [Client; 4] {
    let mut room = room(preset("brawl").expect("a preset").rules, 10);
    let ways = [
        (Codec::Json, SyncMode::Full),
        (Codec::MessagePack, SyncMode::State),
        (Codec::Json, SyncMode::Events),
        (Codec::MessagePack, SyncMode::Events),
    ];
    let mut clients: Vec<_> = (1..)
        .zip(ways)
        .map(|(id, (codec, sync))| {
            join(&mut room, id, codec, sync);
            let (id, view) = (ConnectionId(id), View::default());
            Client { id, codec, sync, view, frames: 0, bytes: 0, events: Vec::new() }
        })
        .collect();
    let mut seconds = 0;
    while !matches!(room.world().phase(), Phase::Over { .. }) {
        let tick = room.world().tick().0;
        // People walk about, and one of them loses a frame now and then.
        let walker = ConnectionId(u64::from(tick / 7 % 4) + 1);
        if tick.is_multiple_of(7) {
            let to = Point::in_units(f32::from((tick % 160) as u16) / 100.0, 0.5);
            let input = if tick.is_multiple_of(3) { Input::Shoot(to) } else { Input::Move(to) };
            let input = InputMessage { seq: tick + 1, for_tick: None, view: None, input };
            room.handle_message(walker, ClientMessage::Input(input));
        }
        if tick.is_multiple_of(200) {
            room.handle_message(walker, ClientMessage::Resync);
        }
        if shows(tick + 1) {
            room.handle_tick();
        } else {
            room.handle_tick_unshown();
        }
        while let Some(output) = room.poll_output() {
            clients.iter_mut().for_each(|client| client.take(&mut room, &output));
        }
        let tick = room.world().tick().0;
        if tick.is_multiple_of(30) {
            let seen = clients.iter().map(|c| c.view.seen_at(tick, room.world().tuning()));
            let seen: Vec<Snapshot> = seen.collect();
            assert!(seen.iter().all(|other| *other == seen[0]), "tick {tick}: {seen:#?}");
            seconds += 1;
        }
    }
    assert!(seconds > 10, "a match worth looking at");
    clients.try_into().unwrap_or_else(|_| panic!("four clients"))
}

/// Two rooms that differ only in actions of others out of the sight of one seat send that seat the
/// same bytes in every tick. That includes its own frames, heartbeats and hashes, whatever the
/// others do, lose or request.
#[test]
fn a_seat_in_the_fog_hears_nothing_of_what_it_cannot_see() {
    let fog = Rules { fight_at: 6, countdown_s: 0.0, ..preset("royale").expect("a preset").rules };
    for (codec, sync) in [(Codec::Json, SyncMode::Full), (Codec::MessagePack, SyncMode::State)] {
        let mut rooms = [room(fog.clone(), 0), room(fog.clone(), 0)];
        for room in &mut rooms {
            join(room, 0, codec, sync);
            for id in 1..6 {
                join(room, id, Codec::MessagePack, SyncMode::State);
            }
        }
        let (mut compared, mut differing, mut frames) = (0, 0, 0);
        for tick in 1..300 {
            let hidden = |id: u64| rooms.iter().all(|room| out_of_sight(room, id));
            let strangers: Vec<u64> = (1..6).filter(|id| hidden(*id)).collect();
            for id in strangers {
                act(&mut rooms[1], id, tick);
            }
            let [a, b] = rooms.each_mut().map(|room| {
                if tick % 5 == 4 {
                    room.handle_tick_unshown()
                } else {
                    room.handle_tick()
                }
                sent_to_the_first(room)
            });
            if !(1..6).all(|id| rooms.iter().all(|room| out_of_sight(room, id))) {
                break;
            }
            assert_eq!(a, b, "tick {tick}");
            compared += 1;
            frames += a.len();
            differing += u32::from(rooms[0].world().hash() != rooms[1].world().hash());
        }
        assert!(compared > 60 && differing > 40 && frames > 3, "{compared} {differing} {frames}");
    }
}

fn act(room: &mut Room, id: u64, tick: u32) {
    let to = Point::in_units(8.0, 4.5);
    let input = match (u64::from(tick) + id) % 5 {
        0 => Input::Shoot(to),
        1 => Input::Stop,
        _ => Input::Move(Point::in_units(id as f32 * 3.0, 2.0)),
    };
    let input = InputMessage { seq: tick, for_tick: None, view: None, input };
    room.handle_message(ConnectionId(id), ClientMessage::Input(input));
    if tick.is_multiple_of(9) {
        room.handle_message(ConnectionId(id), ClientMessage::Resync);
    }
}

/// Returns whether the first seat sees neither that player nor any of its fireballs.
fn out_of_sight(room: &Room, id: u64) -> bool {
    let world = room.world();
    let id = PlayerId(u16::try_from(id).expect("small"));
    let (Some(eye), Some(other)) = (world.player(PlayerId(0)), world.player(id)) else {
        return true;
    };
    let far = |place: Point| eye.at.distance(place) > 2.5;
    let fireballs = world.fireballs().iter().filter(|fireball| fireball.owner == id);
    far(other.at) && fireballs.map(|fireball| world.fireball_place(fireball)).all(far)
}

fn sent_to_the_first(room: &mut Room) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    while let Some(output) = room.poll_output() {
        if let Output::Send { to: ConnectionId(0), frame, .. } = output {
            sent.push(frame.bytes.to_vec());
        }
    }
    sent
}
