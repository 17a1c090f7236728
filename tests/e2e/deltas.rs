//! A client that takes deltas, and one that simulates and takes motions, see the same world, tick
//! for tick, as one that takes whole snapshots. A client that is out of sync gets a whole snapshot
//! on request.

use std::collections::BTreeMap;

use bolide_net::{RulesMessage, ServerMessage, Snapshot, View};
use bolide_sim::Tuning;
use bolide_tests::{Client, Format, TestServer};
use serde_json::{Value, json};

use crate::FORMATS;

/// A client and the snapshot that its deltas build on.
struct Follower {
    client: Client,
    tuning: Tuning,
    view: View,
    deltas: u32,
    hashes: u32,
}

impl Follower {
    async fn join(server: &TestServer, format: Format, sync: &str) -> Follower {
        let mut client = Client::open(server.address, format).await;
        client.send(&json!({"t": "hello", "name": sync, "sync": sync})).await;
        let welcome = client.control("welcome").await;
        let rules =
            serde_json::from_value::<RulesMessage>(welcome["rules"].clone()).expect("rules");
        let tick_rate = welcome["tick_rate"].as_u64().and_then(|hz| u32::try_from(hz).ok());
        let rules = rules.rules(tick_rate.expect("a tick rate")).expect("the rules of a match");
        let tuning = Tuning::new(&rules);
        Follower { client, tuning, view: View::default(), deltas: 0, hashes: 0 }
    }

    /// Returns the world as seen with the next snapshot, which comes whole or as a delta.
    async fn next(&mut self) -> Snapshot {
        let format = self.client.format;
        let hot = |message: &Value| match decode(format, message) {
            Some(ServerMessage::Snapshot(snapshot)) => Some(Ok(snapshot)),
            Some(ServerMessage::Delta(delta)) => Some(Err(delta)),
            _ => None,
        };
        match self.client.until("a snapshot or a delta", hot).await {
            Ok(snapshot) => self.view.begin(snapshot),
            Err(delta) => {
                self.deltas += 1;
                self.hashes += u32::from(delta.hash.is_some());
                self.view.take(&delta, &self.tuning).expect("fits, and the hash is right");
            }
        }
        self.view.seen_at(self.view.known().tick, &self.tuning)
    }

    async fn watch(&mut self, snapshots: usize, seen: &mut BTreeMap<u32, Snapshot>) {
        for _ in 0..snapshots {
            let snapshot = self.next().await;
            seen.insert(snapshot.tick, snapshot);
        }
    }
}

fn decode(format: Format, message: &Value) -> Option<ServerMessage> {
    let frame = match format {
        Format::Json => message.to_string().into_bytes(),
        Format::MessagePack => rmp_serde::to_vec(message).expect("encodes"),
    };
    format.decode_server(&frame).expect("a valid message")
}

#[tokio::test]
async fn told_whole_by_delta_or_by_motion_it_is_the_same_world() {
    for format in FORMATS {
        let server = TestServer::start(|config| {
            config.bots_wait_s = 0;
            config.bots_fill_to = 6;
        })
        .await;
        let mut whole = Follower::join(&server, format, "full").await;
        let mut by_delta = Follower::join(&server, format, "state").await;
        let mut by_motion = Follower::join(&server, format, "events").await;
        // Covers the countdown and two seconds of a fight of bots. On a slow machine each client
        // misses other ticks, so they go on until they have enough in common.
        let (mut a, mut b, mut c) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let common = |other: &BTreeMap<u32, Snapshot>, a: &BTreeMap<u32, Snapshot>| {
            a.keys().filter(|tick| other.contains_key(tick)).count()
        };
        while a.len() < 80 || common(&b, &a) < 40 || common(&c, &a) < 15 {
            tokio::join!(
                whole.watch(20, &mut a),
                by_delta.watch(20, &mut b),
                by_motion.watch(10, &mut c)
            );
            assert!(a.len() < 2_000, "{} and {} in common", common(&b, &a), common(&c, &a));
        }
        for other in [b, c] {
            for (tick, snapshot) in other.iter().filter(|(tick, _)| a.contains_key(tick)) {
                assert_eq!(a[tick], *snapshot);
            }
        }
        assert_eq!(whole.deltas, 0);
        assert!(by_delta.deltas >= 70 && by_delta.hashes >= 1, "{} deltas", by_delta.deltas);
        assert!(by_motion.deltas >= 30 && by_motion.hashes >= 1, "{} deltas", by_motion.deltas);
    }
}

#[tokio::test]
async fn who_asks_for_it_gets_a_whole_snapshot() {
    let server = TestServer::start(|_| {}).await;
    let mut client = Follower::join(&server, Format::MessagePack, "state").await;
    client.watch(2, &mut BTreeMap::new()).await;
    let before = client.deltas;
    assert!(before >= 1);
    client.client.send(&json!({"t": "resync"})).await;
    let whole = |message: &Value| match decode(Format::MessagePack, message) {
        Some(ServerMessage::Snapshot(snapshot)) => Some(snapshot),
        _ => None,
    };
    let snapshot = client.client.until("a whole snapshot", whole).await;
    client.view.begin(snapshot);
    client.next().await;
    assert_eq!(client.deltas, before + 1, "and deltas again after it");
}
