//! The laws of the wire, in both formats: what is encoded decodes to itself, equal messages give equal bytes, a
//! snapshot loses nothing.

use bolide_net::{
    Ack, ChatText, ClientMessage, Codec, Delta, Events, FireballState, Hello, InputMessage,
    Mismatch, PlayerName, PlayerState, Private, RefusedInput, ServerMessage, Snapshot, SyncMode,
    WireEvent,
};
use bolide_sim::{BotSkill, Command, Input, PlayerId, PlayerKind, Point, World, preset};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{collection, option};

fn point() -> impl Strategy<Value = Point> {
    (-Point::LIMIT..=Point::LIMIT, -Point::LIMIT..=Point::LIMIT).prop_map(|(x, y)| Point::new(x, y))
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let name = "[a-zäö小\"<&]{1,24}"
        .prop_map(|text| PlayerName::parse(&text).expect("1 to 24 characters"));
    let line = "[a-zäö小\"<&]{1,200}"
        .prop_map(|text| ChatText::parse(&text).expect("1 to 200 characters"));
    let id = || option::of("[a-z0-9.]{1,128}");
    let input = prop_oneof![
        Just(Input::Stop),
        point().prop_map(Input::Move),
        point().prop_map(Input::Shoot),
        point().prop_map(Input::Blink),
    ];
    prop_oneof![
        (name, id(), id(), id()).prop_map(|(name, mode, room, resume)| ClientMessage::Hello(
            Hello { name, mode, room, resume, sync: SyncMode::State }
        )),
        (any::<u32>(), any::<Option<u32>>(), any::<Option<u32>>(), input).prop_map(
            |(seq, for_tick, view, input)| ClientMessage::Input(InputMessage {
                seq,
                for_tick,
                view,
                input
            })
        ),
        line.prop_map(ClientMessage::Chat),
        any::<u32>().prop_map(ClientMessage::Pong),
        Just(ClientMessage::Rematch),
        Just(ClientMessage::Leave),
    ]
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let player = (any::<u16>(), point(), any::<u16>(), 0u8..3)
        .prop_map(|(id, at, health, life)| PlayerState { id, at, health, life });
    let fireball = (any::<u32>(), any::<u16>(), point(), point(), any::<u32>()).prop_map(
        |(id, owner, from, toward, since)| FireballState { id, owner, from, toward, since },
    );
    let ack = (any::<u16>(), any::<u32>()).prop_map(|(player, seq)| Ack { player, seq });
    let lists = (
        collection::vec(player, 0..12),
        collection::vec(fireball, 0..12),
        collection::vec(ack, 0..4),
    );
    (any::<u32>(), 0u8..4, any::<Option<u32>>(), lists).prop_map(
        |(tick, phase, phase_ends, (players, fireballs, acks))| Snapshot {
            tick,
            phase,
            phase_ends,
            players,
            fireballs,
            acks,
        },
    )
}

fn event() -> impl Strategy<Value = WireEvent> {
    prop_oneof![
        (any::<u16>(), any::<u32>())
            .prop_map(|(player, fireball)| WireEvent::Shot { player, fireball }),
        (any::<u32>(), point()).prop_map(|(fireball, at)| WireEvent::Fizzled { fireball, at }),
        (any::<u32>(), any::<u16>(), any::<u16>(), point(), any::<u16>(), any::<u8>()).prop_map(
            |(fireball, by, victim, at, health, rewind_ticks)| WireEvent::Hit {
                fireball,
                by,
                victim,
                at,
                health,
                rewind_ticks
            }
        ),
        (any::<u16>(), point(), point()).prop_map(|(player, from, to)| WireEvent::Blinked {
            player,
            from,
            to
        }),
        (any::<u16>(), any::<Option<u16>>())
            .prop_map(|(player, by)| WireEvent::Died { player, by }),
        (any::<u16>(), any::<u16>())
            .prop_map(|(player, health)| WireEvent::Burned { player, health }),
        any::<u16>().prop_map(|player| WireEvent::Left { player }),
    ]
}

fn hot_message() -> impl Strategy<Value = ServerMessage> {
    let refused = (any::<u32>(), 0u8..4).prop_map(|(seq, why)| RefusedInput { seq, why });
    prop_oneof![
        snapshot().prop_map(ServerMessage::Snapshot),
        (any::<u32>(), collection::vec(event(), 0..9))
            .prop_map(|(tick, events)| ServerMessage::Events(Events { tick, events })),
        (any::<u32>(), any::<u32>(), any::<u32>(), collection::vec(refused, 0..3), any::<u8>())
            .prop_map(|(tick, fireball_ready, blink_ready, refused, rewind_ticks_max)| {
                ServerMessage::Private(Private {
                    tick,
                    fireball_ready,
                    blink_ready,
                    refused,
                    rewind_ticks_max,
                })
            }),
    ]
}

/// As a room makes it: everything sorted, each id once.
fn sound(mut snapshot: Snapshot) -> Snapshot {
    snapshot.players.sort_by_key(|player| player.id);
    snapshot.players.dedup_by_key(|player| player.id);
    snapshot.fireballs.sort_by_key(|fireball| fireball.id);
    snapshot.fireballs.dedup_by_key(|fireball| fireball.id);
    snapshot.acks.sort_by_key(|ack| ack.player);
    snapshot.acks.dedup_by_key(|ack| ack.player);
    snapshot
}

