//! A database that another program has locked, such as a shell or a backup. Running matches go on,
//! no client is welcomed before its seat is stored, and the server recovers by itself afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{House, size, wait_until};
use crate::player::{Player, is_fight, tick};
use crate::watching::{admin, get, metric};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_costs_nobody_a_seat_or_a_match() {
    let house = House::new();
    let running = house.serve();
    let fight = Player::fight(&running.address, "pair").await;
    let short = Player::fight(&running.address, "short").await;
    let admin = admin(&running);
    let database = Connection::open(house.folder.0.join("data/bolide.sqlite")).expect("opens");
    let is_locked = Arc::new(AtomicBool::new(true));
    database.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let begun = Instant::now();
    // Two clients that join one room, of which nothing is stored yet.
    let joins = [0, 1].map(|_| {
        let (address, is_locked) = (running.address.clone(), Arc::clone(&is_locked));
        tokio::spawn(async move { join(&address, &is_locked).await })
    });
    // A client whose connection was lost resumes its seat.
    let away = fight[1].token.clone();
    let [ada, _] = fight;
    let watching = short.into_iter().chain([ada]).map(|player| {
        let is_locked = Arc::clone(&is_locked);
        tokio::spawn(async move { watch(player, &is_locked).await })
    });
    let watching: Vec<_> = watching.collect();
    let back = {
        let (address, is_locked) = (running.address.clone(), Arc::clone(&is_locked));
        tokio::spawn(async move { resume(&address, &away, &is_locked).await })
    };
    let ready = || get(&admin, "/readyz");
    wait_until("readiness tells", || ready().contains("no seat can be kept"));
    assert!(ready().contains("database is locked"), "{}", ready());
    wait_until("it was long enough", || {
        begun.elapsed() > size(Duration::ZERO, Duration::from_secs(12))
    });
    let page = get(&admin, "/metrics");
    assert!(metric(&page, "bolide_store_failures_total") > 0.0);
    assert!(metric(&page, "bolide_store_waiting") > 0.0);
    is_locked.store(false, Ordering::SeqCst);
    database.execute_batch("ROLLBACK").expect("unlocked");
    wait_until("it is ready again", || ready().starts_with("HTTP/1.1 200"));
    let waiting = || metric(&get(&admin, "/metrics"), "bolide_store_waiting");
    wait_until("nothing waits any more", || waiting() < 1.0);

    // Matches end and begin again: the earlier one, the one that waited, and a new one.
    let mut players = Vec::new();
    for player in watching {
        players.push(player.await.expect("no panic"));
    }
    let (_, fought) = &players[2];
    assert!(*fought > 30, "a match that runs goes on: {fought} ticks");
    let mut players: Vec<Player> = players.into_iter().map(|(player, _)| player).collect();
    let [one, other, ..] = &mut players[..] else { panic!("a pair") };
    tokio::join!(play_to_the_fourth_match(one), play_to_the_fourth_match(other));
    players.push(back.await.expect("no panic"));
    for join in joins {
        players.push(join.await.expect("no panic"));
    }
    for player in &mut players[4..] {
        player.until(is_fight).await;
    }
    running.signal("KILL");
    running.end();
    let running = house.serve();
    for player in &players {
        let again = Player::resume(&running.address, &player.token).await;
        assert_eq!(again.seat, player.seat);
    }
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    house.verify_journals();
}

/// Reads while the database is locked. Returns by how many ticks the fight went on.
async fn watch(mut player: Player, is_locked: &AtomicBool) -> (Player, u64) {
    let mut seen = Vec::new();
    while is_locked.load(Ordering::SeqCst) {
        seen.extend(Some(player.until(|_| true).await).filter(is_fight).as_ref().map(tick));
    }
    let fought =
        seen.last().zip(seen.first()).map_or(0, |(last, first)| last.saturating_sub(*first));
    (player, fought)
}

/// Asks for each next match: a player that sends nothing in a match only watches the next one.
async fn play_to_the_fourth_match(player: &mut Player) {
    let is_fourth = |message: &Value| message["number"].as_u64() >= Some(4);
    loop {
        player.say(&json!({"t": "rematch"})).await;
        let message = player.until(|message| message["t"] == "match" || message["t"] == "result");
        if is_fourth(&message.await) {
            return;
        }
    }
}

async fn join(address: &str, is_locked: &AtomicBool) -> Player {
    welcomed(address, json!({"t": "hello", "name": "Eve", "mode": "witness"}), is_locked).await
}

async fn resume(address: &str, token: &str, is_locked: &AtomicBool) -> Player {
    welcomed(address, json!({"t": "hello", "name": "Bo", "resume": token}), is_locked).await
}

/// Says hello until it is welcomed, which must not be while the database is locked.
async fn welcomed(address: &str, hello: Value, is_locked: &AtomicBool) -> Player {
    loop {
        let mut player = Player::connect(address).await;
        player.say(&hello).await;
        match player.welcome_or_close().await {
            Ok(player) => {
                assert!(!is_locked.load(Ordering::SeqCst), "welcomed, and its seat is not kept");
                return player;
            }
            Err(code) => assert_eq!(code, 1013, "it may try again"),
        }
    }
}
