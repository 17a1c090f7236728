//! Ctrl-C and SIGTERM: the first one asks the server to stop, the second one ends the process at once.

use std::future::Future;
use std::io;
use std::process;

use tracing::{info, warn};

/// Ready when the process is asked to stop. It listens from the moment this function returns.
#[cfg(unix)]
pub(crate) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

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

/// Ready when the process is asked to stop.
#[cfg(not(unix))]
pub(crate) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            warn!("Ctrl-C is not heard; end the process to stop it");
            std::future::pending::<()>().await;
        }
        info!("Ctrl-C: stopping; once more ends at once");
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                end_at_once("Ctrl-C");
            }
        });
    })
}

fn end_at_once(signal: &str) {
    warn!("{signal} again: ending at once");
    process::exit(1);
}
