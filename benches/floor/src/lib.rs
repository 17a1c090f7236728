//! The parts that both yardsticks share: their command line, the scene they send, and the little of
//! the protocol that a client must hear before it. There is no game here: what a client sends is
//! read and thrown away.

pub mod epoll;
mod recording;
pub mod websocket;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use bolide_net::{Codec, SyncMode};
use clap::Parser;

pub use recording::Recording;

/// A yardstick; it serves until it is ended.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// A configuration of the server; its modes are known here too
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The mode whose scene is sent; each room is full and all of them see the same
    #[arg(long, value_name = "MODE")]
    pub mode: String,
    /// json or msgpack
    #[arg(long, default_value = "msgpack", value_parser = codec)]
    pub format: Codec,
    /// full, state or events
    #[arg(long, default_value = "state", value_parser = sync)]
    pub sync: SyncMode,
    /// Inputs of a player per second in the scene
    #[arg(long, default_value = "6")]
    pub inputs: u32,
}

impl Options {
    /// Records the scene.
    ///
    /// # Errors
    /// The file cannot be read, or holds no such mode.
    pub fn record(&self, server: &str) -> Result<Recording> {
        let file = bolide_server::read_config_file(&self.config)
            .map_err(|mistakes| anyhow::anyhow!("{}", mistakes[0]))?;
        let modes = file.settings.modes.unwrap_or_default();
        let mode =
            modes.get(&self.mode).with_context(|| format!("there is no mode `{}`", self.mode))?;
        Ok(Recording::of(mode, self.format, self.sync, self.inputs, server))
    }
}

/// Prints the line that a program waits for which starts a yardstick. The server's start block has
/// the same words.
pub fn announce(address: SocketAddr) {
    println!("  Play   http://{address}");
}

fn codec(name: &str) -> Result<Codec> {
    let known =
        Codec::ALL.into_iter().find(|codec| codec.subprotocol() == format!("bolide.v1.{name}"));
    known.context("allowed are json and msgpack")
}

fn sync(name: &str) -> Result<SyncMode> {
    match name {
        "full" => Ok(SyncMode::Full),
        "state" => Ok(SyncMode::State),
        "events" => Ok(SyncMode::Events),
        _ => anyhow::bail!("allowed are full, state and events"),
    }
}
