//! Clients that are too slow: they are let go, and it costs the others nothing.

use bolide_tests::{Client, Format, TestServer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn who_does_not_answer_pings_loses_the_connection_but_not_the_seat() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    // A client that is not polled answers nothing; it stays open until the end of this test.
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
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /play HTTP/1.1\r\nHost: ")
        .await
        .expect("sent");
    let mut answer = Vec::new();
    let end = timeout(bolide_tests::PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server ends it");
    let answer = String::from_utf8_lossy(&answer);
    assert!(end.is_err() || answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}
