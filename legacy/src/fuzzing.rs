//! The body of the fuzz target, so that stable tests can replay its corpus.

use bolide_net::{
    ClientMessage, Codec, PROTOCOL_VERSION, PlayerState, RosterEntry, RulesMessage, ServerMessage,
    Snapshot, Welcome,
};
use bolide_sim::{Motion, Point, Tick, preset};

use crate::page::{Page, PageOutput, PageSettings};

/// Handles any sequence of frames, each preceded by its length, as those of a page in a fight. A
/// byte of 255 instead of a length is a tick. Whatever they are, the room is asked for nothing that
/// it would not decode, and the page is sent strict JSON.
pub fn legacy_frame(data: &[u8]) {
    let mut page = Page::new(PageSettings { picture: "/picture.png".to_owned(), mode: None });
    let mut out = PageOutput::default();
    let create = r#"{"event":"create_player","uuid":"11111111","username":"A","photo":""}"#;
    page.handle_frame(create, Tick(0), &mut out).expect("an old frame");
    for message in fight() {
        page.handle_message(message, Tick(1), &mut out);
    }
    let mut tick = Tick(1);
    page.handle_tick(tick, &mut out);
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        if *length == u8::MAX {
            tick = tick.next();
            page.handle_tick(tick, &mut out);
            rest = after;
        } else {
            let (frame, next) = after.split_at(usize::from(*length).min(after.len()));
            rest = next;
            if let Ok(frame) = core::str::from_utf8(frame) {
                // A frame that is refused has had no effect.
                let _counted = page.handle_frame(frame, tick, &mut out);
            }
        }
        for nonce in std::mem::take(&mut out.pings) {
            page.handle_pong(nonce, tick, &mut out);
        }
        check(&mut out);
    }
}

fn check(out: &mut PageOutput) {
    for message in out.to_room.drain(..) {
        if !matches!(message, ClientMessage::Hello(_)) {
            let frame = Codec::MessagePack.encode_client(&message);
            assert_eq!(Codec::MessagePack.decode_client(&frame.bytes), Ok(message));
        }
    }
    for text in out.to_page.drain(..) {
        let value: serde_json::Value = serde_json::from_str(&text).expect("strict JSON");
        assert!(value["event"].is_string(), "{text}");
    }
}

/// Returns the messages of a fight of two, in which seat 0 is the page's.
fn fight() -> [ServerMessage; 4] {
    let rules = preset("brawl").expect("a preset").rules;
    let welcome = Welcome {
        protocol: PROTOCOL_VERSION,
        schema: String::new(),
        server: String::new(),
        room: String::new(),
        code: None,
        mode: String::new(),
        seat: 0,
        resume: String::new(),
        seq: 0,
        tick_rate: rules.tick_rate.hz(),
        grace_ticks: 0,
        rules: RulesMessage::from(&rules),
    };
    let entry = |id| RosterEntry {
        id,
        name: format!("p{id}"),
        bot: false,
        connected: true,
        idle: false,
        ready: false,
    };
    let player = |id| PlayerState {
        id,
        motion: Motion::Stand { at: Point::in_units(f32::from(id), 0.5) },
        health: 40,
        life: 0,
    };
    let snapshot =
        Snapshot { tick: 1, phase: 2, players: vec![player(0), player(1)], ..Snapshot::default() };
    [
        ServerMessage::Welcome(Box::new(welcome)),
        ServerMessage::Match { id: "m".to_owned(), number: 1, seats: vec![0, 1] },
        ServerMessage::Roster { players: vec![entry(0), entry(1)] },
        ServerMessage::Snapshot(snapshot),
    ]
}
