//! Nothing here: the benchmark is in `benches/crowd.rs`.
