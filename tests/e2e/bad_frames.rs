//! Errors below the messages: frames of the wrong kind, too big, not UTF-8, too many. The client
//! always gets the reason why it is closed, and the others play on.

use bolide_tests::{Client, Format, TestServer};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::FORMATS;

/// Sends these frames, once before and once after joining, and expects to be closed. Another client
/// in the room must not notice.
async fn check(format: Format, frames: Vec<Message>, code: u16, reason: &str) {
    let server = TestServer::start(|_| {}).await;
    let (mut witness, _) = Client::join(server.address, Format::Json, "Wanda", "brawl").await;
    for join_first in [false, true] {
        let mut client = Client::open(server.address, format).await;
        if join_first {
            client.send(&json!({"t": "hello", "name": "Ada"})).await;
            client.control("welcome").await;
        }
        for frame in frames.clone() {
            client.send_raw(frame).await;
        }
        assert_eq!(client.closed().await, (code, reason.to_owned()), "joined: {join_first}");
    }
    witness.send(&json!({"t": "chat", "text": "all is well"})).await;
    assert_eq!(witness.control("chat").await["text"], "all is well");
}

#[tokio::test]
async fn a_text_frame_on_a_message_pack_connection() {
    let frame = Message::text("{\"t\":\"hello\",\"name\":\"Ada\"}");
    check(Format::MessagePack, vec![frame], 1003, "bolide.v1.msgpack has binary frames").await;
}

#[tokio::test]
async fn a_binary_frame_on_a_json_connection() {
    check(Format::Json, vec![Message::binary(vec![0x80])], 1003, "bolide.v1.json has text frames")
        .await;
}

#[tokio::test]
async fn a_frame_of_20_mib() {
    let big = "x".repeat(20 * 1024 * 1024);
    let reason = "a message has at most 16 KiB";
    check(Format::Json, vec![Message::text(big.clone())], 1009, reason).await;
    check(Format::MessagePack, vec![Message::binary(big)], 1009, reason).await;
}

#[tokio::test]
async fn a_message_of_many_frames_that_grows_too_big() {
    let part =
        |opcode, fin| Message::Frame(Frame::message(vec![b'x'; 8000], OpCode::Data(opcode), fin));
    let parts = vec![
        part(Data::Text, false),
        part(Data::Continue, false),
        part(Data::Continue, false),
        part(Data::Continue, true),
    ];
    check(Format::Json, parts, 1009, "a message has at most 16 KiB").await;
}

#[tokio::test]
async fn a_message_just_small_enough_is_read() {
    let server = TestServer::start(|_| {}).await;
    let (mut client, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    client.send_raw(Message::text(" ".repeat(16 * 1024))).await;
    assert_eq!(client.error().await.1, "the frame is empty");
}

#[tokio::test]
async fn a_text_frame_that_is_not_utf_8() {
    let frame = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    check(Format::Json, vec![Message::Frame(frame)], 1007, "a text frame is UTF-8").await;
}

#[tokio::test]
async fn a_frame_with_reserved_bits() {
    let mut frame = Frame::message("{}", OpCode::Data(Data::Text), true);
    frame.header_mut().rsv2 = true;
    check(Format::Json, vec![Message::Frame(frame)], 1002, "not the WebSocket protocol").await;
}

#[tokio::test]
async fn too_many_messages() {
    for format in FORMATS {
        let server = TestServer::start(|_| {}).await;
        let (mut client, _) = Client::join(server.address, format, "Ada", "brawl").await;
        // Far more than the burst and the refill during a slow machine's run.
        for _ in 0..5000 {
            client.input(0, None).await;
        }
        assert_eq!(client.closed().await, (4008, "too many messages".to_owned()));
    }
}
