//! A database that another program has locked, as a shell or a backup does: running matches go on, nobody is welcomed whose seat is
//! not kept, and all goes on by itself afterwards.

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
    let mut short = Player::fight(&running.address, "short").await;
    let admin = admin(&running);
    let database = Connection::open(house.folder.0.join("data/bolide.sqlite")).expect("opens");
    let is_locked = Arc::new(AtomicBool::new(true));
    database.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let begun = Instant::now();
    // Two who join one room, of which nothing is kept yet.
    let joins = [0, 1].map(|_| {
        let (address, is_locked) = (running.address.clone(), Arc::clone(&is_locked));
        tokio::spawn(async move { join(&address, &is_locked).await })
    });
    // One whose connection is lost comes back.
    let away = fight[1].token.clone();
    let [mut ada, _] = fight;
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
    let seen = ada.until(is_fight).await;
    ada.until(|message| is_fight(message) && tick(message) > tick(&seen) + 20).await;
    let page = get(&admin, "/metrics");
    assert!(metric(&page, "bolide_store_failures_total") > 0.0);
    assert!(metric(&page, "bolide_store_waiting") > 0.0);
    is_locked.store(false, Ordering::SeqCst);
    database.execute_batch("ROLLBACK").expect("unlocked");
    wait_until("it is ready again", || ready().starts_with("HTTP/1.1 200"));
    let waiting = || metric(&get(&admin, "/metrics"), "bolide_store_waiting");
    wait_until("nothing waits any more", || waiting() < 1.0);

    // Matches end and begin again: the one of before, the one that waited, and one that is new.
    short[0]
        .until(|message| message["t"] == "match" && message["number"].as_u64() >= Some(4))
        .await;
    let mut players = vec![ada, back.await.expect("no panic")];
    players.extend(short);
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

async fn join(address: &str, is_locked: &AtomicBool) -> Player {
    welcomed(address, json!({"t": "hello", "name": "Eve", "mode": "witness"}), is_locked).await
}

async fn resume(address: &str, token: &str, is_locked: &AtomicBool) -> Player {
    welcomed(address, json!({"t": "hello", "name": "Bo", "resume": token}), is_locked).await
}

/// Says hello until it is welcomed, which is not while the database is locked.
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
