//! The state that all connections share: the configuration, the modes, the directory, the shards,
//! and whether the server is stopping. It starts and ends the shards, and serves no connection
//! itself.

pub(crate) mod assets;
pub(crate) mod data;
pub(crate) mod origins;
mod readiness;
pub(crate) mod site;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bolide_room::{ConnectionId, RoomPolicy};
use bolide_storage::{DataDirLock, Restorer, RetentionThread, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use self::assets::Assets;
use self::data::Data;
use self::origins::Origins;
use self::site::Site;
use crate::config::{Config, Modes, Network, Relay};
use crate::connection::ConnectionContext;
use crate::connection::address_quota::Addresses;
use crate::connection::close_reason::CloseReason;
use crate::connection::drain;
use crate::connection::poller::Departure;
use crate::directory::Directory;
use crate::keys::Keys;
use crate::lobby::handle::{LobbyCommand, LobbyHandle};
use crate::lobby::{self, LobbyContext};
use crate::measure::heartbeat::Heartbeats;
use crate::measure::lobby_metrics::LobbyMetrics;
use crate::measure::shard_metrics::ShardMetrics;
use crate::measure::store_metrics::StoreWatch;
use crate::measure::threads::{Failures, Task};
use crate::publish::Publisher;
use crate::shard::handle::{ShardCommand, ShardHandle};
use crate::shard::{self, ShardContext};

/// The time that sockets have to close when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// The time that shards have to end after that.
const SHARDS_TIMEOUT: Duration = Duration::from_secs(1);

/// A running server without its listener.
pub struct Server {
    pub(crate) modes: Modes,
    /// The mode of the pages of an old relay.
    pub(crate) arena_mode: String,
    /// The endpoints of old relays.
    pub(crate) relay: Relay,
    /// The site that says who a person is, if there is one.
    pub(crate) site: Option<Site>,
    /// The thread of old relays' pages.
    pub(crate) lobby: LobbyHandle,
    pub(crate) lobby_metrics: Arc<LobbyMetrics>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) assets: Arc<Assets>,
    pub(crate) context: Arc<ConnectionContext>,
    pub(crate) addresses: Arc<Addresses>,
    /// The keys of backends.
    pub(crate) keys: Keys,
    pub(crate) publisher: Publisher,
    /// The path of the socket for the commands of the owner, if there is a data folder.
    pub(crate) control_socket: Option<PathBuf>,
    /// The metrics of the shards, in their order.
    pub(crate) shard_metrics: Vec<Arc<ShardMetrics>>,
    /// The heartbeats of all threads that matches depend on.
    pub(crate) heartbeats: Heartbeats,
    /// The health and the figures of the store, if there is one.
    pub(crate) store: Option<StoreWatch>,
    pub(crate) origins: Origins,
    pub(crate) trusted_proxies: Vec<Network>,
    shards: Vec<ShardHandle>,
    threads: Vec<JoinHandle<()>>,
    /// Ends when the last shard has ended.
    store_thread: Option<JoinHandle<()>>,
    sockets: Arc<Semaphore>,
    sockets_max: u32,
    next_connection: AtomicU64,
    stopping: watch::Sender<bool>,
    /// Game sockets that were open when the server was asked to stop.
    open_at_stop: AtomicU32,
    /// Ends the clients that leave the shards.
    _ends_clients: Task,
    /// Removes old journals.
    _caretaker: Option<RetentionThread>,
    /// Keeps other processes from using the data folder.
    _lock: Option<DataDirLock>,
}

/// The reason why a server cannot start. Its text is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder does not exist and cannot be made, or is not writable.
    #[error("cannot use the data folder `{folder}`: {error}; choose another one with --data-dir", folder = folder.display())]
    DataFolder {
        /// The folder.
        folder: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Another server uses the data folder.
    #[error("the data folder `{folder}` is in use by another server; stop that one, or choose another folder with --data-dir", folder = folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The store cannot be read.
    #[error("{0}")]
    Store(String),
    /// The folder for the page has no page.
    #[error("there is no index.html in `{folder}`; check --web-dir or leave it out", folder = folder.display())]
    NoPage {
        /// The folder.
        folder: PathBuf,
    },
    /// No thread can be started.
    #[error("cannot start a thread: {0}; is there a limit on this process?")]
    Thread(io::Error),
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> StartError {
        StartError::Store(error.to_string())
    }
}

fn room_policy(config: &Config) -> RoomPolicy {
    RoomPolicy {
        bot_wait_s: config.bots_wait_s.into(),
        bots_fill_to: config.bots_fill_to,
        bots_skill: config.bots_skill,
        grace_s: config.grace_s.into(),
        intermission_s: config.intermission_s.into(),
        spectators: config.spectators,
        ..RoomPolicy::default()
    }
}

