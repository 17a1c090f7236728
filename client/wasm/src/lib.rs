//! The simulation for the browser: raw C-ABI exports, no bindings generator. It replays journals
//! and holds no rule of the game. This is the only crate of the workspace that may use `unsafe`,
//! and only for the export attribute.

#[cfg(target_arch = "wasm32")]
pub mod exports;
mod proof;

pub use proof::Proof;
