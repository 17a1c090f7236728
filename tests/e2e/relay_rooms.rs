//! Rooms of old relays at `/room/<name>/`: rows 2.1 to 2.12 of the behaviours that their pages rely
//! on.

use bolide_server::{Config, Served};
use bolide_tests::{Raw, RelayPage, TestServer, first, frame, get};

fn serving(config: &mut Config) {
    config.relay.serve = vec![Served::Rooms];
}

/// Rows 2.1 and 2.2: a text reaches all in the room, as it is, and nobody else.
#[tokio::test]
async fn a_text_reaches_all_in_the_room_and_nobody_else() {
    let server = TestServer::start(serving).await;
    let mut p = RelayPage::open(&server, "/room/123/").await;
    let mut q = RelayPage::open(&server, "/room/123").await;
    let mut r = RelayPage::open(&server, "/room/9/").await;
    for text in ["大家好 <b>", r#"{"a":1}"#, " spaces  stay "] {
        p.say(text).await;
        p.hears(&[text]).await;
        q.hears(&[text]).await;
    }
    r.hears_nothing().await;
}

/// Row 2.5: whoever leaves is out of the room at once.
#[tokio::test]
async fn whoever_leaves_costs_the_others_nothing() {
    let server = TestServer::start(serving).await;
    let mut p = RelayPage::open(&server, "/room/a/").await;
    let q = RelayPage::open(&server, "/room/a/").await;
    q.close().await;
    p.say("x").await;
    p.hears(&["x"]).await;
    p.hears_nothing().await;
}

/// Row 2.6: names of any script; what is none is answered with all forms.
#[tokio::test]
async fn a_name_is_of_any_script_and_a_wrong_one_is_explained() {
    let server = TestServer::start(serving).await;
    let mut p = RelayPage::open(&server, "/room/%E7%BE%A4/").await;
    let mut q = RelayPage::open(&server, "/room/%E7%BE%A4/").await;
    p.say("你好").await;
    q.hears(&["你好"]).await;
    for path in ["/room/a%20b/", "/room/", "/room/a/b/"] {
        let refusal = RelayPage::try_open(&server, path, &[]).await.expect_err(path);
        assert_eq!(refusal.status, 404, "{path}");
        assert!(refusal.text.contains("/room/<name>/"), "{}", refusal.text);
    }
}

/// Row 2.7: a binary frame closes its sender alone.
#[tokio::test]
async fn a_binary_frame_closes_its_sender_alone() {
    let server = TestServer::start(serving).await;
    let mut p = RelayPage::open(&server, "/room/a/").await;
    let mut q = RelayPage::open(&server, "/room/a/").await;
    p.say_binary(b"x").await;
    assert_eq!(p.closed().await, (1003, "text frames only".to_owned()));
    q.say("still here").await;
    q.hears(&["still here"]).await;
}

/// Row 2.8: a long message closes its sender before it is read.
#[tokio::test]
async fn a_message_over_the_limit_closes_its_sender_alone() {
    let server = TestServer::start(serving).await;
    let mut p = RelayPage::open(&server, "/room/a/").await;
    let mut q = RelayPage::open(&server, "/room/a/").await;
    let longest = "x".repeat(4096);
    p.say(longest.clone()).await;
    q.hears(&[&longest]).await;
    p.say(longest + "x").await;
    let (code, reason) = p.closed().await;
    assert_eq!(code, 1009);
    assert!(reason.contains("relay.message_bytes_max"), "{reason}");
    q.say("still here").await;
    q.hears(&["still here"]).await;
}

/// Row 2.9: a burst arrives whole and in order at whoever reads.
#[tokio::test]
async fn a_burst_reaches_a_reader_whole_and_in_order() {
    let server = TestServer::start(|config| {
        serving(config);
        config.relay.lobby.messages_burst = 300;
    })
    .await;
    let mut p = RelayPage::open(&server, "/room/a/").await;
    let mut q = RelayPage::open(&server, "/room/a/").await;
    for number in 0..300 {
        p.say(format!("line {number}")).await;
    }
    for number in 0..300 {
        let line = format!("line {number}");
        q.hears(&[&line]).await;
        p.hears(&[&line]).await;
    }
    q.hears_nothing().await;
}

