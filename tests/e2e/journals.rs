//! The journal of a match on disk. It holds a tick before the players see it, and it replays the
//! same match.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bolide_server::Config;
use bolide_sim::journal::Replay;
use bolide_sim::{Mode, Rules, World, preset};
use bolide_tests::{Client, Format, PATIENCE, Seen, TestServer};
use serde_json::{Value, json};

const SHOOT: u32 = 2;

/// Adds a duel that begins at once and is over after two hits.
fn with_short(config: &mut Config) {
    let base = preset("duel").expect("a preset").rules;
    let rules = Rules { countdown_s: 0.0, fireball_cooldown_s: 0.0, hit_damage: 25, ..base };
    config.modes.add(Mode { name: "short".to_owned(), rules }).expect("allowed");
}

/// The view of a match by a client: every snapshot by its tick, and the result.
#[derive(Default)]
struct Watched {
    snapshots: BTreeMap<u64, Seen>,
    result: Value,
}

/// Watches to the end of the match. In each tick of the fight it shoots at the target, if there is
/// one.
async fn play(client: &mut Client, target: Option<u64>, journal: &Path) -> Watched {
    let mut watched = Watched::default();
    while watched.result.is_null() {
        let format = client.format;
        let message = client.until("a snapshot or the result", |message| {
            (message["t"] == "result" || message[0] == 1).then(|| message.clone())
        });
        let message = message.await;
        let Some(seen) = Seen::read(&message, format) else {
            watched.result = message;
            continue;
        };
        assert!(
            last_tick(journal) >= seen.tick,
            "tick {} was seen before it was written",
            seen.tick
        );
        if let Some(target) = target.filter(|_| seen.phase == 2) {
            client.input(SHOOT, Some(seen.players[&target].at)).await;
        }
        watched.snapshots.insert(seen.tick, seen);
    }
    watched
}

/// Returns the last tick in the journal on disk.
fn last_tick(journal: &Path) -> u64 {
    let bytes = fs::read(journal).expect("the journal is there");
    let mut replay = Replay::open(&bytes).expect("opens");
    for tick in replay.by_ref() {
        tick.expect("whole records, and a world that agrees");
    }
    replay.world().tick().0.into()
}

fn check(seen: &Seen, world: &World) {
    assert_eq!(seen.players.len(), world.players().len(), "tick {}", seen.tick);
    for player in world.players() {
        let told = &seen.players[&player.id.0.into()];
        let at = (player.at.x().into(), player.at.y().into());
        assert_eq!((told.at, told.health), (at, player.health.into()), "tick {}", seen.tick);
    }
}

#[tokio::test]
async fn a_journal_plays_the_match_that_its_players_saw() {
    let server = TestServer::start(with_short).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "short").await;
    let id = ada.control("match").await["id"].as_str().expect("an id").to_owned();
    let (mut bob, welcome) =
        Client::join(server.address, Format::MessagePack, "Bob", "short").await;
    let journal = server.journal(&id);
    let target = welcome["seat"].as_u64();
    let (by_ada, by_bob) =
        tokio::join!(play(&mut ada, target, &journal), play(&mut bob, None, &journal));
    assert_eq!(by_ada.result["winner"], by_bob.result["winner"]);

    let bytes = fs::read(&journal).expect("a journal");
    let mut replay = Replay::open(&bytes).expect("opens");
    let mut compared = 0;
    while let Some(tick) = replay.next() {
        let tick = u64::from(tick.expect("replays").0);
        for seen in [&by_ada, &by_bob].into_iter().filter_map(|by| by.snapshots.get(&tick)) {
            check(seen, replay.world());
            compared += 1;
        }
    }
    assert!(compared >= 10 && replay.hashes() > 0, "{compared} snapshots compared");
    let world = replay.world();
    let winner = world.phase().outcome().expect("an end").winner.map(|winner| winner.0);
    assert_eq!(by_ada.result["winner"], json!(winner));
    let places: Vec<_> =
        world.placements().iter().map(|(id, place)| json!([id.0, place])).collect();
    let told = by_ada.result["placements"].as_array().expect("a list");
    let told: Vec<_> = told.iter().map(|told| json!([told["id"], told["place"]])).collect();
    assert_eq!(told, places);

    // The next match has a journal of its own.
    for client in [&mut ada, &mut bob] {
        client.send(&json!({"t": "rematch"})).await;
    }
    let next = ada.until("the next match", |message| {
        let next = message["id"].as_str().filter(|next| message["t"] == "match" && *next != id)?;
        Some(next.to_owned())
    });
    let next = next.await;
    ada.snapshot("its fight", |seen| (seen.phase == 2).then_some(())).await;
    assert!(server.journal(&next).exists());
    assert_eq!(fs::read(&journal).expect("still there"), bytes, "a match that is over is finished");
}

#[tokio::test]
async fn a_match_without_a_fight_leaves_no_journal() {
    let server = TestServer::start(|config| config.grace_s = 0).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let id = ada.control("match").await["id"].as_str().expect("an id").to_owned();
    ada.snapshot("a tick", |seen| (seen.tick > 0).then_some(())).await;
    assert!(server.journal(&id).exists());
    drop(ada);
    let gone = async {
        while server.journal(&id).exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the journal is removed");
}

#[tokio::test]
async fn a_match_that_cannot_be_written_down_is_not_played() {
    let server = TestServer::start(with_short).await;
    let (mut ada, ada_welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    ada.snapshot("a tick", |seen| (seen.tick > 0).then_some(())).await;
    let (journals, aside) = (server.folder.join("journals"), server.folder.join("aside"));
    fs::rename(&journals, &aside).expect("renamed");
    for format in Format::ALL {
        let mut bob = Client::open(server.address, format).await;
        bob.send(&json!({"t": "hello", "name": "Bob", "mode": "short"})).await;
        let (code, text) = bob.error().await;
        assert_eq!((code.as_str(), text.as_str()), ("room_failed", FAILED));
        assert_eq!(bob.closed().await, (1013, "the match cannot be written down".to_owned()));
    }
    // A player in another room notices nothing. Once the folder is back, all works again.
    fs::rename(&aside, &journals).expect("renamed back");
    let (mut bob, _) = Client::join(server.address, Format::Json, "Bob", "short").await;
    bob.snapshot("a tick", |seen| (seen.tick > 0).then_some(())).await;
    let (_, welcome) = Client::join(server.address, Format::Json, "Cleo", "brawl").await;
    assert_eq!(welcome["room"], ada_welcome["room"]);
}

const FAILED: &str = "this match cannot be written down any more and has ended; try again later";
