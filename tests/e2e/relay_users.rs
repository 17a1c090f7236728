//! Broadcast and users of old relays at `/ws/` and `/ws/<name>/`: rows 1.1 to 1.12 of the
//! behaviours that their pages rely on.

use bolide_server::{Config, Served};
use bolide_tests::{RelayPage, TestServer, get};

fn serving(config: &mut Config) {
    config.relay.serve = vec![Served::Users, Served::Broadcast];
}

/// Rows 1.1, 1.2 and 1.4.
#[tokio::test]
async fn a_broadcast_reaches_every_connection() {
    let server = TestServer::start(serving).await;
    let mut a = RelayPage::open(&server, "/ws/").await;
    let mut b = RelayPage::open(&server, "/ws").await;
    let mut c = RelayPage::open(&server, "/ws/").await;
    a.say("hi").await;
    for page in [&mut a, &mut b, &mut c] {
        page.hears(&["hi"]).await;
    }
    c.close().await;
    a.say("").await;
    a.say("again").await;
    for page in [&mut a, &mut b] {
        page.hears(&["again"]).await;
    }
}

/// Row 1.3.
#[tokio::test]
async fn a_binary_frame_closes_its_sender_alone() {
    let server = TestServer::start(serving).await;
    let mut a = RelayPage::open(&server, "/ws/").await;
    let mut b = RelayPage::open(&server, "/ws/").await;
    a.say_binary(b"hi").await;
    assert_eq!(a.closed().await, (1003, "text frames only".to_owned()));
    b.say("hi").await;
    b.hears(&["hi"]).await;
}

/// Rows 1.5 to 1.7.
#[tokio::test]
async fn a_text_reaches_the_user_it_names_as_it_is() {
    let server = TestServer::start(serving).await;
    let mut alice = RelayPage::open(&server, "/ws/alice/").await;
    let mut bob = RelayPage::open(&server, "/ws/bob/").await;
    let mut ming = RelayPage::open(&server, "/ws/%E5%B0%8F%E6%98%8E/").await;
    let text = r#"{"to_user":"bob","message":"x","extra":1,  "n":[1]}"#;
    alice.say(text).await;
    bob.hears(&[text]).await;
    let text = r#"{"message":"你好","to_user":"小明"}"#;
    bob.say(text).await;
    ming.hears(&[text]).await;
    let text = r#"{"message":"me","to_user":"alice"}"#;
    alice.say(text).await;
    alice.hears(&[text]).await;
    for page in [&mut alice, &mut bob, &mut ming] {
        page.hears_nothing().await;
    }
}

