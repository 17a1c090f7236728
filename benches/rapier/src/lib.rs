//! Empty: the benchmark is in `benches/crowd.rs`.
