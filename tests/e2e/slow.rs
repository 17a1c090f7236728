//! Clients that are too slow: they are disconnected, and it costs the others nothing.

use std::net::SocketAddr;

use bolide_tests::{Client, Crowd, Format, Raw, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

#[tokio::test]
async fn who_does_not_answer_pings_loses_the_connection_but_not_the_seat() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    // A client that is not polled answers nothing. It stays open until the end of this test.
    let (bob, welcome) = Client::join(server.address, Format::MessagePack, "Bob", "brawl").await;
    ada.until("Bob without a connection", |message| {
        let players = message["players"].as_array()?;
        players
            .iter()
            .any(|player| player["id"] == welcome["seat"] && player["connected"] == false)
            .then_some(())
    })
    .await;
    drop(bob);
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off() {
    let server = TestServer::start(|_| {}).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(b"GET /play HTTP/1.1\r\nHost: ").await.expect("sent");
    let mut answer = Vec::new();
    let end = timeout(bolide_tests::PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server ends it");
    let answer = String::from_utf8_lossy(&answer);
    assert!(end.is_err() || answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_peer_that_reads_nothing_of_http_is_cut_off() {
    let server = TestServer::start(|_| {}).await;
    // One is silent, one sends a head that never ends, and one leaves forty answers unread.
    let mut silent = TcpStream::connect(server.address).await.expect("a connection");
    let mut dribbling = TcpStream::connect(server.address).await.expect("a connection");
    dribbling.write_all(b"GET / HTTP/1.1\r\n").await.expect("sent");
    let deaf = deaf_reader(server.address, 40).await;
    server.counted("refused_slow", 3).await;
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).await.expect("an end");
    assert!(rest.is_empty());
    dribbling.read_to_end(&mut rest).await.ok();
    // The connection is reset, so the kernel keeps nothing of it.
    deaf.ready(Interest::ERROR).await.expect("watched");
    assert!(deaf.take_error().expect("asked").is_some());
    assert_eq!(server.count("refused_http"), 0, "nobody needed their places");
}

#[tokio::test]
async fn a_connection_makes_a_thousand_requests_and_no_more() {
    let server = TestServer::start(|_| {}).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let requests = "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n".repeat(1000);
    let mut answers = Vec::new();
    let (mut read, mut write) = stream.split();
    let (end, sent) = tokio::join!(
        timeout(bolide_tests::PATIENCE, read.read_to_end(&mut answers)),
        write.write_all(requests.as_bytes())
    );
    sent.expect("sent");
    // Otherwise the connection would be kept for longer than a test waits.
    end.expect("an end").expect("no reset");
    let answers = String::from_utf8(answers).expect("text");
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1000);
    assert_eq!(answers.matches("connection: close").count(), 1);
}

/// Opens a connection with that many requests for the page's script, and reads no answer.
async fn deaf_reader(address: SocketAddr, requests: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    let mut stream = socket.connect(address).await.expect("a connection");
    let requests = "GET /app.js HTTP/1.1\r\nHost: t\r\n\r\n".repeat(requests);
    stream.write_all(requests.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_of_forty_stop_reading_and_the_others_play_on() {
    let server = TestServer::start(|config| config.budgets.ping_s = 2).await;
    let mut deaf = Vec::new();
    let mut crowds = Vec::new();
    for room in 0..4 {
        crowds.push(Crowd::start(server.address, "brawl", if room < 2 { 7 } else { 8 }).await);
        for _ in 0..if room < 2 { 3 } else { 2 } {
            deaf.push(Raw::join(server.address, "brawl").await);
        }
    }
    assert_eq!((deaf.len(), server.rooms()), (10, 4));
    let cut = |server: &TestServer| server.count("cut_ping") + server.count("cut_unread");
    server.until("ten are cut", |server| cut(server) == 10).await;
    for crowd in crowds {
        for seen in crowd.end().await {
            // A second at 30 Hz is far more than a slow machine needs, and far less than a server
            // that waits.
            assert!(!seen.was_cut && seen.snapshots > 0 && seen.gap_ticks <= 30, "{seen:?}");
        }
    }
    assert_eq!(cut(&server), 10);
    drop(deaf);
}