/// Starts a shard for each of the metrics.
fn start_shards(
    context: &ShardContext,
    metrics: &[Arc<ShardMetrics>],
) -> Result<(Vec<ShardHandle>, Vec<JoinHandle<()>>), StartError> {
    let (mut shards, mut threads) = (Vec::new(), Vec::new());
    for (number, shard_metrics) in metrics.iter().map(Arc::clone).enumerate() {
        let start = shard::start(number, context.clone(), shard_metrics);
        let (shard, thread) = start.map_err(StartError::Thread)?;
        shards.push(shard);
        threads.push(thread);
    }
    Ok((shards, threads))
}

/// Starts the thread of old relays' pages.
fn start_lobby(
    config: &Config,
    data: Option<&Data>,
    context: &Arc<ConnectionContext>,
    departures: &mpsc::UnboundedSender<Departure>,
    heartbeats: &Heartbeats,
) -> Result<(LobbyHandle, Arc<LobbyMetrics>, JoinHandle<()>), StartError> {
    let metrics = Arc::new(LobbyMetrics::default());
    let lobby_context = LobbyContext {
        settings: config.relay.lobby.clone(),
        connections: Arc::clone(context),
        metrics: Arc::clone(&metrics),
        store: data.map(|data| data.store.clone()),
        kept: data.map(Data::topics).unwrap_or_default(),
        departures: departures.clone(),
    };
    let (lobby, thread) = lobby::start(lobby_context, heartbeats).map_err(StartError::Thread)?;
    Ok((lobby, metrics, thread))
}

/// Ends the clients that leave the shards and the lobby, each in a task of its own.
async fn end_clients(
    mut departing: mpsc::UnboundedReceiver<Departure>,
    context: Arc<ConnectionContext>,
) {
    while let Some(Departure { socket, end }) = departing.recv().await {
        let context = Arc::clone(&context);
        tokio::spawn(async move { socket.end(end, &context).await });
    }
}

