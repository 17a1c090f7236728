//! Clients that attack below the messages, and budgets of connections and addresses. Each client is
//! cut for its own reason, and the others in the room do not notice. `cargo xtask deep` does the
//! same with more clients, and measures their cost.

use std::time::Duration;

use bolide_server::Config;
use bolide_tests::{Client, Format, PATIENCE, Raw, TestServer, first, frame, get, request};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Runs an attack of a client that has joined. The client must be closed with this code and reason,
/// and counted under this name. Another client in the room must not notice.
async fn check(
    attack: impl AsyncFn(&mut Raw),
    counter: &str,
    expect: Option<(u16, &str)>,
    change: impl FnOnce(&mut Config),
) {
    let server = TestServer::start(change).await;
    let (mut witness, _) = Client::join(server.address, Format::Json, "Wanda", "brawl").await;
    let mut hostile = Raw::join(server.address, "brawl").await;
    attack(&mut hostile).await;
    if let Some((code, reason)) = expect {
        assert_eq!(hostile.closed().await, Some((code, reason.to_owned())));
    }
    server.counted(counter, 1).await;
    witness.send(&json!({"t": "chat", "text": "all is well"})).await;
    assert_eq!(witness.control("chat").await["text"], "all is well");
    drop(hostile);
}

#[tokio::test]
async fn pings_beyond_the_budget() {
    let attack = async |raw: &mut Raw| {
        let ping = frame(first::PING, &[b'x'; 125]);
        for _ in 0..100 {
            raw.send(&ping).await;
        }
    };
    check(attack, "cut_control", Some((4008, "too many messages")), |_| {}).await;
}

#[tokio::test]
async fn pings_without_end_from_somebody_who_never_reads() {
    let attack = async |raw: &mut Raw| raw.flood(&frame(first::PING, &[b'x'; 125])).await;
    check(attack, "cut_control", None, |_| {}).await;
}

#[tokio::test]
async fn empty_frames_of_a_message_that_never_ends() {
    let attack = async |raw: &mut Raw| {
        raw.send(&frame(first::TEXT_BEGINS, b"")).await;
        raw.flood(&frame(first::GOES_ON, b"")).await;
    };
    check(attack, "cut_fragments", None, |_| {}).await;
}

#[tokio::test]
async fn a_message_in_frames_of_one_byte() {
    let attack = async |raw: &mut Raw| {
        raw.send(&frame(first::TEXT_BEGINS, b"[")).await;
        for _ in 0..16 {
            raw.send(&frame(first::GOES_ON, b" ")).await;
        }
    };
    let expect = Some((1008, "a message of too many fragments"));
    check(attack, "cut_fragments", expect, |_| {}).await;
}

