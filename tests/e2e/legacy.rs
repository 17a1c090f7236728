//! The pages of an old relay at `/wss/multiplayer/`: the frames that they rely on, and those that
//! have no effect.

use std::time::Duration;

use bolide_tests::{PATIENCE, TestServer, get, listed};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A scripted page, which shows what it is sent as text.
struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    uuid: String,
}

const PICTURE: &str = "/wss/multiplayer/player.svg";

/// A wait in which nothing comes that has not come yet.
const SILENCE: Duration = Duration::from_millis(300);

impl Page {
    /// Connects, and says nothing.
    async fn connect(server: &TestServer, path: &str) -> Page {
        let address = format!("ws://{}{path}", server.address);
        let (socket, _) = connect_async(address).await.expect("a socket");
        Page { socket, uuid: String::new() }
    }

    /// Connects and enters the game.
    async fn enter(server: &TestServer, uuid: &str, username: &str) -> Page {
        let mut page = Page::connect(server, "/wss/multiplayer/").await;
        page.create(uuid, username).await;
        page
    }

    async fn create(&mut self, uuid: &str, username: &str) {
        self.uuid = uuid.to_owned();
        let username = Value::from(username);
        let photo = "https://pictures.invalid/none.png";
        self.send(&format!(
            r#"{{"event":"create_player","uuid":"{uuid}","username":{username},"photo":"{photo}"}}"#
        ))
        .await;
    }

