//! The scenes that the benchmarks measure. Each is made from a seed, so that every run measures the
//! same work.

pub mod bytes;
pub mod pages;
pub mod sockets;

use bolide_net::{Ack, ClientMessage, Codec, PlayerName, Snapshot, SyncMode};
use bolide_room::{
    ConnectionId, Join, MatchTicket, Output, Room, RoomConfig, RoomId, RoomPolicy, Stage,
};
use bolide_sim::journal::Writer;
use bolide_sim::{
    BotSkill, Command, Input, Mode, Phase, PlayerId, PlayerKind, Point, Rules, Walls, World, preset,
};
use uuid::Uuid;

/// A fight of that many players, each walking, each with a fireball in the air.
#[must_use]
pub fn fight(players: u16) -> World {
    let rules = rules(players);
    let warm_up = rules.tick_rate.ticks(rules.fireball_cooldown_s) + 2;
    let mut world = World::new(rules, 1).expect("valid rules");
    let joins =
        (0..players).map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Human });
    step(&mut world, &joins.collect::<Vec<_>>());
    for _ in 0..warm_up {
        step(&mut world, &[]);
    }
    assert!(matches!(world.phase(), Phase::Fighting { .. }));
    let everybody = |input: fn(Point) -> Input| -> Vec<Command> {
        let target = |id: u16| {
            Point::new(
                i32::from(id.wrapping_mul(7_919)) * 8,
                i32::from(id.wrapping_mul(31_543)) * 4,
            )
        };
        (0..players)
            .map(|id| Command::Input {
                player: PlayerId(id),
                input: input(target(id)),
                rewind_ticks: 0,
            })
            .collect()
    };
    step(&mut world, &everybody(Input::Shoot));
    step(&mut world, &everybody(Input::Move));
    for _ in 0..4 {
        step(&mut world, &[]);
    }
    assert!(
        world.fireballs().len() * 10 >= usize::from(players) * 9,
        "nearly everybody's fireball is in the air"
    );
    world
}

/// The journal of a match of that many bots and at most that many ticks, with one record a tick and
/// a hash each second.
#[must_use]
pub fn journal(bots: u16, ticks: u32) -> Vec<u8> {
    let mut world = World::new(rules(bots), 1).expect("valid rules");
    let mut journal = Writer::new(&world, "duel", "bench");
    let kind = PlayerKind::Bot(BotSkill::Normal);
    let joins: Vec<_> = (0..bots).map(|id| Command::Join { player: PlayerId(id), kind }).collect();
    for tick in 1..=ticks {
        let commands = if tick == 1 { joins.as_slice() } else { &[] };
        step(&mut world, commands);
        journal.tick(world.tick(), commands);
        if tick % 30 == 0 {
            journal.hash(&world);
        }
    }
    journal.take()
}

/// Two snapshots of one fight, a tick apart, with that many entities. Half of them are players that
/// walk and half their fireballs, a tenth of which is new.
#[must_use]
pub fn snapshots(entities: u16) -> [Snapshot; 2] {
    let players = entities / 2;
    let mut world = fight(players);
    let mut capture = |seq| {
        step(&mut world, &[]);
        let acks = (0..players).map(|player| Ack { player, seq: seq + u32::from(player % 3) });
        Snapshot::capture(&world, acks.collect())
    };
    let (mut before, after) = (capture(1_000), capture(1_001));
    before.fireballs.retain(|fireball| fireball.id % 10 != 0);
    [before, after]
}

/// A fight of ten players that is visible to that many sessions, half of them in each format. None
/// of them has a snapshot yet.
#[must_use]
pub fn watched_room(sessions: u16) -> Room {
    let mut room = new_room(10, sessions);
    (0..10).for_each(|id| join(&mut room, id));
    tick(&mut room, 30);
    assert_eq!(room.status().stage, Stage::Running);
    (10..sessions).for_each(|id| join(&mut room, id));
    (0..10).for_each(|id| room.handle_message(ConnectionId(id), ClientMessage::Resync));
    drain(&mut room);
    room
}

