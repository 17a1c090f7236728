//! A lost connection: the seat is held, its token resumes it, and no other client can take it.

use bolide_tests::{Client, Format, Raw, TestServer, first, frame};
use serde_json::{Value, json};

fn text(welcome: &Value, field: &str) -> String {
    welcome[field].as_str().unwrap_or_else(|| panic!("{field} in {welcome}")).to_owned()
}

/// Waits until the roster shows whether this seat has a connection.
async fn connected(client: &mut Client, seat: &Value, expect: bool) {
    let what = format!("seat {seat} connected: {expect}");
    client
        .until(&what, |message| {
            let players = message["players"].as_array()?;
            players
                .iter()
                .any(|player| player["id"] == *seat && player["connected"] == expect)
                .then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_session_takes_its_seat_again_in_either_format() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (bob, welcome) = Client::join(server.address, Format::Json, "Bob", "brawl").await;
    let seat = &welcome["seat"];
    connected(&mut ada, seat, true).await;
    drop(bob);
    connected(&mut ada, seat, false).await;
    let (mut bob, again) =
        Client::resume(server.address, Format::MessagePack, &text(&welcome, "resume")).await;
    assert_eq!((&again["seat"], &again["room"]), (seat, &welcome["room"]));
    assert_ne!(again["resume"], welcome["resume"], "the token rotates");
    connected(&mut ada, seat, true).await;
    bob.snapshot("a snapshot", |seen| (seen.players.len() == 2).then_some(())).await;
    bob.send(&json!({"t": "chat", "text": "back"})).await;
    assert_eq!(ada.control("chat").await["name"], "Bob", "the name is the session's");
}

/// Its client never got a token, but the seat was held for the grace time.
#[tokio::test]
async fn who_closes_together_with_hello_leaves_a_free_seat() {
    let server = TestServer::start(|config| config.grace_s = 3600).await;
    for said in ["", r#"{"t":"chat","text":"hi"}"#] {
        let mut raw = Raw::open(server.address).await.expect("a socket");
        let hello = frame(first::TEXT, br#"{"t":"hello","name":"Ada","mode":"brawl"}"#);
        let more = if said.is_empty() { Vec::new() } else { frame(first::TEXT, said.as_bytes()) };
        raw.send(&[hello, more, frame(0x88, &1000_u16.to_be_bytes())].concat()).await;
        let (first, answer) = raw.next().await.expect("an answer");
        assert_eq!((first, &answer[..]), (0x88, &1000_u16.to_be_bytes()[..]), "no welcome");
        server.until("the room is closed", |server| server.rooms() == 0).await;
    }
}

#[tokio::test]
async fn the_newest_connection_wins_and_the_old_token_dies_when_its_successor_speaks() {
    let server = TestServer::start(|_| {}).await;
    let (mut first, welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let token = text(&welcome, "resume");
    let (mut second, _) = Client::resume(server.address, Format::Json, &token).await;
    assert_eq!(first.closed().await, (4009, "a newer connection took this seat".to_owned()));
    // The second welcome might have been lost, so the first token still works.
    let (mut third, answer) = Client::resume(server.address, Format::Json, &token).await;
    assert_eq!(answer["seat"], welcome["seat"]);
    assert_eq!(second.closed().await.0, 4009);
    third.send(&json!({"t": "chat", "text": "it is me"})).await;
    third.control("chat").await;
    let (_, refused) = Client::resume(server.address, Format::Json, &token).await;
    assert_eq!(refused["code"], "bad_resume");
}

#[tokio::test]
async fn a_token_that_was_made_up_takes_no_seat_and_another_hello_is_welcome() {
    let server = TestServer::start(|_| {}).await;
    let (_ada, welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let room = text(&welcome, "room");
    for token in
        [format!("{room}.{}", "0".repeat(64)), format!("{room}."), "x".to_owned(), ".".to_owned()]
    {
        let (mut client, refused) = Client::resume(server.address, Format::Json, &token).await;
        assert_eq!(refused["code"], "bad_resume", "{token}");
        let text = "no seat of this room has this resume token; its grace time may be over";
        assert_eq!(refused["message"], text);
        client.send(&json!({"t": "hello", "name": "Bob"})).await;
        client.control("welcome").await;
    }
}

#[tokio::test]
async fn who_was_refused_by_one_shard_plays_on_another() {
    let server = TestServer::start(|config| config.shards = 2).await;
    let (_ada, welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let token = format!("{}.{}", text(&welcome, "room"), "0".repeat(64));
    let (mut bob, refused) = Client::resume(server.address, Format::Json, &token).await;
    assert_eq!(refused["code"], "bad_resume");
    // The emptier shard gets the new room.
    bob.send(&json!({"t": "hello", "name": "Bob", "mode": "duel"})).await;
    assert_ne!(bob.control("welcome").await["room"], welcome["room"]);
    bob.snapshot("a snapshot", |seen| (seen.players.len() == 1).then_some(())).await;
    bob.send(&json!({"t": "chat", "text": "here"})).await;
    assert_eq!(bob.control("chat").await["name"], "Bob");
}

#[tokio::test]
async fn after_the_grace_time_the_seat_is_free_and_the_token_void() {
    let server = TestServer::start(|config| config.grace_s = 0).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (bob, welcome) = Client::join(server.address, Format::Json, "Bob", "brawl").await;
    connected(&mut ada, &welcome["seat"], true).await;
    drop(bob);
    ada.until("a roster without Bob", |message| {
        let players = message["players"].as_array()?;
        (players.len() == 1).then_some(())
    })
    .await;
    let (_, refused) =
        Client::resume(server.address, Format::Json, &text(&welcome, "resume")).await;
    assert_eq!(refused["code"], "bad_resume");
}
