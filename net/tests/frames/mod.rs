//! The golden messages: every message of the protocol in all its forms, by name. Their frames are
//! in `net/tests/golden/frames.json`, and `golden.rs` compares them.

pub(crate) mod meaning;

use bolide_net::{
    Ack, ChatText, ClientMessage, Delta, ErrorCode, Events, FireballState, Hello, InputMessage,
    MatchEndReason, NewRoom, NoticeLevel, PhaseState, Placement, PlayerChange, PlayerName,
    PlayerState, Private, RefusedInput, RoomCode, RosterEntry, ServerMessage, Snapshot, SyncMode,
    WantedRoom, Welcome, WireEvent,
};
use bolide_sim::{Input, Motion, Point, Refusal, Tick, Tuning, preset};

/// The messages of a client.
pub(crate) fn client() -> Vec<(&'static str, ClientMessage)> {
    let hello = |name: &str, sync| Hello {
        name: PlayerName::parse(name).expect("a name"),
        mode: None,
        room: WantedRoom::Any,
        resume: None,
        sync,
    };
    let everything = Hello {
        mode: Some("royale".to_owned()),
        room: WantedRoom::Id("7f3a".to_owned()),
        resume: Some("b1946ac92492d234".to_owned()),
        ..hello("Zoë \"<b>\" 小明", SyncMode::Events)
    };
    let wants = |room| ClientMessage::Hello(Hello { room, ..hello("Ada", SyncMode::State) });
    let input = |seq, for_tick, view, input| {
        ClientMessage::Input(InputMessage { seq, for_tick, view, input })
    };
    let chat = ChatText::parse("good game, \"Ada\" \\ 🔥").expect("a line");
    vec![
        ("hello-full", ClientMessage::Hello(hello("Ada", SyncMode::Full))),
        ("hello-state", ClientMessage::Hello(hello("Ada", SyncMode::State))),
        ("hello-events", ClientMessage::Hello(hello("Ada", SyncMode::Events))),
        (
            "hello-mode",
            ClientMessage::Hello(Hello {
                mode: Some("duel".to_owned()),
                ..hello("Bo", SyncMode::State)
            }),
        ),
        ("hello-code", wants(WantedRoom::Code(RoomCode::parse("k7q2mx").expect("a code")))),
        ("hello-create-public", wants(WantedRoom::New(NewRoom::Public))),
        ("hello-create-private", wants(WantedRoom::New(NewRoom::Private))),
        ("hello-everything", ClientMessage::Hello(everything)),
        ("input-stop", input(1, None, None, Input::Stop)),
        ("input-stop-at-a-tick", input(128, Some(900), Some(65_536), Input::Stop)),
        ("input-move", input(2, None, None, Input::Move(Point::new(18_022, 9_011)))),
        ("input-move-beyond", input(3, None, None, Input::Move(Point::new(-100, -40_001)))),
        ("input-shoot", input(70_000, None, Some(898), Input::Shoot(Point::new(30_001, 77)))),
        ("input-blink", input(u32::MAX, Some(901), Some(897), Input::Blink(Point::new(-7, 5)))),
        ("input-for-a-tick", input(300, Some(902), None, Input::Shoot(Point::new(127, 128)))),
        ("chat", ClientMessage::Chat(chat)),
        ("pong", ClientMessage::Pong(4_000_000_000)),
        ("resync", ClientMessage::Resync),
        ("rematch", ClientMessage::Rematch),
        ("lock", ClientMessage::Lock(true)),
        ("unlock", ClientMessage::Lock(false)),
        ("bots", ClientMessage::Bots(true)),
        ("bots-go", ClientMessage::Bots(false)),
        ("leave", ClientMessage::Leave),
    ]
}

/// The messages of a server.
pub(crate) fn server() -> Vec<(&'static str, ServerMessage)> {
    let mut messages = control();
    messages.extend(snapshots().map(|(name, snapshot)| (name, ServerMessage::Snapshot(snapshot))));
    messages.extend(deltas().map(|(name, delta)| (name, ServerMessage::Delta(delta))));
    messages.extend(privates());
    messages.extend(events());
    messages
}

