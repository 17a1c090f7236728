//! One scene, once, for counting instructions: `cargo xtask counts` runs it under callgrind, which collects only inside
//! [`measured`]. Without an argument it lists the scenes.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;

use bolide_benches::{drain, fight, journal, room, snapshot};
use bolide_net::{ClientMessage, Codec, InputMessage, ServerMessage};
use bolide_room::ConnectionId;
use bolide_sim::journal::Replay;
use bolide_sim::{Input, Point};

/// Its name is what callgrind is told to look for.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

const SCENES: [&str; 14] = [
    "sim_step/3",
    "sim_step/10",
    "sim_step/60",
    "sim_step/200",
    "sim_step/1000",
    "sim_hash/10",
    "sim_replay/10",
    "encode/json",
    "encode/msgpack",
    "decode/json",
    "decode/msgpack",
    "decode/input",
    "fan_out/10",
    "fan_out/100",
];

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => println!("{}", SCENES.join("\n")),
        Some(scene) if SCENES.contains(&scene) => {
            let (name, what) = scene.split_once('/').unwrap_or((scene, ""));
            // A hash of the result, so that the work cannot be optimised away.
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
    let number: u16 = what.parse().unwrap_or(0);
    let codec = if what == "json" { Codec::Json } else { Codec::MessagePack };
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
            let message = ServerMessage::Snapshot(snapshot());
            measured(|| codec.encode_server(&message)).bytes.len() as u64
        }
        "decode" if what == "input" => {
            let input = InputMessage {
                seq: 7,
                for_tick: None,
                view: Some(9),
                input: Input::Move(Point::new(1, 2)),
            };
            let frame = codec.encode_client(&ClientMessage::Input(input)).bytes;
            u64::from(measured(|| codec.decode_client(&frame)).is_ok())
        }
        "decode" => {
            let frame = codec.encode_server(&ServerMessage::Snapshot(snapshot())).bytes;
            u64::from(measured(|| codec.decode_server(&frame)).is_ok())
        }
        _ => {
            let mut room = room(number);
            let input = InputMessage {
                seq: 1,
                for_tick: None,
                view: None,
                input: Input::Move(Point::new(9, 9)),
            };
            room.handle_message(ConnectionId(0), ClientMessage::Input(input));
            measured(|| {
                room.handle_tick();
                drain(&mut room)
            }) as u64
        }
    }
}
