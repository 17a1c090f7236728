//! The reasons why a server takes no players, for `/readyz`. Each kind of reason has its own
//! function, and all that apply are listed.

use std::time::{Duration, Instant};

use super::Server;
use crate::measure::heartbeat::Turn;

/// Longest turn of a thread. A shard with rooms has a turn at least every 8 ms. A disk that takes
/// longer to write or to sync holds up all frames that wait for it.
const TURN_MAX: Duration = Duration::from_secs(5);

impl Server {
    /// Returns all reasons why no players are taken now. None if they are.
    pub(crate) fn not_ready(&self) -> Option<String> {
        if self.is_stopping() {
            return Some("stopping".to_owned());
        }
        let now = Instant::now();
        let troubles = self.threads_not_well(now).chain(self.store_failure(now));
        let reasons: Vec<String> = troubles.chain(self.rooms_not_open()).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// The database refuses changes, so seats cannot be stored.
    fn store_failure(&self, now: Instant) -> Option<String> {
        self.store.as_ref()?.health.failure(now)
    }

    /// Lists the threads that have ended or hang in a turn.
    fn threads_not_well(&self, now: Instant) -> impl Iterator<Item = String> {
        let turns = self.heartbeats.turns(now).into_iter();
        turns.filter_map(|(thread, turn)| match turn {
            Turn::For(age) if age > TURN_MAX => {
                Some(format!("the thread {thread} has hung for {} s", age.as_secs()))
            }
            Turn::Idle | Turn::For(_) => None,
            Turn::Ended => {
                Some(format!("the thread {thread} has ended, which only a restart mends"))
            }
        })
    }

    /// The operating system refuses what restoring rooms needs.
    fn rooms_not_open(&self) -> Option<String> {
        let absent = self.directory.absent();
        let (error, rooms) = (absent.error?, absent.system);
        let rooms = if rooms == 1 { "1 room".to_owned() } else { format!("{rooms} rooms") };
        Some(format!("{rooms} cannot be opened at the moment: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::{Duration, timeout};

    use crate::config::Config;
    use crate::server::Server;
    use crate::shard::handle::ShardCommand;
    use crate::testing::Folder;

    #[tokio::test]
    async fn it_is_not_ready_when_it_stops_or_has_lost_a_thread_and_says_which() {
        let folder = Folder::new();
        let config = Config { data_dir: folder.0.clone(), shards: 2, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        assert_eq!(server.not_ready(), None);
        server.shard(1).send(ShardCommand::Stop).await.expect("it runs");
        let lost = async {
            loop {
                match server.not_ready() {
                    Some(why) if why.contains("shard-1") => return why,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        let why = timeout(Duration::from_secs(60), lost).await.expect("it ends");
        let ended = |thread| format!("the thread {thread} has ended, which only a restart mends");
        assert_eq!(why, ["shard-1", "sync-1", "journal-1"].map(ended).join("; "));
        server.stop().await;
        assert_eq!(server.not_ready().as_deref(), Some("stopping"));
    }

    #[tokio::test]
    async fn it_is_not_ready_while_a_thread_does_not_come_back_from_its_turn() {
        let folder = Folder::new();
        let config = Config { data_dir: folder.0.clone(), shards: 1, ..Config::default() };
        let server = Server::start(&config).expect("it starts");
        let heartbeat = server.heartbeats.add("another");
        heartbeat.begin(Instant::now());
        let reasons = |after| {
            let now = Instant::now() + Duration::from_secs(after);
            server.threads_not_well(now).collect::<Vec<_>>()
        };
        assert_eq!(reasons(4), Vec::<String>::new());
        assert_eq!(reasons(7), ["the thread another has hung for 7 s"], "idle ones are well");
        heartbeat.rest();
        assert_eq!(reasons(7), Vec::<String>::new());
        server.stop().await;
    }
}
