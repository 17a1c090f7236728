//! The server's answers to plain HTTP.

use bolide_tests::{Client, Format, TestServer, get, listed, request};
use serde_json::{Value, json};

#[tokio::test]
async fn the_page_is_served_with_a_policy_and_only_once() {
    let server = TestServer::start(|_| {}).await;
    let page = get(server.address, "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(page.body.contains("<title>"), "{}", page.body);

    let etag = page.header("etag").expect("an etag");
    // The tag unchanged, as changed by a proxy that compresses, in two lines, and as `*`.
    for known in [etag, &format!("W/{etag}"), &format!("\"x\"\r\nIf-None-Match: \"y\",{etag}"), "*"]
    {
        let again = format!(
            "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nIf-None-Match: {known}\r\n\r\n"
        );
        let again = request(server.address, &again).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), Some(etag));
    }
}

#[tokio::test]
async fn every_file_that_the_page_names_is_there() {
    let server = TestServer::start(|_| {}).await;
    let page = get(server.address, "/index.html").await.body;
    let quoted: Vec<&str> =
        page.split('"').filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert!(!quoted.is_empty());
    for file in quoted {
        assert_eq!(
            get(server.address, &format!("/{}", file.trim_start_matches(['.', '/']))).await.status,
            200,
            "{file}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_nothing_outside_is_served() {
    let server = TestServer::start(|_| {}).await;
    for path in ["/nope", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/api/v1/nope", "//etc/passwd"] {
        assert_eq!(get(server.address, path).await.status, 404, "{path}");
    }
}

/// A proxy may serve the page below a path and strip it, so the link to the page has to be
/// relative.
#[tokio::test]
async fn whoever_asks_for_nothing_is_led_to_the_page_below_any_path() {
    let server = TestServer::start(|_| {}).await;
    for (path, way) in [
        ("/nope", "./"),
        ("/nope/", "../"),
        ("/api/v1/nope", "../../"),
        ("//nope?a/b", "../"),
        ("/play", "./"),
    ] {
        let text = get(server.address, path).await.body;
        assert!(text.ends_with(&format!(" is at {way}\n")), "{path}: {text}");
    }
}

#[tokio::test]
async fn the_game_socket_explains_itself_to_a_browser() {
    let server = TestServer::start(|_| {}).await;
    let answer = get(server.address, "/play").await;
    assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
    assert!(
        answer.body.starts_with("this is the game socket: open it as a WebSocket"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_proxy_that_cannot_upgrade_is_told_what_to_set() {
    let server = TestServer::start(|_| {}).await;
    let key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = format!("Connection: upgrade\r\nUpgrade: websocket\r\n{key}");
    for (head, status, expect) in [
        // The head that nginx sends by default.
        (
            "GET /play HTTP/1.0\r\nHost: t\r\nConnection: close\r\n".to_owned(),
            426,
            "proxy_http_version 1.1",
        ),
        (format!("GET /play HTTP/1.0\r\nHost: t\r\n{upgrade}"), 426, "proxy_http_version 1.1"),
        (format!("POST /play HTTP/1.1\r\nHost: t\r\n{upgrade}"), 405, "with GET"),
        (format!("GET /play HTTP/1.1\r\n{upgrade}Connection: close\r\n"), 400, "Host"),
        (
            format!(
                "GET /play HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n{upgrade}Connection: close\r\n"
            ),
            400,
            "has a body",
        ),
    ] {
        let answer = request(server.address, &format!("{head}Connection: close\r\n\r\nabc")).await;
        assert_eq!(answer.status, status, "{head}");
        assert!(answer.body.contains(expect), "{head} {answer:?}");
    }
    assert_eq!((server.count("refused_handshake"), server.connections()), (5, 0));
}

#[tokio::test]
async fn rooms_and_modes_are_listed() {
    let server = TestServer::start(|_| {}).await;
    let list = async |path| -> Value {
        serde_json::from_str(&get(server.address, path).await.body).expect("JSON")
    };
    assert_eq!(list("/api/v1/rooms").await, json!({"rooms": []}));
    let (_ada, welcome) = Client::join(server.address, Format::Json, "Ada", "classic").await;
    let rooms = listed(server.address, |rooms| !rooms.is_empty()).await;
    let room = &rooms[0];
    assert_eq!((&room["id"], &room["mode"]), (&welcome["room"], &json!("classic")));
    assert_eq!(
        (&room["seats"], &room["seats_taken"], &room["match"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(room["phase"], "waiting");
    let modes = list("/api/v1/modes").await;
    assert_eq!(
        modes["modes"][0],
        json!({"name": "classic", "capacity": 3, "fight_at": 3, "tick_rate": 30})
    );
}

#[tokio::test]
async fn a_working_server_says_that_it_lives_and_is_ready() {
    let server = TestServer::start(|_| {}).await;
    assert_eq!(get(server.address, "/livez").await.status, 200);
    assert_eq!(get(server.address, "/readyz").await.status, 200);
    let post =
        request(server.address, "POST /livez HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            .await;
    assert_eq!(post.status, 405);
}
