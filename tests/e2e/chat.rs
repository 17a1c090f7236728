//! Chat beside the match: text for all clients of the room, bounded, never HTML.

use bolide_tests::{Client, Format, TestServer};
use serde_json::json;

#[tokio::test]
async fn a_line_reaches_both_formats_unchanged() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, _) =
        Client::join(server.address, Format::MessagePack, "<i>Bob</i>", "brawl").await;
    let line = "<b>hi</b> & \"bye\" 你好 🔥";
    ada.send(&json!({"t": "chat", "text": line})).await;
    for client in [&mut ada, &mut bob] {
        let chat = client.control("chat").await;
        assert_eq!(
            chat,
            json!({"t": "chat", "from": welcome["seat"], "name": "Ada", "text": line})
        );
    }
    bob.send(&json!({"t": "chat", "text": "me too"})).await;
    assert_eq!(ada.control("chat").await["name"], "<i>Bob</i>");
}

#[tokio::test]
async fn a_line_has_200_characters_at_most() {
    let server = TestServer::start(|_| {}).await;
    for format in crate::FORMATS {
        let (mut client, _) = Client::join(server.address, format, "Ada", "brawl").await;
        let longest = "ä".repeat(200);
        client.send(&json!({"t": "chat", "text": longest})).await;
        assert_eq!(client.control("chat").await["text"], longest);
        client.send(&json!({"t": "chat", "text": "ä".repeat(201)})).await;
        let (code, text) = client.error().await;
        assert_eq!(code, "out_of_range");
        assert_eq!(text, "text is 201 characters long; allowed is 1 to 200 characters");
    }
}

#[tokio::test]
async fn the_sixth_line_in_five_seconds_is_not_sent() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, _) = Client::join(server.address, Format::Json, "Bob", "brawl").await;
    for number in 1..=6 {
        ada.send(&json!({"t": "chat", "text": number.to_string()})).await;
    }
    let (code, text) = ada.error().await;
    assert_eq!(code, "chat_rate");
    assert_eq!(text, "at most 5 lines in 5 s; this line was not sent");
    bob.send(&json!({"t": "chat", "text": "my own budget"})).await;
    let mut lines = Vec::new();
    bob.until("his own line", |message| {
        lines.extend(
            message["t"].as_str().filter(|t| *t == "chat").map(|_| message["text"].clone()),
        );
        (lines.last()? == "my own budget").then_some(())
    })
    .await;
    assert_eq!(lines, ["1", "2", "3", "4", "5", "my own budget"]);
}

#[tokio::test]
async fn a_room_does_not_hear_another() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, _) = Client::join(server.address, Format::Json, "Bob", "classic").await;
    ada.send(&json!({"t": "chat", "text": "for my room"})).await;
    ada.control("chat").await;
    bob.send(&json!({"t": "chat", "text": "for mine"})).await;
    assert_eq!(bob.control("chat").await["text"], "for mine");
}
