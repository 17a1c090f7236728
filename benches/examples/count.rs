//! Runs one scene once, for counting instructions. `cargo xtask counts` runs it under callgrind,
//! which collects only inside [`measured`]. Without an argument it lists the scenes.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use bolide_benches::pages::PageScene;
use bolide_benches::sockets::{send_masked, socket, take};
use bolide_benches::{drain, fight, foggy_room, journal, room, snapshots, watched_room};
use bolide_net::{ClientMessage, Codec, Delta, ErrorCode, InputMessage, ServerMessage};
use bolide_room::{ConnectionId, Room};
use bolide_sim::journal::Replay;
use bolide_sim::{GRID, Input, Point};
use bolide_transport::{Outbox, READ_BYTES};

/// Callgrind collects only inside the function of this name.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

const SCENES: [&str; 43] = [
    "sim_step/3",
    "sim_step/10",
    "sim_step/60",
    "sim_step/200",
    "sim_step/1000",
    "sim_hash/10",
    "sim_replay/10",
    "encode/json/full/10",
    "encode/json/full/100",
    "encode/json/full/1000",
    "encode/json/delta/10",
    "encode/json/delta/100",
    "encode/json/delta/1000",
    "encode/msgpack/full/10",
    "encode/msgpack/full/100",
    "encode/msgpack/full/1000",
    "encode/msgpack/delta/10",
    "encode/msgpack/delta/100",
    "encode/msgpack/delta/1000",
    "decode/json/full/10",
    "decode/json/full/100",
    "decode/json/full/1000",
    "decode/json/delta/10",
    "decode/json/delta/100",
    "decode/json/delta/1000",
    "decode/msgpack/full/10",
    "decode/msgpack/full/100",
    "decode/msgpack/full/1000",
    "decode/msgpack/delta/10",
    "decode/msgpack/delta/100",
    "decode/msgpack/delta/1000",
    "decode/input",
    "fan_out/10",
    "fan_out/60",
    "fan_out/100",
    "fan_out/fog/60",
    "seats/native",
    "seats/pages",
    "socket/inbound",
    "socket/outbox",
    // Only the encoding is counted in these; see `xtask/src/counts.rs`.
    "shared_encoding/10",
    "shared_encoding/100",
    "shared_encoding/1000",
];

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => println!("{}", SCENES.join("\n")),
        Some(scene) if SCENES.contains(&scene) => {
            let (name, what) = scene.split_once('/').unwrap_or((scene, ""));
            // Prints a hash of the result, so that the work cannot be optimised away.
            println!("{scene} {}", run(name, what));
        }
        Some(other) => {
            eprintln!("there is no scene {other}; the scenes are:\n{}", SCENES.join("\n"));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(name: &str, what: &str) -> u64 {
    let number: u16 = what.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0);
    let codec = if what.starts_with("json") { Codec::Json } else { Codec::MessagePack };
    match name {
        "sim_step" => {
            let mut world = fight(number);
            let mut events = Vec::with_capacity(4096);
            measured(|| (0..10).for_each(|_| world.step(&[], &mut events)));
            world.hash()
        }
        "sim_hash" => {
            let world = fight(number);
            measured(|| world.hash())
        }
        "sim_replay" => {
            let journal = journal(number, 300);
            measured(|| {
                let mut replay = Replay::open(&journal).expect("a journal");
                assert!(replay.by_ref().all(|tick| tick.is_ok()));
                replay.world().hash()
            })
        }
        "encode" => {
            let message = message(what, number);
            measured(|| codec.encode_server(&message)).bytes.len() as u64
        }
        "decode" if what == "input" => {
            let frame = codec.encode_client(&ClientMessage::Input(turn(7))).bytes;
            u64::from(measured(|| codec.decode_client(&frame)).is_ok())
        }
        "decode" => {
            let frame = codec.encode_server(&message(what, number)).bytes;
            u64::from(measured(|| codec.decode_server(&frame)).is_ok())
        }
        "socket" if what == "inbound" => inbound(),
        "socket" => outbox(),
        "seats" => {
            let mut scene = PageScene::new(what == "pages");
            measured(|| scene.play())
        }
        "shared_encoding" => {
            let mut room = watched_room(number);
            (0..300).map(|seq| tick(&mut room, seq)).sum()
        }
        _ => {
            let mut room = if what.starts_with("fog") { foggy_room(number) } else { room(number) };
            room.handle_message(ConnectionId(0), ClientMessage::Input(turn(1)));
            measured(|| {
                room.handle_tick();
                drain(&mut room)
            }) as u64
        }
    }
}

/// Reads inputs of a client: sixty that come alone, as nearly all do, and a burst in one read.
fn inbound() -> u64 {
    let (mut socket, client) = socket();
    let input = |seq| Codec::MessagePack.encode_client(&ClientMessage::Input(turn(seq)));
    let (mut buffer, now) = ([0; READ_BYTES], Instant::now());
    let mut read = || {
        socket.readable();
        measured(|| std::iter::from_fn(|| socket.next(&mut buffer, now)).count() as u64)
    };
    let mut events = 0;
    for seq in 0..60 {
        send_masked(&client, &[input(seq)]);
        events += read();
    }
    send_masked(&client, &(60..80).map(input).collect::<Vec<_>>());
    events += read();
    assert_eq!(events, 80);
    events
}

/// Queues a reliable frame and a snapshot each tick, and hands them to a writer that takes all, or
/// stops in the middle of the snapshot and takes the rest later. Small snapshots are copied
/// together, large ones are offered as a list.
fn outbox() -> u64 {
    let mut outbox = Outbox::new(64 * 1024);
    let frames = [("delta", 10), ("full", 100)]
        .map(|(what, entities)| Codec::MessagePack.encode_server(&message(what, entities)));
    let told = Codec::MessagePack.encode_server(&ServerMessage::error(ErrorCode::NotJoined, "no"));
    for snapshot in frames {
        let half = told.bytes.len() + snapshot.bytes.len() / 2;
        measured(|| {
            for _ in 0..10 {
                for bytes in [usize::MAX, half, usize::MAX] {
                    outbox.push(told.clone());
                    outbox.replace_latest(snapshot.clone());
                    black_box(outbox.write(take(bytes))).expect("no error");
                }
            }
        });
    }
    let written = outbox.take_written();
    assert_eq!(written.waiting_bytes, 0);
    written.frames
}

fn message(what: &str, entities: u16) -> ServerMessage {
    let [before, after] = snapshots(entities);
    if what.contains("delta") {
        ServerMessage::Delta(Delta::between(&before, &after))
    } else {
        ServerMessage::Snapshot(after)
    }
}

/// Runs one tick in which one player turns around, so that there is something to send.
fn tick(room: &mut Room, seq: u32) -> u64 {
    room.handle_message(ConnectionId(0), ClientMessage::Input(turn(seq + 1)));
    room.handle_tick();
    drain(room) as u64
}

fn turn(seq: u32) -> InputMessage {
    let to = if seq.is_multiple_of(2) { GRID } else { 15 * GRID };
    let input = Input::Move(Point::new(to, 4 * GRID));
    InputMessage { seq, for_tick: None, view: None, input }
}
