//! Fifty clients at once: no room and no server seats one too many, and every client gets an
//! answer.

use std::collections::{BTreeMap, BTreeSet};

use bolide_tests::{Client, Format, TestServer, listed};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const RACERS: usize = 50;

/// Opens all sockets first, then sends all hellos at once. Returns the clients and their answers.
async fn race(server: &TestServer, hello: &Value) -> Vec<(Client, Value)> {
    let mut clients = Vec::new();
    for number in 0..RACERS {
        clients.push(Client::open(server.address, Format::ALL[number % 2]).await);
    }
    let mut racing = JoinSet::new();
    for mut client in clients {
        let hello = hello.clone();
        racing.spawn(async move {
            client.send(&hello).await;
            let answer = client.until("an answer", |message| {
                ["welcome", "error"].contains(&message["t"].as_str()?).then(|| message.clone())
            });
            let answer = answer.await;
            (client, answer)
        });
    }
    racing.join_all().await
}

fn count(answers: &[(Client, Value)], field: &str, value: &str) -> usize {
    answers.iter().filter(|(_, answer)| answer[field] == value).count()
}

#[tokio::test]
async fn rooms_of_a_mode_fill_up_one_by_one() {
    let server = TestServer::start(|_| {}).await;
    let answers = race(&server, &json!({"t": "hello", "name": "Racer", "mode": "classic"})).await;
    assert_eq!(count(&answers, "t", "welcome"), RACERS);
    let mut rooms: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (_, welcome) in &answers {
        let (room, seat) =
            (welcome["room"].as_str().expect("a room"), welcome["seat"].as_u64().expect("a seat"));
        assert!(
            rooms.entry(room).or_default().insert(seat),
            "seat {seat} of {room} was given twice"
        );
    }
    assert_eq!(rooms.len(), RACERS.div_ceil(3));
    assert!(rooms.values().all(|seats| seats.len() <= 3));
}

#[tokio::test]
async fn one_room_takes_as_many_as_it_has_seats() {
    let server = TestServer::start(|_| {}).await;
    let (_first, welcome) = Client::join(server.address, Format::Json, "First", "brawl").await;
    let answers =
        race(&server, &json!({"t": "hello", "name": "Racer", "room": welcome["room"]})).await;
    assert_eq!(count(&answers, "t", "welcome"), 9);
    assert_eq!(count(&answers, "code", "room_full"), RACERS - 9);
}

#[tokio::test]
async fn a_server_takes_as_many_as_it_may() {
    let server = TestServer::start(|config| config.sessions_max = 20).await;
    let answers = race(&server, &json!({"t": "hello", "name": "Racer"})).await;
    assert_eq!(count(&answers, "t", "welcome"), 20);
    assert_eq!(count(&answers, "code", "server_full"), RACERS - 20);
}

/// An address used to hold as many rooms as it opened sockets, with a long grace time, by asking
/// for a room and resetting the connection in a loop.
#[tokio::test]
async fn an_address_holds_no_more_seats_than_connections_whatever_it_does_with_its_sockets() {
    let server = TestServer::start(|config| {
        config.grace_s = 3600;
        config.budgets.address_loopback = true;
        config.budgets.address_connections = 4;
        config.budgets.address_handshakes_per_s = 1000;
    })
    .await;
    let hello = json!({"t": "hello", "name": "Ada", "create": "private"});
    let mut tokens = Vec::new();
    for _ in 0..20 {
        let mut client = Client::open(server.address, Format::Json).await;
        client.send(&hello).await;
        let answer = client.until("an answer", |message| {
            ["welcome", "error"].contains(&message["t"].as_str()?).then(|| message.clone())
        });
        let answer = answer.await;
        match answer["resume"].as_str() {
            Some(token) => tokens.push(token.to_owned()),
            None => assert_eq!(answer["code"], "server_full", "{answer}"),
        }
        drop(client);
        server.until("it is gone", |server| server.connections() == 0).await;
    }
    assert_eq!((tokens.len(), server.rooms()), (4, 4));
    assert_eq!(server.count("cut_address_seats"), 16);
    // All of them may resume, because a seat that is resumed does not count again. A seat that is
    // left can be taken by another client.
    let mut back = Vec::new();
    for token in &tokens {
        back.push(Client::resume(server.address, Format::Json, token).await.0);
    }
    let mut leaves = back.pop().expect("four");
    leaves.send(&json!({"t": "leave"})).await;
    server.until("it has left", |server| server.rooms() == 3 && server.connections() == 3).await;
    let mut client = Client::open(server.address, Format::Json).await;
    client.send(&hello).await;
    client.control("welcome").await;
}

#[tokio::test]
async fn an_abandoned_room_disappears_from_the_list() {
    let server = TestServer::start(|config| config.grace_s = 0).await;
    let (ada, welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let rooms = listed(server.address, |rooms| !rooms.is_empty()).await;
    assert_eq!(
        (rooms.len(), &rooms[0]["id"], &rooms[0]["seats_taken"]),
        (1, &welcome["room"], &json!(1))
    );
    drop(ada);
    listed(server.address, <[_]>::is_empty).await;
}
