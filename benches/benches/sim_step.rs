//! Measures one tick: players that walk, each with a fireball in the air.

use bolide_benches::fight;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn sim_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sim_step");
    for players in [3u16, 10, 60, 200, 1000] {
        let world = fight(players);
        let entities = world.players().len() + world.fireballs().len();
        group.throughput(Throughput::Elements(entities as u64));
        group.bench_with_input(BenchmarkId::from_parameter(players), &world, |bencher, world| {
            let mut events = Vec::with_capacity(64);
            bencher.iter_batched_ref(
                || world.clone(),
                |world| {
                    events.clear();
                    world.step(&[], &mut events);
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_with_input(BenchmarkId::new("hash", players), &world, |bencher, world| {
            bencher.iter(|| world.hash());
        });
    }
    group.finish();
}

criterion_group!(benches, sim_step);
criterion_main!(benches);
