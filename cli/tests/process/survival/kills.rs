//! `kill -9` at random moments: while ticks are stepped, at a system call that writes, around a
//! full state, at the beginning of a match, and while the server still recovers from the last kill.

use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::program::Running;

use super::witness::Witnesses;
use super::{Chance, House, signal, size, until_playing, wait_until};

/// The moment of a kill.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// At any time. Matches of one second are played as well, so that this is often the beginning
    /// of one.
    Any,
    /// Around the tick whose record in the journal ends with a full state.
    FullState,
    /// At the n-th system call of this name, before it is carried out.
    Call(&'static str, u64),
    /// Before the server has printed its address.
    Recovering,
}

/// System calls that write or make writes durable, and up to which call of each a kill may come.
const CALLS: [(&str, u64); 6] = [
    ("write", 200),
    ("pwrite64", 40),
    ("fdatasync", 2),
    ("ftruncate", 4),
    ("openat", 20),
    ("unlink", 1),
];

/// Ticks between two full states of a match.
const STATE_TICKS: u32 = 20 * 30;

fn moments(chance: &mut Chance) -> Vec<Moment> {
    let call = |(name, most)| Moment::Call(name, 1 + chance.below(most * size(1, 5)));
    let mut moments: Vec<Moment> =
        CALLS.iter().copied().chain([CALLS[0]; 2]).map(call).take(size(1, 8)).collect();
    moments.extend([Moment::Recovering, Moment::Any].repeat(size(1, 4)));
    moments.extend([Moment::FullState].repeat(size(0, 4)));
    // Shuffled, so that any moment may follow any other.
    for end in (1..moments.len()).rev() {
        let other = usize::try_from(chance.below(end as u64 + 1)).expect("small");
        moments.swap(end, other);
    }
    moments
}

#[test]
fn killed_again_and_again_every_room_and_every_seat_goes_on() {
    let mut chance = Chance::told();
    let house = House::new();
    let begun = Instant::now();
    let mut running = house.serve();
    let mut start = begun.elapsed();
    let witnesses = Witnesses::begin(house.port);
    let (long_rooms, short_rooms) = size((2, 3), (10, 10));
    let crowds = [house.crowd("long", long_rooms, 4), house.crowd("short", short_rooms, 2)];
    let players = 2 + long_rooms * 4 + short_rooms * 2;
    until_playing(&running, players);
    for moment in moments(&mut chance) {
        println!("{:6.1} s  {moment:?}", begun.elapsed().as_secs_f64());
        match moment {
            Moment::Any => chance.pause(size(Duration::from_millis(1500), Duration::from_secs(4))),
            Moment::FullState => {
                let tick = || witnesses.tick.load(Ordering::Relaxed) % STATE_TICKS;
                wait_until("a full state is near", || tick() >= STATE_TICKS - 3);
                chance.pause(Duration::from_millis(150));
            }
            Moment::Recovering => {
                kill(running);
                let mut child = quiet(&house);
                chance.pause(start);
                child.kill().expect("killed");
                child.wait().expect("dead");
                running = house.serve();
                continue;
            }
            Moment::Call(name, number) => {
                kill(running);
                killed_at(&house, name, number);
                running = house.serve();
                continue;
            }
        }
        kill(running);
        let begun = Instant::now();
        running = house.serve();
        start = begun.elapsed();
    }
    until_playing(&running, players);
    // Long enough for some worlds to be comparable, however early the kills came.
    wait_until("it goes on", || witnesses.tick.load(Ordering::Relaxed) > 60);
    for crowd in crowds {
        let report = crowd.end_well(&running);
        println!("{}: resumed {}, away {}", report["mode"], report["resumed"], report["away_ms"]);
    }
    running.signal("TERM");
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let compared = witnesses.compare(&house.folder.0.join("data/journals"));
    assert!(compared > 30, "{compared} worlds");
    println!("{} journals verified, {compared} worlds compared", house.verify_journals());
}

fn kill(running: Running) {
    running.signal("KILL");
    let (code, log) = running.end();
    assert_eq!(code, None);
    assert!(!log.contains("panic"), "{log}");
}

/// Starts the server with its output discarded.
fn quiet(house: &House) -> Child {
    let mut server = house.server();
    server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// Runs a server until it is killed at that call, which may be during recovery. If there are fewer
/// calls, it is killed after eight seconds.
fn killed_at(house: &House, name: &str, number: u64) {
    let inject = format!("inject={name}:signal=KILL:when={number}");
    let trace = format!("trace={name}");
    let options = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let mut traced = house.server_under("strace", &options);
    let mut child = traced.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("strace");
    let begun = Instant::now();
    wait_until("it is killed", || {
        let is_enough = begun.elapsed() > Duration::from_secs(8);
        if is_enough && let Some(server) = traced_by(&child) {
            signal(server, "KILL");
        }
        child.try_wait().expect("a state").is_some()
    });
}

/// Returns the process that strace runs.
fn traced_by(strace: &Child) -> Option<u32> {
    let pid = strace.id();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
