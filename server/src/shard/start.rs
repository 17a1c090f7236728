//! Starts a shard, with the threads that write its journals.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bolide_room::RoomPolicy;
use bolide_storage::{
    AckSender, BatchNumber, Durability, JournalThread, JournalThreads, Restorer, SharedFiles, Store,
};
use tokio::sync::mpsc;

use super::Shard;
use super::handle::ShardHandle;
use super::journaling::Sleeper;
use super::reading::ReadySockets;
use super::room_table::RoomTable;
use super::shedding::Shedding;
use crate::config::Modes;
use crate::connection::ConnectionContext;
use crate::connection::poller::{self, Departure};
use crate::directory::Directory;
use crate::measure::heartbeat::Heartbeats;
use crate::measure::shard_metrics::{Peak, ShardMetrics};
use crate::rooms::{DriverContext, Scratch};

/// The state that a shard shares with the others and with the server.
#[derive(Clone)]
pub(crate) struct ShardContext {
    pub(crate) directory: Arc<Directory>,
    pub(crate) connections: Arc<ConnectionContext>,
    pub(crate) policy: RoomPolicy,
    pub(crate) modes: Modes,
    pub(crate) journals: Option<SharedFiles>,
    pub(crate) durability: Durability,
    pub(crate) store: Option<Store>,
    pub(crate) restorer: Option<Restorer>,
    /// Takes the clients that have ended.
    pub(crate) departures: mpsc::UnboundedSender<Departure>,
    /// The heartbeats, to which the threads of the shard are added.
    pub(crate) heartbeats: Heartbeats,
}

/// Starts the thread of a shard.
pub(crate) fn start(
    number: usize,
    shard_context: ShardContext,
    metrics: Arc<ShardMetrics>,
) -> std::io::Result<(ShardHandle, JoinHandle<()>)> {
    let ShardContext {
        directory,
        connections,
        policy,
        modes,
        journals,
        durability,
        store,
        restorer,
        departures,
        heartbeats,
    } = shard_context;
    let heartbeat = heartbeats.add(format!("shard-{number}"));
    let sleeper = Arc::new(Sleeper::default());
    let journal = match &journals {
        Some(journals) => {
            let (files, metrics) = (journals.for_thread()?, Arc::clone(&metrics));
            let sleeper = Arc::clone(&sleeper);
            let wake = move || sleeper.wake();
            let report = move |report| metrics.journal.count(report);
            let threads = JournalThreads {
                sync: heartbeats.add(format!("sync-{number}")).starter(),
                write: heartbeats.add(format!("journal-{number}")).starter(),
            };
            Some(JournalThread::start(threads, files, durability, report, wake)?)
        }
        None => None,
    };
    let (registry, poller) = poller::open(departures)?;
    let ready = ReadySockets::new(poller);
    let context = DriverContext { registry, metrics: Arc::clone(&metrics), connections };
    let (handle, commands) = ShardHandle::new();
    let (ack_sender, acks) = AckSender::new();
    let (rooms, agenda) = (RoomTable::new(), BinaryHeap::new());
    let shard = move |heartbeat| Shard {
        number,
        commands,
        directory,
        policy,
        modes,
        restorer,
        journal,
        written: BatchNumber::default(),
        deferring: Vec::new(),
        store,
        acks,
        ack_sender,
        rooms,
        agenda,
        opened: 0,
        panics: HashMap::new(),
        epoch: Instant::now(),
        shedding: Shedding::new(Instant::now()),
        warned_at: None,
        heartbeat,
        peak: Peak::new(Instant::now()),
        metrics,
        ready,
        context,
        scratch: Scratch::default(),
        draining: None,
    };
    let thread = heartbeat.spawn(move |heartbeat| shard(heartbeat).run())?;
    sleeper.is(thread.thread());
    Ok((handle, thread))
}
