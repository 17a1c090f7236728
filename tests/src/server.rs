//! A server in this process, on a port of its own, with a data folder of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use bolide_server::{Config, StartError, run};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::PATIENCE;

/// A running server.
#[derive(Debug)]
pub struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its data folder, which goes away with it.
    pub folder: PathBuf,
    shutdown: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), StartError>>,
}

impl TestServer {
    /// Starts a server whose matches have no bots, changed as `change` says.
    pub async fn start(change: impl FnOnce(&mut Config)) -> TestServer {
        let folder = std::env::temp_dir().join(format!("bolide-test-{}", Uuid::now_v7()));
        let mut config =
            Config { data_dir: folder.clone(), shards: 2, bots_fill_to: 0, ..Config::default() };
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (shutdown, stop) = oneshot::channel();
        let stopped = async {
            stop.await.ok();
        };
        let running = tokio::spawn(run(listener, config, stopped));
        TestServer { address, folder, shutdown: Some(shutdown), running }
    }

    /// Where it writes the journal of a match.
    #[must_use]
    pub fn journal(&self, id: &str) -> PathBuf {
        self.folder.join("journals").join(format!("{id}.journal"))
    }

    /// Asks the server to stop; it goes on until [`TestServer::stopped`].
    pub fn stop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            shutdown.send(()).expect("it runs");
        }
    }

    /// Waits until the server has stopped.
    pub async fn stopped(mut self) {
        let running = std::mem::replace(&mut self.running, tokio::spawn(async { Ok(()) }));
        timeout(PATIENCE, running).await.expect("it stops").expect("no panic").expect("no error");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.running.abort();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