/// Messages that a newer server may send, as JSON. Unknown parts are ignored, and a message without
/// a meaning is ignored as a whole.
#[rustfmt::skip]
pub(crate) const NEWER: [(&str, &str); 6] = [
    ("newer-message", r#"{"t":"weather","wind":3}"#),
    ("newer-hot-message", "[9,812,[1,2]]"),
    ("newer-fields", r#"{"sent":{"at":[1,2]},"t":"ping","nonce":7}"#),
    ("newer-elements", "[2,812,0,872,[[41,2,5]],6,[1],null]"),
    ("newer-delta-elements", "[4,812,1,[],[],[],[],null,null,[],[],7]"),
    ("newer-event", "[3,812,[[9,1,2],[5,2,8],[6,2,95]]]"),
];

fn control() -> Vec<(&'static str, ServerMessage)> {
    let entry = |id, name: &str, bot, connected| RosterEntry {
        id,
        name: name.to_owned(),
        bot,
        connected,
        idle: id == 2,
        ready: id == 0,
    };
    let placement = |id, place, hits, kills| Placement { id, place, hits, kills };
    let id = "0192f0c1-2345-7abc-8def-0123456789ab".to_owned();
    vec![
        ("welcome-classic", welcome("classic", None, 0, 0)),
        ("welcome-royale", welcome("royale", None, 41, 1312)),
        ("welcome-private", welcome("duel", Some("K7Q2MX"), 1, 0)),
        ("welcome-late-joins", welcome_to_late_joins()),
        (
            "roster",
            ServerMessage::Roster {
                players: vec![
                    entry(0, "Ada", false, true),
                    entry(1, "Zoë \"<b>\"", false, false),
                    entry(2, "Bo", false, true),
                    entry(300, "Grace", true, true),
                ],
            },
        ),
        ("match", ServerMessage::Match { id, number: 3, seats: vec![0, 1, 300] }),
        (
            "chat-line",
            ServerMessage::Chat { from: 1, name: "Zoë".to_owned(), text: "gg 🔥".to_owned() },
        ),
        (
            "result-winner",
            ServerMessage::Result {
                winner: Some(1),
                reason: MatchEndReason::LastStanding,
                placements: vec![placement(1, 1, 7, 2), placement(0, 2, 3, 0)],
                next_in_ticks: 300,
            },
        ),
        (
            "result-draw",
            ServerMessage::Result {
                winner: None,
                reason: MatchEndReason::TimeLimit,
                placements: vec![placement(0, 1, 0, 0), placement(1, 1, 0, 0)],
                next_in_ticks: 0,
            },
        ),
        ("paused", ServerMessage::Paused { missing: vec![1, 4], ticks_left: 240 }),
        ("paused-ends", ServerMessage::Paused { missing: vec![], ticks_left: 0 }),
        ("locked", ServerMessage::Lock { locked: true, creator: Some(0) }),
        ("lock-ends", ServerMessage::Lock { locked: false, creator: None }),
        ("bots-wait", ServerMessage::Bots { fill_to: 4, wanted: false }),
        ("bots-come", ServerMessage::Bots { fill_to: 10, wanted: true }),
        ("sight-of-a-player", ServerMessage::Sight { of: Some(300) }),
        ("sight-of-all", ServerMessage::Sight { of: None }),
        ("notice", notice("n41", NoticeLevel::Info, None, "New: <b>duels</b>")),
        (
            "notice-with-a-title",
            notice("n42", NoticeLevel::Maintenance, Some("维护"), "Back at 18:00 🔧"),
        ),
        ("ping", ServerMessage::Ping { nonce: 7 }),
        (
            "error",
            ServerMessage::error(ErrorCode::OutOfRange, "x is 1e39; allowed is -64 to 64 units"),
        ),
    ]
}

fn notice(id: &str, level: NoticeLevel, title: Option<&str>, text: &str) -> ServerMessage {
    ServerMessage::notice(id.to_owned(), level, title, text).expect("a notice")
}

fn welcome(mode: &str, code: Option<&str>, seat: u16, seq: u32) -> ServerMessage {
    let rules = preset(mode).expect("a preset").rules;
    ServerMessage::Welcome(Box::new(Welcome {
        protocol: bolide_net::PROTOCOL_VERSION,
        // Not the real hash, which changes with every comment.
        schema: "0123456789abcdef".to_owned(),
        server: "bolide 0.1.0".to_owned(),
        room: "7f3a".to_owned(),
        code: code.map(str::to_owned),
        mode: mode.to_owned(),
        seat,
        resume: "b1946ac92492d234".to_owned(),
        seq,
        tick_rate: rules.tick_rate.hz(),
        grace_ticks: 20 * rules.tick_rate.hz(),
        rules: (&rules).into(),
    }))
}

/// A welcome to a mode with all rules that a server sends only if they are not as usual.
fn welcome_to_late_joins() -> ServerMessage {
    let ServerMessage::Welcome(mut welcome) = welcome("brawl", None, 9, 0) else { unreachable!() };
    welcome.mode = "relay".to_owned();
    (welcome.rules.late_joins, welcome.rules.ends_at) = (true, 0);
    (welcome.rules.time_limit_s, welcome.rules.protection_s) = (0.0, 1.5);
    welcome.rules.rewinds_flight = true;
    ServerMessage::Welcome(welcome)
}

fn player(id: u16, motion: Motion, health: u16, life: u8) -> PlayerState {
    PlayerState { id, motion, health, life }
}

fn stand(x: i32, y: i32) -> Motion {
    Motion::Stand { at: Point::new(x, y) }
}

fn walk(from: (i32, i32), to: (i32, i32), since: u32) -> Motion {
    let (from, to) = (Point::new(from.0, from.1), Point::new(to.0, to.1));
    Motion::Walk { from, to, since: Tick(since) }
}

fn push(from: (i32, i32), toward: (i32, i32), since: u32) -> Motion {
    let (from, toward) = (Point::new(from.0, from.1), Point::new(toward.0, toward.1));
    Motion::Push { from, toward, since: Tick(since) }
}

fn fireball(id: u32, owner: Option<u16>, since: u32) -> FireballState {
    let (from, toward) = (Point::new(9_000, 14_000), Point::new(-20_000, 14_001));
    FireballState { id, owner, from, toward, since }
}

fn standing() -> Snapshot {
    Snapshot {
        tick: 811,
        phase: 2,
        phase_ends: Some(5_445),
        players: vec![
            player(0, stand(16_384, 8_192), 100, 0),
            player(1, stand(9_001, 14_000), 65, 0),
            player(7, stand(0, 32_768), 0, 1),
            player(300, stand(40_000, 1), 20, 2),
        ],
        fireballs: vec![],
        acks: vec![Ack { player: 0, seq: 41 }, Ack { player: 1, seq: 70_000 }],
    }
}

fn moving() -> Snapshot {
    let standing = standing();
    let mut players = standing.players.clone();
    players[0].motion = walk((16_384, 8_192), (3_000, 20_000), 800);
    players[1].motion = push((9_001, 14_000), (36_769, 31_397), 805);
    Snapshot { players, fireballs: vec![fireball(12, Some(0), 809)], ..standing }
}

fn snapshots() -> impl Iterator<Item = (&'static str, Snapshot)> {
    let fireballs =
        vec![fireball(4, Some(0), 790), fireball(5, None, 811), fireball(70_000, Some(300), 800)];
    let negative = vec![
        player(2, stand(-1, -33), 40, 0),
        player(3, stand(-129, -32_769), 41, 0),
        player(4, walk((-2_097_152, 2_097_152), (-40_000, -5), 700), 42, 0),
    ];
    [
        ("snapshot-empty", Snapshot::default()),
        ("snapshot-countdown", Snapshot { tick: 30, phase: 1, phase_ends: Some(90), ..standing() }),
        ("snapshot-standing", standing()),
        ("snapshot-moving", moving()),
        ("snapshot-fireballs", Snapshot { fireballs, ..standing() }),
        ("snapshot-negative", Snapshot { players: negative, acks: vec![], ..standing() }),
        ("snapshot-over", Snapshot { phase: 3, phase_ends: None, ..standing() }),
    ]
    .into_iter()
}

fn deltas() -> impl Iterator<Item = (&'static str, Delta)> {
    let nothing = Delta {
        tick: 812,
        age: 1,
        phase: None,
        players: vec![],
        gone: vec![],
        born: vec![],
        ended: vec![],
        acks: vec![],
        acks_gone: vec![],
        hash: None,
    };
    let with = |players| Delta { players, ..nothing.clone() };
    let moved = |id, motion| PlayerChange::Moved { id, motion };
    let (stands, walks, pushed) = (
        stand(9_000, 14_000),
        walk((9_000, 14_000), (-1, 70_000), 811),
        push((9_000, 14_000), (9_000, -18_768), 810),
    );
    let whole = |motion| vec![PlayerChange::Whole(player(3, motion, 80, 0))];
    let everything = Delta {
        tick: 70_000,
        age: 15,
        phase: Some(PhaseState { phase: 3, ends: None }),
        players: vec![
            moved(0, stands),
            moved(1, walks),
            moved(2, pushed),
            PlayerChange::Whole(player(3, stands, 80, 0)),
            PlayerChange::Whole(player(4, walks, 60, 0)),
            PlayerChange::Whole(player(300, pushed, 20, 1)),
        ],
        gone: vec![7, 299],
        born: vec![fireball(12, Some(0), 69_999), fireball(13, None, 70_000)],
        ended: vec![4, 5],
        acks: vec![Ack { player: 1, seq: 70_001 }],
        acks_gone: vec![7],
        hash: Some(0xdead_beef),
    };
    [
        ("delta-nothing", nothing.clone()),
        ("delta-stands", with(vec![moved(3, stands)])),
        ("delta-walks", with(vec![moved(3, walks)])),
        ("delta-pushed", with(vec![moved(3, pushed)])),
        ("delta-new-stands", with(whole(stands))),
        ("delta-new-walks", with(whole(walks))),
        ("delta-new-pushed", with(whole(pushed))),
        (
            "delta-phase",
            Delta { phase: Some(PhaseState { phase: 2, ends: Some(5_445) }), ..nothing.clone() },
        ),
        ("delta-ended", Delta { ended: vec![12], age: 0, ..nothing.clone() }),
        ("delta-everything", everything),
        ("delta-hash-on-snapshot-standing", hashed(&standing())),
        ("delta-hash-on-snapshot-moving", hashed(&moving())),
    ]
    .into_iter()
}

/// A delta to three ticks later, with the hash that a client must compute. The rules are those of
/// `welcome-classic`.
fn hashed(before: &Snapshot) -> Delta {
    let tuning = Tuning::new(&preset("classic").expect("a preset").rules);
    let mut after = before.clone();
    after.tick += 3;
    after.players[2].motion = stand(5, -6);
    after.fireballs.push(fireball(13, None, 812));
    let hash = after.seen_at(after.tick, &tuning).view_hash();
    Delta { hash: Some(hash), ..Delta::between(before, &after) }
}

fn privates() -> Vec<(&'static str, ServerMessage)> {
    let nothing = Private {
        tick: 812,
        fireball_ready: 0,
        blink_ready: 872,
        refused: vec![],
        rewind_ticks_max: 6,
    };
    let whys = [Refusal::NotFighting, Refusal::NotAlive, Refusal::Cooldown, Refusal::NoWay];
    let refused = (41..).zip(whys).map(|(seq, why)| RefusedInput::new(seq, why)).collect();
    vec![
        ("private", ServerMessage::Private(nothing.clone())),
        ("private-refused", ServerMessage::Private(Private { refused, ..nothing })),
    ]
}

fn events() -> Vec<(&'static str, ServerMessage)> {
    let at = Point::new(-12, 14_000);
    let hit =
        |by| WireEvent::Hit { fireball: 12, by, victim: 300, at, health: 65, rewind_ticks: 3 };
    let each = [
        ("events-shot", WireEvent::Shot { player: 0, fireball: 70_000 }),
        ("events-fizzled", WireEvent::Fizzled { fireball: 12, at }),
        ("events-hit", hit(Some(1))),
        ("events-hit-by-nobody-in-sight", hit(None)),
        ("events-blinked", WireEvent::Blinked { player: 1, from: at, to: Point::new(9, 33_000) }),
        ("events-died", WireEvent::Died { player: 300, by: Some(1) }),
        ("events-died-by-the-zone", WireEvent::Died { player: 300, by: None }),
        ("events-left", WireEvent::Left { player: 2 }),
        ("events-burned", WireEvent::Burned { player: 2, health: 95 }),
    ];
    let message = |events| ServerMessage::Events(Events { tick: 812, events });
    let mut messages = vec![("events-none", message(vec![]))];
    messages.extend(each.map(|(name, event)| (name, message(vec![event]))));
    messages.push(("events-all", message(each.map(|(_, event)| event).to_vec())));
    messages
}
