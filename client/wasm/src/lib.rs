//! The simulation for the browser: raw C-ABI exports over one world, no bindings generator. This crate holds no rule
//! and no state but the world it was told to make. The only crate of the workspace that may say `unsafe`, and only for
//! the export attribute.

#[cfg(target_arch = "wasm32")]
pub mod exports;
mod scenario;

pub use scenario::Scenario;
