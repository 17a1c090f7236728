//! The bound of a rewind, from real round trips.

use std::time::Duration;

use bolide_server::Config;
use bolide_tests::{Client, Format, Received, TestServer};
use serde_json::json;
use tokio::time::sleep;

/// Returns how many ticks back a client's shot may reach when the client answers each ping that
/// late.
async fn rewind_ticks_max(late: Duration, change: impl FnOnce(&mut Config)) -> u64 {
    let server = TestServer::start(change).await;
    let (mut client, _) = Client::join(server.address, Format::Json, "Ada", "duel").await;
    let mut other = Client::join(server.address, Format::Json, "Bob", "duel").await.0;
    let reading =
        tokio::spawn(async move { while let Received::Message(_) = other.next().await {} });
    let (mut pings, mut told) = (0, 0);
    while pings < 4 {
        let nonce = client.until("a ping", |message| {
            if message[0] == 2 {
                told = message[5].as_u64().expect("ticks");
            }
            (message["t"] == "ping").then(|| message["nonce"].clone())
        });
        let nonce = nonce.await;
        pings += 1;
        sleep(late).await; // WAITS: a client that answers late.
        client.send(&json!({"t": "pong", "nonce": nonce})).await;
    }
    reading.abort();
    told
}

#[tokio::test]
async fn answers_that_come_late_from_the_first_ping_on_bring_nothing() {
    let late = Duration::from_millis(250);
    // 100 ms, and nothing for the network, which has no length here.
    assert_eq!(rewind_ticks_max(late, |_| {}).await, 3);
    // Behind a proxy the kernel knows only the round trip to the proxy, so only the answers count.
    let proxied = |config: &mut Config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    };
    assert_eq!(rewind_ticks_max(late, proxied).await, 6);
}