/// A fight with a vision radius, with every seat taken.
#[must_use]
pub fn foggy_room(sessions: u16) -> Room {
    let rules = Rules { vision_radius: Some(2.5), ..rules(sessions) };
    let mut room = open_room(Rules { fireball_range: 1.8, ..rules });
    (0..sessions).for_each(|id| join(&mut room, id));
    tick(&mut room, 120);
    room
}

/// A room with all seats taken, half of them in each format, in a fight that does not end.
#[must_use]
pub fn room(sessions: u16) -> Room {
    let mut room = new_room(sessions, sessions);
    (0..sessions).for_each(|id| join(&mut room, id));
    tick(&mut room, 120);
    room
}

fn new_room(players: u16, sessions: u16) -> Room {
    open_room(Rules { capacity: sessions.max(2), ..rules(players) })
}

fn open_room(rules: Rules) -> Room {
    let config = RoomConfig {
        id: RoomId::known("r"),
        code: None,
        mode: Mode { name: "bench".to_owned(), rules },
        policy: RoomPolicy { bots_fill_to: 0, ..RoomPolicy::default() },
        server: "bench".to_owned(),
    };
    Room::new(config, MatchTicket { id: Uuid::nil(), seed: 1 }).expect("valid rules")
}

fn join(room: &mut Room, id: u16) {
    let codec = if id.is_multiple_of(2) { Codec::Json } else { Codec::MessagePack };
    let name = PlayerName::parse("bench").expect("a name");
    let sync = if id % 4 < 2 { SyncMode::Full } else { SyncMode::State };
    let join = Join { name, codec, sync, token: id.to_string(), creator: false };
    room.handle_join(ConnectionId(id.into()), join).expect("a seat");
    drain(room);
}

fn tick(room: &mut Room, ticks: u32) {
    for _ in 0..ticks {
        room.handle_tick();
        drain(room);
    }
}

/// Takes all outputs of a room and returns the number of frames.
pub fn drain(room: &mut Room) -> usize {
    let mut frames = 0;
    while let Some(output) = room.poll_output() {
        match output {
            Output::Send { .. } => frames += 1,
            Output::Save { number, .. } => room.handle_saved(number),
            Output::Close { .. }
            | Output::SaveLock { .. }
            | Output::Journal(_)
            | Output::Forget { .. }
            | Output::Refused(_)
            | Output::WantTicket { .. } => {}
        }
    }
    frames
}

fn rules(players: u16) -> Rules {
    Rules {
        capacity: players.max(2),
        fight_at: players.max(2),
        arena_width: 16.0,
        arena_height: 9.0,
        walls: Walls::Solid,
        countdown_s: 0.0,
        time_limit_s: 3600.0,
        fireball_range: 16.0,
        health: 1000,
        radius_per_health: 0.0001,
        ..preset("brawl").expect("a preset").rules
    }
}

fn step(world: &mut World, commands: &[Command]) {
    world.step(commands, &mut Vec::new());
}

#[cfg(test)]
mod tests {
    use bolide_sim::journal::Replay;

    use super::{Stage, fight, foggy_room, journal, room, snapshots, watched_room};

    #[test]
    fn scenes_are_what_they_say() {
        assert_eq!(fight(60).players().len(), 60);
        assert_eq!(fight(60).hash(), fight(60).hash());
        for entities in [10, 100, 1000] {
            let [before, after] = snapshots(entities);
            assert!(after.fireballs.len() * 20 >= usize::from(entities) * 9, "{entities}");
            assert!(
                before.players != after.players && before.fireballs.len() < after.fireballs.len()
            );
        }
        assert_eq!(room(100).status().stage, Stage::Running);
        assert_eq!(foggy_room(60).status().stage, Stage::Running);
        assert_eq!(watched_room(100).world().players().len(), 10);
        assert_eq!(Replay::open(&journal(10, 300)).expect("opens").count(), 300);
    }
}
