//! The meaning of a message, as plain JSON with every field by its name: places in grid steps,
//! kinds in words. It is made from the Rust types alone, never from the wire. Readers in other
//! languages derive the same from the frames.

use bolide_net::{
    Ack, ClientMessage, FireballState, Hello, NewRoom, PlayerChange, PlayerState, ServerMessage,
    SyncMode, WantedRoom, WireEvent,
};
use bolide_sim::{Input, Motion, Point};
use serde_json::{Map, Value, json};

pub(crate) fn of_client(message: &ClientMessage) -> Value {
    match message {
        ClientMessage::Hello(hello) => of_hello(hello),
        ClientMessage::Input(input) => {
            let (intent, at) = match input.input {
                Input::Stop => ("stop", None),
                Input::Move(at) => ("move", Some(at)),
                Input::Shoot(at) => ("shoot", Some(at)),
                Input::Blink(at) => ("blink", Some(at)),
            };
            json!({
                "kind": "input", "seq": input.seq, "for_tick": input.for_tick, "view": input.view,
                "intent": intent, "at": at.map(place),
            })
        }
        ClientMessage::Chat(text) => json!({"kind": "chat", "text": text.as_str()}),
        ClientMessage::Pong(nonce) => json!({"kind": "pong", "nonce": nonce}),
        ClientMessage::Resync => json!({"kind": "resync"}),
        ClientMessage::Rematch => json!({"kind": "rematch"}),
        ClientMessage::Lock(locked) => json!({"kind": "lock", "locked": locked}),
        ClientMessage::Bots(wanted) => json!({"kind": "bots", "wanted": wanted}),
        ClientMessage::Leave => json!({"kind": "leave"}),
    }
}

/// Holds only the fields that are given.
fn of_hello(hello: &Hello) -> Value {
    let sync = match hello.sync {
        SyncMode::Full => "full",
        SyncMode::State => "state",
        SyncMode::Events => "events",
    };
    let room = match &hello.room {
        WantedRoom::Any => None,
        WantedRoom::Id(id) => Some(("room", id.as_str())),
        WantedRoom::Code(code) => Some(("code", code.as_str())),
        WantedRoom::New(NewRoom::Public) => Some(("create", "public")),
        WantedRoom::New(NewRoom::Private) => Some(("create", "private")),
    };
    let (mode, resume) = (hello.mode.as_deref(), hello.resume.as_deref());
    let optional = [mode.map(|mode| ("mode", mode)), room, resume.map(|token| ("resume", token))];
    let mut meaning =
        Map::from_iter([("kind".to_owned(), json!("hello")), ("sync".to_owned(), json!(sync))]);
    meaning.insert("name".to_owned(), json!(hello.name.as_str()));
    for (name, text) in optional.into_iter().flatten() {
        meaning.insert(name.to_owned(), json!(text));
    }
    Value::Object(meaning)
}

pub(crate) fn of_server(message: &ServerMessage) -> Value {
    match message {
        ServerMessage::Snapshot(snapshot) => json!({
            "kind": "snapshot", "tick": snapshot.tick, "phase": snapshot.phase,
            "phase_ends": snapshot.phase_ends, "players": each(&snapshot.players, player),
            "fireballs": each(&snapshot.fireballs, fireball), "acks": each(&snapshot.acks, ack),
        }),
        ServerMessage::Delta(delta) => json!({
            "kind": "delta", "tick": delta.tick, "age": delta.age,
            "players": each(&delta.players, change), "acks": each(&delta.acks, ack),
            "born": each(&delta.born, fireball), "ended": delta.ended, "hash": delta.hash,
            "phase": delta.phase.map(|phase| json!({"phase": phase.phase, "ends": phase.ends})),
            "gone": delta.gone, "acks_gone": delta.acks_gone,
        }),
        ServerMessage::Private(private) => json!({
            "kind": "private", "tick": private.tick, "fireball_ready": private.fireball_ready,
            "blink_ready": private.blink_ready, "rewind_ticks_max": private.rewind_ticks_max,
            "refused": each(&private.refused, |r| json!({"seq": r.seq, "why": r.why})),
        }),
        ServerMessage::Events(events) => {
            let known: Vec<Value> = events.events.iter().filter_map(event).collect();
            json!({"kind": "events", "tick": events.tick, "events": known})
        }
        // A control message is a map with these names already. Converted through text, so that 0.15
        // stays 0.15.
        control => {
            let text = serde_json::to_string(control).expect("a map");
            let mut map: Map<String, Value> = serde_json::from_str(&text).expect("a map");
            let kind = map.remove("t").expect("its kind");
            map.insert("kind".to_owned(), kind);
            Value::Object(map)
        }
    }
}

fn each<T>(list: &[T], meaning: impl Fn(&T) -> Value) -> Vec<Value> {
    list.iter().map(meaning).collect()
}

fn place(point: Point) -> Value {
    json!([point.x(), point.y()])
}

fn motion(motion: Motion) -> Value {
    match motion {
        Motion::Stand { at } => json!({"stand": place(at)}),
        Motion::Walk { from, to, since } => {
            json!({"walk": {"from": place(from), "to": place(to), "since": since.0}})
        }
        Motion::Push { from, toward, since } => {
            json!({"push": {"from": place(from), "toward": place(toward), "since": since.0}})
        }
    }
}

fn player(player: &PlayerState) -> Value {
    json!({
        "id": player.id, "motion": motion(player.motion), "health": player.health, "life": player.life,
    })
}

/// Omits health and life if they do not change.
fn change(change: &PlayerChange) -> Value {
    match change {
        PlayerChange::Moved { id, motion: new } => json!({"id": id, "motion": motion(*new)}),
        PlayerChange::Whole(new) => player(new),
    }
}

fn fireball(fireball: &FireballState) -> Value {
    json!({
        "id": fireball.id, "owner": fireball.owner, "from": place(fireball.from),
        "toward": place(fireball.toward), "since": fireball.since,
    })
}

fn ack(ack: &Ack) -> Value {
    json!({"player": ack.player, "seq": ack.seq})
}

/// Returns `None` for an unknown kind of event.
fn event(event: &WireEvent) -> Option<Value> {
    Some(match *event {
        WireEvent::Shot { player, fireball } => {
            json!({"kind": "shot", "player": player, "fireball": fireball})
        }
        WireEvent::Fizzled { fireball, at } => {
            json!({"kind": "fizzled", "fireball": fireball, "at": place(at)})
        }
        WireEvent::Hit { fireball, by, victim, at, health, rewind_ticks } => json!({
            "kind": "hit", "fireball": fireball, "by": by, "victim": victim, "at": place(at),
            "health": health, "rewind_ticks": rewind_ticks,
        }),
        WireEvent::Blinked { player, from, to } => {
            json!({"kind": "blinked", "player": player, "from": place(from), "to": place(to)})
        }
        WireEvent::Died { player, by } => json!({"kind": "died", "player": player, "by": by}),
        WireEvent::Left { player } => json!({"kind": "left", "player": player}),
        WireEvent::Burned { player, health } => {
            json!({"kind": "burned", "player": player, "health": health})
        }
        WireEvent::Unknown => return None,
    })
}