/// Row 2.9 and trap 4: a reader that stops is cut, and the others get everything.
#[tokio::test]
async fn a_reader_that_stops_is_cut_and_skips_nothing() {
    let server = TestServer::start(|config| {
        serving(config);
        config.relay.lobby.messages_burst = 10_000;
        config.relay.lobby.messages_per_s = 10_000;
        config.budgets.bytes_burst = 64 * 1024 * 1024;
        config.budgets.bytes_per_s = 64 * 1024 * 1024;
    })
    .await;
    let mut stalled = Raw::open_path(server.address, "/room/a/", "").await.expect("a socket");
    let mut p = RelayPage::open(&server, "/room/a/").await;
    let mut numbers = 0_u32;
    while server.count("cut_unread") + server.count("cut_ping") == 0 {
        for number in numbers..numbers + 32 {
            p.say(format!("{number:>1000}")).await;
        }
        for number in numbers..numbers + 32 {
            p.hears(&[&format!("{number:>1000}")]).await;
        }
        numbers += 32;
    }
    let mut next = 0_u32;
    let closed = loop {
        match stalled.next().await {
            Some((first::TEXT, text)) => {
                assert_eq!(String::from_utf8_lossy(&text), format!("{next:>1000}"), "no gap");
                next += 1;
            }
            Some((0x88, payload)) => break Some(u16::from_be_bytes([payload[0], payload[1]])),
            Some(_) => {}
            None => break None,
        }
    };
    // The close is behind what the kernel had no place for, so it may be a reset instead.
    assert!(matches!(closed, Some(4010) | None), "{closed:?}");
    assert!(next < numbers, "it was behind");
    p.say("still here").await;
    p.hears(&["still here"]).await;
}

/// Row 2.12: those who ask for it are told of all who come and go, and nobody else is.
#[tokio::test]
async fn presence_is_told_to_those_who_ask() {
    let server = TestServer::start(serving).await;
    let mut watcher = RelayPage::open(&server, "/room/a/?presence").await;
    let own = watcher.next().await;
    assert!(
        own.starts_with(r#"{"event":"join","id":"c"#) && own.ends_with(r#""members":1}"#),
        "{own}"
    );
    let mut p = RelayPage::open(&server, "/room/a/").await;
    let joined = watcher.next().await;
    assert!(joined.ends_with(r#""members":2}"#), "{joined}");
    p.hears_nothing().await;
    p.close().await;
    let left = watcher.next().await;
    assert_eq!(left, joined.replace("join", "leave").replace("\"members\":2", "\"members\":1"));
}

/// Row 3.13: a stop closes with the time after which to come back.
#[tokio::test]
async fn a_stop_closes_with_the_time_after_which_to_come_back() {
    let mut server = TestServer::start(serving).await;
    let mut p = RelayPage::open(&server, "/room/a/").await;
    p.say("x").await;
    p.hears(&["x"]).await;
    server.stop();
    let (code, reason) = p.closed().await;
    assert_eq!(code, 1012);
    assert!(reason.contains("back in ") && reason.ends_with(" ms"), "{reason}");
    server.stopped().await;
}

/// Decision 5: an endpoint that is not served is answered with its switch.
#[tokio::test]
async fn an_endpoint_that_is_off_names_its_switch() {
    let server = TestServer::start(|_| ()).await;
    for (path, word) in [
        ("/room/a/", "rooms"),
        ("/ws/", "broadcast"),
        ("/ws/a/", "users"),
        ("/ws/a?subscribe-broadcast", "topics"),
        ("/chat", "chat"),
    ] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains(&format!("--relay {word} ")), "{}", answer.body);
        let refusal = RelayPage::try_open(&server, path, &[]).await.expect_err(path);
        assert_eq!((refusal.status, refusal.text), (404, answer.body), "{path}");
    }
    assert_eq!(server.count("refused_not_served"), 10);
}

/// A socket counts as a game socket, so that the limits of an address and of the server hold.
#[tokio::test]
async fn a_socket_counts_and_is_pinged() {
    let server = TestServer::start(serving).await;
    let mut raw = Raw::open_path(server.address, "/room/a/", "").await.expect("a socket");
    assert_eq!(server.connections(), 1);
    let (first, payload) = raw.next().await.expect("it is open");
    assert_eq!(first, first::PING);
    raw.send(&frame(first::PONG, &payload)).await;
    assert_eq!(raw.closed().await.map(|(code, _)| code), Some(4010), "later pings stay unanswered");
    server.until("the end of the socket", |server| server.connections() == 0).await;
}

/// §4.3: an address has as many sockets of old relays and of players together as it may have.
#[tokio::test]
async fn the_sockets_of_an_address_are_bounded() {
    let server = TestServer::start(|config| {
        serving(config);
        config.budgets.address_loopback = true;
        config.budgets.address_connections = 3;
    })
    .await;
    let _player = Raw::open(server.address).await.expect("a socket");
    let mut a = RelayPage::open(&server, "/room/a/").await;
    let b = RelayPage::open(&server, "/room/a/").await;
    let refusal = RelayPage::try_open(&server, "/room/a/", &[]).await;
    assert_ne!(refusal.expect_err("too many").status, 101);
    b.close().await;
    a.say("x").await;
    a.hears(&["x"]).await;
}

/// Row 4.11: whoever says nothing stays, as long as the browser answers pings.
#[tokio::test]
async fn whoever_says_nothing_stays() {
    let server = TestServer::start(|config| {
        serving(config);
        config.budgets.idle_s = 2;
        config.budgets.ping_s = 2;
    })
    .await;
    let mut silent = RelayPage::open(&server, "/room/a/").await;
    let mut p = RelayPage::open(&server, "/room/a/").await;
    for _ in 0..20 {
        silent.hears_nothing().await;
        p.hears_nothing().await;
    }
    p.say("x").await;
    silent.hears(&["x"]).await;
}