/// A snapshot and a later one that shares much with it.
fn two_snapshots() -> impl Strategy<Value = (Snapshot, Snapshot)> {
    (snapshot(), snapshot(), any::<u64>()).prop_map(|(before, mut after, keep)| {
        let kept = |index: usize| keep >> (index % 64) & 1 == 1;
        let shared = before.players.iter().enumerate().filter(|(index, _)| kept(*index));
        after.players.extend(shared.map(|(index, player)| PlayerState {
            at: if kept(index + 7) { player.at } else { Point::new(7, 7) },
            ..*player
        }));
        let shared = before.fireballs.iter().enumerate().filter(|(index, _)| kept(index + 20));
        after.fireballs.extend(shared.map(|(_, fireball)| *fireball));
        after.acks.extend(before.acks.iter().filter(|_| kept(40)));
        let (first, last) = (before.tick.min(after.tick), before.tick.max(after.tick));
        (sound(Snapshot { tick: first, ..before }), sound(Snapshot { tick: last, ..after }))
    })
}

proptest! {
    #[test]
    fn a_delta_gives_what_it_was_made_for((before, after) in two_snapshots()) {
        let mut delta = Delta::between(&before, &after);
        delta.hash = Some(after.view_hash());
        assert_eq!(delta.apply(&before), Ok(after.clone()));
        for codec in Codec::ALL {
            let frame = codec.encode_server(&ServerMessage::Delta(delta.clone()));
            assert_eq!(codec.decode_server(&frame.bytes), Ok(Some(ServerMessage::Delta(delta.clone()))));
        }
        let nothing = Delta::between(&after, &after);
        assert_eq!((nothing.players, nothing.born, nothing.acks), (vec![], vec![], vec![]));
        delta.hash = Some(after.view_hash() ^ 1);
        assert_eq!(delta.apply(&before), Err(Mismatch::Hash));
        delta.age += 1;
        assert_eq!(delta.apply(&before), Err(Mismatch::Base));
    }

    #[test]
    fn what_a_client_says_arrives(message in client_message()) {
        for codec in Codec::ALL {
            let frame = codec.encode_client(&message);
            assert_eq!(codec.decode_client(&frame.bytes), Ok(message.clone()));
            assert_eq!(frame, codec.encode_client(&message));
        }
    }

    #[test]
    fn what_a_server_says_arrives(message in hot_message()) {
        for codec in Codec::ALL {
            let frame = codec.encode_server(&message);
            assert_eq!(codec.decode_server(&frame.bytes), Ok(Some(message.clone())));
            assert_eq!(frame, codec.encode_server(&message));
        }
    }

    #[test]
    fn a_damaged_frame_is_refused_or_valid(message in client_message(), cut: usize, flip: usize, mask in 1u8..) {
        for codec in Codec::ALL {
            let frame = codec.encode_client(&message).bytes;
            let _refused_or_valid = codec.decode_client(&frame[..cut % frame.len()]);
            let mut flipped = frame.to_vec();
            flipped[flip % frame.len()] ^= mask;
            if let Ok(message) = codec.decode_client(&flipped) {
                let again = codec.encode_client(&message);
                assert_eq!(codec.decode_client(&again.bytes), Ok(message));
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_valid(bytes in collection::vec(any::<u8>(), 0..200)) {
        bolide_net::fuzzing::decode_client(&bytes);
        bolide_net::fuzzing::decode_server(&bytes);
        bolide_net::fuzzing::delta_apply(&bytes);
        bolide_net::fuzzing::connection(&bytes);
    }
}

/// A snapshot, a delta and the hash of what it gives, written by another program from the text of `docs/protocol.md`; the
/// client's tests read the same files.
#[test]
fn the_view_hash_is_what_the_protocol_says() {
    for (codec, name) in [(Codec::Json, "json-hashed"), (Codec::MessagePack, "msgpack-hashed")] {
        let path = format!("{}/../fuzz/corpus/delta_apply/{name}", env!("CARGO_MANIFEST_DIR"));
        let seed = std::fs::read(&path).expect(&path);
        let length = usize::from(u16::from_le_bytes([seed[1], seed[2]]));
        let (before, delta) = seed[3..].split_at(length);
        let decode = |frame| codec.decode_server(frame).expect("decodes").expect("known");
        let (ServerMessage::Snapshot(before), ServerMessage::Delta(delta)) =
            (decode(before), decode(delta))
        else {
            panic!("{name} holds a snapshot and a delta");
        };
        assert!(delta.hash.is_some());
        assert_eq!(delta.apply(&before).map(|after| after.tick), Ok(101));
    }
}

#[test]
fn a_snapshot_of_a_real_match_loses_nothing() {
    let mut world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let joins: Vec<_> = (0..6)
        .map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) })
        .collect();
    world.step(&joins, &mut Vec::new());
    let mut shots = 0;
    let mut before = Snapshot::default();
    for _ in 0..900 {
        world.step(&[], &mut Vec::new());
        shots += world.fireballs().len();
        let snapshot = Snapshot::capture(&world, Vec::new());
        let delta = Delta::between(&before, &snapshot);
        assert_eq!(delta.apply(&before).as_ref(), Ok(&snapshot));
        before.clone_from(&snapshot);
        for codec in Codec::ALL {
            let frame = codec.encode_server(&ServerMessage::Snapshot(snapshot.clone()));
            let Ok(Some(ServerMessage::Snapshot(seen))) = codec.decode_server(&frame.bytes) else {
                panic!("decodes to a snapshot")
            };
            assert_eq!(seen, snapshot);
            for (player, state) in world.players().iter().zip(&seen.players) {
                assert_eq!(
                    (player.id.0, player.at, player.health),
                    (state.id, state.at, state.health)
                );
            }
        }
    }
    assert!(shots > 100, "the match was worth looking at");
}
