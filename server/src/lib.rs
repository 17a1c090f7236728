//! The Bolide server: sockets, threads, clocks, disk, signals. It contains no rule of the game
//! (`bolide-sim`), no encoding (`bolide-net`) and no seat (`bolide-room`).
//!
//! There are two entry points. [`run`] serves a listener until it is shut down; [`app`] is the HTTP
//! interface alone, for a program that brings its own listener. The files, in the order of the
//! data: `accept`, `http_connections`, `http`, `upgrade`, `connection`, `greeting`, `directory`,
//! `poller`, `shard`, `room_driver`. The socket of a connection is the crate `bolide-transport`,
//! journals and the database are the crate `bolide-storage`, which `data` opens. Apart from them,
//! `admin` and `metrics` are for the operator, with figures from `shard_metrics`, `store_metrics`,
//! `traffic` and `reasons`; `config` is all that an operator can set; `echo` is for tests of the
//! transport.

#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("the server needs Unix: Linux or macOS");

mod accept;
mod address_quota;
mod admin;
mod admission;
mod assets;
mod async_socket;
mod client_ip;
mod close_reason;
mod config;
mod connection;
mod data;
mod directory;
mod drain;
mod echo;
mod greeting;
mod heartbeat;
mod http;
mod http_connections;
mod http_stream;
mod join_refusal;
mod log_pace;
mod log_queue;
mod metrics;
mod origins;
mod poller;
mod process;
mod random;
mod readiness;
mod reasons;
mod room_driver;
mod room_list;
mod room_store;
mod schedule;
mod server;
mod shard;
mod shard_handle;
mod shard_metrics;
mod store_metrics;
#[cfg(test)]
mod testing;
mod threads;
mod traffic;
mod upgrade;

use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use admin::{admin_app, serve_admin};
pub use bolide_storage::Durability;
pub use config::{
    Budgets, Config, ConfigFile, ConfigFileError, Kind, Layer, ListenAddress, Log, LogForm,
    MisspeltVariable, ModeError, Modes, Network, NotALog, NotANetwork, NotAllowed, NotAnAddress,
    NotAnOrigin, Origin, Resolved, Retention, SETTINGS, Section, Setting, UnknownVariable, Value,
    print_config, read_config_file, unknown_variables,
};
#[doc(hidden)]
pub use echo::echo;
pub use http::app;
pub use log_queue::{LogQueue, LogWriter, flush_log};
pub use process::raise_descriptor_limit;
pub use server::{Server, StartError};
pub use threads::ThreadFailed;

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
    let accepting = async { match accept::serve(listener, app, accepting).await {} };
    let _accepting = server.failures().spawn_task("accept", accepting);
    tokio::select! {
        () = shutdown => {}
        () = server.failures().any() => {}
    }
    server.stop().await;
    server.failures().first().map_or(Ok(()), Err)
}
