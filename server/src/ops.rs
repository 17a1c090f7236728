//! For the operator: the admin port, the control socket, the names of all metrics, the log's way
//! out of the process, and the figures of the process.

pub(crate) mod admin;
pub(crate) mod control;
pub(crate) mod log_queue;
pub(crate) mod metrics;
pub(crate) mod process;
