//! Measures a whole tick of a room, from the step to the frames handed out. Half of the sessions
//! use each format, and half of each take deltas. One scene gives all sessions the same view,
//! another gives each seat its own frame.

use bolide_benches::{drain, foggy_room, room};
use bolide_net::{ClientMessage, InputMessage};
use bolide_room::{ConnectionId, Room, Stage};
use bolide_sim::{GRID, Input, Point};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Ticks of one iteration. Each iteration has a new room: the match of an older one would end, and
/// an idle room would be measured.
const TICKS: u32 = 200;

const CLEAR: &str = "200 ticks";
const FOG: &str = "200 ticks in the fog";

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan_out");
    group.sample_size(30);
    for (name, sessions) in [(CLEAR, 10u16), (CLEAR, 60), (CLEAR, 100), (FOG, 60)] {
        let open = if name == FOG { foggy_room } else { room };
        group.throughput(Throughput::Elements(u64::from(sessions) * u64::from(TICKS)));
        group.bench_function(BenchmarkId::new(name, sessions), |bencher| {
            bencher.iter_batched_ref(
                || open(sessions),
                |room| (1..=TICKS).map(|seq| tick(room, seq, sessions)).sum::<usize>(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// Runs one tick in which one player turns around, so that there is something to send.
fn tick(room: &mut Room, seq: u32, sessions: u16) -> usize {
    let to = Point::new(if seq.is_multiple_of(2) { GRID } else { 15 * GRID }, 4 * GRID);
    let input = InputMessage { seq, for_tick: None, view: None, input: Input::Move(to) };
    let turns = ConnectionId(u64::from(seq) % u64::from(sessions));
    room.handle_message(turns, ClientMessage::Input(input));
    room.handle_tick();
    assert_eq!(room.status().stage, Stage::Running);
    drain(room)
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