    async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    /// Returns the next text frame.
    async fn next(&mut self) -> String {
        let text = async {
            loop {
                match self.socket.next().await.expect("it is open").expect("a message") {
                    Message::Text(text) => return text.as_str().to_owned(),
                    Message::Close(frame) => panic!("closed: {frame:?}"),
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, text).await.expect("in time")
    }

    /// Returns the next frame of this event.
    async fn next_of(&mut self, event: &str) -> String {
        let mut seen = Vec::new();
        while seen.len() < 1000 {
            let text = self.next().await;
            if text.contains(&format!(r#""event":"{event}""#)) {
                return text;
            }
            seen.push(text);
        }
        panic!("no {event} among {seen:#?}");
    }

    /// Returns the code with which the server closes.
    async fn closed(&mut self) -> u16 {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("in time");
            let message = message.expect("a close first").expect("a message");
            if let Message::Close(frame) = message {
                return frame.expect("with a code").code.into();
            }
        }
    }

    /// Returns the frames of the events that come within a while.
    async fn within(&mut self, wait: Duration) -> Vec<String> {
        let mut texts = Vec::new();
        let all = async {
            loop {
                texts.push(self.next().await);
            }
        };
        timeout(wait, all).await.expect_err("it waits for ever");
        texts
    }
}

fn created(with_type: bool, uuid: &str, username: &str) -> String {
    let group = if with_type { r#""type":"group_send_event","# } else { "" };
    format!(
        r#"{{{group}"event":"create_player","uuid":"{uuid}","username":"{username}","photo":"{PICTURE}"}}"#
    )
}

fn uuid_in(frame: &str) -> String {
    let frame: Value = serde_json::from_str(frame).expect("strict JSON");
    frame["uuid"].as_str().expect("a text").to_owned()
}

/// Row 0.1: all four spellings connect, whatever the token.
#[tokio::test]
async fn it_connects_on_each_spelling() {
    let mut server = TestServer::start(|_| ()).await;
    for path in ["/wss/multiplayer/", "/wss/multiplayer"] {
        for query in ["", "?token=garbage"] {
            let mut page = Page::connect(&server, &format!("{path}{query}")).await;
            page.create("11111111", "A").await;
            let own = page.next_of("create_player").await;
            assert!(own.contains(r#""uuid":"11111111","username":"A"#), "{own}");
        }
    }
    let address = format!("ws://{}/wss/multiplayer/?mode=none-such", server.address);
    let refused = connect_async(address).await.expect_err("no such mode").to_string();
    assert!(refused.contains("400"), "{refused}");
    server.stop();
    server.stopped().await;
}

/// Rows 0.2 and 0.3.
#[tokio::test]
async fn those_present_come_first_and_without_a_type() {
    let mut server = TestServer::start(|_| ()).await;
    let mut a = Page::enter(&server, "11111111", "A").await;
    assert_eq!(a.next().await, created(true, "11111111", "A"));
    let mut b = Page::enter(&server, "22222222", "B").await;
    let present = b.next().await;
    let as_b_knows_a = uuid_in(&present);
    assert_eq!(present, created(false, &as_b_knows_a, "A"));
    assert_eq!(b.next_of("create_player").await, created(true, "22222222", "B"));
    let joined = a.next_of("create_player").await;
    assert_eq!(joined, created(true, &uuid_in(&joined), "B"));
    assert_eq!(server.rooms(), 1);
    server.stop();
    server.stopped().await;
}

/// Rows 0.5 and 0.11, and Flaw 5: each frame comes back to its sender as well. Texts are no markup.
#[tokio::test]
async fn what_a_page_does_reaches_all_and_texts_are_escaped() {
    let mut server = TestServer::start(|_| ()).await;
    let mut a = Page::enter(&server, "11111111", "<img onerror=x>").await;
    assert_eq!(a.next().await, created(true, "11111111", "&lt;img onerror=x&gt;"));
    let mut b = Page::enter(&server, "22222222", "B").await;
    let as_b_knows_a = uuid_in(&b.next().await);
    b.next_of("create_player").await;
    a.next_of("create_player").await;
    // The fight has begun: the page gets the player in whose name it is corrected.
    a.next_of("attack").await;
    a.send(r#"{"event":"move_to","uuid":"11111111","tx":0.4,"ty":0.3,"more":1}"#).await;
    let moved = b.next_of("move_to").await;
    assert!(moved.starts_with(&format!(
        r#"{{"type":"group_send_event","event":"move_to","uuid":"{as_b_knows_a}","tx":0."#
    )));
    let own = a.next_of("move_to").await;
    assert!(own.contains(r#""uuid":"11111111""#), "{own}");
    let line = r#"{"event":"message","uuid":"11111111","username":"root","text":"<b>hi</b>"}"#;
    a.send(line).await;
    for (page, uuid) in [(&mut a, "11111111"), (&mut b, as_b_knows_a.as_str())] {
        assert_eq!(
            page.next_of("message").await,
            format!(
                r#"{{"type":"group_send_event","event":"message","uuid":"{uuid}","username":"&lt;img onerror=x&gt;","text":"&lt;b&gt;hi&lt;/b&gt;"}}"#
            )
        );
    }
    server.stop();
    server.stopped().await;
}

/// Row 0.8, and Flaw 2: a frame that means nothing is counted, and the tenth closes.
#[tokio::test]
async fn frames_that_mean_nothing_are_ignored_and_counted() {
    let mut server = TestServer::start(|_| ()).await;
    let mut a = Page::enter(&server, "11111111", "A").await;
    a.next_of("create_player").await;
    let mut b = Page::enter(&server, "22222222", "B").await;
    a.next_of("create_player").await;
    let spoofed = r#"{"event":"move_to","uuid":"11111111","tx":0.1,"ty":0.1}"#;
    for frame in [
        r#"{"event":"dance","uuid":"22222222"}"#,
        r#"{"event":"move_to","uuid":"22222222","tx":"0.1","ty":0.1}"#,
        r#"{"event":"move_to","uuid":"22222222","tx":null,"ty":0.1}"#,
        r#"{"event":"blink","uuid":"22222222","tx":1e999,"ty":0.1}"#,
        r#"{"event":"move_to","uuid":"22222222"}"#,
        "no JSON",
        r#"{"event":"create_player","uuid":"22222222","username":"B","photo":""}"#,
        spoofed,
        spoofed,
    ] {
        b.send(frame).await;
    }
    // The page that behaves plays on, and nobody has moved it.
    let seen = a.within(SILENCE).await;
    assert!(!seen.iter().any(|text| text.contains("move_to")), "{seen:?}");
    assert_eq!(server.count("ignored_foreign"), 2);
    assert_eq!(server.count("ignored_order"), 1);
    assert_eq!(server.count("ignored_malformed"), 6);
    b.send("[]").await;
    assert_eq!(b.closed().await, 4011);
    let mut early = Page::connect(&server, "/wss/multiplayer/").await;
    early.send(r#"{"event":"move_to","uuid":"33333333","tx":0.1,"ty":0.1}"#).await;
    early.socket.send(Message::binary(&b"{}"[..])).await.expect("sent");
    early.create("33333333", "C").await;
    early.next_of("create_player").await;
    assert_eq!(server.count("ignored_order"), 2);
    server.stop();
    server.stopped().await;
}

/// Row 0.9 and Flaw 6: no ghost, and the place is free at once.
#[tokio::test]
async fn a_leaver_vanishes_and_its_place_is_free() {
    let mut server = TestServer::start(|_| ()).await;
    let mut a = Page::enter(&server, "11111111", "A").await;
    a.next_of("create_player").await;
    let b = Page::enter(&server, "22222222", "B").await;
    let as_a_knows_b = uuid_in(&a.next_of("create_player").await);
    drop(b);
    let of_b = format!(r#""attackee_uuid":"{as_a_knows_b}""#);
    let mut gone = String::new();
    while !gone.contains(&of_b) {
        gone = a.next_of("attack").await;
    }
    let gone: Value = serde_json::from_str(&gone).expect("JSON");
    assert_eq!(gone["damage"], 1.0);
    listed(server.address, |rooms| rooms[0]["seats_taken"] == 1).await;
    server.stop();
    server.stopped().await;
}

/// Row 0.4 and Flaw 7: nobody is lost, and no room is too full.
#[tokio::test]
async fn fifty_join_at_once() {
    let mut server = TestServer::start(|_| ()).await;
    let entering = (0..50).map(|number| {
        let server = &server;
        async move {
            let uuid = format!("{:08}", 10_000_000 + number);
            let mut page = Page::enter(server, &uuid, "many").await;
            let own = format!(r#""uuid":"{uuid}","username":"many"#);
            while !page.next_of("create_player").await.contains(&own) {}
            page
        }
    });
    let pages = futures_util::future::join_all(entering).await;
    assert_eq!(server.rooms(), 5);
    listed(server.address, |rooms| rooms.iter().all(|room| room["seats_taken"] == 10)).await;
    drop(pages);
    server.stop();
    server.stopped().await;
}

/// A full house is told to the page that finds no place.
#[tokio::test]
async fn a_full_house_is_told() {
    let mut server = TestServer::start(|config| config.sessions_max = 1).await;
    let mut a = Page::enter(&server, "11111111", "A").await;
    a.next_of("create_player").await;
    let mut b = Page::enter(&server, "22222222", "B").await;
    let told: Value = serde_json::from_str(&b.next_of("message").await).expect("JSON");
    assert_eq!(told["username"], "server");
    assert!(
        told["text"].as_str().expect("a text").contains("seats of this server are taken"),
        "{told}"
    );
    server.stop();
    server.stopped().await;
}

/// The picture loads for every page.
#[tokio::test]
async fn the_picture_is_there_for_all() {
    let mut server = TestServer::start(|_| ()).await;
    let answer = get(server.address, PICTURE).await;
    assert_eq!(answer.status, 200);
    for (header, value) in [
        ("content-type", "image/svg+xml"),
        ("access-control-allow-origin", "*"),
        ("cache-control", "public, max-age=86400"),
    ] {
        assert_eq!(answer.header(header), Some(value));
    }
    assert!(answer.body.starts_with("<svg "), "{}", answer.body);
    server.stop();
    server.stopped().await;
}

/// Flaw 8: a page that enters again and leaves its first socket open is two players, and neither
/// socket speaks for the other. The first one vanishes with its socket.
#[tokio::test]
async fn a_page_that_enters_twice_is_two_players() {
    let mut server = TestServer::start(|_| ()).await;
    let mut a = Page::enter(&server, "11111111", "A").await;
    a.next_of("create_player").await;
    let mut first = Page::enter(&server, "22222222", "B").await;
    first.next_of("attack").await;
    let mut second = Page::enter(&server, "22222222", "B").await;
    second.next_of("attack").await;
    listed(server.address, |rooms| rooms[0]["seats_taken"] == 3).await;
    let mut known = Vec::new();
    while known.len() < 2 {
        let created = a.next_of("create_player").await;
        // The player in whose name a page is corrected has no name.
        known.extend(Some(uuid_in(&created)).filter(|_| created.contains(r#""username":"B"#)));
    }
    assert_ne!(known[0], known[1]);
    for (page, uuid) in [(&mut first, &known[0]), (&mut second, &known[1])] {
        page.send(r#"{"event":"move_to","uuid":"22222222","tx":0.4,"ty":0.3}"#).await;
        assert_eq!(uuid_in(&a.next_of("move_to").await), *uuid);
    }
    drop(first);
    let gone = format!(r#""attackee_uuid":"{}""#, known[0]);
    while !a.next_of("attack").await.contains(&gone) {}
    listed(server.address, |rooms| rooms[0]["seats_taken"] == 2).await;
    second.send(r#"{"event":"move_to","uuid":"22222222","tx":0.9,"ty":0.9}"#).await;
    assert_eq!(uuid_in(&a.next_of("move_to").await), known[1]);
    server.stop();
    server.stopped().await;
}
