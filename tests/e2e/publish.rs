//! `POST /api/v1/publish`: who may publish, whom a text reaches, and what is refused.

use std::time::Duration;

use bolide_server::{Config, Durability, Served};
use bolide_tests::{Answer, Client, Format, PATIENCE, RelayPage, TestServer, get, request};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Publishes a body with a key and further header lines.
async fn publish(server: &TestServer, key: &str, headers: &str, body: &str) -> Answer {
    let head = format!(
        "POST /api/v1/publish HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    request(server.address, &(head + body)).await
}

/// Publishes a value, which is accepted, and returns the answer.
async fn published(server: &TestServer, key: &str, body: &Value) -> Value {
    let answer = publish(server, key, "", &body.to_string()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Checks that an answer is a problem with this status and code, and returns its detail.
#[track_caller]
fn problem(answer: &Answer, status: u16, code: &str) -> String {
    let kind = answer.header("content-type");
    assert_eq!((answer.status, kind), (status, Some("application/problem+json")), "{answer:?}");
    let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
    assert!(problem["title"].is_string(), "{problem}");
    problem["detail"].as_str().expect("a sentence").to_owned()
}

/// Reads frames of an old page until one has this text, and returns it.
async fn next_with(page: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, text: &str) -> String {
    let found = async {
        loop {
            let frame = page.next().await.expect("open").expect("a message").to_string();
            if frame.contains(text) {
                return frame;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

/// Returns the texts of the notices that come before a line of chat that the client writes itself.
async fn notices_before(client: &mut Client, line: &str) -> Vec<String> {
    client.send(&json!({"t": "chat", "text": line})).await;
    let mut texts = Vec::new();
    client
        .until("its own line", |message| {
            if message["t"] == "notice" {
                texts.push(message["text"].as_str().expect("a text").to_owned());
            }
            (message["text"] == line).then_some(())
        })
        .await;
    texts
}

#[tokio::test]
async fn a_text_to_all_reaches_native_and_old_pages_once() {
    let server = TestServer::start(|_| {}).await;
    let key = server.key("publish").await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, _) = Client::join(server.address, Format::MessagePack, "Bob", "duel").await;
    let address = format!("ws://{}/wss/multiplayer/", server.address);
    let (mut page, _) = connect_async(address).await.expect("a socket");
    let create = r#"{"event":"create_player","uuid":"11111111","username":"P","photo":""}"#;
    page.send(Message::text(create)).await.expect("sent");
    // It has its seat then.
    next_with(&mut page, r#""event":"create_player""#).await;

    let body = json!({
        "to": {"all": true}, "text": "Back at <b>18:00</b>\n", "title": "维护", "level": "maintenance",
    });
    let answer = published(&server, &key, &body).await;
    assert_eq!(answer["reached"], 3, "{answer}");
    let expect = json!({
        "t": "notice", "id": answer["id"], "level": "maintenance", "title": "维护",
        "text": "Back at <b>18:00</b>",
    });
    assert_eq!(ada.control("notice").await, expect);
    assert_eq!(bob.control("notice").await, expect);
    let line = next_with(&mut page, r#""event":"message""#).await;
    assert!(line.contains("server") && line.contains("维护: Back at "), "{line}");
    assert!(!line.contains("<b>"), "{line}");
    assert_eq!(notices_before(&mut ada, "once").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_text_reaches_the_mode_or_the_room_that_it_is_for() {
    let server = TestServer::start(|_| {}).await;
    let key = server.key("publish").await;
    let (mut ada, welcome) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, _) = Client::join(server.address, Format::Json, "Bob", "duel").await;
    let to_duel = json!({"to": {"mode": "duel"}, "text": "duel"});
    assert_eq!(published(&server, &key, &to_duel).await["reached"], 1);
    let to_room = json!({"to": {"room": welcome["room"]}, "text": "room"});
    assert_eq!(published(&server, &key, &to_room).await["reached"], 1);
    // Players listen to the facility `notifications` alone, and are not users of the site yet.
    for body in [
        json!({"to": {"all": true}, "facility": "other", "text": "other"}),
        json!({"to": {"users": ["Ada"]}, "text": "user"}),
    ] {
        assert_eq!(published(&server, &key, &body).await["reached"], 0, "{body}");
    }
    assert_eq!(notices_before(&mut ada, "a").await, ["room"]);
    assert_eq!(notices_before(&mut bob, "b").await, ["duel"]);
}

#[tokio::test]
async fn only_a_key_that_may_publish_does() {
    let server = TestServer::start(|config| config.budgets.address_loopback = true).await;
    let body = r#"{"to":{"all":true},"text":"x"}"#;
    let without = "POST /api/v1/publish HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
                   Content-Length: 0\r\n\r\n";
    let answer = request(server.address, without).await;
    problem(&answer, 401, "no_key");
    assert_eq!(answer.header("www-authenticate"), Some("bearer"));
    let reader = server.key("read").await;
    let detail = problem(&publish(&server, &reader, "", body).await, 403, "not_allowed");
    assert_eq!(detail, "the key read may read; this needs publish");
    for _ in 0..10 {
        problem(&publish(&server, "bk_00", "", body).await, 401, "unknown_key");
    }
    let answer = publish(&server, "bk_00", "", body).await;
    problem(&answer, 429, "wrong_keys");
    assert_eq!(answer.header("retry-after"), Some("60"));
    // Whoever guesses locks nobody out.
    let key = server.key("publish").await;
    assert_eq!(publish(&server, &key, "", body).await.status, 202);
    problem(&get(server.address, "/api/v1/publish").await, 405, "method");
}

fn serving(config: &mut Config) {
    config.relay.serve = vec![Served::Topics, Served::Users];
}

/// Asks a path with a key.
async fn get_with(server: &TestServer, key: &str, path: &str) -> Answer {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    request(server.address, &head).await
}

/// Rows 3.1 and 3.10: a text reaches those who subscribe to its facility and its audience.
#[tokio::test]
async fn a_text_reaches_the_pages_of_its_facility() {
    let server = TestServer::start(serving).await;
    let key = server.key("publish").await;
    let mut a = RelayPage::open(&server, "/ws/f1?subscribe-broadcast").await;
    let host = server.address.to_string();
    let headers = [("cookie", "sessionid=s1"), ("origin", &*format!("http://{host}"))];
    let path = "/ws/f1?subscribe-broadcast&subscribe-session";
    let mut b = RelayPage::open_with(&server, path, &headers).await;
    let mut x = RelayPage::open(&server, "/ws/f2?subscribe-broadcast").await;
    let to_all = json!({"to": {"all": true}, "facility": "f1", "text": "汉字 {\"a\": 1}"});
    assert_eq!(published(&server, &key, &to_all).await["reached"], 2);
    let to_one = json!({"to": {"sessions": ["s1", "s2"]}, "facility": "f1", "text": "one"});
    assert_eq!(published(&server, &key, &to_one).await["reached"], 1);
    a.hears(&["汉字 {\"a\": 1}"]).await;
    b.hears(&["汉字 {\"a\": 1}", "one"]).await;
    a.hears_nothing().await;
    x.hears_nothing().await;
}

/// The database has the last text of a session, and not its cookie, which would open the account
/// of its owner.
#[tokio::test]
async fn a_session_cookie_is_not_stored() {
    let mut server = TestServer::start(serving).await;
    let key = server.key("publish").await;
    let cookie = "b7e23ec29af22b0b4e41da31e868d572";
    let body = json!({"to": {"sessions": [cookie]}, "facility": "f", "text": "for one session"});
    published(&server, &key, &body).await;
    let path = format!("/api/v1/topics/f?session={cookie}");
    assert_eq!(get_with(&server, &key, &path).await.status, 200);
    let folder = server.folder.clone();
    let has = |text: &str| {
        let files = std::fs::read_dir(&folder).expect("a folder").map(|file| file.expect("a file"));
        let mut files = files.filter(|file| file.file_name().to_string_lossy().contains("sqlite"));
        files.any(|file| {
            let bytes = std::fs::read(file.path()).expect("read");
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    server.until("the text is stored", |_| has("for one session")).await;
    assert!(!has(cookie));
    server.stop();
    server.stopped().await;
}

/// Row 3.4: the last text is told on each connect, also by the next process; row 3.15: a backend
/// may ask for it.
#[tokio::test]
async fn the_last_text_is_kept_for_those_who_come_later() {
    let server = TestServer::start(serving).await;
    let (key, reader) = (server.key("publish").await, server.key("read").await);
    for text in ["one", "two"] {
        let body = json!({"to": {"all": true}, "facility": "deep/er", "text": text});
        published(&server, &key, &body).await;
    }
    let gone = json!({"to": {"all": true}, "facility": "f", "text": "x", "expire_s": 0});
    published(&server, &key, &gone).await;
    for _ in 0..2 {
        RelayPage::open(&server, "/ws/deep/er?subscribe-broadcast").await.hears(&["two"]).await;
    }
    RelayPage::open(&server, "/ws/f?subscribe-broadcast").await.hears_nothing().await;
    for key in [&key, &reader] {
        let answer = get_with(&server, key, "/api/v1/topics/deep/er").await;
        let expect = json!({"facility": "deep/er", "text": "two"});
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!((answer.status, told), (200, expect));
    }
    let answer = get_with(&server, &key, "/api/v1/topics/deep/er?user=john").await;
    let told = problem(&answer, 404, "nothing_kept");
    assert_eq!(told, "nothing is kept for `user:john:deep/er`");
    for query in ["?user=a&group=b", "?usr=a"] {
        let answer = get_with(&server, &key, &format!("/api/v1/topics/f{query}")).await;
        problem(&answer, 400, "malformed");
    }
    problem(&get(server.address, "/api/v1/topics/f").await, 401, "no_key");
}

/// Row 1.14: a backend sees who is connected, and whoever leaves is gone at once.
#[tokio::test]
async fn a_backend_sees_the_users_who_are_connected() {
    let server = TestServer::start(serving).await;
    let (key, writer) = (server.key("read").await, server.key("publish").await);
    let _bob = RelayPage::open(&server, "/ws/bob/").await;
    let ming = RelayPage::open(&server, "/ws/%E5%B0%8F%E6%98%8E/").await;
    let users = async || {
        let answer = get_with(&server, &key, "/api/v1/relay/users").await;
        serde_json::from_str::<Value>(&answer.body).expect("JSON")["users"].clone()
    };
    assert_eq!(users().await, json!(["bob", "小明"]));
    ming.close().await;
    assert_eq!(users().await, json!(["bob"]));
    let answer = get_with(&server, &writer, "/api/v1/relay/users").await;
    problem(&answer, 403, "not_allowed");
}

#[tokio::test]
async fn without_a_data_folder_there_are_no_keys() {
    let server = TestServer::start(|config| config.durability = Durability::Off).await;
    problem(&publish(&server, "bk_00", "", "{}").await, 401, "unknown_key");
}

#[tokio::test]
async fn a_repetition_gets_the_same_answer_and_nothing_is_sent_twice() {
    let server = TestServer::start(|_| {}).await;
    let key = server.key("publish").await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let body = r#"{"to":{"all":true},"text":"once"}"#;
    let again = "Idempotency-Key: 7f3a\r\n";
    let (one, two) =
        tokio::join!(publish(&server, &key, again, body), publish(&server, &key, again, body));
    let three = publish(&server, &key, again, body).await;
    assert_eq!((one.status, &one.body), (202, &two.body));
    assert_eq!(one.body, three.body);
    let other = r#"{"to":{"all":true},"text":"other"}"#;
    let answer = publish(&server, &key, again, other).await;
    problem(&answer, 422, "idempotency_key_reused");
    let fresh = publish(&server, &key, "", body).await;
    assert_ne!(fresh.body, one.body);
    assert_eq!(notices_before(&mut ada, "a").await, ["once", "once"]);
    for wrong in ["Idempotency-Key: \r\n", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"] {
        problem(&publish(&server, &key, wrong, body).await, 400, "malformed");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_is_allowed() {
    let server = TestServer::start(|_| {}).await;
    let key = server.key("publish").await;
    let long = "x".repeat(70_000);
    for (body, status, code, detail) in [
        ("{", 400, "malformed", "the body is not what is allowed: EOF while parsing"),
        (r#"{"to":{"all":true},"text":""}"#, 422, "out_of_range", "text has 0 bytes; allowed is"),
        (r#"{"to":{"all":true},"text":"x","keep":true}"#, 422, "not_yet", "`keep` comes with"),
        (
            r#"{"to":{"mode":"chess"},"text":"x"}"#,
            422,
            "out_of_range",
            "to.mode is \"chess\"; allowed is one of classic",
        ),
        (r#"{"to":{"room":"nowhere"},"text":"x"}"#, 404, "unknown_room", "there is no room"),
        (&long, 413, "too_big", "the body did not arrive whole, or has over 64 KiB"),
    ] {
        let told = problem(&publish(&server, &key, "", body).await, status, code);
        assert!(told.starts_with(detail), "{told:?} is not {detail:?}");
    }
}

/// A client that sends its body too slowly is told so, and holds its place no longer.
#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let server = TestServer::start(|_| {}).await;
    let key = server.key("publish").await;
    let head = format!(
        "POST /api/v1/publish HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\nContent-Length: 10\r\n\r\n{{"
    );
    let answer = timeout(Duration::from_secs(60), request(server.address, &head)).await;
    let answer = answer.expect("an answer");
    assert!([0, 408].contains(&answer.status), "{answer:?}");
}
