//! `bolide`: reads the command line, prints where to play, serves until it is told to stop; or replays a match,
//! or loads a server.

#![forbid(unsafe_code)]

mod cli;
mod signals;

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use bolide_server::swarm::{SwarmOptions, swarm};
use bolide_server::{Resolved, Server, banner, replay, serve};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Task};

/// A wrong command line or configuration.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let resolved = match Cli::parse().task() {
        Ok(Task::Serve(resolved)) => *resolved,
        Ok(Task::Replay(file, form)) => {
            let told = replay(&file, form, &mut io::stdout().lock());
            return told.map_or_else(
                |failure| fail(failure.exit_code(), &failure.into()),
                |()| ExitCode::SUCCESS,
            );
        }
        Ok(Task::Swarm(options)) => return load(&options),
        Err(error) => return fail(USAGE, &error),
    };
    match log_filter(&resolved.log) {
        Ok(filter) => {
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_target(false)
                .with_ansi(io::stderr().is_terminal())
                .with_writer(io::stderr)
                .init();
        }
        Err(error) => return fail(USAGE, &error),
    }
    match start(resolved) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error),
    }
}

fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}

/// Reports on standard output; the exit code says whether all was well.
fn load(options: &SwarmOptions) -> ExitCode {
    match swarm(options) {
        Ok(report) => {
            let text = if options.json { report.json() } else { report.to_string() };
            // Nobody may be there to read it.
            io::stdout().write_all(text.as_bytes()).ok();
            if report.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => fail(failure.exit_code(), &failure.into()),
    }
}

fn start(resolved: Resolved) -> anyhow::Result<()> {
    Runtime::new()?.block_on(async {
        let Resolved { listen, config, .. } = resolved;
        let listener =
            TcpListener::bind(listen).await.map_err(|error| cannot_listen(listen, &error))?;
        let server = Server::start(&config)?;
        let shutdown = signals::shutdown()?;
        let banner = banner(listener.local_addr()?, &config);
        // Nobody may be there to read it.
        io::stdout().write_all(banner.as_bytes()).ok();
        serve(listener, server, shutdown).await;
        Ok(())
    })
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let other =
                SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(4000));
            format!(
                "another program uses it; stop that one, or choose another port: bolide --listen {other}"
            )
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege; choose a higher one".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    };
    anyhow::anyhow!("cannot listen on {address}: {advice}")
}

/// A level means our own messages; libraries then say only what is worrying.
fn log_filter(log: &str) -> anyhow::Result<EnvFilter> {
    let levels = ["error", "warn", "info", "debug", "trace"];
    let filter = if levels.contains(&log) {
        format!("warn,bolide={log},bolide_server={log}")
    } else {
        log.to_owned()
    };
    EnvFilter::try_new(filter).map_err(|error| {
        anyhow::anyhow!(
            "`{log}` is no log filter: {error}; write a level ({}) or for example info,hyper=debug",
            levels.join(", ")
        )
    })
}
