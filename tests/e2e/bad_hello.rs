//! Errors before a client has joined: each has its own answer, and most leave the client another
//! try.

use bolide_tests::{Client, Format, PATIENCE, TestServer};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use crate::FORMATS;

#[tokio::test]
async fn an_unknown_subprotocol_is_refused_with_the_known_ones() {
    let server = TestServer::start(|_| {}).await;
    let refused =
        Client::connect(server.address, Some("chat.v7, soap")).await.expect_err("refused");
    let Error::Http(response) = refused else { panic!("{refused}") };
    assert_eq!(response.status(), 400);
    let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
    assert_eq!(
        body.trim(),
        "unknown subprotocol chat.v7, soap; this server speaks bolide.v1.json and bolide.v1.msgpack"
    );
}

#[tokio::test]
async fn of_several_subprotocols_the_first_known_one_is_taken() {
    let server = TestServer::start(|_| {}).await;
    for (offer, taken) in [
        (None, None),
        (Some("bolide.v1.json"), Some("bolide.v1.json")),
        (Some("bolide.v9.json, bolide.v1.msgpack, bolide.v1.json"), Some("bolide.v1.msgpack")),
        (Some("bolide.v1.json,bolide.v1.msgpack"), Some("bolide.v1.json")),
    ] {
        let (_, response) = Client::connect(server.address, offer).await.expect("a socket");
        let answered = response.headers().get("sec-websocket-protocol").map(|name| name.to_str());
        assert_eq!(answered.transpose().expect("text"), taken, "{offer:?}");
    }
}

#[tokio::test]
async fn an_unknown_mode_is_refused_with_the_known_ones_and_another_hello_is_welcome() {
    let server = TestServer::start(|_| {}).await;
    for format in FORMATS {
        let mut client = Client::open(server.address, format).await;
        client.send(&json!({"t": "hello", "name": "Ada", "mode": "brawll"})).await;
        let (code, text) = client.error().await;
        assert_eq!(code, "unknown_mode");
        assert_eq!(text, "there is no mode \"brawll\"; the modes are classic, brawl, duel, royale");
        client.send(&json!({"t": "hello", "name": "Ada"})).await;
        assert_eq!(client.control("welcome").await["mode"], "brawl");
    }
}

#[tokio::test]
async fn an_unknown_room_and_a_full_one_are_told_apart() {
    let server = TestServer::start(|_| {}).await;
    let mut client = Client::open(server.address, Format::Json).await;
    client.send(&json!({"t": "hello", "name": "Ada", "room": "nowhere"})).await;
    let (code, text) = client.error().await;
    assert_eq!(code, "unknown_room");
    assert_eq!(text, "there is no room \"nowhere\"; leave out `room` to get one");

    let mut seated = Vec::new();
    for name in ["Bob", "Cleo", "Dan"] {
        seated.push(Client::join(server.address, Format::Json, name, "classic").await);
    }
    let room = seated[0].1["room"].as_str().expect("a room");
    client.send(&json!({"t": "hello", "name": "Ada", "room": room})).await;
    let (code, text) = client.error().await;
    assert_eq!(code, "room_full");
    assert!(text.starts_with("all 3 seats of this room are taken"), "{text}");
    client.send(&json!({"t": "hello", "name": "Ada", "mode": "classic"})).await;
    assert_ne!(client.control("welcome").await["room"], room);
}

#[tokio::test]
async fn a_full_server_says_so_and_closes() {
    let server = TestServer::start(|config| config.sessions_max = 1).await;
    let (mut seated, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    for format in FORMATS {
        let mut client = Client::open(server.address, format).await;
        client.send(&json!({"t": "hello", "name": "Bob"})).await;
        let (code, text) = client.error().await;
        assert_eq!(code, "server_full");
        assert_eq!(text, "all 1 seats of this server are taken; try again later");
        assert_eq!(client.closed().await, (1013, "the server is full".to_owned()));
    }
    seated.send(&json!({"t": "leave"})).await;
    assert_eq!(seated.closed().await, (1000, "you left".to_owned()));
    // The seat becomes free a moment after its holder has got the close frame.
    let next = async {
        loop {
            let mut client = Client::open(server.address, Format::Json).await;
            client.send(&json!({"t": "hello", "name": "Bob"})).await;
            let kind = |message: &Value| message["t"].as_str().map(str::to_owned);
            if client.until("an answer", kind).await == "welcome" {
                break;
            }
        }
    };
    timeout(PATIENCE, next).await.expect("the seat is free again");
}

#[tokio::test]
async fn an_input_before_joining_is_refused_and_so_is_a_second_hello() {
    let server = TestServer::start(|_| {}).await;
    for format in FORMATS {
        let mut client = Client::open(server.address, format).await;
        for message in [
            json!([1, 1, null, null, 0]),
            json!({"t": "chat", "text": "hi"}),
            json!({"t": "leave"}),
        ] {
            client.send(&message).await;
            assert_eq!(
                client.error().await,
                refused("not_joined", "the first message must be hello")
            );
        }
        let hello = json!({"t": "hello", "name": "Ada"});
        client.send(&hello).await;
        client.control("welcome").await;
        client.send(&hello).await;
        assert_eq!(
            client.error().await,
            refused("already_joined", "this connection has joined; hello comes once")
        );
    }
}

fn refused(code: &str, text: &str) -> (String, String) {
    (code.to_owned(), text.to_owned())
}

#[tokio::test]
async fn who_says_nothing_is_closed() {
    let server = TestServer::start(|_| {}).await;
    let mut client = Client::open(server.address, Format::Json).await;
    assert_eq!(client.closed().await, (1008, "no hello in time".to_owned()));
}
