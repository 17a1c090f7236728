//! Topics of old relays at `/ws/<facility>?subscribe-…`: rows 3.2 to 3.14 of the behaviours that
//! their pages rely on. What a backend publishes is tested in `publish`.

use bolide_net::relay::Audience;
use bolide_server::{Config, Served};
use bolide_tests::{RelayPage, TestServer, get};

fn serving(config: &mut Config) {
    config.relay.serve = vec![Served::Topics];
}

fn open_to_pages(config: &mut Config) {
    serving(config);
    config.relay.lobby.publish.insert(Audience::Broadcast);
    config.relay.lobby.publish.insert(Audience::Session);
    config.relay.lobby.expire_s = 0;
}

/// Rows 3.1 to 3.3 and 3.5: facilities are apart, and flags are names in any case.
#[tokio::test]
async fn facilities_are_apart_and_flags_are_names() {
    let server = TestServer::start(open_to_pages).await;
    let mut a = RelayPage::open(&server, "/ws/deep/er/f?publish-broadcast").await;
    let mut b = RelayPage::open(&server, "/ws/deep/er/f?Subscribe-Broadcast=1&unknown").await;
    let mut x = RelayPage::open(&server, "/ws/deep/er/f/?subscribe-broadcast").await;
    a.say("汉字").await;
    b.hears(&["汉字"]).await;
    a.hears_nothing().await;
    x.hears_nothing().await;
}

/// Row 3.5: without the setting, no page publishes.
#[tokio::test]
async fn no_page_publishes_unless_the_operator_says_so() {
    let server = TestServer::start(serving).await;
    let flags = "subscribe-broadcast&publish-broadcast";
    let mut a = RelayPage::open(&server, &format!("/ws/f?{flags}")).await;
    let mut b = RelayPage::open(&server, &format!("/ws/f?{flags}")).await;
    a.say("x").await;
    b.hears_nothing().await;
    a.hears_nothing().await;
}

/// Row 3.6: a page does not get its own texts back, and with `echo` gets all of them.
#[tokio::test]
async fn own_texts_come_back_with_echo_alone() {
    let server = TestServer::start(open_to_pages).await;
    let flags = "subscribe-broadcast&publish-broadcast";
    let mut a = RelayPage::open(&server, &format!("/ws/f?{flags}")).await;
    let mut b = RelayPage::open(&server, &format!("/ws/f?{flags}&echo")).await;
    for number in 0..10 {
        a.say(format!("a{number}")).await;
        b.hears(&[&format!("a{number}")]).await;
        b.say(format!("b{number}")).await;
        b.hears(&[&format!("b{number}")]).await;
        a.hears(&[&format!("b{number}")]).await;
    }
    a.hears_nothing().await;
}

/// Row 3.7: a heartbeat is answered to its sender alone.
#[tokio::test]
async fn a_heartbeat_is_answered_to_its_sender_alone() {
    let server = TestServer::start(open_to_pages).await;
    let flags = "subscribe-broadcast&publish-broadcast";
    let mut a = RelayPage::open(&server, &format!("/ws/f?{flags}")).await;
    let mut b = RelayPage::open(&server, &format!("/ws/f?{flags}")).await;
    for _ in 0..40 {
        a.say("--heartbeat--").await;
        a.hears(&["--heartbeat--"]).await;
    }
    b.hears_nothing().await;
}

/// Row 3.10 and trap 5: a session is the value of its cookie, from a page of this site.
#[tokio::test]
async fn a_session_is_the_value_of_its_cookie() {
    let server = TestServer::start(open_to_pages).await;
    let path = "/ws/f?subscribe-session&publish-session";
    let k1 = ("cookie", "csrftoken=z; sessionid=k1");
    let evil = ("origin", "https://evil.example");
    let mut a = RelayPage::open_with(&server, path, &[k1]).await;
    let mut same = RelayPage::open_with(&server, path, &[k1]).await;
    let mut other = RelayPage::open_with(&server, path, &[("cookie", "sessionid=k2")]).await;
    let mut none = RelayPage::open(&server, path).await;
    let mut foreign = RelayPage::open_with(&server, path, &[k1, evil]).await;
    a.say("x").await;
    same.hears(&["x"]).await;
    for page in [&mut other, &mut none, &mut foreign] {
        page.hears_nothing().await;
    }
}

/// Rows 3.11 and 3.12.
#[tokio::test]
async fn a_handshake_is_explained_and_its_subprotocol_agreed_on() {
    let server = TestServer::start(serving).await;
    let answer = get(server.address, "/ws/f?subscribe-broadcast").await;
    assert_eq!(answer.status, 426);
    assert!(answer.body.contains("open it as a WebSocket"), "{}", answer.body);
    let offers = [("sec-websocket-protocol", "whatever, other")];
    let page = RelayPage::open_with(&server, "/ws/f?subscribe-broadcast", &offers).await;
    assert_eq!(page.answer.headers()["sec-websocket-protocol"], "whatever");
}

/// Row 3.14: what is said in the moment of the handshake arrives.
#[tokio::test]
async fn what_is_said_in_the_moment_of_the_handshake_arrives() {
    let server = TestServer::start(|config| {
        open_to_pages(config);
        config.relay.lobby.messages_burst = 1000;
    })
    .await;
    let mut a = RelayPage::open(&server, "/ws/f?publish-broadcast").await;
    for number in 0..50 {
        let mut b = RelayPage::open(&server, "/ws/f?subscribe-broadcast").await;
        let text = format!("text {number}");
        a.say(text.clone()).await;
        b.hears(&[&text]).await;
    }
}