#[tokio::test]
async fn a_message_in_as_many_frames_as_it_may_have_is_read() {
    let server = TestServer::start(|_| {}).await;
    let mut raw = Raw::open(server.address).await.expect("a socket");
    let hello = br#"{"t":"hello","name":"Ada"}"#;
    raw.send(&frame(first::TEXT_BEGINS, &hello[..1])).await;
    for at in 1..15 {
        raw.send(&frame(first::GOES_ON, &hello[at..=at])).await;
        raw.send(&frame(first::PING, b"")).await;
    }
    raw.send(&frame(first::ENDS, &hello[15..])).await;
    let mut answers = Vec::new();
    while answers.last().is_none_or(|(first, _): &(u8, _)| *first != first::TEXT) {
        answers.push(raw.next().await.expect("an answer"));
    }
    let (_, welcome) = answers.last().expect("one");
    assert!(welcome.starts_with(br#"{"t":"welcome""#));
    assert!(answers[..answers.len() - 1].iter().all(|(first, _)| *first == first::PONG));
}

#[tokio::test]
async fn more_bytes_than_the_budget_has() {
    let attack = async |raw: &mut Raw| {
        // Legal, and not too many: only large.
        let input = format!("[1,1,null,null,0{}]", " ".repeat(12_000));
        for _ in 0..20 {
            raw.send(&frame(first::TEXT, input.as_bytes())).await;
        }
    };
    check(attack, "cut_bytes", Some((4008, "too many bytes")), |_| {}).await;
}

#[tokio::test]
async fn inputs_without_end() {
    let attack = async |raw: &mut Raw| raw.flood(&frame(first::TEXT, b"[1,1,null,null,0]")).await;
    check(attack, "cut_inputs", None, |_| {}).await;
}

#[tokio::test]
async fn what_a_stalled_network_delivers_at_once_is_no_attack() {
    let server = TestServer::start(|_| {}).await;
    let (mut client, _) = Client::join(server.address, Format::MessagePack, "Ada", "brawl").await;
    for _ in 0..100 {
        client.input(0, None).await;
    }
    client.send(&json!({"t": "chat", "text": "still here"})).await;
    assert_eq!(client.control("chat").await["text"], "still here");
    let dropped = server.count("input_dropped");
    assert!((1..=70).contains(&dropped), "{dropped} of 100 inputs dropped, 30 of them a burst");
}

#[tokio::test]
async fn a_hello_that_is_dribbled() {
    let server = TestServer::start(|config| config.budgets.hello_s = 1).await;
    let mut raw = Raw::open(server.address).await.expect("a socket");
    // The beginning of a frame of 100 bytes, and then nothing more.
    raw.send(&[first::TEXT, 0x80 | 100, 0, 0, 0, 0, b'{']).await;
    assert_eq!(raw.closed().await, Some((1008, "no hello in time".to_owned())));
    assert_eq!(server.count("cut_hello"), 1);
}

#[tokio::test]
async fn a_client_that_only_sends_and_never_answers_a_ping() {
    let server = TestServer::start(|config| config.budgets.ping_s = 2).await;
    let mut raw = Raw::join(server.address, "brawl").await;
    // The client is not idle, but it never answers a ping.
    let input = frame(first::TEXT, b"[1,1,null,null,0]");
    let sending = async {
        while raw.send(&input).await {
            sleep(Duration::from_millis(50)).await; // WAITS: fewer inputs than are allowed.
        }
    };
    timeout(PATIENCE, sending).await.expect("the server puts an end to it");
    server.counted("cut_ping", 1).await;
}

#[tokio::test]
async fn a_client_that_says_nothing_at_all() {
    let change = |config: &mut Config| (config.budgets.idle_s, config.budgets.ping_s) = (2, 3600);
    let server = TestServer::start(change).await;
    let mut raw = Raw::join(server.address, "brawl").await;
    assert_eq!(raw.closed().await, Some((4010, "nothing came for too long".to_owned())));
    assert_eq!(server.count("cut_idle"), 1);
}

#[tokio::test]
async fn connections_that_come_and_are_reset_leave_nothing_behind() {
    let server = TestServer::start(|config| config.grace_s = 0).await;
    for number in 0..300 {
        let mut raw = Raw::open(server.address).await.expect("a socket");
        match number % 3 {
            0 => {}
            1 => drop(raw.send(&frame(first::TEXT, br#"{"t":"hello","name":"Ada"}"#)).await),
            _ => {
                raw = {
                    drop(raw);
                    Raw::join(server.address, "brawl").await
                }
            }
        }
        raw.reset();
    }
    server
        .until("no connection and no room", |server| {
            server.connections() == 0 && server.rooms() == 0
        })
        .await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_opens_so_many_a_second() {
    let server = TestServer::start(|config| {
        config.budgets.address_loopback = true;
        config.budgets.address_connections = 3;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(Raw::open(server.address).await.expect("one of three"));
    }
    Raw::open(server.address).await.expect_err("a fourth");
    server.counted("refused_address_connections", 1).await;
    held.pop();
    server.until("the third is free", |server| server.connections() == 2).await;

    let server = TestServer::start(|config| {
        config.budgets.address_loopback = true;
        config.budgets.address_handshakes_per_s = 2;
    })
    .await;
    let mut refused = Err(String::new());
    while refused.is_err() {
        refused = Raw::open(server.address).await.map_or_else(Ok, |raw| Err(format!("{raw:?}")));
    }
    let head = refused.expect("an answer").to_lowercase();
    assert!(head.starts_with("http/1.1 429") && head.contains("retry-after: "), "{head}");
    assert_eq!(server.count("refused_address_handshakes"), 1);
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_still_told_about_health() {
    let server = TestServer::start(|config| {
        config.budgets.address_loopback = true;
        config.budgets.address_connections = 2;
    })
    .await;
    let _held = [Raw::open(server.address).await, Raw::open(server.address).await];
    for path in ["/livez", "/readyz"] {
        assert_eq!(get(server.address, path).await.status, 200, "{path}");
    }
    for path in ["/", "/app.js", "/api/v1/rooms", "/livez/", "/play"] {
        let answer = get(server.address, path).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("5")), "{path}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    // More connections than there are places for such requests. The newest is answered.
    let mut silent = Vec::new();
    for _ in 0..70 {
        silent.push(TcpStream::connect(server.address).await.expect("a connection"));
    }
    assert_eq!(get(server.address, "/livez").await.status, 200);
    server.counted("refused_http", 1).await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_forwarded_address_counts() {
    let server = TestServer::start(|config| {
        config.budgets.address_connections = 2;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let open = async |headers: &str| Raw::open_with(server.address, headers).await;
    let (ada, bob) = ("X-Forwarded-For: 6.6.6.6, 9.9.9.1\r\n", "X-Forwarded-For: 9.9.9.2\r\n");
    let _held = [open(ada).await.expect("Ada"), open(ada).await.expect("Ada again")];
    let refused = open(ada).await.expect_err("Ada has two");
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    open(bob).await.expect("Bob has none");
    // The proxy's own connections come from this machine, which is not counted.
    let _held: Vec<Raw> = [open("").await, open("").await, open("").await]
        .into_iter()
        .map(|raw| raw.expect("not counted"))
        .collect();
}

#[tokio::test]
async fn bytes_before_the_forwarded_address_do_not_hide_it() {
    let server = TestServer::start(|config| {
        config.budgets.address_connections = 2;
        config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    // Header lines as nginx appends to those of a client, and as HAProxy adds one.
    for headers in [
        b"X-Forwarded-For: \xff, 198.51.100.7\r\n".as_slice(),
        b"X-Forwarded-For: \xc3\xa9\xff\r\nX-Forwarded-For: 198.51.100.8\r\n",
    ] {
        let _held = [
            Raw::open_with(server.address, headers).await.expect("one"),
            Raw::open_with(server.address, headers).await.expect("two"),
        ];
        let refused = Raw::open_with(server.address, headers).await.expect_err("three");
        assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    }
    let unreadable = b"X-Forwarded-For: 198.51.100.7, \xff\r\n";
    let refused = Raw::open_with(server.address, unreadable).await.expect_err("no address");
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
    assert_eq!(server.count("refused_forwarded"), 1);
}

#[tokio::test]
async fn a_header_from_anybody_else_is_not_believed() {
    let server = TestServer::start(|config| {
        config.budgets.address_loopback = true;
        config.budgets.address_connections = 1;
    })
    .await;
    let _held = Raw::open_with(server.address, "X-Forwarded-For: 9.9.9.1\r\n").await.expect("one");
    Raw::open_with(server.address, "X-Forwarded-For: 9.9.9.2\r\n").await.expect_err("two");
}

#[tokio::test]
async fn a_full_server_says_when_to_come_back() {
    let server = TestServer::start(|config| config.connections_max = 2).await;
    let _held = [Raw::open(server.address).await, Raw::open(server.address).await];
    let head = Raw::open(server.address).await.expect_err("a third").to_lowercase();
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: 5"), "{head}");
    assert_eq!(server.count("refused_connections"), 1);
}

#[tokio::test]
async fn only_pages_on_the_list_may_bring_players() {
    let server = TestServer::start(|config| {
        config.origins = vec!["https://game.example".parse().expect("an origin")];
    })
    .await;
    let ask = async |origin: &str| {
        Raw::open_with(server.address, &format!("Origin: {origin}\r\n")).await.map(drop)
    };
    ask("https://game.example").await.expect("on the list");
    Raw::open(server.address).await.expect("no page at all");
    let refused = ask("https://evil.example").await.expect_err("not on the list");
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    let answer = request(
        server.address,
        "GET /play HTTP/1.1\r\nHost: t\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: null\r\n\r\n",
    )
    .await;
    assert!(answer.body.starts_with("this server takes no players from the page"), "{answer:?}");
}