/// Rows 1.8 to 1.10.
#[tokio::test]
async fn a_text_for_nobody_is_answered_and_ten_malformed_ones_close() {
    let server = TestServer::start(serving).await;
    let mut alice = RelayPage::open(&server, "/ws/alice/").await;
    let absent = |name: &str| {
        format!(
            r#"{{"error":"user_absent","to_user":"{name}","detail":"{name} is not connected"}}"#
        )
    };
    alice.say(r#"{"message":"x","to_user":"nobody"}"#).await;
    alice.hears(&[&absent("nobody")]).await;
    let bob = RelayPage::open(&server, "/ws/bob/").await;
    bob.close().await;
    alice.say(r#"{"message":"x","to_user":"bob"}"#).await;
    alice.hears(&[&absent("bob")]).await;
    let malformed = r#"{"error":"malformed","detail":"send {\"message\":…,\"to_user\":…}"}"#;
    for text in ["no JSON", "[]", r#"{"message":"x"}"#].into_iter().cycle().take(9) {
        alice.say(text).await;
        alice.hears(&[malformed]).await;
    }
    alice.say("{").await;
    alice.hears(&[malformed]).await;
    assert_eq!(alice.closed().await.0, 4011);
}

/// Row 1.11: a name has one owner; the same browser takes it over.
#[tokio::test]
async fn a_name_is_taken_over_by_its_own_browser_alone() {
    let server = TestServer::start(serving).await;
    let mut alice = RelayPage::open(&server, "/ws/alice/").await;
    let cookie = alice.cookie().expect("a cookie");
    let header = alice.answer.headers()["set-cookie"].to_str().expect("text");
    assert!(header.ends_with("; HttpOnly; SameSite=Strict"), "{header}");
    let taken = r#"{"error":"name_taken","detail":"alice is connected; choose another name"}"#;
    let evil = ("origin", "https://evil.example");
    for headers in [&[][..], &[("cookie", cookie.as_str()), evil]] {
        let mut other = RelayPage::open_with(&server, "/ws/alice/", headers).await;
        other.hears(&[taken]).await;
        assert_eq!(other.closed().await.0, 1008);
    }
    let own = [("cookie", cookie.as_str())];
    let mut reloaded = RelayPage::open_with(&server, "/ws/alice/", &own).await;
    assert_eq!(reloaded.cookie(), None, "it has one");
    assert_eq!(alice.closed().await.0, 4009);
    let text = r#"{"message":"x","to_user":"alice"}"#;
    reloaded.say(text).await;
    reloaded.hears(&[text]).await;
}

/// Trap 5: a foreign page gets no cookie, and one of the origins does.
#[tokio::test]
async fn a_foreign_page_is_a_stranger() {
    let server = TestServer::start(|config| {
        serving(config);
        config.origins = vec!["https://site.example".parse().expect("an origin")];
    })
    .await;
    let own = format!("http://{}", server.address);
    for (origin, has_cookie) in [("https://site.example", true), (&own, true)] {
        let page = RelayPage::open_with(&server, "/ws/a/", &[("origin", origin)]).await;
        assert_eq!(page.cookie().is_some(), has_cookie, "{origin}");
        page.close().await;
    }
    let evil = [("origin", "https://evil.example")];
    let refusal = RelayPage::try_open(&server, "/ws/a/", &evil).await.expect_err("refused");
    assert_eq!(refusal.status, 403);
    let open = TestServer::start(serving).await;
    let page = RelayPage::open_with(&open, "/ws/a/", &evil).await;
    assert_eq!(page.cookie(), None);
}

/// Row 1.12: a path that is no endpoint is answered with all forms.
#[tokio::test]
async fn what_is_no_endpoint_lists_the_forms() {
    let server = TestServer::start(serving).await;
    for path in ["/ws/alice", "/ws/a/b/", "/ws/%00/"] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.status, 404, "{path}");
        for form in ["/ws/<name>/", "?subscribe-broadcast", "/room/<name>/"] {
            assert!(answer.body.contains(form), "{}", answer.body);
        }
    }
    let answer = get(server.address, "/ws/alice/").await;
    assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
    assert!(answer.body.contains("open it as a WebSocket"), "{}", answer.body);
}

/// Decision 6 and §4.2: strangers may listen alone, or not connect at all.
#[tokio::test]
async fn what_strangers_may_is_a_setting() {
    let server = TestServer::start(|config| {
        serving(config);
        config.relay.lobby.anonymous = bolide_server::Anonymous::Listen;
    })
    .await;
    let mut a = RelayPage::open(&server, "/ws/").await;
    a.say("hi").await;
    a.hears_nothing().await;
    let server = TestServer::start(|config| {
        serving(config);
        config.relay.lobby.anonymous = bolide_server::Anonymous::Nothing;
    })
    .await;
    let refusal = RelayPage::try_open(&server, "/ws/", &[]).await.expect_err("refused");
    assert_eq!(refusal.status, 403);
    assert!(refusal.text.contains("sign in"), "{}", refusal.text);
    assert_eq!(server.count("refused_stranger"), 1);
}

/// Trap 25: the budget of messages is that of a browser, not of a socket.
#[tokio::test]
async fn the_pages_of_a_browser_share_a_budget() {
    let server = TestServer::start(|config| {
        config.relay.serve = vec![Served::All];
        config.relay.lobby.messages_burst = 5;
        config.relay.lobby.messages_per_s = 1;
    })
    .await;
    let mut ear = RelayPage::open(&server, "/room/a/").await;
    let first = RelayPage::open(&server, "/ws/me/").await;
    let cookie = first.cookie().expect("a cookie");
    let own = [("cookie", cookie.as_str())];
    for number in 0..8 {
        let mut page = RelayPage::open_with(&server, "/room/a/", &own).await;
        page.say(format!("line {number}")).await;
        page.say("second").await;
    }
    let mut heard = 0;
    ear.say("stop").await;
    while ear.next().await != "stop" {
        heard += 1;
    }
    assert!((5..16).contains(&heard), "{heard} of 16");
}
