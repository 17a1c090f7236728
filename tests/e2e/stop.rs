//! A graceful stop: every client is asked to reconnect later, the server reports that it is not
//! ready, and it ends.

use bolide_net::back_in_ms;
use bolide_server::{Config, Server, app, serve};
use bolide_tests::{Client, Format, TestServer, get};
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::test]
async fn every_client_is_closed_with_1012() {
    let mut server = TestServer::start(|_| {}).await;
    let (mut ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    let (mut bob, _) = Client::join(server.address, Format::MessagePack, "Bob", "classic").await;
    let mut silent = Client::open(server.address, Format::Json).await;
    server.stop();
    for client in [&mut ada, &mut bob, &mut silent] {
        let (code, reason) = client.closed().await;
        assert!(code == 1012 && reason.starts_with("the server is stopping; back in "), "{reason}");
        assert!(back_in_ms(&reason).is_some(), "{reason}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_client_that_does_not_close_holds_nobody_up() {
    let mut server = TestServer::start(|_| {}).await;
    let (ada, _) = Client::join(server.address, Format::Json, "Ada", "brawl").await;
    server.stop();
    server.stopped().await;
    drop(ada);
}

#[tokio::test]
async fn a_server_that_has_stopped_taking_players_says_so_to_everybody() {
    let folder = std::env::temp_dir().join(format!("bolide-test-{}", uuid::Uuid::now_v7()));
    let config = Config { data_dir: folder.clone(), shards: 1, ..Config::default() };
    let server = Server::start(&config).expect("started");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(serve(listener, server.clone(), std::future::pending()));
    assert_eq!(get(address, "/readyz").await.status, 200);
    server.stop().await;
    assert_eq!(get(address, "/livez").await.status, 200);
    assert_eq!(get(address, "/readyz").await.status, 503);
    let refused = Client::connect(address, Some("bolide.v1.json")).await.expect_err("refused");
    assert!(refused.to_string().contains("503"), "{refused}");
    serving.abort();
    std::fs::remove_dir_all(folder).ok();
}

#[tokio::test]
async fn the_http_interface_can_be_served_by_another_program() {
    let folder = std::env::temp_dir().join(format!("bolide-test-{}", uuid::Uuid::now_v7()));
    let config = Config { data_dir: folder.clone(), shards: 1, ..Config::default() };
    let server = Server::start(&config).expect("started");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(axum::serve(listener, app(server.clone())).into_future());
    let mut client = Client::open(address, Format::Json).await;
    client.send(&json!({"t": "hello", "name": "Ada"})).await;
    client.control("welcome").await;
    serving.abort();
    server.stop().await;
    std::fs::remove_dir_all(folder).ok();
}
