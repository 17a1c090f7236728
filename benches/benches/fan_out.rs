//! What a whole tick of a room costs, from the step to the frames handed out, half of the sessions in each format.

use bolide_benches::{drain, room};
use bolide_net::{ClientMessage, InputMessage};
use bolide_room::ConnectionId;
use bolide_sim::{GRID, Input, Point};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan_out");
    for sessions in [10u16, 100] {
        let mut room = room(sessions);
        let mut seq = 0;
        group.throughput(Throughput::Elements(sessions.into()));
        group.bench_function(BenchmarkId::from_parameter(sessions), |bencher| {
            bencher.iter(|| {
                // One player turns around each tick, so that there is something to say.
                seq += 1;
                let to = Point::new(if seq % 2 == 0 { GRID } else { 15 * GRID }, 4 * GRID);
                let input =
                    InputMessage { seq, for_tick: None, view: None, input: Input::Move(to) };
                let turns = ConnectionId(u64::from(seq) % u64::from(sessions));
                room.handle_message(turns, ClientMessage::Input(input));
                room.handle_tick();
                drain(&mut room)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
