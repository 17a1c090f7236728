//! The data folder of a running server: opened, locked, and wired to the shards and the list of
//! rooms. Its content is the business of `bolide-storage`.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use bytes::Bytes;
use tracing::warn;

use bolide_lobby::KeptTopic;
use bolide_storage::{
    DataDir, DataDirLock, Durability, KeyRecord, OpenedStore, Requests, RestoreContext,
    RestoreReport, RetentionThread, RoomImage, RoomRecord, SharedFiles, Store, TopicRecord,
    newest_journal, start_restorer,
};

use super::StartError;
use crate::config::{Config, Modes};
use crate::directory::Directory;
use crate::keys::Keys;
use crate::measure::heartbeat::{Heartbeat, Heartbeats};
use crate::measure::store_metrics::{StoreMetrics, StoreWatch};
use crate::random::match_ticket;
use crate::shard::handle::{ShardCommand, ShardHandle};

/// The parts of a server that outlive the process.
pub(crate) struct Data {
    pub(crate) journals: SharedFiles,
    pub(crate) store: Store,
    store_metrics: Arc<StoreMetrics>,
    pub(crate) store_thread: JoinHandle<()>,
    pub(crate) lock: DataDirLock,
    data_dir: DataDir,
    /// The rooms of the previous process.
    rooms: Vec<RoomRecord>,
    /// The keys of backends.
    keys: Vec<KeyRecord>,
    /// The last messages of topics.
    topics: Vec<TopicRecord>,
}

impl Data {
    /// Opens the data folder. None if nothing is to outlive the process; then the folder is not
    /// touched.
    pub(crate) fn open(
        config: &Config,
        heartbeats: &Heartbeats,
    ) -> Result<Option<Data>, StartError> {
        if config.durability == Durability::Off {
            warn!("durability is off: there are no journals, and matches end with the process");
            return Ok(None);
        }
        let folder = &config.data_dir;
        let failed = |error| StartError::DataFolder { folder: folder.clone(), error };
        let data_dir = DataDir::new(folder);
        data_dir.create().map_err(failed)?;
        let lock = data_dir.lock().map_err(failed)?;
        let lock = lock.ok_or_else(|| StartError::InUse { folder: folder.clone() })?;
        data_dir.warn_if_public().map_err(failed)?;
        let journals = data_dir.open_journals().map_err(failed)?;
        let store_metrics = Arc::<StoreMetrics>::default();
        let metrics = Arc::clone(&store_metrics);
        let OpenedStore { store, thread, rooms, keys, topics } =
            Store::open(&data_dir, heartbeats.add("store").starter(), move |report| {
                metrics.count(report);
            })?;
        let store_thread = thread;
        Ok(Some(Data {
            journals,
            store,
            store_metrics,
            store_thread,
            lock,
            data_dir,
            rooms,
            keys,
            topics,
        }))
    }

    /// Restores the rooms of the previous process, as far as that is possible now, and starts to
    /// remove old journals.
    pub(crate) fn restore(
        &self,
        config: &Config,
        requests: Requests,
        directory: &Arc<Directory>,
        shards: &[ShardHandle],
        heartbeat: Heartbeat,
    ) -> Result<Option<RetentionThread>, StartError> {
        // Read before any room writes. If it is unknown, no journal is removed for its age.
        let newest = newest_journal(&self.data_dir).unwrap_or(Some(SystemTime::UNIX_EPOCH));
        let (data_dir, store) = (self.data_dir.clone(), self.store.clone());
        let modes = config.modes.clone();
        let context =
            restore_context(data_dir.clone(), store, modes, Arc::clone(directory), shards.to_vec());
        let keep = config.retention;
        start_restorer(context, requests, heartbeat.starter(), self.rooms.clone())
            .and_then(|()| RetentionThread::start(data_dir, keep.days, keep.mib, newest))
            .map_err(StartError::Thread)
    }

    /// Returns the keys of backends.
    pub(crate) fn keys(&self) -> Keys {
        Keys::new(self.keys.clone(), Some(self.store.clone()))
    }

    /// Returns the last messages of topics. Those of a channel that a newer program has are left
    /// out, and stay in the store.
    pub(crate) fn topics(&self) -> Vec<KeptTopic> {
        let topics = self.topics.iter().filter_map(|TopicRecord { channel, text, until }| {
            let text = Bytes::from(text.clone());
            Some(KeptTopic { topic: channel.parse().ok()?, text, until_unix_s: *until })
        });
        topics.collect()
    }

