//! Signals of the process. The first Ctrl-C, SIGTERM or SIGHUP asks the server to stop. A further
//! Ctrl-C or SIGTERM ends the process at once. SIGUSR1 and SIGUSR2 are logged and ignored.

use std::future::Future;
use std::io;
use std::process;

use bolide_server::flush_log;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

/// Returns a future that is ready when the process is asked to stop. Signals are caught from the
/// moment this function returns.
pub(crate) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => "Ctrl-C",
            _ = terminate.recv() => "SIGTERM",
        }
    };
    let hung_up = hung_up()?;
    log_and_ignore(SignalKind::user_defined1(), "SIGUSR1")?;
    log_and_ignore(SignalKind::user_defined2(), "SIGUSR2")?;
    Ok(async move {
        let signal = tokio::select! {
            signal = next() => signal,
            () = hung_up => "SIGHUP",
        };
        info!("{signal}: stopping; a further Ctrl-C or SIGTERM ends at once");
        tokio::spawn(async move {
            // Not SIGHUP: a closing terminal sends more than one, and systemd may send one along
            // with its SIGTERM.
            let signal = next().await;
            end_at_once(signal);
        });
    })
}

/// Returns a future that is ready when the terminal closes. It is never ready if the process was
/// started to survive that, as by `nohup`.
fn hung_up() -> io::Result<impl Future<Output = ()>> {
    let kind = SignalKind::hangup();
    let mut hangup = if is_ignored(kind) { None } else { Some(signal(kind)?) };
    Ok(async move {
        match &mut hangup {
            Some(hangup) => drop(hangup.recv().await),
            None => std::future::pending().await,
        }
    })
}

/// Returns whether the process was started with the signal ignored. Works on Linux only.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (kind.as_raw_value() - 1)) != 0
}

/// Logs a signal that would otherwise end the process.
fn log_and_ignore(kind: SignalKind, name: &'static str) -> io::Result<()> {
    let mut signal = signal(kind)?;
    tokio::spawn(async move {
        while signal.recv().await.is_some() {
            info!("{name} is ignored: it means nothing to this program");
        }
    });
    Ok(())
}

fn end_at_once(signal: &str) {
    warn!("{signal} while stopping: ending at once");
    flush_log();
    process::exit(1);
}
