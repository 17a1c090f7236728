//! `bolide`: the program. By default it prints where to play and serves until it is asked to stop.
//! Its commands replay a match, list or remove journals, load a server, print or check the
//! configuration, or ask a server for its health.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod environment;
mod logging;
mod signals;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use bolide_server::{
    LogForm, Resolved, Server, ThreadFailed, banner, healthcheck, raise_descriptor_limit, serve,
    serve_admin,
};
use bolide_swarm::{SwarmOptions, swarm};
use rustix::fs::Mode;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::args::{Cli, Task};

/// Exit code for a wrong command line or configuration.
const USAGE: u8 = 2;

/// Exit code for a thread of the server that panicked: `EX_SOFTWARE` of `sysexits.h`.
const PANICKED: u8 = 70;

fn main() -> ExitCode {
    let resolved = match Cli::read().task() {
        Ok(Task::Serve(resolved)) => *resolved,
        Ok(Task::Replay(command)) => return command.run(&mut io::stdout().lock()),
        Ok(Task::Swarm(options)) => return load(&options),
        Ok(Task::Say(text)) => {
            say(&text);
            return ExitCode::SUCCESS;
        }
        Ok(Task::Report(text, is_fine)) => {
            say(&text);
            return if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Ok(Task::Complain(errors)) => {
            for error in &errors {
                fail(1, error);
            }
            return ExitCode::FAILURE;
        }
        Ok(Task::Healthcheck(url)) => {
            let health = healthcheck(&url);
            say(&format!("{health}\n"));
            return if health.is_ready() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Err(error) => return fail(USAGE, &error),
    };
    let queue = match logging::begin(&resolved.log, resolved.log_lines_per_s) {
        Ok(queue) => queue,
        Err(error) => {
            return fail(1, &anyhow::anyhow!("cannot start the thread of the log: {error}"));
        }
    };
    environment::log_foreign();
    let form = resolved.log.form;
    let code = match start(resolved) {
        Ok(()) => 0,
        Err(error) => {
            match form {
                LogForm::Text => queue.put(complaint(&error).as_bytes()),
                // A log in this form contains nothing but JSON.
                LogForm::Json => tracing::error!("{error:#}"),
            }
            if error.is::<ThreadFailed>() { PANICKED } else { 1 }
        }
    };
    queue.flush();
    ExitCode::from(code)
}

fn say(text: &str) {
    // Standard output may be closed.
    io::stdout().write_all(text.as_bytes()).ok();
}

fn fail(code: u8, error: &anyhow::Error) -> ExitCode {
    // Standard error may be closed.
    io::stderr().write_all(complaint(error).as_bytes()).ok();
    ExitCode::from(code)
}

fn complaint(error: &anyhow::Error) -> String {
    format!("error: {error:#}\n")
}

/// Loads a server and prints the report. The exit code says whether all was well.
fn load(options: &SwarmOptions) -> ExitCode {
    match swarm(options) {
        Ok(report) => {
            let text = if options.json { report.json() } else { report.to_string() };
            // Standard output may be closed.
            io::stdout().write_all(text.as_bytes()).ok();
            if report.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => fail(failure.exit_code(), &failure.into()),
    }
}

fn start(resolved: Resolved) -> anyhow::Result<()> {
    // The server's files are private: they hold names, private codes, and the seeds of running
    // matches.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    Runtime::new()?.block_on(async {
        let Resolved { listen, admin_listen, config, .. } = resolved;
        let listener = bind(listen, "--listen").await?;
        let admin = match admin_listen {
            Some(address) => Some(bind(address, "--admin-listen").await?),
            None => None,
        };
        raise_descriptor_limit(&config);
        let server = Server::start(&config)?;
        let shutdown = signals::shutdown()?;
        let admin_address = admin.as_ref().map(TcpListener::local_addr).transpose()?;
        let banner = banner(listener.local_addr()?, admin_address, &config);
        // On a thread of its own: standard output may be a pipe that is never read.
        let print = move || say(&banner);
        thread::Builder::new().name("banner".to_owned()).spawn(print).ok();
        if let Some(admin) = admin {
            // This task ends with the runtime, so it still answers while the server stops.
            tokio::spawn(serve_admin(admin, Arc::clone(&server)));
        }
        Ok(serve(listener, server, shutdown).await?)
    })
}

async fn bind(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| cannot_listen(address, option, &error))
}

fn cannot_listen(address: SocketAddr, option: &str, error: &io::Error) -> anyhow::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let other =
                SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(4000));
            format!(
                "another program uses it; stop that one, or choose another port: bolide {option} {other}"
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
