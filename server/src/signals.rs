//! Ctrl-C and SIGTERM: the first one asks the server to stop, the second one ends the process at once.

use std::future::Future;
use std::io;
use std::process;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

/// Ready when the process is asked to stop. It listens from the moment this function returns.
pub(crate) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => "Ctrl-C",
            _ = terminate.recv() => "SIGTERM",
        }
    };
    Ok(async move {
        let signal = next().await;
        info!("{signal}: stopping; once more ends at once");
        tokio::spawn(async move {
            let signal = next().await;
            end_at_once(signal);
        });
    })
}

fn end_at_once(signal: &str) {
    warn!("{signal} again: ending at once");
    process::exit(1);
}
