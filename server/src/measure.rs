//! The figures that the server counts of itself, and the reasons that it counts. Nothing here knows
//! what is counted for: the names of the metrics are in `ops`.

pub(crate) mod heartbeat;
pub(crate) mod lobby_metrics;
pub(crate) mod log_pace;
pub(crate) mod reasons;
pub(crate) mod shard_metrics;
pub(crate) mod store_metrics;
pub(crate) mod threads;
pub(crate) mod traffic;
