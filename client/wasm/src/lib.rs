//! The simulation for the browser: raw C-ABI exports, no bindings generator. It replays journals; this crate holds no rule.
//! The only crate of the workspace that may say `unsafe`, and only for the export attribute.

#[cfg(target_arch = "wasm32")]
pub mod exports;
mod proof;

pub use proof::Proof;
