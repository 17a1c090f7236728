//! The laws of the wire, in both formats: an encoded message decodes to itself, equal messages give
//! equal bytes, and a snapshot loses nothing.

use bolide_net::{
    Ack, ChatText, ClientMessage, Codec, Delta, Events, FireballState, Hello, InputMessage,
    MatchEndReason, Mismatch, NewRoom, NoticeLevel, Placement, PlayerName, PlayerState, Private,
    RefusedInput, RoomCode, RosterEntry, RulesMessage, ServerMessage, Snapshot, SyncMode, View,
    WantedRoom, Welcome, WireEvent,
};
use bolide_sim::{
    BotSkill, Command, Input, Life, Motion, PRESETS, Player, PlayerId, PlayerKind, Point, Rules,
    Tick, TickRate, Tuning, Walls, World, preset,
};
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
    let wanted = prop_oneof![
        Just(WantedRoom::Any),
        "[a-z0-9.]{1,128}".prop_map(WantedRoom::Id),
        any::<[u8; 6]>().prop_map(|bytes| WantedRoom::Code(RoomCode::of_random(bytes))),
        Just(WantedRoom::New(NewRoom::Public)),
        Just(WantedRoom::New(NewRoom::Private)),
    ];
    let input = prop_oneof![
        Just(Input::Stop),
        point().prop_map(Input::Move),
        point().prop_map(Input::Shoot),
        point().prop_map(Input::Blink),
    ];
    prop_oneof![
        (name, id(), wanted, id(), sync()).prop_map(|(name, mode, room, resume, sync)| {
            ClientMessage::Hello(Hello { name, mode, room, resume, sync })
        }),
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
        Just(ClientMessage::Resync),
        Just(ClientMessage::Rematch),
        any::<bool>().prop_map(ClientMessage::Lock),
        any::<bool>().prop_map(ClientMessage::Bots),
        Just(ClientMessage::Leave),
    ]
}

fn sync() -> impl Strategy<Value = SyncMode> {
    prop_oneof![Just(SyncMode::Full), Just(SyncMode::State), Just(SyncMode::Events)]
}

