//! Measures writing and reading a frame, in both formats: snapshots of 10, 100 and 1,000 entities,
//! and the deltas between two ticks.

use bolide_benches::snapshots;
use bolide_net::{Codec, Delta, ServerMessage};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    for entities in [10u16, 100, 1000] {
        let [before, after] = snapshots(entities);
        let delta = Delta::between(&before, &after);
        group.throughput(Throughput::Elements(entities.into()));
        group.bench_function(BenchmarkId::new("between", entities), |bencher| {
            bencher.iter(|| Delta::between(&before, &after));
        });
        group.bench_function(BenchmarkId::new("apply", entities), |bencher| {
            bencher.iter(|| delta.apply(&before));
        });
        for (what, message) in [
            ("full", ServerMessage::Snapshot(after)),
            ("delta", ServerMessage::Delta(delta.clone())),
        ] {
            for codec in Codec::ALL {
                let frame = codec.encode_server(&message);
                let name = |verb| format!("{verb} {what}, {}", codec.subprotocol());
                println!(
                    "{what} of {entities} entities, {}: {} B",
                    codec.subprotocol(),
                    frame.bytes.len()
                );
                group.bench_function(BenchmarkId::new(name("encode"), entities), |bencher| {
                    bencher.iter(|| codec.encode_server(&message));
                });
                group.bench_function(BenchmarkId::new(name("decode"), entities), |bencher| {
                    bencher.iter(|| codec.decode_server(&frame.bytes));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