impl Server {
    /// Starts the shards. Without [`Server::stop`] they run until the process ends.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(config: &Config) -> Result<Arc<Server>, StartError> {
        let heartbeats = Heartbeats::default();
        let data = Data::open(config, &heartbeats)?;
        let origins = Origins::new(&config.origins);
        let assets = Assets::new(config.web_dir.clone(), &origins)
            .map_err(|folder| StartError::NoPage { folder })?;
        let count = usize::from(config.shards);
        let directory = Arc::new(Directory::new(config.sessions_max, config.rooms_max, count));
        let context = Arc::new(ConnectionContext::new(config.budgets));
        let (departures, departing) = mpsc::unbounded_channel();
        let ends_clients = end_clients(departing, Arc::clone(&context));
        let ends_clients = heartbeats.failures().spawn_task("end-clients", ends_clients);
        let (lobby, lobby_metrics, lobby_thread) =
            start_lobby(config, data.as_ref(), &context, &departures, &heartbeats)?;
        let (restorer, requests) = Restorer::new();
        let shard_context = ShardContext {
            directory: Arc::clone(&directory),
            connections: Arc::clone(&context),
            policy: room_policy(config),
            modes: config.modes.clone(),
            journals: data.as_ref().map(|data| data.journals.clone()),
            durability: config.durability,
            store: data.as_ref().map(|data| data.store.clone()),
            restorer: data.is_some().then_some(restorer),
            departures,
            heartbeats: heartbeats.clone(),
        };
        let shard_metrics: Vec<Arc<ShardMetrics>> = (0..count).map(|_| Arc::default()).collect();
        let (shards, mut threads) = start_shards(&shard_context, &shard_metrics)?;
        threads.push(lobby_thread);
        let restore = |data: &Data| {
            data.restore(config, requests, &directory, &shards, heartbeats.add("restorer"))
        };
        let caretaker = data.as_ref().map(restore).transpose()?.flatten();
        let sockets_max = config.connections_max;
        let store = data.as_ref().map(Data::store_watch);
        let publisher = Publisher::new(&shards, &directory, &config.modes, &lobby);
        let control_socket = data.as_ref().map(Data::control_socket);
        let keys = data.as_ref().map_or_else(|| Keys::new(Vec::new(), None), Data::keys);
        let (store_thread, lock) = data.map(|data| (data.store_thread, data.lock)).unzip();
        Ok(Arc::new(Server {
            arena_mode: config.arena_mode.clone(),
            relay: config.relay.clone(),
            site: config.relay.auth.site().map(Site::new),
            lobby,
            lobby_metrics,
            modes: config.modes.clone(),
            directory,
            assets: Arc::new(assets),
            context,
            keys,
            publisher,
            control_socket,
            addresses: Arc::new(Addresses::new(&config.budgets)),
            shard_metrics,
            heartbeats,
            store,
            origins,
            trusted_proxies: config.trusted_proxies.clone(),
            shards,
            threads,
            store_thread,
            sockets: Arc::new(Semaphore::new(sockets_max as usize)),
            sockets_max,
            next_connection: AtomicU64::new(1),
            stopping: watch::Sender::new(false),
            open_at_stop: AtomicU32::new(0),
            _ends_clients: ends_clients,
            _caretaker: caretaker,
            _lock: lock,
        }))
    }

    /// Stops taking players, closes every game socket with 1012, waits until they are closed, and
    /// ends the shards. Takes at most four seconds.
    pub async fn stop(&self) {
        let open = self.connections();
        self.open_at_stop.store(open, Ordering::Relaxed);
        self.stopping.send_replace(true);
        info!(open, "stopping");
        if timeout(STOP_TIMEOUT, self.close_clients(open)).await.is_err() {
            warn!("some connections did not close in time");
        }
        if timeout(SHARDS_TIMEOUT, self.end_shards()).await.is_err() {
            warn!("a shard did not end in time");
        }
        info!("stopped");
    }

    async fn close_clients(&self, open: u32) {
        for shard in &self.shards {
            // A shard that has ended has no clients.
            shard.send(ShardCommand::Drain { open }).await.ok();
        }
        // The same holds for the lobby.
        self.lobby.send(LobbyCommand::Drain { open }).await.ok();
        self.sockets.acquire_many(self.sockets_max).await.ok();
    }

    async fn end_shards(&self) {
        for shard in &self.shards {
            // A shard that has ended need not be stopped.
            shard.send(ShardCommand::Stop).await.ok();
        }
        self.lobby.send(LobbyCommand::Stop).await.ok();
        // The thread of the store ends when nobody has a handle to it.
        self.keys.stop();
        // Joining would block, and a thread that never ends must not hold up the process.
        let threads = self.threads.iter().chain(&self.store_thread);
        while !threads.clone().all(JoinHandle::is_finished) {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The record of panics in essential threads and tasks.
    pub(crate) const fn failures(&self) -> &Failures {
        self.heartbeats.failures()
    }

    /// Returns whether new players are turned away because the server stops.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Game sockets opened since the start.
    pub(crate) fn opened(&self) -> u64 {
        // Ids are counted from 1.
        self.next_connection.load(Ordering::Relaxed) - 1
    }

    /// Most game sockets that may be open.
    pub(crate) const fn connections_max(&self) -> u32 {
        self.sockets_max
    }

    /// Game sockets that are open.
    #[must_use]
    pub fn connections(&self) -> u32 {
        let free = u32::try_from(self.sockets.available_permits()).unwrap_or(self.sockets_max);
        self.sockets_max - free
    }

    /// Rooms that are listed.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.directory.count()
    }

    /// Clients refused or cut since the start, by reason. `docs/operations.md` lists the names.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.context.counters.all()
    }

    /// A watch that becomes true when the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// The close for a connection when the server stops.
    pub(crate) fn drain_close(&self, connection_id: ConnectionId) -> CloseReason {
        drain::closing(connection_id, self.open_at_stop.load(Ordering::Relaxed))
    }

    /// Admits a game socket. It counts as open until the permit is dropped.
    pub(crate) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sockets).try_acquire_owned().ok()
    }

    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn shard(&self, number: usize) -> &ShardHandle {
        &self.shards[number]
    }

    /// Replaces the first shard.
    #[cfg(test)]
    pub(crate) fn replace_shard(&mut self, shard: ShardHandle) {
        self.shards[0] = shard;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::Server;
    use crate::config::Config;
    use crate::lobby::handle::LobbyCommand;
    use crate::serve;
    use crate::shard::handle::ShardCommand;
    use crate::testing::Folder;

    #[tokio::test]
    async fn a_shard_that_panics_ends_the_server_with_its_reason() {
        let folder = Folder::new();
        let config = Config { data_dir: folder.0.clone(), shards: 2, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        server.shard(1).send(ShardCommand::Panic { room: None }).await.expect("it runs");
        let serving = serve(listener, Arc::clone(&server), pending());
        let ended = timeout(Duration::from_secs(60), serving).await.expect("it ends");
        let failed = ended.expect_err("a shard is gone");
        assert_eq!((failed.thread.as_str(), failed.reason.as_str()), ("shard-1", "on purpose"));
        assert!(server.is_stopping(), "the other one was told");
    }

    #[tokio::test]
    async fn a_lobby_that_panics_ends_the_server_with_its_reason() {
        let folder = Folder::new();
        let config = Config { data_dir: folder.0.clone(), shards: 1, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        server.lobby.send(LobbyCommand::Panic).await.ok().expect("it runs");
        let serving = serve(listener, Arc::clone(&server), pending());
        let ended = timeout(Duration::from_secs(60), serving).await.expect("it ends");
        let failed = ended.expect_err("the lobby is gone");
        assert_eq!((failed.thread.as_str(), failed.reason.as_str()), ("lobby", "on purpose"));
    }
}
