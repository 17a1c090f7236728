//! A server in this process, with its own port and its own data folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bolide_server::{Config, ControlAnswer, ControlRequest, Server, ThreadFailed, ask, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::PATIENCE;

/// A running server.
pub struct TestServer {
    /// The address on which it listens.
    pub address: SocketAddr,
    /// Its data folder, which is removed with it.
    pub folder: PathBuf,
    server: Arc<Server>,
    shutdown: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), ThreadFailed>>,
}

impl TestServer {
    /// Starts a server whose matches have no bots, with the configuration that `change` makes.
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
        let server = Server::start(&config).expect("it starts");
        let running = tokio::spawn(serve(listener, Arc::clone(&server), stopped));
        TestServer { address, folder, server, shutdown: Some(shutdown), running }
    }

    /// Returns the value of a counter. `docs/operations.md` lists the names.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        let mut counters = self.server.counters();
        counters.find(|(counter, _)| *counter == name).expect("a counter").1
    }

    /// Makes a key with these permissions, which are its name as well, and returns its secret.
    pub async fn key(&self, may: &str) -> String {
        let (folder, may) = (self.folder.clone(), may.to_owned());
        let request = ControlRequest::NewKey { name: may.replace(',', "-"), may };
        let asking = spawn_blocking(move || ask(&folder, request));
        match asking.await.expect("no panic").expect("a key") {
            ControlAnswer::Secret { secret } => secret,
            other => panic!("{other:?}"),
        }
    }

    /// Open game sockets.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.server.connections()
    }

    /// Rooms in the list.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.server.rooms()
    }

    /// Waits until a counter has reached `times`.
    pub async fn counted(&self, name: &str, times: u64) {
        self.until(name, |server| server.count(name) >= times).await;
    }

    /// Waits until a condition holds.
    pub async fn until(&self, what: &str, is_so: impl Fn(&TestServer) -> bool) {
        let wait = async {
            while !is_so(self) {
                sleep(POLL).await; // WAITS: between two looks at the condition.
            }
        };
        let counters: Vec<_> = match timeout(PATIENCE, wait).await {
            Ok(()) => return,
            Err(_) => self.server.counters().filter(|(_, count)| *count > 0).collect(),
        };
        panic!("{what} did not come; counted were {counters:?}");
    }

    /// The file of a match's journal.
    #[must_use]
    pub fn journal(&self, id: &str) -> PathBuf {
        self.folder.join("journals").join(format!("{id}.journal"))
    }

    /// Asks the server to stop. It goes on until [`TestServer::stopped`].
    pub fn stop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            shutdown.send(()).expect("it runs");
        }
    }

    /// Waits until the server has stopped.
    pub async fn stopped(mut self) {
        let running = std::mem::replace(&mut self.running, tokio::spawn(async { Ok(()) }));
        timeout(PATIENCE, running)
            .await
            .expect("it stops")
            .expect("no panic")
            .expect("no thread panicked");
    }
}

/// Time between two checks of a condition.
const POLL: Duration = Duration::from_millis(5);

impl Drop for TestServer {
    fn drop(&mut self) {
        self.running.abort();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