fn motion() -> impl Strategy<Value = Motion> {
    prop_oneof![
        point().prop_map(|at| Motion::Stand { at }),
        (point(), point(), any::<u32>()).prop_map(|(from, to, since)| Motion::Walk {
            from,
            to,
            since: Tick(since)
        }),
        (point(), point(), any::<u32>()).prop_map(|(from, toward, since)| Motion::Push {
            from,
            toward,
            since: Tick(since)
        }),
    ]
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let player = (any::<u16>(), motion(), any::<u16>(), 0u8..3)
        .prop_map(|(id, motion, health, life)| PlayerState { id, motion, health, life });
    let fireball = (any::<u32>(), any::<Option<u16>>(), point(), point(), any::<u32>()).prop_map(
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
        (any::<u32>(), any::<Option<u16>>(), any::<u16>(), point(), any::<u16>(), any::<u8>())
            .prop_map(|(fireball, by, victim, at, health, rewind_ticks)| WireEvent::Hit {
                fireball,
                by,
                victim,
                at,
                health,
                rewind_ticks
            }),
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
        two_snapshots().prop_map(|(before, after)| ServerMessage::Delta(Delta {
            hash: Some(after.view_hash()).filter(|hash| hash % 2 == 0),
            ..Delta::between(&before, &after)
        })),
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

fn control_message() -> impl Strategy<Value = ServerMessage> {
    let text = || "[a-zäö小\"<&\\\\]{0,40}";
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let entry =
        (any::<u16>(), text(), flags).prop_map(|(id, name, (bot, connected, idle, ready))| {
            RosterEntry { id, name, bot, connected, idle, ready }
        });
    let placement = (any::<u16>(), any::<u16>(), any::<u16>(), any::<u16>())
        .prop_map(|(id, place, hits, kills)| Placement { id, place, hits, kills });
    let reason = prop_oneof![Just(MatchEndReason::LastStanding), Just(MatchEndReason::TimeLimit)];
    let level = prop_oneof![
        Just(NoticeLevel::Info),
        Just(NoticeLevel::Warning),
        Just(NoticeLevel::Maintenance)
    ];
    prop_oneof![
        welcome().prop_map(|welcome| ServerMessage::Welcome(Box::new(welcome))),
        collection::vec(entry, 0..5).prop_map(|players| ServerMessage::Roster { players }),
        (text(), any::<u32>(), collection::vec(any::<u16>(), 0..5))
            .prop_map(|(id, number, seats)| ServerMessage::Match { id, number, seats }),
        (any::<u16>(), text(), text()).prop_map(|(from, name, text)| ServerMessage::Chat {
            from,
            name,
            text
        }),
        (any::<Option<u16>>(), reason, collection::vec(placement, 0..5), any::<u32>()).prop_map(
            |(winner, reason, placements, next_in_ticks)| ServerMessage::Result {
                winner,
                reason,
                placements,
                next_in_ticks
            }
        ),
        (collection::vec(any::<u16>(), 0..5), any::<u32>())
            .prop_map(|(missing, ticks_left)| ServerMessage::Paused { missing, ticks_left }),
        (any::<bool>(), any::<Option<u16>>())
            .prop_map(|(locked, creator)| ServerMessage::Lock { locked, creator }),
        (any::<u16>(), any::<bool>())
            .prop_map(|(fill_to, wanted)| ServerMessage::Bots { fill_to, wanted }),
        any::<Option<u16>>().prop_map(|of| ServerMessage::Sight { of }),
        (text(), level, option::of(text()), text()).prop_map(|(id, level, title, text)| {
            ServerMessage::Notice { id, level, title, text }
        }),
        any::<u32>().prop_map(|nonce| ServerMessage::Ping { nonce }),
        (text(), text()).prop_map(|(code, message)| ServerMessage::Error { code, message }),
    ]
}

fn welcome() -> impl Strategy<Value = Welcome> {
    let mode = proptest::sample::select(PRESETS.to_vec());
    let numbers = (any::<u32>(), any::<u16>(), any::<u32>(), any::<u16>());
    let rates = proptest::sample::select(vec![20u32, 30, 60]);
    (mode, "[a-z0-9.]{1,40}", numbers, rates, 0.001f32..60.0).prop_map(
        |(mode, text, (protocol, seat, seq, capacity), tick_rate, float)| {
            let rules = preset(mode).expect("a preset").rules;
            Welcome {
                protocol,
                schema: text.clone(),
                server: text.clone(),
                room: text.clone(),
                code: Some(text.clone()).filter(|text| text.len() > 20),
                mode: mode.to_owned(),
                seat,
                resume: text,
                seq,
                tick_rate,
                grace_ticks: seq,
                rules: RulesMessage {
                    capacity,
                    walk_speed: float,
                    blink_range: 1.0 / float,
                    ..RulesMessage::from(&rules)
                },
            }
        },
    )
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![2 => hot_message(), 1 => control_message()]
}

/// Makes a snapshot like those of a room: every list sorted, each id once.
fn sound(mut snapshot: Snapshot) -> Snapshot {
    snapshot.players.sort_by_key(|player| player.id);
    snapshot.players.dedup_by_key(|player| player.id);
    snapshot.fireballs.sort_by_key(|fireball| fireball.id);
    snapshot.fireballs.dedup_by_key(|fireball| fireball.id);
    snapshot.acks.sort_by_key(|ack| ack.player);
    snapshot.acks.dedup_by_key(|ack| ack.player);
    snapshot
}

/// A snapshot and a later one that has many entities in common with it.
fn two_snapshots() -> impl Strategy<Value = (Snapshot, Snapshot)> {
    (snapshot(), snapshot(), any::<u64>()).prop_map(|(before, mut after, keep)| {
        let kept = |index: usize| keep >> (index % 64) & 1 == 1;
        let shared = before.players.iter().enumerate().filter(|(index, _)| kept(*index));
        after.players.extend(shared.map(|(index, player)| PlayerState {
            motion: if kept(index + 7) {
                player.motion
            } else {
                Motion::Stand { at: Point::new(7, 7) }
            },
            ..*player
        }));
        let shared = before.fireballs.iter().enumerate().filter(|(index, _)| kept(index + 20));
        after.fireballs.extend(shared.map(|(_, fireball)| *fireball));
        after.acks.extend(before.acks.iter().filter(|_| kept(40)));
        let (first, last) = (before.tick.min(after.tick), before.tick.max(after.tick));
        (sound(Snapshot { tick: first, ..before }), sound(Snapshot { tick: last, ..after }))
    })
}

fn tuning() -> Tuning {
    Tuning::new(&preset("brawl").expect("a preset").rules)
}

proptest! {
    #[test]
    fn a_delta_gives_what_it_was_made_for((before, after) in two_snapshots()) {
        let tuning = tuning();
        let mut delta = Delta::between(&before, &after);
        delta.set_hash(after.seen_at(after.tick, &tuning).view_hash());
        assert_eq!(delta.apply(&before), Ok(after.clone()));
        for codec in Codec::ALL {
            let frame = codec.encode_server(&ServerMessage::Delta(delta.clone()));
            assert_eq!(codec.decode_server(&frame.bytes), Ok(Some(ServerMessage::Delta(delta.clone()))));
        }
        assert!(Delta::between(&after, &after).is_only_later());
        assert_eq!(delta.is_only_later(), Snapshot { tick: after.tick, ..before.clone() } == after);
        let mut view = View::default();
        view.begin(before);
        let wrong = Delta { hash: delta.hash.map(|hash| hash ^ 1), ..delta.clone() };
        assert_eq!(view.take(&wrong, &tuning), Err(Mismatch::Hash));
        assert_eq!(view.take(&Delta { age: delta.age + 1, ..delta.clone() }, &tuning), Err(Mismatch::Base));
        assert_eq!(view.take(&delta, &tuning), Ok(()));
        assert_eq!(view.known(), &after);
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
    fn what_a_server_says_arrives(message in server_message()) {
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
    fn a_damaged_frame_of_a_server_is_refused_or_valid(message in server_message(), cut: usize, flip: usize, mask in 1u8..) {
        for codec in Codec::ALL {
            let frame = codec.encode_server(&message).bytes;
            let _refused_or_valid = codec.decode_server(&frame[..cut % frame.len()]);
            let mut flipped = frame.to_vec();
            flipped[flip % frame.len()] ^= mask;
            if let Ok(Some(message)) = codec.decode_server(&flipped) {
                let again = codec.encode_server(&message);
                assert_eq!(codec.decode_server(&again.bytes), Ok(Some(message)));
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

/// The rules that a client reads from the welcome are the rules of the match.
#[test]
fn rules_arrive_whole() {
    let presets = PRESETS.map(|name| preset(name).expect("a preset").rules);
    let relay = Rules {
        late_joins: true,
        ends_at: 0,
        time_limit_s: 0.0,
        protection_s: 0.5,
        rewinds_flight: true,
        ..presets[0].clone()
    };
    for rules in presets.into_iter().chain([relay]) {
        let message = RulesMessage::from(&rules);
        assert_eq!(message.rules(rules.tick_rate.hz()).as_ref(), Ok(&rules));
        assert!(message.rules(25).is_err());
        let text = serde_json::to_string(&message).expect("a text");
        assert_eq!(serde_json::from_str::<RulesMessage>(&text).ok(), Some(message));
        let names = ["late_joins", "ends_at", "protection_s", "rewinds_flight"];
        let is_sent = names.map(|name| text.contains(name));
        assert_eq!(is_sent, [rules.late_joins; 4], "a client of before reads what it knew");
    }
}

#[test]
fn a_fight_without_a_limit_has_no_end_and_the_protected_are_alive() {
    for (name, limit, protected) in [("brawl", true, false), ("legacy-a", false, true)] {
        let mut world = World::new(preset(name).expect("a preset").rules, 1).expect("valid");
        let join = |id| Command::Join { player: PlayerId(id), kind: PlayerKind::Human };
        world.step(&[join(0), join(1)], &mut Vec::new());
        (0..100).for_each(|_| world.step(&[], &mut Vec::new()));
        // Somebody comes late, if that is allowed.
        world.step(&[join(2)], &mut Vec::new());
        let is_protected = |player: &Player| matches!(player.life, Life::Protected { .. });
        assert_eq!(world.players().iter().any(is_protected), protected);
        let snapshot = Snapshot::capture(&world, Vec::new());
        assert_eq!((snapshot.phase, snapshot.phase_ends.is_some()), (2, limit), "{name}");
        assert!(snapshot.players.iter().all(|player| player.life == 0));
    }
}

/// Checks snapshots, deltas and their hashes that another program wrote from the text of
/// `docs/protocol.md`. The client's tests read the same files.
#[test]
fn the_view_hash_is_what_the_protocol_says() {
    let folder = format!("{}/../fuzz/corpus/delta_apply", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect(&folder)
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .filter(|name| name.contains("-hashed"))
        .collect();
    names.sort_unstable();
    let expected = ["json-hashed", "json-hashed-events", "msgpack-hashed", "msgpack-hashed-events"];
    assert_eq!(names, expected);
    for name in names {
        let codec = if name.starts_with("json") { Codec::Json } else { Codec::MessagePack };
        let seed = std::fs::read(format!("{folder}/{name}")).expect(&name);
        let length = usize::from(u16::from_le_bytes([seed[1], seed[2]]));
        let (before, delta) = seed[3..].split_at(length);
        let decode = |frame| codec.decode_server(frame).expect("decodes").expect("known");
        let (ServerMessage::Snapshot(before), ServerMessage::Delta(delta)) =
            (decode(before), decode(delta))
        else {
            panic!("{name} holds a snapshot and a delta");
        };
        assert!(delta.hash.is_some());
        let mut view = View::default();
        view.begin(before);
        view.take(&delta, &tuning()).expect(&name);
        assert_eq!(view.known().tick, delta.tick);
    }
}

/// Hashes the places of 20,000 motions. `client/test/places.test.js` has the same number, from the
/// same motions.
#[test]
fn motions_are_the_same_everywhere() {
    let mut state = 1u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let brawl = preset("brawl").expect("a preset").rules;
    let variants: Vec<Tuning> = [TickRate::Hz20, TickRate::Hz30, TickRate::Hz60]
        .into_iter()
        .flat_map(|tick_rate| [Walls::Solid, Walls::Open].map(|walls| (tick_rate, walls)))
        .map(|(tick_rate, walls)| Tuning::new(&Rules { tick_rate, walls, ..brawl.clone() }))
        .collect();
    let mut digest = 2_166_136_261u32;
    for _ in 0..20_000 {
        let [x, y, to_x, to_y] = [(); 4].map(|()| next(60_000).cast_signed() - 1_000);
        let (from, to, since) = (Point::new(x, y), Point::new(to_x, to_y), Tick(7));
        let (health, tick) = (u16::try_from(next(51)).expect("small"), Tick(7 + next(200)));
        let motion = if next(2) == 1 {
            Motion::Push { from, toward: to, since }
        } else {
            Motion::Walk { from, to, since }
        };
        let at = motion.place_at(tick, health, &variants[next(6) as usize]);
        for word in [at.x(), at.y()] {
            digest = (digest ^ word.cast_unsigned()).wrapping_mul(16_777_619);
        }
    }
    assert_eq!(digest, 2_692_513_962);
}

#[test]
fn a_snapshot_of_a_real_match_loses_nothing() {
    let mut shots = 0;
    let mut before = Snapshot::default();
    for_each_tick(&mut |world| {
        shots += world.fireballs().len();
        let snapshot = Snapshot::capture(world, Vec::new());
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
                let motion = Motion::Stand { at: player.at };
                assert_eq!(
                    (player.id.0, motion, player.health),
                    (state.id, state.motion, state.health)
                );
            }
        }
    });
    assert!(shots > 100, "the match was worth looking at");
}

/// A receiver that gets motions only when they change sees the same at each tick as one that gets
/// every place, and it is sent much less.
#[test]
fn who_simulates_sees_what_the_others_see() {
    let (mut view, mut known, mut told, mut moved) = (View::default(), Snapshot::default(), 0, 0);
    let mut before = Snapshot::default();
    for_each_tick(&mut |world| {
        let places = Snapshot::capture(world, Vec::new());
        let next = places.followed_from(&known, world);
        let delta = Delta { hash: Some(places.view_hash()), ..Delta::between(&known, &next) };
        if !delta.is_only_later() {
            view.take(&delta, world.tuning()).expect("fits");
            known = next;
        }
        assert_eq!(view.seen_at(places.tick, world.tuning()), places);
        told += delta.players.len();
        moved += Delta::between(&before, &places).players.len();
        before = places;
    });
    assert!(told * 5 < moved, "{told} motions instead of {moved} places");
}

/// Calls `look` at every tick of a fight of bots.
fn for_each_tick(look: &mut dyn FnMut(&World)) {
    let mut world = World::new(preset("brawl").expect("a preset").rules, 3).expect("valid");
    let joins: Vec<_> = (0..6)
        .map(|id| Command::Join { player: PlayerId(id), kind: PlayerKind::Bot(BotSkill::Normal) })
        .collect();
    world.step(&joins, &mut Vec::new());
    for _ in 0..900 {
        world.step(&[], &mut Vec::new());
        look(&world);
    }
}
