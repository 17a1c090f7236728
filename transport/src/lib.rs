//! The server's end of one WebSocket, on a non-blocking socket. The crate has no runtime, so
//! nothing here can await. It knows frames and no messages, and no room.
//!
//! The contract of a [`GameSocket`], whose owner watches it with a poller of its own:
//!
//! ```text
//! readable -> next, until it returns None     bytes become events
//! writable                                    what waited is written
//! outbox   -> flush, once for a whole tick    frames become bytes
//! ended    -> the reason to let go of it      a reader that is too slow, or nobody at all
//! ```
//!
//! The files, in the order of the data: `socket` is the stream with all that belongs to it, `meter`
//! counts what arrives, `inbound` makes events of it, and `outbox` holds what is to be sent.
//! `violation` lists what a peer can do wrong as far as bytes tell, `limits` what it may cost,
//! `token_bucket` is how much that is in a second, and `round_trip` asks the kernel how far away it
//! is.

#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("a game socket needs Unix: Linux or macOS");

mod inbound;
mod limits;
mod meter;
mod outbox;
mod round_trip;
mod socket;
mod token_bucket;
mod violation;

pub use inbound::{Payload, Received};
pub use limits::SocketLimits;
pub use outbox::{Outbox, Written};
pub use socket::{GameSocket, READ_BYTES};
pub use token_bucket::{Rate, TokenBucket};
pub use violation::{SocketEnd, Violation};