    /// Returns the path of the socket for the commands of the owner.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.data_dir.control_socket()
    }

    /// Returns the view of the store for operators.
    pub(crate) fn store_watch(&self) -> StoreWatch {
        StoreWatch { health: self.store.health(), metrics: Arc::clone(&self.store_metrics) }
    }
}

/// Connects the restorer with the modes on offer, the list of rooms and the shards.
pub(crate) fn restore_context(
    data_dir: DataDir,
    store: Store,
    modes: Modes,
    directory: Arc<Directory>,
    shards: Vec<ShardHandle>,
) -> RestoreContext {
    RestoreContext {
        data_dir,
        store,
        mode_named: Box::new(move |name| modes.get(name).cloned()),
        draw_seed: || match_ticket().seed,
        report: Box::new(move |report| match report {
            RestoreReport::Absent(room, code, why) => directory.take_out(&room, code, why),
            RestoreReport::Forgotten(room) => directory.remove(&room),
            RestoreReport::Host { image, shard, at_start } => {
                let shard = shard.unwrap_or_else(|| directory.next_shard());
                // Later only the shard lists the room, because no client may be sent to the shard
                // before the room is there.
                if at_start {
                    list(&directory, &image, shard);
                }
                shards[shard].put(ShardCommand::Host(image));
            }
        }),
    }
}

fn list(directory: &Directory, image: &RoomImage, shard: usize) {
    let RoomImage { record, mode, .. } = image;
    let seats = u16::try_from(record.seats.len()).unwrap_or(u16::MAX);
    directory.list_restored(&record.id, record.code, mode, shard, seats);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bolide_room::{RoomId, SaveNumber};
    use bolide_sim::journal::Writer;
    use bolide_sim::{World, preset};
    use bolide_storage::testing::open;
    use bolide_storage::{AckSender, RoomRow};
    use uuid::Uuid;

    use crate::config::Config;
    use crate::random::room_id;
    use crate::server::Server;
    use crate::testing::{Folder, PANICS, seat};

    /// Stores a room with a seat, and a journal with this name of the program in its header.
    fn keep(folder: &Folder, program: &str) -> RoomId {
        let (room, id) = (room_id(), Uuid::now_v7());
        let rules = preset("duel").expect("a preset").rules;
        let world = World::new(rules, 7).expect("in range");
        let journal = Writer::new(&world, "duel", program).take();
        folder.file(&format!("journals/{id}.journal"), &journal);
        let current = (1, id);
        let row = RoomRow { id: room.clone(), mode: "duel".into(), code: None, current };
        let (store, _, thread) = open(folder).expect("opens");
        store.save_seat(row, seat(), (AckSender::new().0, SaveNumber(1)));
        drop(store);
        thread.join().expect("no panic");
        room
    }

    /// Regression: such a journal ended every start of the program.
    #[tokio::test]
    async fn a_journal_whose_replay_panics_at_the_start_is_put_aside_and_the_others_go_on() {
        let folder = Folder::new();
        folder.data_dir().open_journals().expect("a folder");
        let panics = keep(&folder, str::from_utf8(PANICS).expect("text"));
        let fine = keep(&folder, "test");
        let config = Config { data_dir: folder.0.clone(), shards: 1, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        assert_eq!(server.directory.shard_of(&fine), Some(0));
        assert_eq!(server.directory.shard_of(&panics), None);
        assert!(!server.directory.is_absent(&panics), "it is not tried again");
        assert_eq!(server.not_ready(), None);
        server.stop().await;
        let aside = fs::read_dir(folder.data_dir().quarantine()).expect("a folder");
        let mut aside: Vec<_> = aside.map(|entry| entry.expect("an entry").path()).collect();
        aside.sort();
        let [journal, reason] = &aside[..] else { panic!("{aside:?}") };
        assert!(fs::read(journal).expect("kept").windows(PANICS.len()).any(|it| it == PANICS));
        assert_eq!(fs::read_to_string(reason).expect("told"), "its replay panics\n");
        assert!(!folder.0.join("restoring").exists(), "no start was ended by it");
        let (_, kept, _) = open(&folder).expect("opens");
        assert!(kept.iter().map(|room| &room.id).eq([&fine]), "{kept:?}");
    }
}
