//! The time each body takes, with criterion: `just bench-time`, or `just bench-time merkle` for some of them.

use bench::{bodies, measured};
use criterion::{BatchSize, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("rooms");
    for mut body in bodies() {
        group.throughput(Throughput::Elements(body.operations));
        group.bench_function(body.name, |bencher| {
            bencher.iter_batched(|| body.prepare(), measured, BatchSize::LargeInput);
        });
    }
    group.finish();
    criterion.final_summary();
}
