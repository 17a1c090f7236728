//! Rooms that players ask for: new, private, locked. Tests of rooms that outlive the process are in
//! the server.

use bolide_tests::{Client, Format, TestServer, get, listed};
use serde_json::{Value, json};

/// Sends a hello with these fields beside the name, and returns the welcome.
async fn hello(client: &mut Client, fields: Value) -> Value {
    say_hello(client, fields).await;
    client.control("welcome").await
}

/// Sends such a hello, and returns the code and the text of the error.
async fn refused(client: &mut Client, fields: Value) -> (String, String) {
    say_hello(client, fields).await;
    client.error().await
}

async fn say_hello(client: &mut Client, mut fields: Value) {
    fields["t"] = json!("hello");
    fields["name"] = json!("Ada");
    client.send(&fields).await;
}

async fn lock(client: &mut Client, locked: bool) {
    client.send(&json!({"t": "lock", "locked": locked})).await;
}

fn text(welcome: &Value, field: &str) -> String {
    welcome[field].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_private_room_is_entered_by_its_code_alone_and_gone_when_it_is_empty() {
    let server = TestServer::start(|config| config.grace_s = 0).await;
    let [mut ada, mut bea, mut cat] = [
        Client::open(server.address, Format::Json).await,
        Client::open(server.address, Format::MessagePack).await,
        Client::open(server.address, Format::Json).await,
    ];
    let welcome = hello(&mut ada, json!({"mode": "duel", "create": "private"})).await;
    let (room, code) = (text(&welcome, "room"), text(&welcome, "code"));
    assert_eq!(ada.control("lock").await, json!({"t": "lock", "locked": false, "creator": 0}));

    assert_eq!(get(server.address, "/api/v1/rooms").await.body, "{\"rooms\":[]}");
    let (error, said) = refused(&mut cat, json!({"room": room})).await;
    assert_eq!(error, "unknown_room");
    assert_eq!(said, format!("there is no room {room:?}; leave out `room` to get one"));
    let elsewhere = hello(&mut cat, json!({"mode": "duel"})).await;
    assert_eq!((elsewhere["room"] != room, &elsewhere["code"]), (true, &Value::Null));

    let joined = hello(&mut bea, json!({"code": code.to_lowercase()})).await;
    assert_eq!((text(&joined, "room"), text(&joined, "code")), (room, code.clone()));
    assert_eq!(bea.control("lock").await["creator"], 0);
    let mut dan = Client::open(server.address, Format::Json).await;
    assert_eq!(refused(&mut dan, json!({"code": code})).await.0, "room_full");

    for client in [&mut ada, &mut bea, &mut cat] {
        client.send(&json!({"t": "leave"})).await;
        assert_eq!(client.closed().await.0, 1000);
    }
    server.until("all rooms are closed", |server| server.rooms() == 0).await;
    let (error, said) = refused(&mut dan, json!({"code": code})).await;
    assert_eq!(error, "unknown_room");
    assert!(said.starts_with(&format!("no room has the code {code};")), "{said}");
}

/// Both messages are in one packet, so that the server reads them together.
#[tokio::test]
async fn what_comes_with_hello_is_read_after_the_welcome() {
    let server = TestServer::start(|_| {}).await;
    for format in [Format::Json, Format::MessagePack] {
        let hello = json!({"t": "hello", "name": "Ada", "mode": "duel", "create": "private"});
        let mut ada = Client::open(server.address, format).await;
        ada.send_together(&[hello.clone(), json!({"t": "lock", "locked": true})]).await;
        let code = text(&ada.control("welcome").await, "code");
        let is_locked = |message: &Value| (message["locked"] == true).then_some(());
        ada.until("the room is locked", is_locked).await;
        let mut bea = Client::open(server.address, format).await;
        assert_eq!(refused(&mut bea, json!({"code": code})).await.0, "room_locked");

        let mut cat = Client::open(server.address, format).await;
        cat.send_together(&[hello, json!({"t": "leave"})]).await;
        cat.control("welcome").await;
        assert_eq!(cat.closed().await, (1000, "you left".to_owned()));
    }
}

#[tokio::test]
async fn a_new_room_is_new_and_nobody_comes_in_while_it_is_locked() {
    let server = TestServer::start(|_| {}).await;
    for format in [Format::Json, Format::MessagePack] {
        let (_other, other) = Client::join(server.address, format, "Eve", "brawl").await;
        let mut ada = Client::open(server.address, format).await;
        let welcome = hello(&mut ada, json!({"create": "public"})).await;
        let room = text(&welcome, "room");
        assert_ne!(other["room"], room.as_str());

        let mut bea = Client::open(server.address, format).await;
        hello(&mut bea, json!({"room": room})).await;
        bea.control("lock").await;
        lock(&mut bea, true).await;
        assert_eq!(bea.error().await.0, "not_creator");
        lock(&mut ada, true).await;
        assert_eq!(bea.control("lock").await["locked"], true);
        let is_locked = |entry: &Value| entry["id"] == room.as_str() && entry["locked"] == true;
        listed(server.address, |rooms| rooms.iter().any(is_locked)).await;
        let mut cat = Client::open(server.address, format).await;
        let (error, said) = refused(&mut cat, json!({"room": room})).await;
        assert_eq!(error, "room_locked");
        assert!(said.contains("is locked: who created it lets nobody new in"), "{said}");

        ada.send(&json!({"t": "leave"})).await;
        let open = json!({"t": "lock", "locked": false, "creator": null});
        assert_eq!(bea.control("lock").await, open);
        bea.snapshot("a tick", |_| Some(())).await;
        bea.snapshot("and another", |_| Some(())).await;
        assert_eq!(hello(&mut cat, json!({"room": room})).await["room"], room.as_str());
    }
}

#[tokio::test]
async fn who_guesses_codes_is_cut_off_after_ten() {
    let server = TestServer::start(|_| {}).await;
    let mut client = Client::open(server.address, Format::Json).await;
    for letter in b"ABCDEFGHJK" {
        let code = String::from_utf8(vec![*letter; 6]).expect("text");
        assert_eq!(refused(&mut client, json!({"code": code})).await.0, "unknown_room");
    }
    assert_eq!(client.closed().await, (4011, "too many invalid messages".to_owned()));
}
