//! What a snapshot of ten players and their fireballs costs to write and to read, in both formats.

use bolide_benches::snapshot;
use bolide_net::{Codec, ServerMessage};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn codec(criterion: &mut Criterion) {
    let message = ServerMessage::Snapshot(snapshot());
    let mut group = criterion.benchmark_group("codec");
    for codec in Codec::ALL {
        let frame = codec.encode_server(&message);
        group.throughput(Throughput::Bytes(frame.bytes.len() as u64));
        group.bench_function(BenchmarkId::new("encode", codec.subprotocol()), |bencher| {
            bencher.iter(|| codec.encode_server(&message));
        });
        group.bench_function(BenchmarkId::new("decode", codec.subprotocol()), |bencher| {
            bencher.iter(|| codec.decode_server(&frame.bytes));
        });
    }
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
