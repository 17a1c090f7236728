//! A JSON client and a MessagePack client in one match see the same world, and their inputs change
//! it.

use std::collections::BTreeMap;

use bolide_tests::{Client, Format, Seen, TestServer};
use serde_json::Value;

const MOVE: u32 = 1;
const SHOOT: u32 = 2;
const BLINK: u32 = 3;

/// Joins two clients and waits for their fight: the JSON one first, each with its player id.
async fn fight(server: &TestServer) -> [(Client, u64); 2] {
    let (mut ada, ada_welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, bob_welcome) =
        Client::join(server.address, Format::MessagePack, "Bob", "brawl").await;
    assert_eq!(ada_welcome["room"], bob_welcome["room"]);
    for client in [&mut ada, &mut bob] {
        client
            .snapshot("a fight of two", |seen| {
                (seen.phase == 2 && seen.players.len() == 2).then_some(())
            })
            .await;
    }
    let seat = |welcome: &Value| welcome["seat"].as_u64().expect("a seat");
    [(ada, seat(&ada_welcome)), (bob, seat(&bob_welcome))]
}

/// Waits until the player may shoot and blink: cooldowns start full.
async fn ready(client: &mut Client) {
    let (fireball, blink) = client.ready;
    assert!(fireball > 0 && blink > 0, "a fight has begun, so it was told");
    client
        .snapshot("a free cooldown", |seen| (seen.tick >= fireball.max(blink)).then_some(()))
        .await;
}

#[tokio::test]
async fn both_formats_see_the_same_world() {
    let server = TestServer::start(|_| {}).await;
    let [(mut ada, ada_id), (mut bob, bob_id)] = fight(&server).await;
    tokio::join!(ready(&mut ada), ready(&mut bob));
    let seen =
        ada.snapshot("both", |seen| Some((seen.players[&ada_id].at, seen.players[&bob_id].at)));
    let (at_ada, at_bob) = seen.await;
    ada.input(SHOOT, Some(at_bob)).await;
    bob.input(MOVE, Some(at_ada)).await;
    let (by_ada, by_bob) = tokio::join!(watch(&mut ada), watch(&mut bob));
    let common: Vec<u64> =
        by_ada.keys().filter(|tick| by_bob.contains_key(tick)).copied().collect();
    for tick in &common {
        assert_eq!(by_ada[tick], by_bob[tick]);
    }
    let with_fireball = common.iter().filter(|tick| !by_ada[tick].fireballs.is_empty()).count();
    assert!(
        common.len() >= 5 && with_fireball > 0,
        "{} in common, {with_fireball} with a fireball",
        common.len()
    );
}

/// Returns thirty snapshots by their ticks.
async fn watch(client: &mut Client) -> BTreeMap<u64, Seen> {
    let mut by_tick = BTreeMap::new();
    client
        .snapshot("30 snapshots", |seen| {
            by_tick.insert(seen.tick, seen.clone());
            (by_tick.len() == 30).then_some(())
        })
        .await;
    by_tick
}

#[tokio::test]
async fn a_walk_arrives_exactly_where_it_was_meant_to() {
    let server = TestServer::start(|_| {}).await;
    for (mut walker, id) in fight(&server).await {
        let (x, y) = walker.snapshot("oneself", |seen| Some(seen.players[&id].at)).await;
        // A fifth of the way to the middle of the arena.
        let target = (x + (29127 - x) / 5, y + (16384 - y) / 5);
        assert_ne!((x, y), target);
        let seq = walker.input(MOVE, Some(target)).await;
        walker
            .snapshot("the acknowledgement", |seen| {
                (seen.acks.get(&id) == Some(&seq.into())).then_some(())
            })
            .await;
        walker.snapshot("the arrival", |seen| (seen.players[&id].at == target).then_some(())).await;
    }
}

#[tokio::test]
async fn a_hit_is_the_same_for_both() {
    let server = TestServer::start(|_| {}).await;
    let [(mut ada, ada_id), (mut bob, bob_id)] = fight(&server).await;
    tokio::join!(ready(&mut ada), ready(&mut bob));
    let target = ada.snapshot("Bob", |seen| Some(seen.players[&bob_id].at)).await;
    ada.input(SHOOT, Some(target)).await;
    for client in [&mut ada, &mut bob] {
        let (by, victim, health) = client.until("a hit", hit).await;
        assert_eq!((by, victim, health), (ada_id, bob_id, 40));
        client
            .snapshot("the wound", |seen| (seen.players[&bob_id].health == 40).then_some(()))
            .await;
    }
}

fn hit(message: &Value) -> Option<(u64, u64, u64)> {
    let events = message.as_array().filter(|message| message[0] == 3)?[2].as_array()?;
    let hit = events.iter().find(|event| event[0] == 2)?;
    Some((hit[2].as_u64()?, hit[3].as_u64()?, hit[6].as_u64()?))
}

#[tokio::test]
async fn an_input_that_the_rules_refuse_is_answered_to_its_owner_alone() {
    let server = TestServer::start(|_| {}).await;
    let [(mut ada, ada_id), (mut bob, _)] = fight(&server).await;
    tokio::join!(ready(&mut ada), ready(&mut bob));
    let (x, y) = ada.snapshot("oneself", |seen| Some(seen.players[&ada_id].at)).await;
    let aside = (x + (29127 - x) / 5, y + (16384 - y) / 5);
    ada.input(BLINK, Some(aside)).await;
    let again = ada.input(BLINK, Some((x, y))).await;
    let refused = ada.until("a refusal", |message| {
        let private = message.as_array().filter(|message| message[0] == 2)?;
        private[4].as_array()?.first().cloned()
    });
    let cooldown = 2;
    assert_eq!(refused.await, serde_json::json!([again, cooldown]));
    bob.until("Ada elsewhere, and no word of the refusal", |message| {
        let is_refusal =
            message[0] == 2 && message[4].as_array().is_some_and(|refused| !refused.is_empty());
        assert!(!is_refusal, "{message}");
        let seen = Seen::read(message, Format::MessagePack)?;
        (seen.players[&ada_id].at == aside && seen.acks.get(&ada_id) == Some(&again.into()))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn bots_come_so_that_nobody_waits_alone() {
    let server = TestServer::start(|config| {
        config.bots_fill_to = 4;
        config.bots_wait_s = 0;
    })
    .await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let bots = ada.until("bots", |message| {
        let players = message["players"].as_array()?;
        let bots = players.iter().filter(|player| player["bot"] == true).count();
        (bots > 0).then_some(bots)
    });
    assert_eq!(bots.await, 3);
    ada.snapshot("a fight of four", |seen| {
        (seen.phase == 2 && seen.players.len() == 4).then_some(())
    })
    .await;
}
