//! The Bolide server: sockets, threads, clocks, disk, signals. It contains no rule of the game
//! (`bolide-sim`), no encoding (`bolide-net`) and no seat (`bolide-room`).
//!
//! There are two entry points. [`run`] serves a listener until it is shut down; [`app`] is the HTTP
//! interface alone, for a program that brings its own listener.
//!
//! The folders, each of which knows those before it:
//!
//! - `measure`: figures and reasons that are counted
//! - `config`: all that an operator can set, and where it comes from
//! - `connection`: one client's socket with its codec and budgets, and how it ends
//! - `lobby`: the thread of old relays' pages, whose texts belong to no match
//! - `rooms`: a room with its journal, its store and its connections
//! - `shard`: a thread that runs rooms
//! - `keys`: the keys of backends
//! - `publish`: texts of backends and of the operator to people
//! - `server`: what starts and stops, in which order
//! - `http`: from accepting a connection to the hello of a player
//! - `ops`: metrics, the admin port, the control socket and the log, for the operator
//!
//! `random` draws ids, tokens and seeds, and `directory` lists the rooms and promises seats. The
//! stream of a connection is the crate `bolide-transport`, journals and the database are the crate
//! `bolide-storage`.

#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("the server needs Unix: Linux or macOS");

mod config;
mod connection;
mod directory;
mod http;
mod keys;
mod lobby;
mod measure;
mod ops;
mod publish;
mod random;
mod rooms;
mod server;
mod shard;
#[cfg(test)]
mod testing;

use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use bolide_lobby::Anonymous;
pub use bolide_net::NoticeLevel;
pub use bolide_storage::Durability;
pub use config::{
    Auth, Budgets, Config, ConfigFile, ConfigFileError, Kind, Layer, ListenAddress, Log, LogForm,
    MisspeltVariable, ModeError, Modes, Network, NotALog, NotANetwork, NotARelayValue, NotAllowed,
    NotAnAddress, NotAnOrigin, Offer, Origin, Relay, Resolved, Retention, SETTINGS, Section,
    Served, Setting, UnknownVariable, Value, print_config, read_config_file, unknown_variables,
};
pub use http::app;
#[doc(hidden)]
pub use http::echo::echo;
pub use measure::threads::ThreadFailed;
pub use ops::admin::{admin_app, serve_admin};
pub use ops::control::{ControlAnswer, ControlError, ControlRequest, ListedKey, ask};
pub use ops::log_queue::{LogQueue, LogWriter, flush_log};
pub use ops::process::raise_descriptor_limit;
pub use publish::Published;
pub use server::{Server, StartError};

/// Starts a server with this configuration and [`serve`]s a listener with it.
///
/// # Errors
/// The server could not start, or one of its threads panicked.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let server = Server::start(&config)?;
    Ok(serve(listener, server, shutdown).await?)
}

/// Reason why [`run`] ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server had to stop.
    #[error(transparent)]
    Failed(#[from] ThreadFailed),
}

/// Serves a listener until `shutdown` is ready, then stops gracefully: it answers that it is not
/// ready any more, closes every game socket with 1012, and returns when they are closed, after four
/// seconds at most.
///
/// # Errors
/// An essential thread panicked. The server has stopped as gracefully as it could; the next one on
/// the same data folder resumes all its matches.
pub async fn serve(
    listener: TcpListener,
    server: Arc<Server>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ThreadFailed> {
    let (app, accepting) = (app(Arc::clone(&server)), Arc::clone(&server));
    let accepting = async { match http::listener::serve(listener, app, accepting).await {} };
    let _accepting = server.failures().spawn_task("accept", accepting);
    let controlling = Arc::clone(&server);
    let controlling = async { match ops::control::serve(controlling).await {} };
    let _controlling = server.failures().spawn_task("control", controlling);
    tokio::select! {
        () = shutdown => {}
        () = server.failures().any() => {}
    }
    server.stop().await;
    server.failures().first().map_or(Ok(()), Err)
}
