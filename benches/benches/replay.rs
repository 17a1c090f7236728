//! Measures the replay of a match from its journal: ten bots, one minute at 30 Hz.

use bolide_benches::journal;
use bolide_sim::journal::Replay;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const TICKS: u32 = 1_800;

fn replay(criterion: &mut Criterion) {
    let journal = journal(10, TICKS);
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(TICKS.into()));
    group.bench_function("10 bots, one minute", |bencher| {
        bencher.iter(|| {
            let replay = Replay::open(&journal).expect("a journal");
            assert_eq!(replay.filter(Result::is_ok).count(), TICKS as usize);
        });
    });
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
