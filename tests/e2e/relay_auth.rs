//! Persons of old relays, as the site knows them: rows 3.8 and 3.9, and what the setting
//! `relay.auth` promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bolide_net::relay::Audience;
use bolide_server::{Anonymous, Config, Served};
use bolide_tests::{RelayPage, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A site that knows its users by the cookie `sessionid`.
struct Site {
    address: String,
    asked: Arc<AtomicU32>,
}

impl Site {
    async fn start() -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}/whoami", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(answer(stream, Arc::clone(&count)));
            }
        });
        Site { address, asked }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, asked: Arc<AtomicU32>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let head = String::from_utf8(head).expect("text");
    assert!(head.starts_with("GET /whoami HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("bolide_relay"), "the cookie of the server stays there: {head}");
    let key = head.split("sessionid=").nth(1).unwrap_or_default();
    let key = key.split([';', '\r']).next().unwrap_or_default();
    let (status, body) = match key {
        "john" => ("200 OK", r#"{"user":"john","groups":["chatters"]}"#),
        "mary" => ("200 OK", r#"{"user":"mary","groups":["chatters","staff"]}"#),
        "moved" => ("302 Found\r\nLocation: /whoami", ""),
        "broken" => ("200 OK", "<html>"),
        // Nothing is answered, for longer than the server waits.
        "slow" => return std::future::pending().await,
        _ => ("401 Unauthorized", ""),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    // The server may have given up.
    stream.write_all(head.as_bytes()).await.ok();
}

fn with(site: &Site) -> impl FnOnce(&mut Config) {
    let auth = site.address.parse().expect("an address");
    move |config| {
        config.relay.serve = vec![Served::All];
        config.relay.auth = auth;
        config.relay.lobby.auth = true;
        for audience in Audience::ALL {
            config.relay.lobby.publish.insert(audience);
        }
    }
}

fn session(key: &str) -> [(&'static str, String); 1] {
    [("cookie", format!("sessionid={key}"))]
}

async fn open(server: &TestServer, path: &str, key: &str) -> RelayPage {
    let [(name, value)] = session(key);
    RelayPage::open_with(server, path, &[(name, &value)]).await
}

async fn refused(server: &TestServer, path: &str, key: &str) -> (u16, String) {
    let [(name, value)] = session(key);
    let opened = RelayPage::try_open(server, path, &[(name, &value)]).await;
    let refusal = opened.expect_err("refused");
    (refusal.status, refusal.text)
}

/// Rows 3.8 and 3.9: a text for a user or a group reaches all of its sockets and nobody else.
#[tokio::test]
async fn a_text_for_a_user_or_a_group_reaches_all_of_its_sockets() {
    let site = Site::start().await;
    let server = TestServer::start(with(&site)).await;
    let mut john = open(&server, "/ws/f?subscribe-user&publish-user", "john").await;
    let mut other = open(&server, "/ws/f?subscribe-user", "john").await;
    let mut mary = open(&server, "/ws/f?subscribe-user", "mary").await;
    let mut anon = open(&server, "/ws/f?subscribe-user", "nobody").await;
    john.say("for john").await;
    other.hears(&["for john"]).await;
    for page in [&mut john, &mut mary, &mut anon] {
        page.hears_nothing().await;
    }
    let mut staff = open(&server, "/ws/g?subscribe-group", "mary").await;
    let mut chatter = open(&server, "/ws/g?subscribe-group&publish-group", "john").await;
    let mut none = open(&server, "/ws/g?subscribe-group", "nobody").await;
    chatter.say("for chatters").await;
    staff.hears(&["for chatters"]).await;
    none.hears_nothing().await;
}

/// §4.3: a name is the user's own, and an answer is kept.
#[tokio::test]
async fn a_name_is_for_its_user_alone_and_answers_are_kept() {
    let site = Site::start().await;
    let server = TestServer::start(with(&site)).await;
    let mut john = open(&server, "/ws/john/", "john").await;
    let mut again = open(&server, "/ws/john/", "john").await;
    assert_eq!(john.closed().await.0, 4009, "a user takes over the own name");
    assert_eq!(site.asked(), 1, "the answer is kept");
    for key in ["mary", "nobody"] {
        let (status, text) = refused(&server, "/ws/john/", key).await;
        assert_eq!(status, 403);
        assert!(text.contains("the user of that name"), "{text}");
    }
    assert_eq!(site.asked(), 3);
    let text = r#"{"message":"x","to_user":"john"}"#;
    again.say(text).await;
    again.hears(&[text]).await;
}

/// Trap 5: the cookies of a foreign page are not even sent to the site.
#[tokio::test]
async fn a_foreign_page_with_a_valid_cookie_is_a_stranger() {
    let site = Site::start().await;
    let server = TestServer::start(with(&site)).await;
    let [(name, cookie)] = session("john");
    let evil = [(name, cookie.as_str()), ("origin", "https://evil.example")];
    let path = "/ws/f?subscribe-user";
    let mut foreign = RelayPage::open_with(&server, path, &evil).await;
    let mut john = open(&server, "/ws/f?subscribe-user&publish-user&echo", "john").await;
    john.say("for john").await;
    john.hears(&["for john"]).await;
    foreign.hears_nothing().await;
    assert_eq!(site.asked(), 1);
}

/// A site that does not answer as it should is not a reason to let anybody in.
#[tokio::test]
async fn a_site_that_fails_lets_nobody_in() {
    let site = Site::start().await;
    let server = TestServer::start(with(&site)).await;
    for key in ["moved", "broken", "slow"] {
        let (status, text) = refused(&server, "/room/a/", key).await;
        assert_eq!(status, 503, "{key}");
        assert!(text.contains("the site that says who you are"), "{text}");
    }
    assert_eq!(server.count("refused_site"), 3);
    open(&server, "/room/a/", "john").await.say("fine").await;
    RelayPage::open(&server, "/room/a/").await.say("no cookie, no question").await;
    assert_eq!(site.asked(), 4);
}

/// §4.2: where strangers may nothing, users may all.
#[tokio::test]
async fn users_may_what_strangers_may_not() {
    let site = Site::start().await;
    let server = TestServer::start(|config| {
        with(&site)(config);
        config.relay.lobby.anonymous = Anonymous::Nothing;
    })
    .await;
    let mut john = open(&server, "/room/a/", "john").await;
    john.say("x").await;
    john.hears(&["x"]).await;
    assert_eq!(refused(&server, "/room/a/", "nobody").await.0, 403);
}
