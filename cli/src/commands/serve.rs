//! `bolide serve`, the default: starts the log, the listeners and the server, prints where to play,
//! and serves until a signal stops it.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use bolide_server::{
    LogForm, Resolved, Server, ThreadFailed, raise_descriptor_limit, serve, serve_admin,
};
use rustix::fs::Mode;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::banner::banner;
use crate::exit::{FAILED, PANICKED, USAGE, complaint, fail, say};
use crate::options::Serve;
use crate::{environment, logging, signals};

impl Serve {
    /// Serves until the process is asked to stop. `out` gets the banner.
    pub(crate) fn run(self, out: impl Write + Send + 'static) -> ExitCode {
        let resolved = match self.resolve() {
            Ok(resolved) => resolved,
            Err(error) => return fail(USAGE, &error),
        };
        let queue = match logging::begin(&resolved.log, resolved.log_lines_per_s) {
            Ok(queue) => queue,
            Err(error) => {
                let error = anyhow::anyhow!("cannot start the thread of the log: {error}");
                return fail(FAILED, &error);
            }
        };
        environment::log_foreign();
        let form = resolved.log.form;
        let code = match start(resolved, out) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                match form {
                    LogForm::Text => queue.put(complaint(&error).as_bytes()),
                    // A log in this form contains nothing but JSON.
                    LogForm::Json => tracing::error!("{error:#}"),
                }
                ExitCode::from(if error.is::<ThreadFailed>() { PANICKED } else { FAILED })
            }
        };
        queue.flush();
        code
    }
}

fn start(resolved: Resolved, mut out: impl Write + Send + 'static) -> Result<()> {
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
        let print = move || say(&mut out, &banner);
        thread::Builder::new().name("banner".to_owned()).spawn(print).ok();
        if let Some(admin) = admin {
            // This task ends with the runtime, so it still answers while the server stops.
            tokio::spawn(serve_admin(admin, Arc::clone(&server)));
        }
        Ok(serve(listener, server, shutdown).await?)
    })
}

async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener> {
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
