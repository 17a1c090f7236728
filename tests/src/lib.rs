//! The basis of the end-to-end tests: a server on port 0, clients of both formats, a little HTTP.
//! Nothing here asserts a duration. Every wait ends with an event, or fails after a generous time
//! and prints what was received.

#![forbid(unsafe_code)]

mod client;
mod crowd;
mod http;
mod raw;
mod relay;
mod server;
mod snapshot;

pub use client::{Client, Format, Received};
pub use crowd::{Crowd, Watched};
pub use http::{Answer, get, listed, request};
pub use raw::{Raw, first, frame};
pub use relay::{RelayPage, RelayRefusal};
pub use server::TestServer;
pub use snapshot::{GRID, Seen, SeenFireball, SeenPlayer};

/// The longest that anything may take before a test gives up.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
