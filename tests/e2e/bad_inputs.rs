//! Numbers that no input may have, in both formats. Each is refused by name, and none disturbs the
//! match.

use bolide_tests::{Client, Format, TestServer};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

/// Sends a frame as a joined client and expects this error.
async fn check(server: &TestServer, format: Format, frame: Message, code: &str, text: &str) {
    let (mut client, _) = Client::join(server.address, format, "Ada", "brawl").await;
    client.send_raw(frame).await;
    let (got_code, got_text) = client.error().await;
    assert_eq!(got_code, code, "{got_text}");
    assert!(got_text.contains(text), "{got_text:?} does not contain {text:?}");
    // The client can go on as if nothing had happened.
    client.send(&json!({"t": "chat", "text": "still here"})).await;
    assert_eq!(client.control("chat").await["text"], "still here");
}

#[tokio::test]
async fn json_coordinates() {
    let server = TestServer::start(|_| {}).await;
    for (coordinate, code, text) in [
        ("NaN", "malformed", "expected value"),
        ("Infinity", "malformed", "expected value"),
        ("1e999", "malformed", "number out of range"),
        (
            "1e39",
            "out_of_range",
            "x is 1000000000000000000000000000000000000000; allowed is -64 to 64 units",
        ),
        ("-2147483648", "out_of_range", "x is -2147483648; allowed is -64 to 64 units"),
        ("64.1", "out_of_range", "x is 64.1; allowed is -64 to 64 units"),
        ("\"1\"", "malformed", "`x` is a text; allowed is -64 to 64 units"),
        ("null", "malformed", "`x` is null; allowed is -64 to 64 units"),
        ("[[[[[[[[[[]]]]]]]]]]", "malformed", "containers are nested deeper than 8"),
    ] {
        let frame = Message::text(format!("[1, 1, null, null, 1, {coordinate}, 0.5]"));
        check(&server, Format::Json, frame, code, text).await;
    }
}

#[tokio::test]
async fn message_pack_coordinates() {
    let server = TestServer::start(|_| {}).await;
    let mut cases = vec![
        (
            packed(0xca, &f32::NAN.to_be_bytes()),
            "malformed",
            "x is the float NaN; in MessagePack a coordinate is a whole number",
        ),
        (packed(0xcb, &f64::INFINITY.to_be_bytes()), "malformed", "x is the float inf"),
        (
            packed(0xcb, &1e39_f64.to_be_bytes()),
            "malformed",
            "x is the float 1000000000000000000000000000000000000000",
        ),
        (
            packed(0xd2, &i32::MIN.to_be_bytes()),
            "out_of_range",
            "x is -2147483648; allowed is -2097152 to 2097152 grid steps",
        ),
        (
            packed(0xcf, &u64::MAX.to_be_bytes()),
            "out_of_range",
            "allowed is -2097152 to 2097152 grid steps",
        ),
    ];
    // An array that claims four billion elements, and a frame that ends too early.
    cases.push((packed(0xdd, &u32::MAX.to_be_bytes()), "malformed", ""));
    cases.push((vec![0x97, 1, 1], "malformed", ""));
    for (frame, code, text) in cases {
        check(&server, Format::MessagePack, Message::binary(frame), code, text).await;
    }
}

/// An input whose x is this MessagePack element.
fn packed(marker: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x97, 1, 1, 0xc0, 0xc0, 1, marker];
    frame.extend(bytes);
    frame.push(0);
    frame
}

#[tokio::test]
async fn other_fields() {
    let server = TestServer::start(|_| {}).await;
    for (frame, code, text) in [
        (
            "[1, -1, null, null, 0]",
            "out_of_range",
            "seq is -1; allowed is whole numbers from 0 to 4294967295",
        ),
        ("[1, 4294967296, null, null, 0]", "out_of_range", "seq is 4294967296"),
        (
            "[1, 1, null, null, 4, 0, 0]",
            "out_of_range",
            "intent is 4; allowed is 0 (stop), 1 (move), 2 (shoot) or 3 (blink)",
        ),
        ("[9, 1, null, null, 0]", "unknown_message", "there is no message of hot kind 9"),
        ("[1, 1, null, null, 1, 0, 0, 0]", "malformed", "the input goes on after y"),
        ("[1, 1]", "malformed", "the input ends before for_tick"),
        (
            "{\"t\":\"damage\",\"of\":100}",
            "unknown_message",
            "there is no message \"damage\"; known are hello, chat",
        ),
        (
            "{\"t\":\"chat\",\"text\":\"hi\",\"to\":1}",
            "malformed",
            "unknown field \"to\"; chat has `t`, `text`",
        ),
        (
            "{\"t\":\"chat\",\"text\":\"\"}",
            "out_of_range",
            "text is 0 characters long; allowed is 1 to 200 characters",
        ),
        ("{\"t\":\"leave\"} {\"t\":\"leave\"}", "malformed", "trailing characters"),
        ("", "malformed", "the frame is empty"),
        ("hello", "malformed", "a message is a JSON object or a JSON array"),
    ] {
        check(&server, Format::Json, Message::text(frame), code, text).await;
    }
}

#[tokio::test]
async fn ten_invalid_messages_close_the_connection() {
    let server = TestServer::start(|_| {}).await;
    let (mut client, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    for _ in 0..10 {
        client.send_raw(Message::text("{}")).await;
    }
    for _ in 0..10 {
        assert_eq!(client.error().await.0, "malformed");
    }
    assert_eq!(client.closed().await, (4011, "too many invalid messages".to_owned()));
}
