//! Replays of matches: a journal is played again, verified, or printed as text or JSON. The input
//! is bytes and the output is a writer; no file, socket or clock can be reached, so a verifier also
//! runs in a browser. The simulation computes the match; nothing is decided here.
//!
//! [`Story`] plays a match tick by tick. [`verify`], [`write_text`] and [`write_json`] play it to
//! its end.

#![forbid(unsafe_code)]

mod json;
mod story;
#[cfg(test)]
mod testing;
mod text;
mod verify;

use bolide_sim::TickRate;

pub use json::write_json;
pub use story::{PlayError, Story};
pub use text::{Detail, write_text};
pub use verify::{Verdict, verify};

/// Converts ticks to milliseconds.
fn milliseconds(ticks: u32, rate: TickRate) -> u64 {
    u64::from(ticks) * 1000 / u64::from(rate.hz())
}
